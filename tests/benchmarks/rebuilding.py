"""How long does `kb index --rebuild` take when no text has to be encoded, with how much memory and disk?

A copy of the home is rebuilt by a process of its own, which is looked at again and again meanwhile.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.memory import CAN_BE_READ, bytes_below
from tests.benchmarks.table import Figure, Ratio, Row, compared
from tests.benchmarks.workbench import MeasuredHome, Workbench, copied
from tests.command_line import COMMAND, REPOSITORY

STAGE = "indexing"
REBUILT = "kb index --rebuild, vectors at hand"
_LOOK_S = 0.05
_MB = 1_000_000


def rebuild_row(bench: Workbench, home: MeasuredHome, smaller: Sequence[Row]) -> Row:
    """Return the seconds from start to end, the peak memory of all processes together, and that of both indexes on
    disk as a ratio to their size afterwards. Memory is left out where `CAN_BE_READ` says no.
    """
    bench.say(f"rebuilding the indexes of {home.passages:,} passages")
    with copied(bench, home, "rebuilt") as settings:
        memory = disk = 0
        began = time.perf_counter()
        with subprocess.Popen(
            [*COMMAND, "--home", str(settings.home), "index", "--rebuild"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            while process.poll() is None:
                memory = max(memory, _memory_of(process.pid))
                with suppress(FileNotFoundError):  # some file was merged or removed meanwhile
                    disk = max(disk, bytes_below(settings.index_path))
                time.sleep(_LOOK_S)
            seconds = time.perf_counter() - began
            told = process.stdout.read() if process.stdout is not None else ""
        if process.returncode or " 0 texts encoded" not in told:
            raise SystemExit(f"the indexes of {home.passages} passages were not rebuilt from stored vectors: {told}")
        after = bytes_below(settings.index_path)
    figures = [Figure(seconds, "s")]
    if CAN_BE_READ:
        figures.append(Figure(memory / _MB, "MB", "all processes"))
    row = Row(STAGE, REBUILT, home.passages, tuple(figures))
    before = next((one for one in smaller if one.what == REBUILT), None)
    return replace(row, ratios=(Ratio(disk / after, "the indexes' size, on disk at the peak"), *compared(row, before)))


def _memory_of(process: int) -> int:
    """Return the resident bytes of a process and all that it has started. Source: proc_pid_status(5)."""
    found = 0
    with suppress(FileNotFoundError, ProcessLookupError):  # one that has ended counts no more
        held = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
        found = int(held[1]) * 1024 if held else 0
        for task in Path(f"/proc/{process}/task").iterdir():
            found += sum(_memory_of(int(one)) for one in (task / "children").read_text().split())
    return found
