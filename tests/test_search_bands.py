"""A least band drops what is weaker, once answers are calibrated."""

from __future__ import annotations

from search.answers import Band, Result
from search.bands import at_least


def of_bands(*bands: Band | None) -> list[Result]:
    return [
        Result(rank=rank, id=str(rank), type="ticket", title="x", language="en", band=band)
        for rank, band in enumerate(bands, 1)
    ]


def test_results_below_the_least_band_are_dropped_and_the_rest_ranked_anew() -> None:
    results = of_bands("high", "low", "medium")
    assert [(one.id, one.rank) for one in at_least(results, "medium")] == [("1", 1), ("3", 2)]
    assert [one.id for one in at_least(results, "high")] == ["1"]
    assert [one.id for one in at_least(results, "low")] == ["1", "2", "3"]


def test_results_without_a_band_stay_while_answers_are_not_calibrated() -> None:
    results = of_bands(None, None)
    assert list(at_least(results, "high")) == results
    assert list(at_least(of_bands("low"), None)) == of_bands("low")
