"""Say how a file gets to disk so that neither a kill nor a power cut leaves half of it."""

from __future__ import annotations

import os
from pathlib import Path

_BESIDE = ".new"
"""Ending of a file that is being written; one that is left over is a torn write and may be removed."""


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` in place of the file: readers see the old content or the new, and the new is durable on return.

    Raises OSError.
    """
    beside = path.with_name(path.name + _BESIDE)
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_directory(path.parent)


def sync_file(path: Path) -> None:
    """Wait until what was written to the file is on disk. Raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Wait until the names in a directory are on disk, where the system lets a directory be opened."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
