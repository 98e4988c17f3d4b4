"""Stand in for the encoder where a hundred thousand passages would take it a quarter of an hour.

Each text gets the real vector of the base passage whose words it shares most, turned by `ANGLE` degrees in a direction
drawn by the text's hash. Directions are drawn as sums of base vectors, so that they spread as the vectors of text do
and not into all directions alike, which no text does and which graphs over vectors take badly.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.passages import passages_of
from kb.protocols.encoder import Encoder, Vector
from kb.recipe import Recipe
from tests.benchmarks.base_texts import BaseTexts

ANGLE = 30.0
"""Degrees between a stand-in vector and the real one it was made from: a cosine of .87, and of .75 between two that
were made from one. Variations that exchange a third of their sentences are about as similar.
"""
MOST_BASE_TEXTS = 2_000
"""Base passages that are really encoded, evenly spread over all: some twenty seconds."""
_BLOCK = 256
_WORD = re.compile(r"\w+")


class StandInEncoder:
    """An Encoder whose documents cost nearly nothing. It claims the recipe of the real one, which encodes queries."""

    def __init__(self, real: Encoder, texts: Sequence[str], vectors: Vector):
        """`vectors` are the real vectors of the base `texts`."""
        self._real = real
        self._vectors = vectors
        held = [frozenset(_WORD.findall(text.casefold())) for text in texts]
        self._columns = {word: column for column, word in enumerate(sorted(set().union(*held)))}
        counts = np.zeros((len(texts), len(self._columns)), np.float32)
        for row, words in zip(counts, held, strict=True):
            row[[self._columns[word] for word in words]] = 1
        rarity = np.log(1 + len(texts) / counts.sum(axis=0))
        weights = counts * rarity
        self._weights = weights / np.linalg.norm(weights, axis=1, keepdims=True)
        self.seconds = 0.0
        """Time spent here so far, which indexing would not spend with vectors at hand."""

    @property
    def recipe(self) -> Recipe:
        """Return the recipe of the real encoder, so that a server opens the index."""
        return self._real.recipe

    def encode_query(self, text: str) -> Vector:
        """Return the real vector of a query."""
        return self._real.encode_query(text)

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vector:
        """Return `(len(texts), dimension)` unit vectors that look like those of the texts."""
        began = time.perf_counter()
        blocks = [self._block(texts[start : start + _BLOCK]) for start in range(0, len(texts), _BLOCK)]
        self.seconds += time.perf_counter() - began
        return np.concatenate(blocks) if blocks else np.empty((0, self._vectors.shape[1]), np.float32)

    def _block(self, texts: Sequence[str]) -> Vector:
        words = np.zeros((len(texts), len(self._columns)), np.float32)
        for row, text in zip(words, texts, strict=True):
            known = {self._columns.get(word) for word in _WORD.findall(text.casefold())}
            row[[column for column in known if column is not None]] = 1
        nearest = self._vectors[np.argmax(words @ self._weights.T, axis=1)]
        drawn = np.stack([_draws(text, len(self._vectors)) for text in texts]) @ self._vectors
        across = drawn - np.einsum("ij,ij->i", drawn, nearest)[:, None] * nearest
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        turn = math.radians(ANGLE)
        turned = math.cos(turn) * nearest + math.sin(turn) * across
        vectors: Vector = (turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32)
        return vectors


def stand_in(real: Encoder, base: BaseTexts, cache: Path) -> StandInEncoder:
    """Return the stand-in over some base texts; their real vectors are kept in the folder `cache`."""
    texts = [one.text for document in base.documents for one in passages_of(document)]
    texts = texts[:: -(-len(texts) // MOST_BASE_TEXTS)]
    name = hashlib.sha256("\0".join((real.recipe.id, *texts)).encode("utf-8", "replace")).hexdigest()[:16]
    file = cache / f"base-vectors-{name}.npy"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(file, real.encode_documents(texts))
    return StandInEncoder(real, texts, np.load(file))


def _draws(text: str, count: int) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).standard_normal(count, np.float32)
