"""What differs between two texts: right whatever they hold, readable, and bounded."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.differences import CONTEXT, MOST_CHARACTERS, MOST_ROWS, Row, difference, line_counts
from kb.documents import Article
from kb.matching import matches
from kb.revision_changes import field_changes, restored, revision_change

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
LINES = st.lists(st.sampled_from(["a", "b", "", "Öl läuft aus", "x y z", "x y q"]), max_size=30).map("\n".join)


def told(rows: tuple[Row, ...]) -> list[str]:
    """Return rows as lines: `-` and `+` for one side alone, brackets around what changed within a line."""
    signs = {"same": " ", "removed": "-", "added": "+"}
    lines: list[str] = []
    for row in rows:
        if row.kind == "skipped":
            lines.append(f"… {row.skipped}")
            continue
        for side, pieces in (("-", row.old), ("+", row.new)) if row.kind == "changed" else (("", row.old or row.new),):
            marked = "".join(f"[{one.text}]" if one.is_changed and side else one.text for one in pieces)
            lines.append(f"{side or signs[row.kind]} {marked}")
    return lines


@given(st.lists(st.sampled_from("abcdefg "), max_size=40), st.lists(st.sampled_from("abcdefg "), max_size=40))
def test_matches_are_the_same_on_both_sides_in_order_and_do_not_overlap(old: list[str], new: list[str]) -> None:
    a = b = 0
    for x, y, size in matches(old, new):
        assert x >= a and y >= b and size > 0
        assert old[x : x + size] == new[y : y + size]
        a, b = x + size, y + size
    assert a <= len(old) and b <= len(new)


def test_matching_looks_at_each_line_a_few_times_when_one_anchor_lies_within_another() -> None:
    looked_at = [0]

    class Line(str):
        __slots__ = ()

        def __hash__(self) -> int:
            looked_at[0] += 1
            return super().__hash__()

    def nested(mark: str) -> list[str]:
        return [Line(line) for level in range(3_000, 0, -1) for line in (mark, str(level), str(level - 1))]

    old, new = nested("old"), nested("new")
    same = matches(old, new)

    assert sum(match.size for match in same) == 6_000
    assert looked_at[0] < 100 * (len(old) + len(new))


@given(LINES, LINES)
def test_rows_hold_every_changed_line_of_both_texts_and_count_what_they_leave_out(old: str, new: str) -> None:
    found = difference(old, new)
    one, two = old.split("\n"), new.split("\n")
    old_at = new_at = 0
    for row in found.rows:
        if row.kind == "skipped":
            assert one[old_at : old_at + row.skipped] == two[new_at : new_at + row.skipped]
            old_at, new_at = old_at + row.skipped, new_at + row.skipped
        if row.old_number is not None:
            assert row.old_number == old_at + 1
            assert "".join(piece.text for piece in row.old) == one[old_at]
            old_at += 1
        if row.new_number is not None:
            assert row.new_number == new_at + 1
            assert "".join(piece.text for piece in row.new) == two[new_at]
            new_at += 1
    assert bool(found.rows) == (found.added + found.removed > 0)
    added, removed = line_counts(old, new)
    assert added <= found.added and removed <= found.removed


@given(LINES)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    found = difference(text, text)
    assert (found.rows, found.added, found.removed, line_counts(text, text)) == ((), 0, 0, (0, 0))


def test_words_that_changed_are_marked_within_their_line_in_german_too() -> None:
    old = "Der Tunnel bricht nach zehn Minuten ab, weil der Router die Zuordnung vergisst."
    new = "Der Tunnel bricht nach zwölf Minuten ab, weil die Straße gesperrt ist."

    assert told(difference(old, new).rows) == [
        "- Der Tunnel bricht nach [zehn] Minuten ab, weil [der Router ]die [Zuordnung vergisst].",
        "+ Der Tunnel bricht nach [zwölf] Minuten ab, weil die [Straße gesperrt ist].",
    ]


def test_a_line_that_became_another_is_told_from_one_that_came_and_one_that_went() -> None:
    old = "1. Open UDP 500.\n2. Restart the client.\n3. Done."
    new = "0. Ask who is affected.\n1. Open UDP 4500.\n3. Done."

    assert told(difference(old, new).rows) == [
        "+ 0. Ask who is affected.",
        "- 1. Open UDP [500].",
        "+ 1. Open UDP [4500].",
        "- 2. Restart the client.",
        "  3. Done.",
    ]


def test_unchanged_lines_are_left_out_but_for_a_few_around_each_change() -> None:
    old = "\n".join(map(str, range(100)))
    rows = difference(old, old.replace("\n50\n", "\nfifty\n")).rows

    assert told(rows) == ["… 47", *(f"  {n}" for n in (47, 48, 49)), "- 50", "+ fifty", "  51", "  52", "  53", "… 46"]
    assert CONTEXT == 3


def test_a_blank_text_differs_by_every_line() -> None:
    assert told(difference("", "a\nb").rows) == ["+ a", "+ b"]
    assert told(difference("a\nb", "").rows) == ["- a", "- b"]


def _big(seed: int = 1) -> list[str]:
    chosen = random.Random(seed)
    words = ["".join(chosen.choices("abcdefghijklmnopqrstuvwxyzäöüß", k=7)) for _ in range(2000)]
    return [" ".join(chosen.choices(words, k=10)) for _ in range(13_500)]


@pytest.mark.parametrize("change", ["every line", "shuffled", "other", "one line", "few lines", "long line"])
def test_the_difference_of_a_text_of_1_mb_is_bounded_and_says_when_it_was_cut(change: str) -> None:
    lines = _big()
    chosen = random.Random(2)
    new = {
        "every line": lambda: [f"{line[:20]} new {line[24:]}" for line in lines],
        "shuffled": lambda: chosen.sample(lines, len(lines)),
        "other": lambda: _big(3),
        "one line": lambda: [*lines[:7000], "changed", *lines[7001:]],
        "few lines": lambda: ["x", "y"] * 6000,
        "long line": lambda: [" ".join(lines)],
    }[change]()
    old = [" ".join(reversed(lines))] if change == "long line" else lines
    found = difference("\n".join(old), "\n".join(new))

    assert len("\n".join(old).encode()) > 1_000_000
    assert len(found.rows) <= MOST_ROWS
    assert sum(len(piece.text) for row in found.rows for piece in (*row.old, *row.new)) <= MOST_CHARACTERS + 10_000
    assert found.is_cut == (change != "one line")
    if change == "one line":
        assert (found.added, found.removed, len(found.rows)) == (1, 1, 2 * CONTEXT + 4)


def test_fields_are_told_apart_by_their_json() -> None:
    old = Article(id="a", title="One", body="", tags=("x",), extra=MappingProxyType({"n": 1, "gone": "x"}))
    new = replace(
        old, title="Two", state="draft", tags=(), extra=MappingProxyType({"n": True, "new": []}), updated_at=NOW,
        source="wiki",
    )  # fmt: skip

    found = {one.name: (one.old, one.new) for one in field_changes(old, new)}
    assert found == {
        "title": ("One", "Two"),
        "state": ("published", "draft"),
        "tags": (["x"], None),
        "n": (1, True),
        "gone": ("x", None),
        "new": (None, []),
        "source": ("site", "wiki"),
    }
    move = revision_change(old, new).move
    assert move is not None and (move.old, move.new) == ("published", "draft")


def test_a_restore_brings_text_and_fields_back_and_leaves_where_the_article_stands() -> None:
    earlier = Article(
        id="a", title="One", body="Old.", state="draft", confidence="validated", review_due=date(2020, 1, 1),
        tags=("x",), audience="internal", source="wiki", path="a.md", revision=2,
    )  # fmt: skip
    present = Article(id="a", title="Two", body="New.", state="in_review", confidence="wip", revision=9, updated_at=NOW)
    later = datetime(2027, 1, 1, tzinfo=UTC)

    assert restored(present, earlier, later) == replace(
        present, title="One", body="Old.", tags=("x",), updated_at=later
    )
    assert restored(present, replace(present, revision=3, state="draft"), later) is present


@pytest.mark.parametrize(
    ("present", "earlier", "after"),
    [
        ("internal", "public", "internal"),
        ("public", "internal", "internal"),
        ("group:a", "public", "group:a"),
        ("internal", "group:b", "group:b"),
        ("group:a", "group:b", "group:b"),
        ("public", "public", "public"),
    ],
)
def test_a_restore_never_shows_a_text_to_more_people(present: str, earlier: str, after: str) -> None:
    one = Article(id="a", title="One", body="", audience=present)
    assert restored(one, replace(one, title="Two", audience=earlier), NOW).audience == after
