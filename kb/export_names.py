"""Find a file name for an id or source that every file system takes, and that no other one of the export has."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST_NAME = 180
"""Bytes of one name; file systems end at 255, and the suffix comes on top."""
LONGEST_PATH = 700
_FOREIGN = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f-\x9f\u2028\u2029]|[. ]$')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


def is_plain_name(name: str) -> bool:
    """Say whether `name` can be one file or folder on any system and is not hidden."""
    return bool(
        name
        and not name.startswith(".")
        and "/" not in name
        and not _FOREIGN.search(name)
        and not _RESERVED.match(name)
        and len(name.encode()) <= LONGEST_NAME
    )


class FileNames:
    """Gives names out, each one once, also on systems that tell neither upper from lower case nor ways to compose."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: dict[str, str] = {}

    def claim(self, wanted: str, suffix: str) -> str:
        """Return `wanted` + `suffix`, or where that cannot be, a name made of the hash of `wanted`.

        `wanted` may hold `/`; the same calls in the same order give the same names.
        """
        name = wanted
        if len(wanted.encode()) > LONGEST_PATH or not all(is_plain_name(part) for part in wanted.split("/")):
            name = _hashed(wanted)
        while self._is_taken(name + suffix):
            name = _hashed(name)
        self._files.add(_folded(name + suffix))
        self._folders.update({_folded(folder): folder for folder in _folders_of(name)})
        return name + suffix

    def take(self, path: str) -> bool:
        """Say whether a file can lie at exactly this path, and if so, keep the place for it."""
        if len(path.encode()) > LONGEST_PATH or not all(is_plain_name(part) for part in path.split("/")):
            return False
        if self._is_taken(path):
            return False
        self._files.add(_folded(path))
        self._folders.update({_folded(folder): folder for folder in _folders_of(path)})
        return True

    def _is_taken(self, path: str) -> bool:
        """Say whether a file or folder of that name is there, or one of its folders is a file or spelt otherwise."""
        if _folded(path) in self._files or _folded(path) in self._folders:
            return True
        return any(
            _folded(folder) in self._files or self._folders.get(_folded(folder), folder) != folder
            for folder in _folders_of(path)
        )


def _folders_of(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _hashed(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
