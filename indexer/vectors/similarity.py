"""Say what the similarity of two vectors is, to the last digit.

A similarity must not depend on where a row lies, which rows are scored with it, or how many threads there are, or one
corpus would rank in two ways. So it is defined on numbers that double precision multiplies and adds without rounding:
rows are held as float16, and a query is rounded to multiples of 2^-24 (an error below 3e-8). Every product is then a
multiple of 2^-48 and every partial sum of unit vectors stays below 2, which takes 49 of the 53 bits: the sum is exact
in whatever order it is taken. FAISS, which adds in single precision, only proposes rows; scores come from here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kb.errors import InvalidInput

Held = NDArray[np.float16]
"""`(count, dimension)`: vectors as they are stored and compared."""
Exact = NDArray[np.float64]
"""`(dimension,)`: a query, rounded to multiples of 2^-24."""

STEPS = 10_000
"""A similarity is a whole number of these: four decimals."""
_GRID = float(2**24)
LONGEST = 1.01
"""Rounding to float16 moves a unit vector's length by less than this; anything longer is no unit vector."""
_CHUNK = 1 << 16


def held_vectors(vectors: NDArray[np.floating]) -> Held:
    """Return `(count, dimension)` vectors as they are held: rounded to float16, not normalised again.

    Raises InvalidInput when a value is not finite or a row is longer than a unit vector.
    """
    held = vectors.astype(np.float16)
    lengths = np.einsum("ij,ij->i", held, held, dtype=np.float32)
    if not bool(np.all(lengths <= LONGEST**2)):  # also false for NaN and infinity
        raise InvalidInput("a vector is not finite or not of unit length; nothing was indexed")
    return held


def exact_query(vector: NDArray[np.floating], dimension: int) -> Exact:
    """Return a query vector as it is compared.

    Raises InvalidInput when it has another dimension, a value that is not finite, or is longer than a unit vector.
    """
    query: Exact = np.round(np.asarray(vector, dtype=np.float64) * _GRID) / _GRID
    if query.shape != (dimension,):
        raise InvalidInput(f"the query vector has the shape {query.shape}, not ({dimension},)")
    if not float(query @ query) <= LONGEST**2:
        raise InvalidInput("the query vector is not finite or not of unit length")
    return query


def similarities(rows: Held, query: Exact) -> NDArray[np.int32]:
    """Return the `(count,)` similarities of rows to a query, in ten-thousandths, rounded half to even."""
    found = np.empty(len(rows), np.int32)
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK].astype(np.float64)
        # einsum, not @: BLAS would start threads of its own, and a query is to use one.
        found[start : start + _CHUNK] = np.rint(np.einsum("ij,j->i", part, query) * STEPS)
    return found


def doubt(dimension: int) -> float:
    """Return by how much a single-precision inner product of unit vectors may be off, with room to spare.

    Source: the forward error bound n·u, u = 2^-24, of a sum of n products whose absolute values add up to at most 1
    (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1); doubled, which also covers the rounding of
    the query.
    """
    return (dimension + 16) * 2.0**-23
