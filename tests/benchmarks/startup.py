"""How long does each command take to start, and a server until it answers?"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from tests.benchmarks.latency import median_of
from tests.benchmarks.questions import questions
from tests.benchmarks.server import search_path, serving
from tests.benchmarks.table import Figure, Row, compared
from tests.benchmarks.workbench import MeasuredHome, Workbench
from tests.command_line import COMMAND, REPOSITORY

STAGE = "startup"
BARE = "python -c pass"


def command_rows(bench: Workbench) -> list[Row]:
    """Return how long Python and `kb --help` take."""
    bench.say("starting commands")
    bare = _row(BARE, None, [_seconds_of(sys.executable, "-c", "pass") for _ in range(bench.runs)])
    told = _row("kb --help", None, [_seconds_of(*COMMAND, "--help") for _ in range(bench.runs)])
    return [bare, replace(told, ratios=compared(told, bare))]


def start_rows(bench: Workbench, home: MeasuredHome, bare: Row, smaller: Sequence[Row]) -> list[Row]:
    """Return how long `kb search` takes in a process of its own, and `kb serve` until it is ready and has answered."""
    bench.say(f"starting with {home.passages:,} passages")
    before = {row.what: row for row in smaller}
    question = questions(bench, -1)[1]

    def search() -> float:
        return _seconds_of(*COMMAND, "--home", str(home.settings.home), "search", question)

    search()  # the files are then in the system's cache, as the modules are
    ready, answered = [], []
    for _ in range(bench.runs):
        with serving(home.settings) as server:
            ready.append(server.seconds_until("/readyz"))
            answered.append(server.seconds_until(search_path(question)))
    rows = [
        _row("kb search", home, [search() for _ in range(bench.runs)]),
        _row("kb serve until /readyz says 200", home, ready),
        _row("kb serve until a search is answered", home, answered),
    ]
    return [replace(row, ratios=compared(row, bare, before.get(row.what))) for row in rows]


def _row(what: str, home: MeasuredHome | None, seconds: Sequence[float]) -> Row:
    median, spread = median_of(seconds)
    return Row(STAGE, what, None if home is None else home.passages, (Figure(median, "s"),), spread=spread)


def _seconds_of(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
