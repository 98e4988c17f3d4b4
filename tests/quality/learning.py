"""Measure what learning gains: `python -m tests.quality.learning HOMES [--split report] [--shuffled N]`.

The titanium installation is copied, the links of its `tune` queries are imported, `kb learn` runs, and the queries of a
split are scored with the ranker before and after. The gain is told with a paired bootstrap interval of 95 %.

`--shuffled` repeats learning with answers that say nothing and tells how often something is adopted: the answers
permuted among the tickets, and, which is harder since they are all found, one random candidate of each ticket.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kb.access import SHELL
from kb.importing import import_tickets
from kb.settings import Settings
from search.batch import run_similar
from search.evaluation import run_of, scores_of
from search.lanes import LANES
from search.learning.collecting import Collected, collected
from search.learning.examples import examples_of
from search.learning.learn import bootstrap_gains, learn, starting_adapter
from search.ranker import shipped_ranker
from tests.quality.labelled_sets import SETS, TITANIUM, data_path, installation, queries_of_split
from web.cli.learning import learned
from web.wiring import Services, open_services

DEPTH = 10
FIRST = 40
"""Of these candidates one is called right by chance: those that reach the first pages."""


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean MRR@10 before and after on the same queries, and the 95 % bounds of what was gained."""

    queries: int
    before: float
    after: float
    low: float
    high: float


def linked_home(homes: Path, folder: Path) -> Path:
    """Return a copy of the titanium installation with the links of its `tune` queries."""
    with installation(TITANIUM, homes):
        pass
    home = Path(shutil.copytree(homes / TITANIUM.name, folder / TITANIUM.name, symlinks=True))
    with open_services(Settings(home=home), lambda line: None) as services:
        import_tickets(services.store, data_path() / "titanium" / "links_tune.jsonl")
        services.indexing().drain()
    return home


def reciprocal_ranks(services: Services, split: str, folder: Path) -> dict[str, float]:
    """Return query → reciprocal rank of its first right answer among the first ten, as of when it was opened."""
    labelled = next(one for one in SETS if one.name == "titanium")
    queries, qrels = queries_of_split(labelled, split, folder)
    run = run_of(run_similar(services.searcher(), queries, DEPTH, SHELL, True, LANES))
    return {query: scores_of(run.get(query, ()), right).mrr_10 for query, right in qrels.items()}


def gain(before: dict[str, float], after: dict[str, float]) -> Gain:
    """Compare two measurements of the same queries."""
    old = np.array(list(before.values()))
    new = np.array([after[query] for query in before])
    low, high = np.quantile(bootstrap_gains(old, new, list(before)), (0.025, 0.975))
    return Gain(len(old), float(old.mean()), float(new.mean()), float(low), float(high))


def permuted(questions: Sequence[Collected], seed: int) -> list[Collected]:
    """Return the questions with the answers of others."""
    order = np.random.default_rng(seed).permutation(len(questions))
    return [_answered(one, questions[other].example.right) for one, other in zip(questions, order, strict=True)]


def answered_by_chance(questions: Sequence[Collected], seed: int) -> list[Collected]:
    """Return the questions with one of their first candidates as the answer."""
    random = np.random.default_rng(seed)
    return [
        _answered(one, frozenset({one.ids[int(random.integers(min(FIRST, len(one.ids))))]}))
        for one in questions
        if one.ids
    ]


def _answered(question: Collected, right: frozenset[str]) -> Collected:
    is_right = np.array([one in right for one in question.ids], np.bool_)
    return replace(question, is_right=is_right, example=replace(question.example, right=right))


def measured(homes: Path, split: str) -> tuple[str, Gain]:
    """Learn from the links of `tune`; return what `kb learn` says, and what the queries of a split gain by it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = linked_home(homes, folder)
        with open_services(Settings(home=home), lambda line: None) as services:
            before = reciprocal_ranks(services, split, folder)
            told = learned(services, dry_run=False).text
            after = reciprocal_ranks(services, split, folder)
    return told, gain(before, after)


def adopted_by_chance(homes: Path, times: int) -> dict[str, int]:
    """Return control → how often of so many times something was adopted that was learned from answers that say nothing.

    Prints how each came out.
    """
    with tempfile.TemporaryDirectory() as name:
        home = linked_home(homes, Path(name))
        with open_services(Settings(home=home), lambda line: None) as services:
            examples, vectors = examples_of(services.store), services.indexes.vectors
            questions = collected(services.searcher(), vectors, examples, lambda done, total: None)
            adapter = starting_adapter(vectors, services.store.all_ids, sum(services.store.counts().values()))
    shipped = shipped_ranker()
    adopted = {}
    for control, shuffle in (("permuted", permuted), ("chance", answered_by_chance)):
        adopted[control] = 0
        for seed in range(times):
            told = learn(shipped, shipped, shuffle(questions, seed), adapter, "control")
            adopted[control] += told.ranker is not None
            print(f"{control}, {seed}: {told.reason}", flush=True)
    return adopted


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("homes", type=Path)
    parser.add_argument("--split", choices=("tune", "report"), default="report")
    parser.add_argument("--shuffled", type=int, metavar="N", help="learn N times from answers that say nothing instead")
    options = parser.parse_args()
    if options.shuffled:
        for control, times in adopted_by_chance(options.homes, options.shuffled).items():
            print(f"{control}: adopted {times} of {options.shuffled}")
        return
    text, told = measured(options.homes, options.split)
    print(text)
    print(
        f"titanium {options.split}, {told.queries} queries: MRR@10 {told.before:.4f} → {told.after:.4f}, "
        f"gain {told.after - told.before:+.4f} (95 % {told.low:+.4f} to {told.high:+.4f})"
    )


if __name__ == "__main__":
    main()
