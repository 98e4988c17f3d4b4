"""How much of what a document is called the query says."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kb.access import SHELL
from kb.documents import Article, Document, Ticket
from kb.queries import Filter
from kb.vocabulary import Vocabulary
from search.expansion import Expander
from search.lanes import LANES, Lane, Lanes
from search.naming import LONGEST_TITLE, naming, title_words
from search.query_terms import search_terms
from search.syntax import parse
from tests.library import Library

KUBELET = Article(id="node/kubelet-down", title="Kubelet down", body="Restart it.")
LONG = Article(id="node/overview", title="What to do when the kubelet of a node is down or slow", body="Look around.")
CAMEL = Article(id="alerts/KubePodCrashLooping", title="KubePodCrashLooping", body="Look at the log.")
CODE = Article(id="exchange/cannot-open-mailbox", title="Event 1009", body="Grant the right.")
GERMAN = Article(id="druck/stau", title="Druckerwarteschlange voll", body="Leeren.", language="de")
MAIL = Article(id="mail/rights", title="Rights", body="Who may open a mailbox.")
TICKET = Ticket(source="desk", external_id="kubelet-down", title="Kubelet down", description="Since noon.")
DOCUMENTS: list[Document] = [KUBELET, LONG, CAMEL, CODE, GERMAN, MAIL, TICKET]


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(*DOCUMENTS)


def called(title: str, document_id: str = "x", language: str = "en") -> Article:
    """Return an article that has nothing but a name; that of the file is no word of any query here."""
    return Article(id=document_id, title=title, body="", language=language)


def named(library: Library, text: str, *documents: Document, wanted: Sequence[Lane] = LANES) -> list[float]:
    lanes = Lanes(library.keyword, library.vectors, library.encoder_source, wanted, Filter(), SHELL)
    found = naming(lanes, search_terms(parse(text)), documents or DOCUMENTS)
    return [found.get(one.id, 0.0) for one in documents or DOCUMENTS]


def test_naming_is_whole_when_the_query_says_title_and_file_name(library: Library) -> None:
    assert named(library, "kubelet down", KUBELET) == [1.0]
    assert named(library, "the KUBELET is down again on a host", KUBELET) == [1.0]
    assert named(library, "printer jam", KUBELET) == [0.0]


def test_naming_places_a_short_title_before_a_long_one_that_holds_the_same_words(library: Library) -> None:
    short, long = named(library, "kubelet down", KUBELET, LONG)
    assert 0 < long < short


def test_naming_of_an_article_is_the_mean_of_title_and_file_name(library: Library) -> None:
    assert named(library, "cannot open mailbox", CODE) == [0.5]
    assert named(library, "event 1009", CODE) == [0.5]
    assert named(library, "event 1009: cannot open mailbox", CODE) == [1.0]


def test_naming_of_a_ticket_knows_no_file_name(library: Library) -> None:
    other = Ticket(source="desk", external_id="kubelet-down", title="Printer jam")
    assert named(library, "kubelet down", TICKET) == [1.0]
    assert named(library, "kubelet down", other) == [0.0]


def test_naming_counts_rare_words_more(library: Library) -> None:
    rare = called("Kubelet zebra")
    common, telling = named(library, "kubelet", rare), named(library, "zebra", rare)
    assert 0 < common[0] < telling[0] < 1


def test_naming_counts_the_parts_of_a_camel_case_word_that_is_not_said_whole(library: Library) -> None:
    # The parts of the title are the words of the file name.
    (whole,) = named(library, "KubePodCrashLooping", CAMEL)
    (parts,) = named(library, "kube pod crash looping", CAMEL)
    (some,) = named(library, "pod crash", CAMEL)
    assert parts == pytest.approx(1.0)
    assert 0.3 < some < 0.7
    assert some < whole <= 1


def test_naming_counts_the_parts_of_a_german_compound(library: Library) -> None:
    titled = called("Druckerwarteschlange", language="de")
    assert named(library, "Druckerwarteschlange", titled) == [0.5]
    assert named(library, "Warteschlange am Drucker", titled) == pytest.approx([0.5])
    (one,) = named(library, "Drucker", titled)
    assert 0 < one < 0.5


def test_naming_reads_a_title_in_its_own_language(library: Library) -> None:
    assert title_words("Die Drucker", "de") == (("druck",),)
    assert title_words("Die Drucker", "de-AT") == (("druck",),)
    assert title_words("The printers", "fr") == title_words("The printers", "en") == (("printer",),)
    assert title_words("", "en") == title_words("the", "en") == ()


def test_naming_counts_words_that_the_vocabulary_knows_for_those_of_the_query(library: Library) -> None:
    glossary = Vocabulary({"Postfach": ("mailbox",), "öffnen": ("open",)})
    lanes = Lanes(library.keyword, library.vectors, library.encoder_source, LANES, Filter(), SHELL)
    terms = search_terms(parse("Postfach öffnen"), lanes.document_frequency, Expander(glossary), lanes.spellings)
    assert naming(lanes, terms, [CODE]) == {CODE.id: 0.5}  # "open mailbox" of its file name
    assert named(library, "Postfach öffnen", CODE) == [0.0]


def test_naming_does_not_ask_how_often_a_word_stands_there(library: Library) -> None:
    once, twice = called("Kubelet down"), called("Kubelet kubelet kubelet down")
    assert named(library, "kubelet", once) == named(library, "kubelet", twice)


def test_naming_is_nothing_without_words_or_index(library: Library) -> None:
    assert set(named(library, "")) == {0.0}
    assert set(named(library, "kubelet down", wanted=("semantic",))) == {0.0}
    assert named(library, "kubelet", called("", "a/.md")) == [0.0]


def test_naming_looks_at_the_beginning_of_an_endless_title(library: Library) -> None:
    endless = called("word " * LONGEST_TITLE + "kubelet")
    assert named(library, "kubelet", endless) == [0.0]
    assert named(library, "word", endless)[0] > 0


def test_naming_lies_between_nothing_and_all(library: Library) -> None:
    for text in ("kubelet", "pod", "open the mailbox", "Drucker voll", "down slow node"):
        assert all(0 <= share <= 1 for share in named(library, text))
        assert any(share > 0 for share in named(library, text))


def test_search_places_first_what_is_called_as_the_query_says(library: Library) -> None:
    found = [result.id for result in library.search("kubelet down").results]
    assert found.index(KUBELET.id) < found.index(LONG.id)
