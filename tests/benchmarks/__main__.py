"""Measure Fixlore and print one table: `python -m tests.benchmarks`.

Everything but the model's export is made anew below a temporary directory. With --work it is kept, and the next run
finds the collections there instead of indexing them again; then the rows of their indexing are left out.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from indexer.encoding.open_encoder import open_encoder
from tests.benchmarks import (
    freshness,
    indexing,
    memory,
    over_http,
    overhead,
    peers,
    queries,
    rebuilding,
    recall,
    startup,
)
from tests.benchmarks.base_texts import BaseTexts, read_base_texts
from tests.benchmarks.collection import TICKETS_TO_AN_ARTICLE
from tests.benchmarks.forgetting import CAN_FORGET
from tests.benchmarks.labelled import office_titles
from tests.benchmarks.server import serving
from tests.benchmarks.table import Row, as_json, as_markdown
from tests.benchmarks.targets import verdicts, verdicts_as_markdown
from tests.benchmarks.variation import EXCHANGED, Variation
from tests.benchmarks.vectors import ANGLE
from tests.benchmarks.workbench import MeasuredHome, Workbench, indexed_home

STAGES = (
    indexing.STAGE,
    queries.STAGE,
    overhead.STAGE,
    recall.STAGE,
    over_http.STAGE,
    over_http.COLD_STAGE,
    freshness.STAGE,
    memory.STAGE,
    startup.STAGE,
    peers.STAGE,
)
MODEL_HOME = "FIXLORE_TEST_MODEL_HOME"
"""Environment variable that names a home whose exported model is used, as in the tests."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the arguments ask for and print the table; what goes on is told on standard error."""
    options = _options(arguments)
    began, load = time.monotonic(), _load()
    with nullcontext(options.work) if options.work else tempfile.TemporaryDirectory() as directory:
        base = read_base_texts(options.data)
        bench = _workbench(options, Path(directory), base)
        homes, rows = measured(bench, sorted(set(options.passages)), options.only, options.peers)
        if options.labelled_homes and peers.STAGE in options.only:
            rows += peers.quality_rows(bench, office_titles(options.labelled_homes), options.peers)
    notes = _notes(bench, homes, load, time.monotonic() - began)
    if peers.STAGE in options.only:
        notes += peers.missing_notes(options.peers)
    found = verdicts(rows)
    print(as_markdown(rows))
    print("\n" + verdicts_as_markdown(found))
    print("\n" + "\n".join(f"- {note}" for note in notes))
    if options.json:
        limits = [{**asdict(one), "kept": one.is_kept} for one in found]
        options.json.write_text(as_json(rows, notes, limits), encoding="utf-8")


