"""Misspelled words are looked up as what they may mean, and the corrected query is proposed when it finds something."""

from __future__ import annotations

import pytest

from kb.documents import Article, Ticket
from kb.queries import Filter, Viewer
from search.misspellings import FAR_MORE
from tests.library import Library, ids

PRINTER = Article(id="p", title="Printer offline", body="The Spooler of OneDrive hangs, ORA-12154.", kind="how-to")
MUELLER = Article(id="m", title="Zugang für Müllerstraße", body="Größe ändern", kind="how-to", language="de")
SECRET = Article(id="s", title="Restructuring", body="x", kind="how-to", audience="group:board")


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(PRINTER, MUELLER, SECRET)


@pytest.mark.parametrize(
    ("typed", "proposed"),
    [
        ("pritner", "printer"),
        ("rpinter offline", "printer offline"),
        ("Pritner offline", "Printer offline"),
        ("PRITNER", "PRINTER"),
        ("onedrvie", "onedrive"),
        ("Onedrvie", "OneDrive"),
        ("sposler", "spooler"),
        ("grösse änderm", "grösse ändern"),
        ("pritner spoler", "printer spooler"),
        ("service:x OR pritner", None),
    ],
)
def test_the_corrected_query_is_proposed_as_the_documents_write_it(
    library: Library, typed: str, proposed: str | None
) -> None:
    assert library.search(typed, floor=0.99).did_you_mean == proposed


@pytest.mark.parametrize("typed", ["printer", "ORA-12155", "0x8007000", "xyzzyx", "pri", "printerprinter", "", "nicht"])
def test_nothing_is_proposed_for_known_words_identifiers_and_what_is_like_nothing(library: Library, typed: str) -> None:
    assert library.search(typed, floor=0.99).did_you_mean is None


def test_a_misspelled_word_finds_what_was_meant_and_the_result_says_so(library: Library) -> None:
    answer = library.search("pritner", floor=0.99)

    assert ids(answer) == ["p"]
    told = [(one.type, one.value) for one in answer.results[0].reasons if one.value]
    assert told == [("corrected_word", "pritner → Printer")]


def test_a_proposal_finds_something_when_it_is_followed(library: Library) -> None:
    proposed = library.search("pritner", floor=0.99).did_you_mean

    assert proposed
    assert library.search(proposed, floor=0.99).total == 1


def test_nothing_is_proposed_that_finds_nothing_within_the_filter(library: Library) -> None:
    german = Filter({"language": frozenset({"de"})})

    assert library.search("pritner", filter=german, floor=0.99).did_you_mean is None
    assert library.search("pritner language:de", floor=0.99).did_you_mean is None
    assert library.search("pritner language:en", floor=0.99).did_you_mean == "printer language:en"


def test_no_word_of_a_document_that_the_reader_may_not_read_is_proposed(library: Library) -> None:
    member = Viewer("member")

    assert library.search("restructurign", floor=0.99).did_you_mean == "restructuring"
    answer = library.search("restructurign", viewer=member, floor=0.99)
    assert (answer.did_you_mean, ids(answer)) == (None, [])


def test_a_word_that_only_closed_documents_hold_is_corrected_as_any_unknown_one() -> None:
    printer = Article(id="p", title="Printer jam", body="x", kind="how-to")
    closed = [
        Article(id=f"c{n}", title=f"Prinzer {n}", body="x", kind="how-to", audience="group:board") for n in range(5)
    ]
    member = Viewer("member")

    alone = Library(printer).search("prinzer", viewer=member, floor=0.99)
    beside = Library(printer, *closed).search("prinzer", viewer=member, floor=0.99)
    assert (alone.did_you_mean, ids(alone)) == ("printer", ["p"])
    assert (beside.did_you_mean, ids(beside), beside.total) == ("printer", ["p"], alone.total)


def test_no_word_is_corrected_into_a_stop_word() -> None:
    library = Library(Article(id="d", title="Der Drucker meldet sich nicht", body="x", kind="how-to", language="de"))

    assert library.search("sisch", floor=0.99).did_you_mean is None
    assert ids(library.search("sisch", floor=0.99)) == []


def test_the_word_within_an_identifier_stays_when_the_word_beside_it_is_corrected(library: Library) -> None:
    proposed = library.search("pritner pritner.example.com", floor=0.99).did_you_mean

    assert proposed == "printer pritner.example.com"


def test_filters_phrases_and_exclusions_stay_as_they_were_typed(library: Library) -> None:
    assert library.search("pritner -pritner", floor=0.99).did_you_mean == "printer -pritner"
    assert library.search('"pritner" offline', floor=0.99).did_you_mean is None


def test_a_rare_word_is_asked_about_when_far_more_documents_hold_one_that_is_a_slip_away() -> None:
    rare = Article(id="rare", title="Gatewax broken", body="x", kind="how-to")
    many = [Article(id=f"g{n}", title=f"Gateway {n}", body="x", kind="how-to") for n in range(FAR_MORE)]

    asked = Library(rare, *many).search("gatewax", floor=0.99)
    assert asked.did_you_mean == "gateway"
    assert ids(asked) == ["rare"]
    assert Library(rare, *many[1:]).search("gatewax", floor=0.99).did_you_mean is None


def test_only_the_title_of_a_ticket_is_corrected(library: Library) -> None:
    def reasons(title: str, description: str) -> list[str | None]:
        ticket = Ticket(source="mail", external_id="1", title=title, description=description)
        return [one.value for result in library.similar(ticket, floor=0.99).results for one in result.reasons]

    assert "pritner → Printer" in reasons("pritner broken", "")
    assert reasons("unheard", "pritner broken") == []


def test_nothing_is_proposed_when_the_keyword_index_is_down(library: Library) -> None:
    from kb.access import SHELL
    from search.searcher import SearchRequest

    answer = library.searcher(keyword=False).search(SearchRequest(text="pritner", viewer=SHELL))

    assert answer.did_you_mean is None
    assert "keyword" in answer.retrieval.degraded


def _articles(language: str, *titles: str) -> list[Article]:
    return [
        Article(id=f"{language}{n}", title=title, body="x", kind="how-to", language=language)
        for n, title in enumerate(titles)
    ]


def test_a_dropped_double_letter_comes_before_a_more_frequent_word_with_another_letter() -> None:
    library = Library(*_articles("en", "Printer online", "Scanner online", "Server online", "Printer offline"))
    answer = library.search("printer ofline", floor=0.99)

    assert answer.did_you_mean == "printer offline"
    told = {one.value for result in answer.results for one in result.reasons if one.type == "corrected_word"}
    assert told == {"ofline → offline"}


def test_the_opposite_of_a_nearer_word_is_not_proposed_even_when_only_it_is_held() -> None:
    library = Library(*_articles("en", "Printer online", "Scanner online"))

    assert library.search("printer ofline", floor=0.99).did_you_mean is None


def test_between_two_opposites_that_are_equally_near_none_is_proposed_and_both_are_found() -> None:
    library = Library(*_articles("de", "Am Portal anmelden", "Vom Portal abmelden", "Beim Server anmelden"))
    answer = library.search("amelden", floor=0.99)

    assert answer.did_you_mean is None
    assert sorted(ids(answer)) == ["de0", "de1", "de2"]


def test_a_spelling_in_the_language_of_the_question_comes_first_when_it_is_equally_near() -> None:
    english = _articles("en", "Adresses of hosts", "Adresses of peers", "Adresses of mail")
    library = Library(*english, *_articles("de", "Adressen vergessen", "Konto sperren"))

    assert library.search("adressex vergesen", floor=0.99).did_you_mean == "adressen vergessen"
