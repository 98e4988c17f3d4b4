"""Walk through the parts of a picture: is it one, where does it end, which parts say nothing of how it looks. Pure.

Pixels are not decoded. What is left out on request are texts, thumbnails and what a camera notes (place, time, device,
owner), and whatever follows the end: no byte of the picture itself changes. Formats: PNG (third edition), JPEG (ITU
T.81, Exif 2.32), GIF89a, WebP (RFC 9649).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping

from kb.errors import InvalidInput

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP sBIT bKGD hIST sPLT pHYs acTL fcTL fdAT".split()
)
_WEBP_KEPT = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_SHOWN = frozenset((b"VP8 ", b"VP8L", b"ANMF"))
_NOTES = 0x0C
"""Flags of a WebP header: Exif and XMP are there."""
_GIF_KEPT = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_ORIENTATION = 0x0112
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)
_PADDED = re.compile(rb"\xff++.", re.DOTALL)
"""A marker, after any number of bytes of padding."""
_MOST_SEGMENTS = 10_000
"""Parts of a JPEG that are walked through; cameras write some hundreds at most."""


class _Broken(Exception):
    pass


def without_notes(media_type: str, content: bytes) -> bytes:
    """Return a picture without what says nothing of how it looks; applying it again changes nothing.

    The orientation that a camera noted in a JPEG stays. Raises InvalidInput when the picture is damaged or no such one.
    """
    try:
        return b"".join(_PARTS[media_type](content))
    except (_Broken, struct.error, IndexError) as error:
        raise InvalidInput("the picture is damaged; save it again") from error


def _png(content: bytes) -> Iterator[bytes]:
    if not content.startswith(_PNG) or content[12:16] != b"IHDR":
        raise _Broken
    yield _PNG
    at, shown = len(_PNG), False
    while True:
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise _Broken
        if name in _PNG_KEPT:
            yield content[at:end]
        shown = shown or name == b"IDAT"
        if name == b"IEND":
            break
        at = end
    if not shown:
        raise _Broken


def _jpeg(content: bytes) -> Iterator[bytes]:
    if not content.startswith(b"\xff\xd8\xff"):
        raise _Broken
    yield content[:2]
    at, has_frame, has_scan, is_turned = 2, False, False, False
    for _ in range(_MOST_SEGMENTS):
        begin = _PADDED.match(content, at)
        if begin is None:
            raise _Broken
        at = begin.end() - 2
        marker = content[at + 1]
        if marker == 0xD9:
            break
        if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            raise _Broken
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(content):
            raise _Broken
        if marker == 0xE1 and not is_turned and (turn := _orientation(content[at + 4 : end])):
            is_turned = True
            yield _turned(turn)
        if _is_kept(marker, content[at + 4 : end]):
            yield content[at:end]
        has_frame = has_frame or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC))
        at = end
        if marker == 0xDA:
            has_scan = True
            end = _end_of_scan(content, at)
            yield content[at:end]
            at = end
    else:
        raise _Broken
    if not (has_frame and has_scan):
        raise _Broken
    yield b"\xff\xd9"


def _is_kept(marker: int, data: bytes) -> bool:
    """Say whether a segment changes how the picture looks: all but comments, and of the applications' ones few."""
    if 0xE0 <= marker <= 0xEF:
        named = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
        return marker in named and data.startswith(named[marker])
    return marker != 0xFE


def _end_of_scan(content: bytes, at: int) -> int:
    """Return where the next marker stands that is none of those within a scan, or the padding before it."""
    found = _MARKER.search(content, at)
    if found is None:
        raise _Broken
    return found.start()


def _orientation(data: bytes) -> int | None:
    """Return the orientation that Exif data tells, `None` where it is the usual one or cannot be read."""
    if not data.startswith(b"Exif\0\0") or data[6:8] not in (b"II", b"MM"):
        return None
    order = "<" if data[6:8] == b"II" else ">"
    try:
        (offset,) = struct.unpack_from(f"{order}I", data, 10)
        (count,) = struct.unpack_from(f"{order}H", data, 6 + offset)
        for number in range(count):
            tag, kind = struct.unpack_from(f"{order}HH", data, 8 + offset + 12 * number)
            if (tag, kind) == (_ORIENTATION, 3):
                (value,) = struct.unpack_from(f"{order}H", data, 16 + offset + 12 * number)
                return value if 2 <= value <= 8 else None
    except struct.error:
        return None
    return None


def _turned(orientation: int) -> bytes:
    """Return a segment of Exif data that tells the orientation alone."""
    tiff = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _ORIENTATION, 3, 1, orientation, 0, 0)
    return struct.pack(">HH", 0xFFE1, 8 + len(tiff)) + b"Exif\0\0" + tiff


def _gif(content: bytes) -> Iterator[bytes]:
    if content[:6] not in (b"GIF87a", b"GIF89a") or len(content) < 13:
        raise _Broken
    at, shown = 13 + _table(content[10]), False
    yield content[:at]
    while (label := content[at]) != 0x3B:
        start = at
        if label == 0x2C:
            shown = True
            at = _end_of_blocks(content, at + 11 + _table(content[at + 9]))
            yield content[start:at]
        elif label == 0x21:
            at = _end_of_blocks(content, at + 2)
            is_loop = content[start + 1] == 0xFF and content[start + 3 : start + 14] in _GIF_KEPT
            if content[start + 1] == 0xF9 or is_loop:
                yield content[start:at]
        else:
            raise _Broken
    if not shown:
        raise _Broken
    yield b"\x3b"


def _table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _end_of_blocks(content: bytes, at: int) -> int:
    while size := content[at]:
        at += 1 + size
    return at + 1


def _webp(content: bytes) -> Iterator[bytes]:
    head, size, form = struct.unpack_from("<4sI4s", content)
    end = 8 + size
    if (head, form) != (b"RIFF", b"WEBP") or end > len(content):
        raise _Broken
    kept, at, shown = [], 12, False
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", content, at)
        after = at + 8 + length + length % 2
        if after > end + length % 2:
            raise _Broken
        chunk = content[at : at + 8 + length] + b"\0" * (length % 2)
        if name == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_NOTES]) + chunk[9:]
        if name in _WEBP_KEPT:
            kept.append(chunk)
        shown = shown or name in _WEBP_SHOWN
        at = after
    if not shown:
        raise _Broken
    body = b"".join(kept)
    yield struct.pack("<4sI4s", b"RIFF", 4 + len(body), b"WEBP") + body


_PARTS: Mapping[str, Callable[[bytes], Iterator[bytes]]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "image/webp": _webp,
}
PICTURE_TYPES = frozenset(_PARTS)
"""What browsers show in a page: pictures of pixels. SVG is not among them, since it can carry scripts."""
