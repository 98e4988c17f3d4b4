"""Say which engine and version made an index directory.

The stamp is written last when an index is made. A directory with a stamp but without its index has been
damaged; one without a stamp was being made when the process ended, and is made again.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path

from indexer.durable import write_atomically
from kb.disk import refusal_of
from kb.errors import IndexUnavailable

STAMP_NAME = "keyword-index.json"
LOCK_NAME = "keyword-index.lock"
LEAST_ROOM = 2**20
"""Bytes without which no segment can be written."""
REMEDY = "rebuild it with: kb index --rebuild"


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which engine made an index, and by which version of its schema."""

    engine: str
    version: int


def read_stamp(directory: Path) -> Stamp | None:
    """Return the stamp of a directory, `None` where there is none.

    Raises IndexUnavailable when it cannot be read.
    """
    path = directory / STAMP_NAME
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Stamp(str(kept["engine"]), int(kept["version"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexUnavailable(f"the keyword index's {path} cannot be read; {REMEDY}") from error


def check_stamp(directory: Path, expected: Stamp) -> None:
    """Raise IndexUnavailable unless `directory` bears the expected stamp."""
    found = read_stamp(directory)
    if found is None:
        raise IndexUnavailable(f"there is no keyword index in {directory}; {REMEDY}")
    if found != expected:
        raise IndexUnavailable(
            f"the keyword index in {directory} was made by {found.engine} in version {found.version}, "
            f"not by {expected.engine} in version {expected.version}; {REMEDY}"
        )


def write_stamp(directory: Path, stamp: Stamp) -> None:
    """Write the stamp, whole or not at all."""
    content = json.dumps({"engine": stamp.engine, "version": stamp.version}) + "\n"
    write_atomically(directory / STAMP_NAME, content.encode())


def unusable(directory: Path, error: Exception) -> IndexUnavailable:
    """Return what to say of an engine's failure: a disk that refuses to be written asks for another remedy than damage.

    Tantivy tells the system's error only within its text.
    """
    refusals = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
    told = next(
        (one for one in refusals if getattr(error, "errno", None) == one or f"code: {one}," in str(error)), None
    )
    if told is None and "io::Error" in str(error):  # of a writing thread it tells no more than that
        told = refusal_of(directory, LEAST_ROOM)
    if told is None:
        return IndexUnavailable(f"the keyword index in {directory} is unusable ({error}); {REMEDY}")
    return IndexUnavailable(
        f"{directory} cannot be written: {os.strerror(told)}; free space, or make the disk and directory writable"
    )


def filled(directory: Path) -> IndexUnavailable:
    """Return the error for filling an index that holds something."""
    return IndexUnavailable(f"the keyword index in {directory} is not empty; {REMEDY}")
