"""Snippets: the right window, and marks on exactly what matched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.analysis.analyse import analyse_query
from search.snippets import LENGTH, Finder, Wanted, marked_words, snippet

FILLER = "Nothing of interest stands here. " * 40


def _finder(query: str) -> Finder:
    analysis = analyse_query(query)
    wanted = Wanted(
        frozenset(term for word in analysis.words for term in (*word.alternatives, *word.parts)),
        frozenset(one.value for one in analysis.identifiers),
        tuple(query[one.start : one.end] for one in analysis.identifiers),
    )
    return Finder(wanted)


def _marked(query: str, *texts: str, language: str = "en") -> tuple[str, list[str]]:
    shown = snippet(texts, language, _finder(query))
    return shown.text, [shown.text[start:end] for start, end in shown.highlights]


def test_snippet_marks_the_words_of_the_query() -> None:
    text, marked = _marked("printer connections", "The printers lost their connection at noon.")
    assert text == "The printers lost their connection at noon."
    assert marked == ["printers", "connection"]


def test_snippet_shows_the_window_with_the_most_words() -> None:
    body = f"A printer. {FILLER} The spooler of the printer hangs. {FILLER} Another spooler."
    text, marked = _marked("printer spooler hangs", body)
    assert marked == ["spooler", "printer", "hangs"]
    assert text.startswith("… ")
    assert text.endswith(" …")
    assert len(text) <= LENGTH + 4


@pytest.mark.parametrize(
    ("query", "held"),
    [("0x80070005", "0x80070005"), ("ora-12154", "ORA-12154"), (r"c:\temp\a.log", r"C:\temp\a.log"), ("809", "809")],
)
def test_snippet_marks_an_identifier_whole(query: str, held: str) -> None:
    _, marked = _marked(query, f"{FILLER} It says {held} again. {FILLER}")
    assert marked == [held]


def test_snippet_finds_umlauts_however_they_are_written() -> None:
    _, marked = _marked(
        "Druckauftraege löschen", f"{FILLER} Die Druckaufträge lassen sich nicht löschen.", language="de"
    )
    assert "löschen" in marked
    assert "Druckaufträge" in marked


def test_snippet_prefers_the_first_text_when_both_hold_the_same() -> None:
    text, _ = _marked("spooler", "The spooler in the problem.", "The spooler in the fix.")
    assert text == "The spooler in the problem."
    text, _ = _marked("spooler patch", "The spooler in the problem.", "The spooler and the patch.")
    assert text == "The spooler and the patch."


def test_snippet_shows_the_passage_when_no_word_is_found() -> None:
    shown = snippet(["The body begins here."], "en", _finder("zebra"), "The most similar passage.")
    assert (shown.text, shown.highlights) == ("The most similar passage.", ())
    assert snippet(["The body begins here."], "en", _finder("zebra")).text == "The body begins here."
    assert snippet(["", " "], "en", _finder("zebra")).text == ""


def test_snippet_stands_on_one_line() -> None:
    text, marked = _marked("spooler", "One\n\n  line\tand the\nspooler.\n")
    assert text == "One line and the spooler."
    assert marked == ["spooler"]


def test_snippet_tells_marked_words_once() -> None:
    assert marked_words(snippet(["Spooler, spooler and queue"], "en", _finder("spooler queue"))) == ("Spooler", "queue")


@given(
    st.lists(st.sampled_from(["Spooler", "809", "größe", "x" * 300, "\n", "İstanbul", "ﬁle", "…", "a.b"]), max_size=80),
    st.sampled_from([" ", "\n", ", "]),
    st.sampled_from(["spooler 809", "groesse", "istanbul file", ""]),
)
def test_snippet_marks_lie_in_order_within_the_text(words: list[str], between: str, query: str) -> None:
    shown = snippet([between.join(words)], "de", _finder(query))
    position = 0
    for start, end in shown.highlights:
        assert position <= start < end <= len(shown.text)
        position = end
    assert len(shown.text) <= LENGTH + 4
    assert "\n" not in shown.text


@pytest.mark.parametrize(
    ("query", "held"),
    [
        ("istanbul", "İSTANBUL"),
        ("groesse", "GRÖSSE"),
        ("strasse", "Straße"),
        ("uebung", "Übung"),
        ("Überlauf", "ÜBERLAUF"),
    ],
)
def test_snippet_finds_a_word_in_whatever_letters_it_is_written(query: str, held: str) -> None:
    shown = snippet([f"{FILLER} İ {FILLER} Da steht {held} darin. {FILLER}"], "de", _finder(query))
    assert held in shown.text
    assert shown.text.startswith("… ")


def test_snippet_is_cut_between_words() -> None:
    shown = snippet([f"spooler {'word ' * 100}"], "en", _finder("spooler"))
    assert shown.text.endswith("word …")
    assert snippet([f"spooler {'x' * 500}"], "en", _finder("spooler")).text == f"spooler {'x' * (LENGTH - 8)} …"
    assert snippet([f"spooler {'x' * 200}{' ' * 300}"], "en", _finder("spooler")).text == f"spooler {'x' * 200}"
