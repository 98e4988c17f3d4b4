"""Let one process at a time write to an index directory; the system frees the lock when a process dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kb.errors import IndexLocked, IndexUnavailable

LOCK_NAME = "keyword-index.lock"


class WriteLock:
    """An advisory lock on a file of the directory. The file stays; only who holds it changes."""

    def __init__(self, directory: Path):
        """Take the lock at once. Raises IndexLocked when it is taken, IndexUnavailable when it cannot be made."""
        path = directory / LOCK_NAME
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        except OSError as error:
            raise IndexUnavailable(f"the keyword index cannot be written: {error}") from error
        try:
            _lock(self._file)
        except OSError as error:
            os.close(self._file)
            raise IndexLocked(
                f"another process is writing the keyword index in {directory}; wait until it ends, then try again"
            ) from error

    def release(self) -> None:
        """Free the lock. Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
