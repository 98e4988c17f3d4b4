"""Markdown becomes the plain text that is indexed and shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.plain_text import inline_text, plain_text, sections


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("a **bold** and *slanted* word", "a bold and slanted word"),
        ("snake_case_name stays", "snake_case_name stays"),
        ("see [the guide](https://example.org/x) now", "see the guide now"),
        ("<b>html</b> &amp; entities<br/>", "html & entities"),
        ("run `kill <pid>` on *it*", "run kill <pid> on it"),
        ("an odd ` mark *here*", "an odd  mark here"),
        (r"C:\\temp and \*stars\*", r"C:\temp and *stars*"),
    ],
)
def test_inline_marks_go_and_words_stay(line: str, text: str) -> None:
    assert inline_text(line) == text


def test_sections_carry_the_headings_above_them() -> None:
    found = sections("# Title\n\nlead\n\n## One\n\n### Deep\n\ntext\n\n## Two\n\nmore", "Title")

    assert [(section.path, section.text) for section in found] == [
        ((), "lead"),
        (("One",), ""),
        (("One", "Deep"), "text"),
        (("Two",), "more"),
    ]


def test_code_is_kept_and_its_fence_is_not_also_inside_a_list() -> None:
    text = plain_text("1. Do:\n\n    ```powershell\n    Get-Item *\n    # not a heading\n    ```\n")

    assert "Get-Item *" in text
    assert "# not a heading" in text
    assert "powershell" not in text
    assert "```" not in text


def test_tables_become_lines_of_cells() -> None:
    assert plain_text("| Time | Event |\n| --- | --- |\n| 10:00 | restart |") == "Time Event\n\n10:00 restart"


@given(st.text(alphabet="ab#*_`~[]()<>|-=\n 1.", max_size=300))
def test_plain_text_of_anything_keeps_its_letters_in_order(markdown: str) -> None:
    letters = [character for character in plain_text(markdown) if character in "ab"]
    given_letters = [character for character in markdown if character in "ab"]

    remaining = iter(given_letters)
    assert all(letter in remaining for letter in letters)
