"""How much of what a document is called the query says."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kb.access import SHELL
from kb.documents import Article, Document, Ticket
from kb.queries import Filter
from kb.vocabulary import Vocabulary
from search.expansion import Expander
from search.lanes import LANES, Lanes
from search.naming import LONGEST_NAME, name_terms, naming
from search.query_terms import search_terms
from search.syntax import parse
from tests.library import Library

KUBELET = Article(id="node/kubelet-down", title="Node lost", body="Restart it.")
LONG = Article(id="node/kubelet-of-a-node-is-slow-or-down", title="Node lost", body="Restart it.")
CAMEL = Article(id="alerts/KubePodCrashLooping", title="Restarts", body="Look at the log.")
CODE = Article(id="exchange/cannot-open-mailbox", title="Event 1009", body="Grant the right.")
GERMAN = Article(id="druck/druckerwarteschlange-voll", title="Stau", body="Leeren.", language="de")
TICKET = Ticket(source="desk", external_id="printer-jam", title="Kubelet down", description="Since noon.")
DOCUMENTS: list[Document] = [KUBELET, LONG, CAMEL, CODE, GERMAN, TICKET]


def named(text: str, *documents: Document) -> list[float]:
    found = naming(search_terms(parse(text)), documents)
    assert list(found) == [one.id for one in documents]
    return list(found.values())


def called(name: str, language: str = "en") -> Article:
    """Return an article whose file has a name."""
    return Article(id=f"x/{name}", title="", body="", language=language)


def test_naming_is_whole_when_the_query_says_the_file_name() -> None:
    assert named("kubelet down", KUBELET) == [1.0]
    assert named("the KUBELET is down again on a host", KUBELET) == [1.0]
    assert named("kubelet", KUBELET) == [0.5]
    assert named("printer jam", KUBELET) == [0.0]


def test_naming_is_higher_for_a_short_name_than_for_a_long_one_that_holds_the_same_words() -> None:
    short, long = named("kubelet down", KUBELET, LONG)
    assert 0 < long < short


def test_naming_of_an_article_does_not_ask_for_title_or_folder() -> None:
    assert named("event 1009", CODE) == [0.0]
    assert named("exchange", CODE) == [0.0]
    assert named("mailbox cannot open", CODE) == [1.0]


def test_naming_of_a_ticket_asks_for_its_title() -> None:
    assert named("kubelet down", TICKET) == [1.0]
    assert named("printer jam", TICKET) == [0.0]


def test_naming_counts_every_word_alike() -> None:
    assert named("kubelet", called("kubelet-zebra")) == named("zebra", called("kubelet-zebra")) == [0.5]


def test_naming_knows_a_camel_case_name_by_its_humps() -> None:
    assert named("kube pod crash looping", CAMEL) == [1.0]
    assert named("KubePodCrashLooping", CAMEL) == [1.0]
    assert named("pod crash", CAMEL) == [0.5]


def test_naming_counts_the_parts_of_a_german_compound() -> None:
    whole, parts, some = (
        named(text, GERMAN)[0] for text in ("Druckerwarteschlange voll", "Warteschlange am Drucker voll", "der Drucker")
    )
    assert whole == 1.0
    assert 0 < some < parts <= whole


def test_naming_reads_a_name_in_the_language_of_its_document() -> None:
    assert name_terms("Die Drucker", "de") == name_terms("Die Drucker", "de-AT") == {"druck"}
    assert name_terms("The printers", "fr") == name_terms("The printers", "en") == {"printer"}
    assert name_terms("", "en") == name_terms("the", "en") == frozenset()


def test_naming_counts_words_that_the_vocabulary_knows_for_those_of_the_query() -> None:
    glossary = Vocabulary({"Postfach": ("mailbox",), "öffnen": ("open",)})
    library = Library(CODE, Article(id="mail/rights", title="Rights", body="Who may open a mailbox."))
    lanes = Lanes(library.keyword, library.vectors, library.encoder_source, LANES, Filter(), SHELL)
    terms = search_terms(parse("Postfach öffnen"), lanes.document_frequency, Expander(glossary), lanes.spellings)
    assert naming(terms, [CODE])[CODE.id] == 1.0
    assert named("Postfach öffnen", CODE) == [0.0]


def test_naming_does_not_ask_how_often_a_word_stands_there() -> None:
    assert named("kubelet", called("kubelet-down"), called("kubelet-kubelet-kubelet-down")) == [0.5, 0.5]


def test_naming_is_nothing_without_words() -> None:
    assert named("", *DOCUMENTS) == [0.0] * len(DOCUMENTS)
    assert named("kubelet", called(".md")) == [0.0]
    assert named("kubelet") == []


def test_naming_looks_at_the_beginning_of_an_endless_name() -> None:
    endless = replace(TICKET, title="word " * LONGEST_NAME + "kubelet")
    assert named("kubelet", endless) == [0.0]
    assert named("word", endless) == [1.0]


@settings(deadline=None)
@given(words=st.lists(st.sampled_from(["kubelet", "pod", "open", "mailbox", "Drucker", "voll", "down", "a", "7"])))
def test_naming_lies_between_nothing_and_all(words: list[str]) -> None:
    assert all(0 <= share <= 1 for share in named(" ".join(words), *DOCUMENTS))


def test_search_places_first_what_is_called_as_the_query_says() -> None:
    other = replace(KUBELET, id="node/aaa")
    library = Library(KUBELET, other, LONG)
    assert [result.id for result in library.search("kubelet down").results] == [KUBELET.id, LONG.id, other.id]
