"""Fit weights to questions whose answers are known. Pure NumPy; the same data give the same weights.

Two models, both linear in the features, so that every order can be explained:

- *listwise*: the probability of a candidate within its question is softmax(w · x); the likelihood of picking a right
  answer is maximised (Cao et al., "Learning to rank: from pairwise approach to listwise approach", 2007, with the
  probability of standing first).
- *logistic*: the probability that a result is right is 1 / (1 + exp(-(b + w · x))), fitted by Newton's method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_MOST_STEPS = 100
_SMALL = 1e-7


@dataclass(frozen=True, slots=True)
class Question:
    """The candidates of one question: `features` of shape (candidates, names), `is_right` of shape (candidates,).

    `weight` is what the question counts beside others.
    """

    features: Array
    is_right: NDArray[np.bool_]
    weight: float = 1.0


def fitted_listwise(
    questions: Sequence[Question], *, l2: float, positive: bool = True, towards: Array | None = None
) -> Array:
    """Return one weight for each feature, none negative if `positive`.

    Features are scaled by their deviation, so that `l2` weighs on all alike; the weights are for the features as they
    are. It pulls the weights to `towards`, which are zeros unless given: the fewer questions, the less they move.
    Questions without a right candidate teach nothing and are left out. `towards` comes back when none is left.
    """
    usable = [one for one in questions if one.is_right.any()]
    names = questions[0].features.shape[1] if questions else 0
    if not usable:
        return np.zeros(names) if towards is None else towards
    scale = np.concatenate([one.features for one in usable]).std(axis=0)
    scale[scale < _SMALL] = 1.0
    scaled = [Question(one.features / scale, one.is_right, one.weight) for one in usable]
    centre = np.zeros(names) if towards is None else towards * scale
    weights = centre
    loss, gradient, curvature = _listwise(scaled, weights, l2, centre)
    for _ in range(_MOST_STEPS):
        free = ~((weights <= 0) & (gradient > 0)) if positive else np.ones(names, dtype=bool)
        if not free.any() or np.abs(gradient[free]).max() < _SMALL:
            break
        step = np.zeros(names)
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        size = 1.0
        while size > _SMALL:
            moved = weights - size * step
            if positive:
                moved = np.maximum(moved, 0.0)
            found = _listwise(scaled, moved, l2, centre)
            if found[0] < loss:
                break
            size /= 2
        else:
            break
        gained = loss - found[0]
        weights, (loss, gradient, curvature) = moved, found
        if gained < _SMALL * max(1.0, abs(loss)):
            break
    return np.asarray(weights / scale)


def _listwise(questions: Sequence[Question], weights: Array, l2: float, centre: Array) -> tuple[float, Array, Array]:
    """Return loss, gradient, and the curvature of its convex part, which is never less than the true one."""
    away = weights - centre
    loss = l2 * float(away @ away) / 2
    gradient = l2 * away
    curvature = l2 * np.eye(len(weights))
    for one in questions:
        values = one.features @ weights
        among = np.exp(values - values.max())
        right = np.where(one.is_right, among, 0.0)
        loss -= one.weight * float(np.log(right.sum() / among.sum()))
        among /= among.sum()
        right /= right.sum()
        mean = among @ one.features
        gradient = gradient + one.weight * (mean - right @ one.features)
        spread = one.features - mean
        curvature = curvature + one.weight * (spread * among[:, None]).T @ spread
    return loss, gradient, curvature


def fitted_logistic(features: Array, is_right: NDArray[np.bool_], weights: Array, *, l2: float) -> tuple[float, Array]:
    """Return intercept and one weight for each feature, none negative: more evidence never makes a result less likely.

    `features` has shape (results, names), `weights` (results,). The intercept is not held down by `l2`, so that the
    mean probability is the share of right results.
    """
    scale = features.std(axis=0)
    scale[scale < _SMALL] = 1.0
    centre = features.mean(axis=0)
    table = np.hstack([np.ones((len(features), 1)), (features - centre) / scale])
    ridge = np.diag([_SMALL] + [l2] * features.shape[1])
    found = np.zeros(table.shape[1])
    for _ in range(_MOST_STEPS):
        chance = probability(table @ found)
        gradient = table.T @ (weights * (chance - is_right)) + ridge @ found
        curvature = (table * (weights * chance * (1 - chance))[:, None]).T @ table + ridge
        free = (found > 0) | (gradient <= 0)
        free[0] = True
        step = np.zeros(len(found))
        step[free] = np.clip(np.linalg.solve(curvature[np.ix_(free, free)], gradient[free]), -2.0, 2.0)
        before = found
        found = found - step
        found[1:] = np.maximum(found[1:], 0.0)
        if np.abs(found - before).max() < _SMALL:
            break
    slopes = found[1:] / scale
    return float(found[0] - slopes @ centre), slopes


def probability(value: Array) -> Array:
    """Return 1 / (1 + exp(-value)), without overflow."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -50.0, 50.0))))
