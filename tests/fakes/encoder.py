"""An encoder without a model: texts that share words or parts of words get similar vectors."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from kb.protocols.encoder import Vector
from kb.recipe import Recipe

_WORD = re.compile(r"\w+")
_WORD_WEIGHT = 4
"""A whole word counts as much as four of its parts, so that inflections are similar and namesakes are not."""
_PART_LENGTH = 4


class FakeEncoder:
    """An Encoder that adds up hashed words and parts of words. Whole numbers are added, so order changes nothing."""

    def __init__(self, dimension: int = 256, max_words: int = 128):
        self._recipe = Recipe(
            model="fake", revision="0" * 64, procedure="fake", dimension=dimension, max_tokens=max_words
        )

    @property
    def recipe(self) -> Recipe:
        """Return how these vectors are made."""
        return self._recipe

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vector:
        """Return `(len(texts), dimension)` unit vectors in the order of `texts`."""
        vectors = np.empty((len(texts), self._recipe.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self.encode_query(text)
            if progress is not None:
                progress(row + 1)
        return vectors

    def encode_query(self, text: str) -> Vector:
        """Return the `(dimension,)` unit vector of a text."""
        sums = np.zeros(self._recipe.dimension, dtype=np.int64)
        for feature, weight in self._features(text):
            number = int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest(), "big")
            sums[(number >> 1) % self._recipe.dimension] += weight if number & 1 else -weight
        if not sums.any():
            sums[0] = 1
        return (sums / np.sqrt(np.sum(sums**2))).astype(np.float32)

    def _features(self, text: str) -> Iterator[tuple[str, int]]:
        for word in _WORD.findall(text.casefold())[: self._recipe.max_tokens]:
            yield word, _WORD_WEIGHT
            marked = f"<{word}>"
            for start in range(len(marked) - _PART_LENGTH + 1):
                yield marked[start : start + _PART_LENGTH], 1
