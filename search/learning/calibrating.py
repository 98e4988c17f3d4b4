"""Calibrate a ranker: find how probable it is that a result is right, and from where on a result may be called sure.

A probability is fitted on the first results of questions of which some have no answer in the index, as in life; so it
says how often such a result is right when it is not known whether there is an answer at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from search.learning.fitting import Array, fitted_logistic
from search.ranker import EVIDENCE, Calibration, Model, Ranked, evidence_of, judged

FIRST = 5
"""Results of each question that are learned from and judged: those of a first page."""
_L2 = 1.0
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Judged:
    """The candidates of one question in their order, and which of them are right; `weight` is what it counts."""

    ranked: Sequence[Ranked]
    is_right: Sequence[bool]
    weight: float = 1.0


def calibrated(model: Model, questions: Sequence[Judged]) -> Model:
    """Return the model with a calibration fitted on the first `FIRST` results of each question, if there is one."""
    rows: list[list[float]] = []
    right: list[bool] = []
    weights: list[float] = []
    for one in questions:
        evidence = evidence_of(one.ranked)
        for at in range(min(FIRST, len(evidence))):
            rows.append([evidence[at][name] for name in EVIDENCE])
            right.append(one.is_right[at])
            weights.append(one.weight)
    if not rows:
        return model
    table: Array = np.asarray(rows, dtype=np.float64)
    intercept, slopes = fitted_logistic(table, np.asarray(right, dtype=bool), np.asarray(weights), l2=_L2)
    slope_of = {name: round(float(slope), 5) for name, slope in zip(EVIDENCE, slopes, strict=True)}
    return replace(model, calibration=Calibration(round(intercept, 5), slope_of))


def first_results(model: Model, questions: Sequence[Judged]) -> tuple[Array, NDArray[np.bool_]]:
    """Return probability and rightness of the first result of each question that has any."""
    firsts = [(judged(model, one.ranked)[0], one.is_right[0]) for one in questions if one.ranked]
    return (
        np.asarray([one.probability or 0.0 for one, _ in firsts]),
        np.asarray([right for _, right in firsts], dtype=bool),
    )


def lower_bound(hits: int, count: int, z: float = _Z) -> float:
    """Return the lower end of Wilson's interval of a share (Wilson, 1927), 95 % unless `z` says otherwise."""
    if count == 0:
        return 0.0
    share = hits / count
    centre = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (centre - spread) / (1 + z * z / count)


def calibration_error(chances: Array, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error: mean |share right - mean probability| over bins of equal mass."""
    order = np.argsort(chances, kind="stable")
    error = 0.0
    for part in np.array_split(order, bins):
        if len(part):
            error += len(part) / len(order) * abs(float(right[part].mean()) - float(chances[part].mean()))
    return error
