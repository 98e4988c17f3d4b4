"""Make an adapter for the vectors of tickets: from the vectors of the index, and better by what was linked.

It begins with soft whitening: directions in which all passages vary together tell little, so they are damped, by
(C + 3·mean(λ)·I)^-1 after the mean is taken off (C the covariance of the passages, λ its eigenvalues). From there the
matrix is moved, by gradient descent, towards the likelihood of the right answers among the candidates that the lanes
find (InfoNCE with hard negatives; van den Oord et al., "Representation learning with contrastive predictive coding",
2018), held near its beginning the more, the fewer questions there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kb.recipe import Recipe
from search.adapter import Adapter
from search.learning.collecting import Collected

SOFTNESS = 3.0
"""Of the whitening, in mean eigenvalues. On titanium's `tune` split half cosine, half whitened cosine gain 0.015
MRR@10, without any link."""
HOLD = 80.0
"""How strongly the matrix is held, in questions. Between 60 and 200 nothing on the `tune` split tells a better one."""
RATE = 0.2
STEPS = 40
NEGATIVES = 60
"""Candidates of a question that the right ones are told from: the first ones."""
_FEWEST_VECTORS = 50

Array = NDArray[np.float32]


def whitening(vectors: Array, recipe: Recipe) -> Adapter | None:
    """Return the soft whitening of `(count, dimension)` passage vectors; `None` when they are too few to tell."""
    if len(vectors) < _FEWEST_VECTORS:
        return None
    rows = vectors.astype(np.float64)
    mean = rows.mean(axis=0)
    covariance = np.cov(rows.T)
    softened = covariance + SOFTNESS * max(float(np.trace(covariance)) / len(mean), 1e-9) * np.eye(len(mean))
    matrix = np.linalg.inv(softened)
    matrix /= np.linalg.norm(matrix, 2)
    return Adapter(recipe.revision, matrix.astype(np.float32), (-matrix @ mean).astype(np.float32))


def improved(
    adapter: Adapter, questions: Sequence[Collected], weights: Mapping[str, float], sharpness: float
) -> Adapter:
    """Return the adapter moved towards what was linked.

    `weights` value all features; the one of `adapted` says how much its similarity counts beside the others.
    `sharpness` makes probabilities of values: softmax(sharpness · value).
    """
    usable = [one for one in questions if one.is_right[:NEGATIVES].any() and len(one.asked)]
    if not usable:
        return adapter
    asked, passages, others, is_right = _tensors(adapter, usable, weights)
    worth = np.float32(sharpness * weights["adapted"])
    others *= np.float32(sharpness)
    hold = np.float32(HOLD / len(usable))
    matrix = adapter.matrix.copy()
    for _ in range(STEPS):
        turned = asked @ matrix.T + adapter.offset
        length = np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-6)
        unit = turned / length
        values = others + worth * np.matmul(passages, unit[:, :, None])[:, :, 0]
        values -= values.max(axis=1, keepdims=True)
        among = np.exp(values)
        right = np.where(is_right, among, 0.0)
        among /= among.sum(axis=1, keepdims=True)
        right /= np.maximum(right.sum(axis=1, keepdims=True), 1e-30)
        slope = (among - right) * worth / np.float32(len(usable))
        by_unit = np.matmul(slope[:, None, :], passages)[:, 0]
        by_turned = (by_unit - (by_unit * unit).sum(axis=1, keepdims=True) * unit) / length
        matrix -= np.float32(RATE) * (by_turned.T @ asked + hold * (matrix - adapter.matrix))
    return Adapter(adapter.revision, matrix, adapter.offset)


def _tensors(
    adapter: Adapter, questions: Sequence[Collected], weights: Mapping[str, float]
) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Return vectors of the questions, best passage of each candidate, value of its other features, and which is right.

    Candidates that a question lacks are worth nothing.
    """
    names = [name for name in weights if name != "adapted"]
    worth = np.array([weights[name] for name in names])
    asked = np.stack([one.asked[0] for one in questions]).astype(np.float32)
    passages = np.zeros((len(questions), NEGATIVES, adapter.dimension), np.float32)
    others = np.full((len(questions), NEGATIVES), -1e4, np.float32)
    is_right = np.zeros((len(questions), NEGATIVES), np.bool_)
    for row, one in enumerate(questions):
        count = min(NEGATIVES, len(one.ids))
        similar = one.passages.astype(np.float32) @ adapter.adapted(one.asked[0])
        best = [
            start + int(np.argmax(similar[start:end]))
            for start, end in zip(one.starts[:count], one.starts[1 : count + 1], strict=True)
        ]
        passages[row, :count] = one.passages[best]
        others[row, :count] = (one.table(names) @ worth)[:count]
        is_right[row, :count] = one.is_right[:count]
    return asked, passages, others, is_right
