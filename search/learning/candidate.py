"""Fit a ranker to collected questions: the shipped one, moved as far as the questions carry it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from search.adapter import Adapter
from search.learning.adapting import improved
from search.learning.collecting import Collected
from search.learning.fitting import Question, fitted_listwise
from search.ranker import Calibration, Model, Ranker

HOLD = 300.0
"""What pulls the weights to the shipped ones. On titanium's `tune` split, on whose 315 questions the shipped weights
were chosen too, weaker pulls lose on later questions; with thousands of questions this one holds little."""
_SHARPNESSES = np.geomspace(3, 60, 25)
_FIRST = 10
_LEAST_SPREAD = 1e-6

Array = NDArray[np.float64]


def fitted_ranker(
    shipped: Ranker, adapter: Adapter | None, questions: Sequence[Collected], name: str, *, moves_weights: bool = True
) -> Ranker:
    """Return a ranker for tickets fitted to the questions; that of searches stays as it is.

    Without `moves_weights` the adapter alone is learned, and every weight but that of the cosine stays.

    `adapter` is where that of the ranker begins. Its similarity starts with half the weight of the cosine, and the
    cosine keeps the other half. A probability keeps its meaning: values are scaled and the intercept is moved so that
    the first results of all questions together are as likely as before. It is not fitted anew, because tickets with a
    known answer alone would teach it to be too sure.
    """
    start = dict(shipped.similar.weights)
    if adapter is not None:
        start["semantic"] = start["adapted"] = start.get("semantic", 0.0) / 2
    sharpness = _sharpness(questions, start, adapter)
    # By the adapter as it begins: one that has seen these very questions seems better than it is.
    weights = _moved(start, adapter, questions, sharpness) if moves_weights else start
    model = replace(shipped.similar, weights=weights)
    learned = None if adapter is None else improved(adapter, questions, model.weights, sharpness)
    source = f"learned from {len(questions)} linked tickets on top of {shipped.name}"
    return Ranker(name, source, shipped.search, _as_sure(shipped.similar, model, questions, learned), learned)


def _moved(
    start: Mapping[str, float], adapter: Adapter | None, questions: Sequence[Collected], sharpness: float
) -> dict[str, float]:
    """Return the weights of every feature that the questions have, moved from `start`."""
    known = {name for one in questions for name in one.names}
    names = sorted({*start, *known} - {"manual", "adapted"}) + (["adapted"] if adapter is not None else [])
    centre = sharpness * np.array([start.get(one, 0.0) for one in names])
    rows = [Question(_table(one, names, adapter), one.is_right) for one in questions]
    weights = fitted_listwise(rows, l2=HOLD, towards=centre) / sharpness
    return {one: float(weight) for one, weight in zip(names, weights, strict=True)}


def _table(question: Collected, names: Sequence[str], adapter: Adapter | None) -> Array:
    table = question.table(names)
    if adapter is not None:
        table[:, names.index("adapted")] = question.adapted(adapter)
    return table


def _sharpness(questions: Sequence[Collected], weights: dict[str, float], adapter: Adapter | None) -> float:
    """Return the factor at which softmax(factor · value) makes the right answers most likely."""
    rows = [(one.values(weights, adapter), one.is_right) for one in questions if one.is_right.any()]
    losses = [sum(_surprise(values * factor, is_right) for values, is_right in rows) for factor in _SHARPNESSES]
    return float(_SHARPNESSES[int(np.argmin(losses))])


def _surprise(values: Array, is_right: NDArray[np.bool_]) -> float:
    among = np.exp(values - values.max())
    return -float(np.log(max(among[is_right].sum() / among.sum(), 1e-300)))


def _as_sure(before: Model, after: Model, questions: Sequence[Collected], adapter: Adapter | None) -> Model:
    """Return `after` with values on the scale of `before`, and its calibration moved by what remains."""
    old = _first_values(questions, before, None)
    new = _first_values(questions, after, adapter)
    if len(old) < 2 or old.std() < _LEAST_SPREAD or new.std() < _LEAST_SPREAD:
        return after
    scale = float(old.std() / new.std())
    weights = {name: weight * scale for name, weight in after.weights.items()}
    calibration = before.calibration
    if calibration is not None:
        missing = float(old.mean() - scale * new.mean())
        moved = calibration.intercept + calibration.slopes.get("value", 0.0) * missing
        calibration = Calibration(moved, calibration.slopes)
    return replace(after, weights=weights, calibration=calibration)


def _first_values(questions: Sequence[Collected], model: Model, adapter: Adapter | None) -> Array:
    found: list[float] = []
    for one in questions:
        values = one.values(model.weights, adapter)
        found += values[one.best_first(values)[:_FIRST]].tolist()
    return np.array(found)
