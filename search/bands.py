"""Say what a band is worth beside another. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from search.answers import Band, Result

BANDS: tuple[Band, ...] = ("low", "medium", "high")
"""The weakest first."""


def at_least(results: Sequence[Result], band: Band | None) -> tuple[Result, ...]:
    """Return the results of this band or a better one in their order, ranked anew; all of them without `band`.

    A result without a band stays: while answers are not calibrated, nothing is dropped.
    """
    if band is None:
        return tuple(results)
    least = BANDS.index(band)
    kept = [result for result in results if result.band is None or BANDS.index(result.band) >= least]
    return tuple(replace(result, rank=rank) for rank, result in enumerate(kept, 1))
