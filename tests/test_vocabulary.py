"""The vocabulary: lists are read line by line, own lines change the shipped ones, and faults are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.vocabulary import (
    LONGEST_LIST,
    MOST_FORMS,
    ListName,
    read_list,
    same_form,
    shipped_vocabulary,
    vocabulary_of,
)


def faults(name: ListName, text: str) -> list[tuple[int, str]]:
    return [(fault.line, fault.sentence) for fault in read_list(name, text, shipped_vocabulary()).faults]


def test_the_shipped_glossary_has_at_least_1500_entries_and_no_form_twice() -> None:
    glossary = shipped_vocabulary().glossary

    assert len(glossary) >= 1_500
    assert len({same_form(form) for form in glossary}) == len(glossary)
    assert all(glossary.values())


def test_the_shipped_synonyms_are_groups_of_different_forms() -> None:
    groups = shipped_vocabulary().synonyms

    assert len(groups) >= 200
    assert all(len({same_form(form) for form in group}) == len(group) >= 2 for group in groups)


def test_an_entry_gives_every_german_form_every_english_one() -> None:
    read = read_list("glossary", "Leitstand, Leitwarte = control desk, control room  # plant\n\n# nothing here")

    assert [(line.left, line.right) for line in read.lines] == [
        (("Leitstand", "Leitwarte"), ("control desk", "control room"))
    ]


def test_own_entries_come_before_shipped_ones_of_the_same_form() -> None:
    own = vocabulary_of({"glossary": "drucker = label printer"}).glossary

    assert own["drucker"][0] == "label printer"
    assert "printer" in own["drucker"]
    assert "Drucker" not in own


def test_a_line_with_a_minus_takes_a_shipped_form_out() -> None:
    own = vocabulary_of({"glossary": "-Drucker"}).glossary

    assert "Drucker" in shipped_vocabulary().glossary
    assert "Drucker" not in own


def test_a_line_with_a_minus_takes_one_translation_out_and_leaves_the_others() -> None:
    german, english = next(item for item in shipped_vocabulary().glossary.items() if len(item[1]) > 1)

    own = vocabulary_of({"glossary": f"-{german} = {english[0]}"}).glossary

    assert own[german] == english[1:]


def test_a_synonym_that_is_taken_out_leaves_its_group_and_a_group_of_one_goes() -> None:
    shipped = shipped_vocabulary().synonyms
    pair = next(group for group in shipped if len(group) == 2)

    own = vocabulary_of({"synonyms": f"-{pair[0]}\nHRM, time recording"}).synonyms

    assert ("HRM", "time recording") in own
    assert pair not in own
    assert not any(pair[0] in group for group in own)


def test_a_word_with_a_number_sign_is_a_word() -> None:
    assert read_list("synonyms", "C#, CSharp").lines[0].left == ("C#", "CSharp")


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [
        ("glossary", "Leitstand", "lacks “=”"),
        ("glossary", "= desk", "left of “=”"),
        ("glossary", "Leitstand =", "right of “=”"),
        ("glossary", "a = b = c", "two “=”"),
        ("glossary", "Leitstand,, Warte = desk", "comma"),
        ("glossary", "... = desk", "no letter"),
        ("glossary", "Leitstand = " + "x" * 81, "too long"),
        ("glossary", "-Leitstandwarte", "not in the shipped list"),
        ("glossary", "-Drucker = desk", "not in the shipped list"),
        ("glossary", "-", "left of “=”"),
        ("synonyms", "HRM", "stands alone"),
        ("synonyms", "HRM, hrm", "stands alone"),
        ("synonyms", "HRM = time", "belongs into the glossary"),
        ("synonyms", "-", "nothing follows"),
        ("synonyms", "-Leitstandwarte", "not in the shipped list"),
        ("synonyms", ", ".join(f"w{number}" for number in range(MOST_FORMS + 1)), "at most 24"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_with_what_to_write(name: ListName, line: str, told: str) -> None:
    good = "Leitstand = desk" if name == "glossary" else "HRM, time recording"

    found = faults(name, f"{good}\n\n{line}\n{good}")

    assert [number for number, _ in found] == [3]
    assert told in found[0][1]
    assert faults(name, good) == []


def test_a_list_that_is_too_long_is_refused_whole() -> None:
    assert faults("synonyms", "a, b\n" * LONGEST_LIST) == [
        (1, f"the list is longer than {LONGEST_LIST} characters; leave lines out")
    ]


@given(st.text(max_size=200))
def test_any_text_is_read_line_by_line_without_failing(text: str) -> None:
    for name in ("glossary", "synonyms"):
        read = read_list(name, text, shipped_vocabulary())  # type: ignore[arg-type]
        assert len(read.lines) + len(read.faults) <= text.count("\n") + 1
        assert all(fault.sentence for fault in read.faults)
