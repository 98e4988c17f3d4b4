"""Let one process write at a time, by a file lock that the system frees when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import TracebackType

from kb.errors import IndexLocked, IndexUnavailable

_PATIENCE_S = 0.25
"""Long enough to outlast another process that only asks whether the lock is held."""
_PAUSE_S = 0.01


class FileLock:
    """An exclusive lock on one file, held from `acquire` to `release` or to the death of the process.

    Two locks on one path exclude each other within a process too. One lock is for one thread at a time. Use it as a
    context manager, or acquire and release by hand.
    """

    def __init__(self, path: Path):
        self._path = path
        self._handle: int | None = None

    @property
    def is_held(self) -> bool:
        """Say whether this very lock is held."""
        return self._handle is not None

    def acquire(self) -> None:
        """Take the lock. Raises IndexLocked when it is held elsewhere, IndexUnavailable when it has no file to hold."""
        if self._handle is not None:
            return
        deadline = time.monotonic() + _PATIENCE_S
        while (handle := _locked(self._path)) is None:
            if time.monotonic() > deadline:
                raise IndexLocked(
                    f"another process is indexing ({self._path} is locked); wait for it, or stop it and try again"
                )
            time.sleep(_PAUSE_S)
        self._handle = handle

    def release(self) -> None:
        """Free the lock. Idempotent. The file stays: removing it would let two processes lock two files."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_locked(path: Path) -> bool:
    """Say whether some process, this one included, holds the lock at `path` right now."""
    if not path.exists():
        return False
    handle = _locked(path)
    if handle is None:
        return True
    os.close(handle)
    return False


def _locked(path: Path) -> int | None:
    """Return an open handle that holds the lock, `None` when another one does. Closing the handle frees it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise IndexUnavailable(
            f"{path} cannot be written: {error.strerror}; free space, or make the disk and directory writable"
        ) from error
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        os.close(handle)
        return None
    except BaseException:
        os.close(handle)
        raise
    return handle
