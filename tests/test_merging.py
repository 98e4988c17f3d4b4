"""What becomes of two changes of one text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb.merging import merged

BASE = "one\ntwo\nthree\nfour\nfive\nsix"
LINES = st.lists(st.sampled_from(["a", "b", "c", "", "d d"]), max_size=12).map("\n".join)


def test_changes_of_different_places_are_merged() -> None:
    mine, theirs = BASE.replace("two", "TWO"), BASE.replace("five", "FIVE\nfive and a half")
    assert merged(BASE, mine, theirs) == "one\nTWO\nthree\nfour\nFIVE\nfive and a half\nsix"


def test_changes_of_the_same_or_neighbouring_lines_are_not_merged() -> None:
    assert merged(BASE, BASE.replace("two", "TWO"), BASE.replace("two", "2")) is None
    assert merged(BASE, BASE.replace("two", "TWO"), BASE.replace("three", "3")) is None
    assert merged(BASE, BASE + "\nmine", BASE + "\ntheirs") is None


def test_what_both_changed_alike_is_taken_once() -> None:
    both = BASE.replace("two", "TWO")
    assert merged(BASE, both, both.replace("six", "SIX")) == both.replace("six", "SIX")


@given(LINES, LINES, LINES)
def test_merging_takes_neither_side_away(base: str, mine: str, theirs: str) -> None:
    assert merged(base, mine, base) == mine
    assert merged(base, base, theirs) == theirs
    assert merged(base, mine, mine) == mine
    assert merged(base, mine, theirs) == merged(base, theirs, mine)


def test_texts_of_a_megabyte_with_repeated_lines_are_merged() -> None:
    log = ["2026-11-26 ERROR connection reset by peer"] * 24_000
    base = "\n".join(["first", *log, "last"])
    mine, theirs = base.replace("first", "the first"), base.replace("last", "the last")
    assert merged(base, mine, theirs) == mine.replace("last", "the last")
