"""Texts made to cost time: each is read in a time that grows with its length alone, or the time limit ends the test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kb.action_items import action_items_of
from kb.anchors import written_anchors
from kb.attachment_references import relative_paths
from kb.code_spans import code_spans
from kb.documents import Article
from kb.links_in_text import references_of
from kb.markdown_tables import cells_of, first_table, table_text
from kb.plain_text import plain_text
from kb.section_places import placed_sections

SIZE = 200_000
RUNS = " ".join("`" * length for length in range(1, 630))
TABLE = "| a | b |\n"


def _references(text: str) -> object:
    return references_of(Article(id="KB-1", title="t", body=text))


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("reads", "text"),
    [
        (relative_paths, "a.b\n[a]:" + " " * SIZE + "\n\n"),
        (_references, RUNS + "` " * (SIZE // 2)),
        (written_anchors, "# a" + " " * SIZE + "x"),
        (plain_text, "# a" + " " * SIZE + "x"),
        (plain_text, "|" + " - |" * (SIZE // 4) + "x"),
        (plain_text, " " * SIZE + "x"),
        (placed_sections, "# a" + " " * SIZE + "x"),
        (placed_sections, "# a\n" * (SIZE // 4)),
        (first_table, TABLE + "-" + " " * SIZE + "x"),
        (cells_of, "| " + "`a` " * (SIZE // 4)),
        (cells_of, "`" * SIZE + "a"),
        (lambda text: table_text(("a",), ((text,),)), RUNS),
        (action_items_of, "## Action items\n\n" + TABLE + "-" + " " * SIZE + "x"),
    ],
)
def test_hostile_text_is_read_in_a_time_that_grows_with_its_length(reads: Callable[[str], object], text: str) -> None:
    reads(text)


def test_code_spans_are_closed_by_the_next_run_of_their_length() -> None:
    def told(line: str) -> list[str]:
        return [line[begin:end] for begin, end in code_spans(line)]

    assert told("a `b` c ``d`e`` `f") == ["`b`", "``d`e``"]
    assert told("`a``b` ```") == ["`a``b`"]
    assert told("`` ` ``` ` ``") == ["`` ` ``` ` ``"]
    assert told("no code") == []


def test_section_ends_where_the_next_of_its_own_or_a_higher_level_begins() -> None:
    body = "# a\n## b\n### c ##\n## d\n# e\n"
    told = {one.heading: (body[one.start : one.own_end], body[one.start : one.end]) for one in placed_sections(body)}

    assert told["a"] == ("# a\n", "# a\n## b\n### c ##\n## d\n")
    assert told["b"] == ("## b\n", "## b\n### c ##\n")
    assert told["c"] == ("### c ##\n", "### c ##\n")
    assert told["e"] == ("# e\n", "# e\n")
