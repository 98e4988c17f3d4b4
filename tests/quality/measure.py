"""Print the scores of every configuration: `python -m tests.quality.measure HOMES [--split report] [NAME …]`.

`HOMES` is a directory for the installations; they are made when it is empty, which takes a quarter of an hour.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from kb.access import SHELL
from kb.queries import Filter
from search.batch import run_searches, run_similar
from search.evaluation import Scores, evaluate, run_of
from search.lanes import LANES, Lane
from search.searcher import Searcher
from tests.quality.labelled_sets import SETS, LabelledSet, installation, queries_of_split
from web.wiring import Services

CONFIGURATIONS: dict[str, tuple[Lane, ...]] = {
    "keyword": ("identifier", "keyword"),
    "semantic": ("semantic",),
    "hybrid": LANES,
}
DEPTH = 10
"""Every measure looks at the first ten."""


def scores_of(services: Services, labelled: LabelledSet, configuration: str, split: str) -> Scores:
    """Answer the queries of a split in a configuration and score the answers."""
    return lane_scores(services, labelled, CONFIGURATIONS[configuration], split)


def lane_scores(
    services: Services, labelled: LabelledSet, lanes: Collection[Lane], split: str, *, with_vocabulary: bool = True
) -> Scores:
    """Answer the queries of a split with some lanes, and with or without other words, and score the answers."""
    searcher: Searcher = services.searcher()
    if not with_vocabulary:
        indexes = services.indexes
        searcher = Searcher(services.store, indexes.keyword, indexes.vectors, services.encoder)
    with tempfile.TemporaryDirectory() as folder:
        queries, qrels = queries_of_split(labelled, split, Path(folder))
        if labelled.is_tickets:
            lines = run_similar(searcher, queries, DEPTH, SHELL, True, lanes)
        else:
            lines = run_searches(searcher, queries, Filter(), DEPTH, SHELL, lanes)
        return evaluate(run_of(lines), qrels)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("homes", type=Path)
    parser.add_argument("names", nargs="*", help="sets, all of them unless named")
    parser.add_argument("--split", choices=("tune", "report"), default="report")
    parser.add_argument("--configuration", action="append", choices=tuple(CONFIGURATIONS))
    options = parser.parse_args()
    options.homes.mkdir(parents=True, exist_ok=True)
    for labelled in SETS:
        if options.names and labelled.name not in options.names:
            continue
        with installation(labelled.corpus, options.homes) as services:
            for configuration in options.configuration or CONFIGURATIONS:
                started = time.monotonic()
                scores = scores_of(services, labelled, configuration, options.split)
                measures = "  ".join(f"{name} {value:.4f}" for name, value in scores.named().items())
                seconds = time.monotonic() - started
                print(f"{labelled.name:10} {configuration:9} {measures}  {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