def measured(
    bench: Workbench, sizes: Sequence[int], stages: Sequence[str], names: Sequence[str]
) -> tuple[list[MeasuredHome], list[Row]]:
    """Return the homes that were measured, smallest first, and the rows in the order of the stages."""
    rows: dict[str, list[Row]] = {stage: [] for stage in STAGES}
    if indexing.STAGE in stages:
        rows[indexing.STAGE] += indexing.sample_rows(bench)
    homes = [indexed_home(bench, passages) for passages in sizes]
    if indexing.STAGE in stages:
        rows[indexing.STAGE] += indexing.collection_rows(homes)
    commands = startup.command_rows(bench) if startup.STAGE in stages else []
    rows[startup.STAGE] += commands
    for home in homes:
        smaller = {stage: [row for row in held if row.passages == homes[0].passages] for stage, held in rows.items()}
        if indexing.STAGE in stages:
            rows[indexing.STAGE].append(rebuilding.rebuild_row(bench, home, smaller[indexing.STAGE]))
        if queries.STAGE in stages:
            rows[queries.STAGE] += queries.query_rows(bench, home, smaller[queries.STAGE])
        if overhead.STAGE in stages:
            rows[overhead.STAGE] += overhead.overhead_rows(bench, home, smaller[overhead.STAGE])
        if recall.STAGE in stages:
            rows[recall.STAGE] += recall.recall_rows(bench, home)
        if over_http.STAGE in stages or memory.STAGE in stages:
            with serving(home.settings) as server:
                over_http.warm_up(bench, server)
                if over_http.STAGE in stages:
                    rows[over_http.STAGE] += over_http.http_rows(
                        bench, home, server, rows[queries.STAGE], smaller[over_http.STAGE]
                    )
                if memory.STAGE in stages and memory.CAN_BE_READ:
                    rows[memory.STAGE].append(memory.memory_row(home, server, smaller[memory.STAGE]))
        if over_http.COLD_STAGE in stages:
            rows[over_http.COLD_STAGE] += over_http.cold_rows(
                bench, home, rows[over_http.STAGE], smaller[over_http.COLD_STAGE]
            )
        if freshness.STAGE in stages:
            rows[freshness.STAGE] += freshness.freshness_rows(bench, home, smaller[freshness.STAGE])
        if memory.STAGE in stages:
            rows[memory.STAGE] += memory.disk_rows(home, smaller[memory.STAGE])
        if commands:
            rows[startup.STAGE] += startup.start_rows(bench, home, commands[0], smaller[startup.STAGE])
        if peers.STAGE in stages:
            rows[peers.STAGE] += peers.peer_rows(bench, home, names, smaller[peers.STAGE])
    return homes, [row for stage in STAGES for row in rows[stage]]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--passages", type=int, nargs="+", default=[10_000, 100_000], help="sizes of the collections")
    parser.add_argument("--queries", type=int, default=100, help="questions in a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each latency, of new questions each")
    parser.add_argument("--runs", type=int, default=5, help="starts of each command")
    parser.add_argument("--sample", type=int, default=1_000, help="passages indexed with the real encoder")
    parser.add_argument("--data", type=Path, help="folder of *.md and *.jsonl to vary instead of the shipped examples")
    parser.add_argument("--work", type=Path, help="folder that keeps collections and vectors for the next run")
    parser.add_argument("--only", nargs="+", choices=STAGES, default=list(STAGES), help="what to measure")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16], help="clients over HTTP at once")
    parser.add_argument("--lengths", type=int, nargs="+", default=[200, 4_000, 100_000], help="characters of tickets")
    parser.add_argument("--stream-seconds", type=float, default=20, help="how long tickets stream in")
    parser.add_argument("--drop-caches", action="store_true", help="as root: the system forgets all files when cold")
    parser.add_argument("--peers", nargs="+", choices=peers.NAMES, default=list(peers.NAMES), help="engines to measure")
    parser.add_argument("--labelled-homes", type=Path, help="folder with installations of the labelled sets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="file that gets rows and notes as JSON too")
    options = parser.parse_args(arguments)
    counts = (options.queries, options.rounds, options.runs, options.sample)
    if min(*counts, *options.passages, *options.clients, *options.lengths) < 1:
        parser.error("every number must be at least 1")
    return options


def _workbench(options: argparse.Namespace, directory: Path, base: BaseTexts) -> Workbench:
    model_home = Path(os.environ.get(MODEL_HOME) or directory / "model-home")
    return Workbench(
        directory=directory,
        model_home=model_home,
        base=base,
        variation=Variation(base, options.seed),
        encoder=open_encoder(model_home, None, _say),
        queries=options.queries,
        rounds=options.rounds,
        runs=options.runs,
        sample=options.sample,
        clients=tuple(sorted(set(options.clients))),
        lengths=tuple(sorted(set(options.lengths))),
        stream_seconds=options.stream_seconds,
        drops_caches=options.drop_caches,
        say=_say,
    )


def _notes(bench: Workbench, homes: Sequence[MeasuredHome], load: str, seconds: float) -> list[str]:
    found = [f"{home.passages:,}" for home in homes if not home.is_new]
    notes = [
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}; load "
        f"average (1, 5, 15 minutes) {load} at the start, {_load()} at the end; {seconds:.0f} s in all.",
        f"Collections: variations of {len(bench.base.articles)} articles and {len(bench.base.tickets)} tickets, "
        f"{TICKETS_TO_AN_ARTICLE} tickets to an article, {EXCHANGED:.0%} of sentences from another document, names and "
        "numbers changed, and the manual. Words of the few base texts are in more documents than words of real ones.",
        f"Vectors of collections are stand-ins: the real vector of the base passage that shares most words, turned by "
        f"{ANGLE:.0f}° (cosine .87). The sample and all questions are encoded by the real encoder.",
        f"Latencies: {bench.rounds} rounds of {bench.queries} new questions after a warm-up; the spread is the p50 of "
        "the fastest and the slowest round. Clients run on the same cores as the server.",
        f"Starts: the median of {bench.runs} new processes, files in the system's cache; the spread is the fastest and "
        "the slowest.",
    ]
    if bench.drops_caches:
        notes.append("Cold: a new server each time, after the system has forgotten every file.")
    elif CAN_FORGET:
        notes.append("Cold: a new server each time, after the system has forgotten the files of home and model.")
    else:
        notes.append("Cold: a new server each time, its files in the system's cache, which forgets none.")
    if not memory.CAN_BE_READ:
        notes.append("A server's memory is read from /proc, which this system lacks.")
    if found:
        notes.append(f"Found as an earlier run left them: {', '.join(found)} passages.")
    return notes


def _load() -> str:
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
