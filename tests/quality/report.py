"""Measure what the manual states on the `report` splits and write its tables: `python -m tests.quality.report HOMES`.

Three tables of `articles/manual/ranking.md`, between their marks: scores of each set with each lane and feature taken
out, how sure the answers are, and which questions were used. Takes about ten minutes once the installations are made.
"""

from __future__ import annotations

import argparse
import pickle
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from search.evaluation import K, evaluate
from search.lanes import LANES
from search.learning.calibrating import Judged, calibration_error, first_results, lower_bound
from search.ranker import Model, shipped_ranker
from tests.quality.fit import in_order
from tests.quality.labelled_sets import SETS, LabelledSet, data_path, installation
from tests.quality.measure import lane_scores
from tests.quality.questions import Asked, asked

PAGE = Path(__file__).resolve().parents[2] / "articles" / "manual" / "ranking.md"
OUT_OF_USE = ("vocabulary",)
"""What can be taken out besides lanes and features: glossary, synonyms and corrections."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was asked of one set: its questions in each form, and MRR@10 with one part taken out."""

    name: str
    questions: dict[str, list[Asked]]
    without: dict[str, float]

    @property
    def task(self) -> str:
        """Return which of the ranker's models answers."""
        return "similar" if "unlinked" in self.questions else "search"


def measured(labelled: LabelledSet, homes: Path) -> Measured:
    """Ask the `report` questions of a set in every form, and with each lane and the vocabulary taken out."""
    forms = ["answered", "taken_out", *(["unlinked"] if labelled.is_tickets and labelled.split else [])]
    with installation(labelled.corpus, homes) as services:
        questions = {form: list(asked(services.searcher(), labelled, "report", form)) for form in forms}
        without = {
            f"lane {gone}": lane_scores(services, labelled, [one for one in LANES if one != gone], "report").mrr_10
            for gone in LANES
        }
        without["vocabulary"] = lane_scores(services, labelled, LANES, "report", with_vocabulary=False).mrr_10
    return Measured(labelled.name, questions, without)


def model_of(one: Measured) -> Model:
    """Return the shipped model that answers a set."""
    ranker = shipped_ranker()
    return ranker.similar if one.name in ("titanium", "hadoop") else ranker.search


def scored(model: Model, questions: Sequence[Asked], grades: dict[str, dict[str, int]]) -> tuple[float, float, float]:
    """Return hit@1, hit@5 and MRR@10 of the candidates as a model orders them."""
    run = {one.query: [each.candidate.document_id for each in in_order(model, one).ranked][:K] for one in questions}
    scores = evaluate(run, grades)
    return scores.hit_1, scores.hit_5, scores.mrr_10


