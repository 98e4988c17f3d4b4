"""State what an encoder must do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kb.recipe import Recipe

Vector = NDArray[np.float32]
"""One-dimensional, unit length; a matrix of them is `(count, dimension)`."""


class Encoder(Protocol):
    """Turns text into unit vectors.

    The vector of a text depends on nothing but the text: not on its neighbours, threads or process.
    """

    @property
    def recipe(self) -> Recipe:
        """Return how these vectors are made, with passage version 0."""
        ...

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vector:
        """Return `(len(texts), dimension)` unit vectors in the order of `texts`, using all cores.

        `progress` gets counts done so far.
        """
        ...

    def encode_query(self, text: str) -> Vector:
        """Return the `(dimension,)` unit vector of a query, on the calling thread alone."""
        ...
