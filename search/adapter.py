"""Turn the vector of a ticket before it is compared: a linear map, learned on the query side alone.

Documents, index and recipe stay as they are. The cosine of the turned vector is a feature of its own (`adapted`), so
that the ranker decides what it is worth.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.protocols.encoder import Vector
from kb.recipe import Recipe

_SHORTEST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """`matrix` of shape (dimension, dimension) and `offset` (dimension,) for vectors of the model `revision`."""

    revision: str
    matrix: NDArray[np.float32]
    offset: NDArray[np.float32]

    @property
    def dimension(self) -> int:
        """Return the length of the vectors it takes."""
        return len(self.offset)

    def fits(self, recipe: Recipe) -> bool:
        """Say whether it was made for vectors of this recipe's model."""
        return recipe.revision == self.revision and recipe.dimension == self.dimension

    def adapted(self, vector: Vector) -> Vector:
        """Return normalise(matrix · vector + offset), of unit length; the vector itself where that is nothing."""
        turned = self.matrix @ vector + self.offset
        length = float(np.linalg.norm(turned))
        return (turned / length).astype(np.float32) if length > _SHORTEST else vector

    def stored(self) -> dict[str, object]:
        """Return it for JSON; the numbers are rounded to float16."""
        return {"revision": self.revision, "matrix": _text(self.matrix), "offset": _text(self.offset)}


def read_adapter(held: Mapping[str, object]) -> Adapter:
    """Read what `Adapter.stored` returned. Raises ValueError or KeyError for anything else."""
    offset = _numbers(held["offset"])
    matrix = _numbers(held["matrix"])
    if matrix.size != offset.size**2:
        raise ValueError(f"an adapter of {offset.size} by {matrix.size} numbers")
    if not (np.isfinite(matrix).all() and np.isfinite(offset).all()):
        raise ValueError("an adapter with numbers that are not finite")
    return Adapter(str(held["revision"]), matrix.reshape(offset.size, offset.size), offset)


def _text(numbers: NDArray[np.float32]) -> str:
    return base64.b64encode(numbers.astype(np.float16).tobytes()).decode("ascii")


def _numbers(text: object) -> NDArray[np.float32]:
    try:
        return np.frombuffer(base64.b64decode(str(text), validate=True), np.float16).astype(np.float32)
    except binascii.Error as error:
        raise ValueError(f"an adapter that is no base64 ({error})") from error
