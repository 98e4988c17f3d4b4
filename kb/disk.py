"""Tell a disk that takes no writes from one that is damaged: engines often say no more than that writing failed."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def refusal_of(directory: Path, least_bytes: int) -> int | None:
    """Return the error number that the disk of a directory would give a writer of `least_bytes` now.

    That is EROFS, ENOSPC, or `None` while it takes writes and where it cannot be asked.
    """
    if not hasattr(os, "statvfs"):
        return None
    try:
        disk = os.statvfs(directory)
    except OSError:
        return None
    if disk.f_flag & os.ST_RDONLY:
        return errno.EROFS
    return errno.ENOSPC if disk.f_bavail * disk.f_frsize < least_bytes else None
