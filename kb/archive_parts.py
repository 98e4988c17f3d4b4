"""Read which parts a ZIP archive lists, and nothing more: no part is unpacked, and the work is bounded. Pure.

Format: PKWARE APPNOTE 6.3.10. What an archive says of its sizes is not believed: parts are read from the directory as
far as it goes, up to a number, and data only where it is stored as it is.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MOST_PARTS = 10_000
"""Parts of an archive that are looked at."""
_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_PART = b"PK\x01\x02"
_LONGEST_COMMENT = 0xFFFF
_MIMETYPE = b"mimetype"
_AT_MIMETYPE = 30
_LONGEST_MIMETYPE = 100


@dataclass(frozen=True, slots=True)
class Archive:
    """The names of the parts, at most `MOST_PARTS` of them, and what an OpenDocument file says it is (or nothing)."""

    names: frozenset[str]
    mimetype: str


def archive_of(content: bytes) -> Archive | None:
    """Return what an archive lists, `None` when it has no whole directory."""
    try:
        at, end = _directory(content)
        names: set[str] = set()
        mimetype = ""
        for _ in range(MOST_PARTS):
            if at == end:
                break
            mark, method, size, name_size, extra, comment = struct.unpack_from("<4s6xH8xI4x3H", content, at)
            after = at + 46 + name_size + extra + comment
            if mark != _PART or after > end:
                return None
            name = content[at + 46 : at + 46 + name_size]
            names.add(name.decode("utf-8", "replace"))
            if name == _MIMETYPE and method == 0 and size < _LONGEST_MIMETYPE:
                mimetype = _stored_first(content, size)
            at = after
    except (struct.error, ValueError):
        return None
    return Archive(frozenset(names), mimetype)


def _directory(content: bytes) -> tuple[int, int]:
    """Return where the directory begins and ends. Raises ValueError without one."""
    end = content.rindex(_END, max(0, len(content) - 22 - _LONGEST_COMMENT))
    size, offset = struct.unpack_from("<II", content, end + 12)
    if 0xFFFFFFFF in (size, offset):
        end = content.rindex(_END_64, max(0, end - 20 - 56 - _LONGEST_COMMENT), end)
        (size,) = struct.unpack_from("<Q", content, end + 40)
    if size > end or len(content) < end + 22:
        raise ValueError("the directory is not whole")
    return end - size, end


def _stored_first(content: bytes, size: int) -> str:
    """Return the part `mimetype` where OpenDocument 1.3 (part 2, 3.3) has it: first, as it is, with no extra field."""
    if content[_AT_MIMETYPE : _AT_MIMETYPE + len(_MIMETYPE)] != _MIMETYPE:
        return ""
    start = _AT_MIMETYPE + len(_MIMETYPE)
    return content[start : start + size].decode("ascii", "replace").strip()
