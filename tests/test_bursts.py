"""Bursts: how many similar tickets within how long, and what is alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.bursts import ALIKE, NOT_ENGLISH, SAME_IDENTIFIER, Texts, bursts, likenesses

MINUTE = 60_000_000
WINDOW = 240 * MINUTE


def found(minutes: list[float], size: int = 4, alike: np.ndarray | None = None) -> list[tuple[int, ...]]:
    """Return the rows of the bursts among tickets that are all alike unless told otherwise."""
    times = np.array([round(one * MINUTE) for one in minutes], dtype=np.int64)
    everything = np.ones((len(minutes), len(minutes)), dtype=bool)
    return [one.rows for one in bursts(times, everything if alike is None else alike, size, WINDOW)]


def texts(*vectors: list[float], foreign: bool = False, codes: tuple[str, ...] = ()) -> Texts:
    rows = np.array(vectors, dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Texts(rows, np.full(len(rows), foreign), [frozenset(codes)] * len(rows))


def test_four_alike_make_a_burst_and_three_do_not() -> None:
    assert found([0, 1, 2, 3]) == [(0, 1, 2, 3)]
    assert found([0, 1, 2]) == []


def test_a_window_holds_its_end_and_not_a_microsecond_more() -> None:
    assert found([0, 1, 2, 240]) == [(0, 1, 2, 3)]
    assert found([0, 1, 2, 240 + 1 / MINUTE]) == []
    assert found([0, 1, 2, 241]) == []


def test_a_burst_grows_until_a_gap_is_longer_than_a_window() -> None:
    assert found([0, 1, 2, 3, 243, 483, 724]) == [(0, 1, 2, 3, 4, 5)]


def test_tickets_spread_too_thin_never_make_a_burst() -> None:
    assert found([0, 100, 200, 300, 400, 500]) == []
    assert found([0, 100, 200, 240, 400, 500]) == [(0, 1, 2, 3, 4, 5)]


def test_two_kinds_at_once_are_two_bursts_the_larger_first() -> None:
    kinds = np.array([0, 1, 0, 1, 0, 1, 0, 1, 1])

    assert found(list(range(9)), alike=kinds[:, None] == kinds) == [(1, 3, 5, 7, 8), (0, 2, 4, 6)]


def test_those_who_resemble_a_member_but_not_the_centre_stay_out() -> None:
    alike = np.eye(6, dtype=bool)
    for one, other in ((0, 1), (0, 2), (0, 3), (3, 4), (4, 5)):
        alike[one, other] = alike[other, one] = True

    assert found(list(range(6)), alike=alike) == [(0, 1, 2, 3)]


@given(st.lists(st.integers(0, 2_000), min_size=1, max_size=25), st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_every_burst_is_large_enough_within_a_window_and_none_that_is_left_is(
    minutes: list[int], seed: int, size: int
) -> None:
    times = np.array(sorted(minutes), dtype=np.int64) * MINUTE
    alike = np.random.default_rng(seed).random((len(times), len(times))) < 0.4
    alike |= alike.T
    np.fill_diagonal(alike, True)

    def most(centre: int, among: set[int]) -> int:
        near = [row for row in among if alike[centre, row] and abs(times[row] - times[centre]) <= WINDOW]
        return max(sum(0 <= times[row] - times[first] <= WINDOW for row in near) for first in near)

    told = bursts(times, alike, size, WINDOW)

    left = set(range(len(times)))
    for one in told:
        assert one.centre in one.rows
        assert one.most == most(one.centre, left) >= size
        assert all(alike[one.centre, row] for row in one.rows)
        assert left.issuperset(one.rows)
        left -= set(one.rows)
    assert all(most(row, left) < size for row in left)


def test_an_identifier_in_common_makes_up_for_other_words() -> None:
    one, other = [1.0, 0.0], [0.4, 0.9165]
    plain = likenesses(texts(one), texts(other))[0, 0]
    raised = likenesses(texts(one, codes=("809",)), texts(other, codes=("809", "kb5034441")))[0, 0]

    assert plain == pytest.approx(0.4, abs=1e-3)
    assert raised == pytest.approx(plain + SAME_IDENTIFIER)
    assert plain < ALIKE < raised
    assert likenesses(texts(one, codes=("809",)), texts(other, codes=("691",)))[0, 0] == plain


def test_what_all_texts_of_another_language_share_is_taken_off_between_two_of_them_alone() -> None:
    one, other = [1.0, 0.0], [0.6, 0.8]
    plain = likenesses(texts(one), texts(other))[0, 0]

    assert likenesses(texts(one, foreign=True), texts(other))[0, 0] == plain
    corrected = likenesses(texts(one, foreign=True), texts(other, foreign=True))[0, 0]
    assert corrected == pytest.approx((plain - NOT_ENGLISH) / (1 - NOT_ENGLISH))
    same = likenesses(texts(one, foreign=True), texts(one, foreign=True))[0, 0]
    assert same == pytest.approx(1.0)


def test_no_tickets_make_no_burst() -> None:
    assert bursts(np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=bool), 4, WINDOW) == []
