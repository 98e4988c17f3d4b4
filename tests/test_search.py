"""Searching: what comes back, in which order, and how it is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from kb.documents import MANUAL_SOURCE, Article, Ticket
from kb.errors import InvalidInput
from kb.queries import Filter, Viewer
from search.answers import FacetValue
from search.searcher import LONGEST_QUERY, SearchRequest
from tests.library import Library, ids

VPN = Article(
    id="vpn/error-809",
    title="VPN does not connect: error 809",
    body="## Symptoms\n\nThe remote server is not responding, error 809.\n\n## Cause\n\nUDP 4500 is blocked.\n\n"
    "## Resolution\n\nOpen the port.\n\n1. Open UDP 4500.\n2. Restart the client.\n",
    kind="known-error",
    service="vpn",
    tags=("nat",),
    review_due=date(2026, 1, 1),
)
PRINTER = Article(
    id="print/queue",
    title="Printer queue hangs",
    body="## Symptoms\n\nPrint jobs stay in the queue and nothing is printed by the spooler.\n\n"
    "## Workaround\n\nRestart the spooler.\n",
    kind="troubleshooting",
    service="printing",
)
DISK = Article(
    id="linux/disk",
    title="No space left on device",
    body="Deleted files are still open. Event 4711 shows in the log. See C:\\temp\\trace.log and ORA-12154.\n",
    kind="how-to",
    service="linux",
)
TICKET = Ticket(
    source="desk",
    external_id="1",
    title="Cannot print since the update",
    description="The spooler stops with 0x0000011b after each start.",
    resolution="Restarted the spooler and removed the patch.",
    resolution_code="workaround",
    status="closed",
    service="printing",
    url="https://desk.example.com/1",
    opened_at=datetime(2026, 3, 1, tzinfo=UTC),
    resolved_at=datetime(2026, 3, 2, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(VPN, PRINTER, DISK, TICKET)


def test_search_finds_by_words(library: Library) -> None:
    answer = library.search("vpn connect")
    assert ids(answer)[0] == VPN.id
    assert answer.status == "ok"
    assert answer.retrieval.mode == "hybrid"
    assert answer.retrieval.degraded == ()
    assert answer.retrieval.model == "fake@000000000000"
    assert answer.retrieval.calibrated == all(one.score is not None for one in answer.results)


def test_search_shows_every_field_of_a_result(library: Library) -> None:
    answer = library.search("error 809")
    result = answer.results[0]
    assert (result.rank, result.id, result.type, result.title) == (1, VPN.id, "known-error", VPN.title)
    assert (result.language, result.service, result.confidence, result.state) == (
        "en", "vpn", "not_validated", "published",
    )  # fmt: skip
    assert result.relationship is None
    assert (result.band is None, result.score is None) == (not answer.retrieval.calibrated,) * 2
    assert (result.scores.rank_keyword, result.scores.rank_semantic) == (1, 1)
    assert result.known_error
    assert result.status == "resolved"
    assert result.stale
    assert result.root_cause == "UDP 4500 is blocked."
    assert result.resolution is not None
    assert result.resolution.summary == "Open the port."
    assert result.resolution.steps == ("Open UDP 4500.", "Restart the client.")
    marked = [result.snippet.text[start:end] for start, end in result.snippet.highlights]
    assert "809" in marked
    first = result.reasons[0]
    assert (first.type, first.value, first.field) == ("identifier", "809", "title")


def test_search_shows_the_text_when_only_the_file_name_says_what_is_asked() -> None:
    named = Article(id="exchange/cannot-open-mailbox", title="Event 1009", body="Grant the right in the console.")
    result = Library(named).search("cannot open mailbox").results[0]
    assert (result.id, result.scores.keyword) == (named.id, None)
    assert result.snippet.text == named.body
    (reason,) = result.reasons
    assert (reason.type, reason.passage) == ("similar_passage", "cannot open mailbox")


def test_search_shows_a_ticket_with_its_fix(library: Library) -> None:
    result = next(result for result in library.search("spooler").results if result.id == TICKET.id)
    assert (result.type, result.url, result.status) == ("ticket", TICKET.url, "resolved")
    assert result.resolution is not None
    assert (result.resolution.kind, result.workaround) == ("workaround", TICKET.resolution)
    assert result.resolved_at == TICKET.resolved_at
    assert not result.stale


@pytest.mark.parametrize("code", ["0x0000011b", "0X0000011B", "ORA-12154", "ora-12154", r"C:\temp\trace.log"])
def test_search_places_what_holds_an_identifier_first(library: Library, code: str) -> None:
    answer = library.search(code)
    assert ids(answer)[0] == (TICKET.id if "11b" in code.casefold() else DISK.id)
    assert answer.query.identifiers[0].casefold() in code.casefold()
    assert any(reason.type == "identifier" for reason in answer.results[0].reasons)


def test_search_finds_a_quoted_phrase_and_nothing_without_it(library: Library) -> None:
    assert ids(library.search('"nothing is printed"')) == [PRINTER.id]
    assert set(ids(library.search("nothing is printed"))) > {PRINTER.id}


def test_search_falls_back_to_words_when_no_document_holds_the_phrase(library: Library) -> None:
    answer = library.search('"printed nothing is"')
    assert ids(answer)[0] == PRINTER.id
    assert "printed nothing is" in answer.query.problems[0]


def test_search_drops_documents_with_excluded_words_and_phrases(library: Library) -> None:
    assert {PRINTER.id, TICKET.id} <= set(ids(library.search("spooler")))
    assert TICKET.id not in ids(library.search("spooler -update"))
    assert PRINTER.id in ids(library.search("spooler -update"))
    assert PRINTER.id not in ids(library.search('spooler -"print jobs"'))
    assert DISK.id not in ids(library.search("files open spooler -ORA-12154"))
    assert DISK.id in ids(library.search("files open spooler"))


def test_search_excludes_from_what_only_the_semantic_lane_finds(library: Library) -> None:
    found = library.search("prints printings -update", lanes=("semantic",))
    assert PRINTER.id in ids(found)
    assert TICKET.id not in ids(found)
    assert TICKET.id in ids(library.search("prints printings", lanes=("semantic",)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spooler type:ticket", {TICKET.id}),
        ("spooler type:article", {PRINTER.id}),
        ("spooler service:printing type:troubleshooting", {PRINTER.id}),
        ("spooler -type:ticket -service:linux -service:vpn", {PRINTER.id}),
        ("spooler after:2026-02-01", {TICKET.id}),
        ("spooler before:2026-02-01", set()),
        ("vpn tag:nat", {VPN.id}),
    ],
)
def test_search_filters(library: Library, text: str, expected: set[str]) -> None:
    assert set(ids(library.search(text, floor=0.4))) == expected


def test_search_applies_the_filter_of_the_request_and_that_of_the_query(library: Library) -> None:
    where = Filter({"service": frozenset({"printing"})})
    assert set(ids(library.search("spooler", filter=where))) == {PRINTER.id, TICKET.id}
    assert set(ids(library.search("spooler type:ticket", filter=where))) == {TICKET.id}
    assert ids(library.search("spooler service:vpn", filter=where)) == []


def test_search_shows_what_a_filter_admits_when_nothing_else_is_asked(library: Library) -> None:
    answer = library.search("service:printing", facets=("type",))
    assert set(ids(answer)) == {PRINTER.id, TICKET.id}
    assert answer.total == 2
    assert answer.facets["type"] == (FacetValue("ticket", 1), FacetValue("troubleshooting", 1))


def test_search_shows_the_newest_first_when_only_a_filter_is_given(library: Library) -> None:
    older = replace(TICKET, external_id="0", opened_at=datetime(2026, 2, 1, tzinfo=UTC))
    newer = replace(TICKET, external_id="2", opened_at=datetime(2026, 4, 1, tzinfo=UTC))
    many = Library(older, TICKET, newer, PRINTER, VPN)
    answer = many.search("service:printing")
    assert ids(answer) == [newer.id, TICKET.id, older.id, PRINTER.id]
    assert (answer.total, answer.status) == (4, "ok")
    assert ids(many.search("service:printing -spooler")) == []
    assert ids(many.search("service:printing", limit=2, offset=1)) == [TICKET.id, older.id]
    without_dates = many.searcher(keyword=False).search(SearchRequest(text="service:printing"))
    assert without_dates.status == "degraded"
    assert set(ids(without_dates)) == {newer.id, TICKET.id, older.id, PRINTER.id}


@pytest.mark.parametrize("text", ["", "   ", "\n", "!!!"])
def test_search_finds_nothing_when_nothing_is_asked(library: Library, text: str) -> None:
    answer = library.search(text, facets=("type",), floor=0.4)
    assert (ids(answer), answer.total, answer.status) == ([], 0, "no_confident_match")


def test_search_says_so_when_nothing_is_known(library: Library) -> None:
    answer = library.search("zebra quantum", floor=0.4)
    assert (ids(answer), answer.total, answer.status) == ([], 0, "no_confident_match")


def test_search_counts_matches_and_semantic_hits_together(library: Library) -> None:
    answer = library.search("spooler", facets=("type", "service"), floor=2.0)
    assert answer.total == 2
    assert answer.facets["service"] == (FacetValue("printing", 2),)
    wider = library.search("spooler", facets=("type", "service"), floor=-1.0)
    assert wider.total == 4
    assert wider.facets["service"][0] == FacetValue("printing", 2)
    assert len(wider.results) == 4


def test_search_pages_without_gap_or_repeat(library: Library) -> None:
    whole = library.search("spooler update vpn space", floor=-1.0)
    pages = [library.search("spooler update vpn space", floor=-1.0, limit=1, offset=offset) for offset in range(4)]
    assert [one for page in pages for one in ids(page)] == ids(whole)
    assert [page.results[0].rank for page in pages] == [1, 2, 3, 4]
    assert ids(library.search("spooler", floor=-1.0, limit=1, offset=4)) == []


@pytest.mark.parametrize("text", ["spooler hangs", "service:printing", "spooler -nothing"])
def test_search_pages_to_the_last_match_without_gap_or_repeat(text: str) -> None:
    many = [
        Article(
            id=f"print/{number:03}",
            title=f"Spooler {'hangs ' * (number % 7)}{number}",
            body=f"The spooler of floor {number % 13} stops. " * (1 + number % 5),
            service="printing",
        )
        for number in range(130)
    ]
    library = Library(*many, VPN)
    pages = [library.search(text, floor=0.99, limit=20, offset=offset) for offset in range(0, 140, 20)]
    found = [one for page in pages for one in ids(page)]
    assert sorted(found) == [article.id for article in many]
    assert {page.total for page in pages} == {130}


@pytest.mark.parametrize(("limit", "offset"), [(1001, 0), (10, 995), (-1, 0), (10, -1)])
def test_search_refuses_a_page_beyond_the_deepest(library: Library, limit: int, offset: int) -> None:
    with pytest.raises(InvalidInput, match="limit and offset"):
        library.search("vpn", limit=limit, offset=offset)
    assert ids(library.search("vpn", limit=10, offset=990)) == []


def test_search_cuts_a_long_query_and_says_so(library: Library) -> None:
    answer = library.search("vpn 809 " + "x " * LONGEST_QUERY)
    assert answer.query.truncated
    assert ids(answer)[0] == VPN.id
    assert not library.search("vpn 809").query.truncated


@pytest.mark.parametrize("lanes", [("identifier",), ("keyword",), ("semantic",), ("identifier", "semantic")])
def test_search_uses_only_the_lanes_that_are_asked_for(library: Library, lanes: tuple[str, ...]) -> None:
    answer = library.search("error 809", lanes=lanes)
    assert ids(answer)[0] == VPN.id
    assert answer.status == "ok"
    scores = answer.results[0].scores
    assert (scores.semantic is not None) == ("semantic" in lanes)
    assert (scores.keyword is not None) == ("keyword" in lanes)


def test_search_reads_no_syntax_when_told_so(library: Library) -> None:
    assert ids(library.search("spooler service:nothing", syntax=False)) != []
    assert ids(library.search("spooler service:nothing")) == []


def test_search_hides_decision_records_unless_asked_for() -> None:
    library = Library(replace(VPN, id="decisions/1", source="decision"), PRINTER)
    assert ids(library.search("vpn", floor=0.4)) == []
    assert ids(library.search("vpn source:decision", floor=0.4)) == ["decisions/1"]


def test_search_marks_a_draft_for_those_who_may_edit() -> None:
    library = Library(replace(VPN, state="draft"))
    editor = Viewer("editor", may_edit=True)
    assert library.search("vpn", viewer=editor).results[0].state == "draft"
    assert ids(library.search("vpn", viewer=Viewer("reader"))) == []


def test_search_gives_the_same_answer_twice(library: Library) -> None:
    one, other = library.search("spooler printing"), library.search("spooler printing")
    assert one.results == other.results


MANUAL = Article(
    id="manual/writing",
    title="Writing articles about a VPN that does not connect",
    body="An example of a title: VPN does not connect: error 809. The remote server is not responding.\n",
    source=MANUAL_SOURCE,
)


def test_search_places_the_manual_behind_what_tells_of_the_problem_itself() -> None:
    both = Library(VPN, MANUAL, PRINTER)
    assert ids(both.search("vpn does not connect: error 809"))[0] == VPN.id
    assert ids(both.search("writing articles"))[0] == MANUAL.id
    assert ids(both.search("source:manual vpn")) == [MANUAL.id]


def test_similar_issues_are_never_pages_of_the_manual_unless_asked_for() -> None:
    both = Library(VPN, MANUAL)
    asked = replace(TICKET, title="VPN does not connect: error 809", description="")
    assert ids(both.similar(asked)) == [VPN.id]
    assert ids(both.similar(asked, filter=Filter({"source": frozenset({"manual"})}))) == [MANUAL.id]
