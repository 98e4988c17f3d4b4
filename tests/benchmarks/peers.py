"""How do other engines do over the same passages and vectors, asked the same questions on one thread?

Each is built and asked in processes of its own. Vectors are ready for all; encoding a question counts for everyone who
compares vectors. Fixlore answers with documents, snippets and reasons and counts every match, the others with numbers
of passages: a ratio says what that costs, not who does the same faster.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from indexer.passages import passages_of
from kb.settings import Settings
from tests.benchmarks.latency import Round, latency_of
from tests.benchmarks.memory import bytes_below
from tests.benchmarks.peer_engines import PEERS
from tests.benchmarks.peer_process import ONE_THREAD, OURS, QUESTIONS, TEXTS, VECTORS, Questions
from tests.benchmarks.questions import questions
from tests.benchmarks.table import Figure, Ratio, Row, compared
from tests.benchmarks.workbench import MeasuredHome, Workbench, quiet
from tests.command_line import REPOSITORY
from web.wiring import Services, open_services

STAGE = "peers"
NAMES = (OURS, *PEERS)
MOST_PASSAGES = 100_000
"""Larger collections are not given to peers, some of which keep all of it in memory."""
_AT_A_TIME = 500
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Labelled:
    """A home with questions and the documents that answer each of them."""

    name: str
    home: Path
    right: Mapping[str, frozenset[str]]


def installed(names: Sequence[str]) -> list[str]:
    """Return those of the engines that can be measured here, Fixlore always first."""
    return [name for name in NAMES if name == OURS or (name in names and not PEERS[name].missing)]


def missing_notes(names: Sequence[str]) -> list[str]:
    """Return a note for each engine that was asked for and is not installed."""
    told = ((name, PEERS[name].missing) for name in names if name != OURS)
    return [f"{name} is not measured: {' and '.join(lacking)} is not installed." for name, lacking in told if lacking]


def peer_rows(bench: Workbench, home: MeasuredHome, names: Sequence[str], smaller: Sequence[Row]) -> list[Row]:
    """Return the latency, disk, memory and time to index of each engine; none beyond `MOST_PASSAGES`."""
    if home.passages > MOST_PASSAGES:
        return []
    before = {row.what: row for row in smaller}
    asked = Questions(
        home=str(home.settings.home),
        model_home=str(bench.model_home),
        warming=questions(bench, -1),
        timed=[text for number in range(bench.rounds) for text in questions(bench, number)],
        labelled=[],
    )
    ours = _Told(home.import_seconds + home.index_seconds, 0, bytes_below(home.settings.home))
    rows: list[Row] = []
    with _corpus(bench, home.settings, asked) as corpus:
        for name, built, told in _measured(bench, corpus, installed(names), ours, f"{home.passages:,} passages"):
            size = bench.queries
            took = [told["took"][start : start + size] for start in range(0, len(told["took"]), size)]
            latency = latency_of([Round(tuple(each), sum(each)) for each in took])
            figures = (
                Figure(latency.p50, "ms", "p50"),
                Figure(latency.p95, "ms", "p95"),
                Figure(built.seconds, "s", "to index"),
                Figure(built.disk / _MB, "MB", "on disk"),
                *([Figure(told["memory"] / _MB, "MB", "of memory asked")] if told["memory"] else []),
                *([Figure(built.memory / _MB, "MB", "of memory to index")] if built.memory else []),
            )
            row = Row(STAGE, f"peers: {name}", home.passages, figures, spread=latency.spread)
            against = compared(row, replace(rows[0], passages=None) if rows else None, before.get(row.what))
            rows.append(replace(row, ratios=against))
    return rows


def quality_rows(bench: Workbench, labelled: Labelled, names: Sequence[str]) -> list[Row]:
    """Return how often each engine's first answer is right."""
    settings = Settings(home=labelled.home)
    asked = Questions(
        home=str(labelled.home),
        model_home=str(bench.model_home),
        warming=[],
        timed=[],
        labelled=list(labelled.right),
    )
    rows: list[Row] = []
    with _corpus(bench, settings, asked) as corpus:
        for name, _, told in _measured(bench, corpus, installed(names), _Told(0, 0, 0), labelled.name):
            first = [next(iter(ids), "") for ids in told["found"]]
            right = sum(one in answers for one, answers in zip(first, labelled.right.values(), strict=True))
            share = right / len(labelled.right)
            row = Row(STAGE, f"peers: {name}, {labelled.name}", None, (Figure(share, "hit@1"),))
            rows.append(
                replace(row, ratios=(Ratio(share / rows[0].value, rows[0].what),) if rows and rows[0].value else ())
            )
    return rows


@dataclass(frozen=True, slots=True)
class _Told:
    """Seconds to build, peak of memory in bytes, and bytes on disk."""

    seconds: float
    memory: int
    disk: int


def _measured(
    bench: Workbench, corpus: Path, names: Sequence[str], ours: _Told, over: str
) -> Iterator[tuple[str, _Told, dict[str, Any]]]:
    for name in names:
        bench.say(f"measuring {name}, {over}")
        with tempfile.TemporaryDirectory(dir=bench.directory) as directory:
            built = ours
            if name != OURS:
                told = _ran("build", name, corpus, directory, {})
                built = _Told(told["seconds"], told["memory"], bytes_below(Path(directory)))
            yield name, built, _ran("ask", name, corpus, directory, dict.fromkeys(ONE_THREAD, "1"))


def _ran(task: str, name: str, corpus: Path, directory: str, environment: Mapping[str, str]) -> dict[str, Any]:
    command = (sys.executable, "-m", "tests.benchmarks.peer_process", task, name, str(corpus), directory)
    ran = subprocess.run(
        command, cwd=REPOSITORY, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise SystemExit(f"{name} cannot be measured: {ran.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return told


@contextmanager
def _corpus(bench: Workbench, settings: Settings, asked: Questions) -> Iterator[Path]:
    """Write the passages of a home, their vectors and what is asked, for the length of a `with` block."""
    with tempfile.TemporaryDirectory(dir=bench.directory, prefix="peers-") as directory:
        corpus = Path(directory)
        (corpus / QUESTIONS).write_text(json.dumps(asdict(asked)), encoding="utf-8")
        with open_services(settings, quiet) as services:
            _write_passages(services, corpus)
        yield corpus


def _write_passages(services: Services, corpus: Path) -> None:
    index = services.indexes.vectors
    vectors = np.lib.format.open_memmap(corpus / VECTORS, "w+", np.float32, (index.size, index.recipe.dimension))
    filled, ids = 0, iter(services.store.all_ids())
    with (corpus / TEXTS).open("w", encoding="utf-8") as lines:
        while part := list(islice(ids, _AT_A_TIME)):
            held = index.vectors(part)
            for document in services.store.documents(part).values():
                texts = [one.text for one in passages_of(document)]
                if texts:
                    vectors[filled : filled + len(texts)] = held[document.id]
                filled += len(texts)
                lines.writelines(json.dumps([document.id, text]) + "\n" for text in texts)
    vectors.flush()
    if filled != len(vectors):
        raise SystemExit(f"{filled} passages lie in the store and {len(vectors)} in the index")
