"""Have the system forget the files of a home, so that the next reader finds them on disk."""

from __future__ import annotations

import os
from pathlib import Path

CAN_FORGET = hasattr(os, "posix_fadvise")
DROPPED = Path("/proc/sys/vm/drop_caches")
"""Has Linux forget every file, where root writes to it. Source: proc_sys_vm(5)."""


def forget_files(home: Path, everything: bool) -> None:
    """Have the files of a home forgotten, or with `everything` all files of this machine.

    Files that a process has mapped stay; libraries do unless `everything` is asked for. Raises SystemExit when the
    system does not let this user forget everything.
    """
    if everything:
        os.sync()
        try:
            DROPPED.write_text("3")
        except OSError as error:
            raise SystemExit(f"{DROPPED} cannot be written ({error}); run as root or without --drop-caches") from error
    elif CAN_FORGET:
        for file in (one for one in home.rglob("*") if one.is_file()):
            _forget(file)
        for file in (one for one in (home / "models").resolve().rglob("*") if one.is_file()):
            _forget(file)


def _forget(file: Path) -> None:
    number = os.open(file, os.O_RDONLY)
    try:
        os.fsync(number)  # only what is on disk is forgotten
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(number)
