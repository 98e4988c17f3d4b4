"""How much memory does a server take at its peak, and how much disk do store and indexes?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.server import Server
from tests.benchmarks.table import Figure, Ratio, Row, compared
from tests.benchmarks.workbench import MeasuredHome

STAGE = "memory"
CAN_BE_READ = Path("/proc/self/status").is_file()
"""Whether this system tells the memory of a process: Linux does."""
_MB = 1_000_000
_PASSAGES = 1_000


def memory_row(home: MeasuredHome, server: Server, smaller: Sequence[Row]) -> Row:
    """Return the peaks of what a server's processes kept in memory, and what of it is their own alone now.

    `VmHWM` and `RssAnon`, added up: what is mapped from files counts for each process. Source: proc_pid_status(5). For
    systems where `CAN_BE_READ`.
    """
    told = [Path(f"/proc/{pid}/status").read_text() for pid in server.process_ids()]
    peak, private = (
        sum(int(found[1]) for one in told if (found := re.search(rf"{name}:\s+(\d+) kB", one))) * 1024 / _MB
        for name in ("VmHWM", "RssAnon")
    )
    row = Row(
        STAGE,
        "server, peak of resident memory",
        home.passages,
        (Figure(peak, "MB"), Figure(private, "MB", "not from files"), Figure(len(told), "processes")),
    )
    return _with_ratios(row, home, smaller, peak * _MB)


def disk_rows(home: MeasuredHome, smaller: Sequence[Row]) -> list[Row]:
    """Return the bytes on disk of store and indexes."""
    store = sum(file.stat().st_size for file in home.settings.home.glob(f"{home.settings.store_path.name}*"))
    indexes = bytes_below(home.settings.index_path)
    rows = []
    for what, size in (("store on disk", store), ("indexes on disk", indexes)):
        each = size / _MB / home.passages * _PASSAGES
        row = Row(STAGE, what, home.passages, (Figure(each, "MB for 1,000 passages"), Figure(size / _MB, "MB")))
        rows.append(_with_ratios(row, home, smaller, size))
    return rows


def _with_ratios(row: Row, home: MeasuredHome, smaller: Sequence[Row], size: float) -> Row:
    before = next((one for one in smaller if one.what == row.what), None)
    return replace(row, ratios=(Ratio(size / home.text_bytes, "the imported text"), *compared(row, before)))


def bytes_below(directory: Path) -> int:
    """Return the bytes of the files below a directory, without those that links lead to."""
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file() and not file.is_symlink())