def ablations(sets: Sequence[Measured]) -> list[str]:
    """Return the rows of the table of scores: whole, and the loss of MRR@10 with each part taken out."""
    columns = [one.name for one in sets]
    grades = [{each.query: dict.fromkeys(each.right, 1) for each in one.questions["answered"]} for one in sets]
    whole = [scored(model_of(one), one.questions["answered"], right) for one, right in zip(sets, grades, strict=True)]
    rows = [f"| | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    rows.append(_row("queries", [str(len(one.questions["answered"])) for one in sets]))
    for at, name in enumerate(("hit@1", "hit@5", "MRR@10")):
        rows.append(_row(name, [f"{scores[at]:.3f}" for scores in whole]))
    for part in (*(f"lane {lane}" for lane in LANES), *OUT_OF_USE):
        lost = [_signed(one.without[part] - scores[2]) for one, scores in zip(sets, whole, strict=True)]
        rows.append(_row(f"without {part}", lost))
    features = dict.fromkeys(name for one in sets for name in model_of(one).weights)
    for feature in features:
        cells = []
        for one, right, scores in zip(sets, grades, whole, strict=True):
            model = model_of(one)
            if feature not in model.weights:
                cells.append("–")
                continue
            kept = replace(model, weights={name: w for name, w in model.weights.items() if name != feature})
            cells.append(_signed(scored(kept, one.questions["answered"], right)[2] - scores[2]))
        rows.append(_row(f"without `{feature}`", cells))
    return rows


def confidence(sets: Sequence[Measured]) -> list[str]:
    """Return the rows of the table of confidence."""
    rows = [
        "| set | queries | given `high` | of those right | lower bound | answers taken out: given `high` |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    all_hits = all_sure = 0
    for one in sets:
        model = model_of(one)
        chances, right = first_results(model, _in_order(model, one.questions["answered"]))
        sure = chances >= model.bands.high
        gone, _ = first_results(model, _in_order(model, one.questions["taken_out"]))
        hits, count = int(right[sure].sum()), int(sure.sum())
        all_hits, all_sure = all_hits + hits, all_sure + count
        false = int((gone >= model.bands.high).sum())
        rows.append(
            f"| {one.name} | {len(chances)} | {count} ({sure.mean():.1%}) | {hits} ({hits / max(count, 1):.1%}) "
            f"| {lower_bound(hits, count):.3f} | {false} of {len(gone)} ({false / len(gone):.1%}) |"
        )
    bound = lower_bound(all_hits, all_sure)
    rows.append(f"| all | | {all_sure} | {all_hits} ({all_hits / max(all_sure, 1):.1%}) | {bound:.3f} | |")
    return rows


def calibration(sets: Sequence[Measured]) -> list[str]:
    """Return the rows of the table of calibration: a mix of questions with and without an answer."""
    rows = [
        "| mix | first results | calibration error | share right | mean probability |",
        "| --- | --- | --- | --- | --- |",
    ]
    mixes = {
        "questions: alttitle, alerts, commerce; half of them with their answers taken out": [
            (one, form)
            for one in sets
            if one.name in ("alttitle", "alerts", "commerce")
            for form in ("answered", "taken_out")
        ],
        "tickets: titanium; half of them with their answers taken out": [
            (one, form) for one in sets if one.name == "titanium" for form in ("answered", "taken_out")
        ],
        "tickets: titanium, with tickets that nobody linked": [
            (one, form) for one in sets if one.name == "titanium" for form in ("answered", "unlinked")
        ],
    }
    everything: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}  # type: ignore[type-arg]
    for name, parts in mixes.items():
        for one, form in parts:
            model = model_of(one)
            everything[one.name, form] = first_results(model, _in_order(model, one.questions[form]))
        rows.append(_calibration_row(name, [everything[one.name, form] for one, form in parts]))
    mixed = [found for (_, form), found in everything.items() if form != "unlinked"]
    rows.append(_calibration_row("questions and tickets; half of them with their answers taken out", mixed))
    return rows


def _calibration_row(name: str, found: Sequence[tuple[np.ndarray, np.ndarray]]) -> str:  # type: ignore[type-arg]
    chances, right = np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])
    error = calibration_error(chances, right)
    return f"| {name} | {len(chances)} | {error:.3f} | {right.mean():.3f} | {chances.mean():.3f} |"


def _in_order(model: Model, questions: Sequence[Asked]) -> list[Judged]:
    return [in_order(model, one) for one in questions]


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _signed(number: float) -> str:
    return f"{number:+.3f}".replace("-", "−") if abs(number) >= 0.0005 else "0"


def written(page: str, name: str, rows: Sequence[str]) -> str:
    """Return the page with a table between its marks. Raises ValueError when it has none."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"{PAGE} has no marks for {name}")
    return pattern.sub(lambda mark: mark[1] + "".join(f"{row}\n" for row in rows) + mark[2], page)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("homes", type=Path)
    parser.add_argument("--cache", type=Path, help="keeps what was asked, to print again")
    options = parser.parse_args()
    if not data_path().is_dir():
        parser.error("the labelled sets are not here; FIXLORE_DATA names them")
    if options.cache and options.cache.exists():
        sets: list[Measured] = pickle.loads(options.cache.read_bytes())
    else:
        sets = []
        for labelled in SETS:
            sets.append(measured(labelled, options.homes))
            print(f"measured {labelled.name}", flush=True)
        if options.cache:
            options.cache.write_bytes(pickle.dumps(sets))
    tables = {"scores": ablations(sets), "confidence": confidence(sets), "calibration": calibration(sets)}
    page = PAGE.read_text(encoding="utf-8")
    for name, rows in tables.items():
        print("\n".join(rows), end="\n\n")
        page = written(page, name, rows)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
