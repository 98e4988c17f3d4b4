"""How two texts differ, and what becomes of two changes of one text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb.merging import Row, merged, side_by_side

BASE = "one\ntwo\nthree\nfour\nfive\nsix"
LINES = st.lists(st.sampled_from(["a", "b", "c", "", "d d"]), max_size=12).map("\n".join)


def test_same_texts_have_nothing_side_by_side() -> None:
    assert side_by_side(BASE, BASE) == ()


def test_changed_line_stands_beside_the_old_one_with_its_words_marked() -> None:
    rows = side_by_side("a\nThe tunnel drops often\nz", "a\nThe tunnel never drops\nz")
    assert [row.kind for row in rows] == ["same", "changed", "same"]
    changed = rows[1]
    assert (changed.before_number, changed.after_number) == (2, 2)
    assert changed.before is not None and changed.after is not None
    assert [changed.before[a:b] for a, b in changed.before_spans] == [" often"]
    assert [changed.after[a:b] for a, b in changed.after_spans] == ["never "]


def test_added_and_removed_lines_have_an_empty_side() -> None:
    assert side_by_side("a\nc", "a\nb\nc")[1] == Row("added", after="b", after_number=2)
    assert side_by_side("a\nb\nc", "a\nc")[1] == Row("removed", before="b", before_number=2)


def test_long_unchanged_runs_are_a_gap() -> None:
    lines = [f"line {number}" for number in range(100)]
    rows = side_by_side("\n".join(lines), "\n".join([*lines[:50], "new", *lines[50:]]))
    assert [row.kind for row in rows] == ["gap", *["same"] * 3, "added", *["same"] * 3, "gap"]
    assert (rows[0].hidden, rows[-1].hidden) == (47, 47)
    assert rows[1].before_number == 48


@given(LINES, LINES)
def test_both_sides_hold_their_whole_text(before: str, after: str) -> None:
    rows = side_by_side(before, after, context=100)
    if before != after:
        assert "\n".join(row.before for row in rows if row.before is not None) == before
        assert "\n".join(row.after for row in rows if row.after is not None) == after


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


def test_texts_of_a_megabyte_with_repeated_lines_are_compared_line_by_line() -> None:
    log = ["2026-11-26 ERROR connection reset by peer"] * 24_000
    before = "\n".join(log)
    after = "\n".join([*log[:12_000], "a new line", *log[12_000:23_000], "another", *log[23_000:]])
    rows = side_by_side(before, after)
    assert sum(row.kind == "added" for row in rows) == 2
    assert merged(before, after, before + "\nend") == after + "\nend"
