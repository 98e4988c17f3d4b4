"""What holds the exact identifier comes first: through each keyword engine, and in the shipped library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.keyword.open_keyword import open_keyword_index
from kb.access import SHELL
from kb.documents import Article, Ticket
from kb.protocols.keyword import KeywordIndex
from kb.settings import Settings
from search.lanes import LANES, Lane
from search.searcher import Searcher, SearchRequest
from search.similar import SimilarRequest
from tests.conftest import reindex
from tests.homes import take_vectors
from tests.library import TODAY, Library, passage_text
from web.shipped import load_examples
from web.wiring import Services, open_services

WORDS = "outlook cannot open the mailbox of the sales team after the update"
ARTICLES = (
    Article(id="words", title=WORDS, body=f"{WORDS}. " * 5, language="en"),
    Article(id="code", title="Zugriff", body="Der Dienst meldet 80070005, dann fehlt ein Recht.", language="de"),
    Article(id="decimal", title="Rights", body="The service says -2147024891 without a right.", language="en"),
    Article(id="other", title="Printer", body="Jam in tray two, error 0x80070006.", language="en"),
)
SOLVED = Ticket(
    source="t",
    external_id="1",
    title="Archive is slow",
    description="It takes minutes.",
    resolution="Came from 0x80070005 in the end.",
    language="en",
)


@pytest.fixture(params=["tantivy", "whoosh"])
def searcher(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Searcher]:
    library = Library()
    index: KeywordIndex = open_keyword_index(request.param, tmp_path / "index")
    library.keyword = index  # type: ignore[assignment]
    library.add(*ARTICLES, SOLVED)
    library.index()
    yield Searcher(
        library.store,
        index,
        library.vectors,
        library.encoder_source,
        passage_text=passage_text,
        clock=lambda: TODAY,
    )
    index.close()


@pytest.mark.parametrize("lanes", [LANES, ("identifier", "keyword")], ids=["all lanes", "keyword alone"])
@pytest.mark.parametrize("form", ["0x80070005", "80070005", "-2147024891", "2147942405"])
def test_search_puts_first_what_holds_the_code_in_any_form(
    searcher: Searcher, form: str, lanes: tuple[Lane, ...]
) -> None:
    answer = searcher.search(SearchRequest(text=f"{WORDS} {form}", viewer=SHELL, floor=0.0, lanes=lanes))

    assert {result.id for result in answer.results[:2]} - {"t:1"} <= {"code", "decimal"}
    assert [result.id for result in answer.results].index("words") >= 2


@pytest.mark.parametrize("lanes", [LANES, ("identifier", "keyword")], ids=["all lanes", "keyword alone"])
def test_search_with_a_phrase_holds_it_and_puts_the_code_first(searcher: Searcher, lanes: tuple[Lane, ...]) -> None:
    request = SearchRequest(text='"the service" 0x80070005 sales team', viewer=SHELL, floor=0.0, lanes=lanes)

    assert [result.id for result in searcher.search(request).results] == ["decimal"]


def test_similar_lets_no_code_decide_when_it_stands_in_an_older_mail_below_the_question(searcher: Searcher) -> None:
    cited = "Am 02.11.2025 um 09:11 schrieb Service Desk:\n> Der Dienst meldet 0x80070005, das ist behoben."
    ticket = Ticket(source="t", external_id="9", title="AW: Outlook", description=f"{WORDS}.\n\n{cited}", language="en")
    answer = searcher.similar(SimilarRequest(ticket=ticket, viewer=SHELL))

    assert answer.results[0].id == "words"
    assert answer.query.identifiers == ()

    passed_on = replace(ticket, description=f"siehe unten\n\n{cited}")
    answer = searcher.similar(SimilarRequest(ticket=passed_on, viewer=SHELL))

    assert answer.results[0].id in {"code", "decimal"}
    assert answer.query.identifiers == ("0x80070005",)


def test_similar_puts_first_what_holds_the_code_of_one_line_in_a_long_log(searcher: Searcher) -> None:
    noise = "\n".join(
        f'10.1.{at % 251}.7 - - [26/Nov/2025:09:11:02 +0100] "GET /items/{at} HTTP/1.1" 200 812' for at in range(6_000)
    )
    ticket = Ticket(
        source="t",
        external_id="9",
        title="Archive is slow",
        description=f"{noise}\nFATAL: the service ended with 0x80070005\n{noise}",
        language="en",
    )
    answer = searcher.similar(SimilarRequest(ticket=ticket, viewer=SHELL))

    assert answer.results[0].id in {"code", "decimal"}
    assert answer.query.identifiers == ("0x80070005",)
    assert answer.query.truncated


def test_similar_puts_first_what_holds_the_code_on_its_problem_side(searcher: Searcher) -> None:
    ticket = Ticket(source="t", external_id="9", title=f"{WORDS} 0x80070005", language="en")

    answer = searcher.similar(SimilarRequest(ticket=ticket, viewer=SHELL, floor=0.0))

    found = [result.id for result in answer.results]
    assert set(found[:2]) == {"code", "decimal"}
    assert "t:1" not in found[:3]


def test_similar_does_not_let_a_weak_identifier_decide(searcher: Searcher) -> None:
    ticket = Ticket(source="t", external_id="9", title=f"{WORDS}, version 16.0.17928, code 0x80070007", language="en")

    answer = searcher.similar(SimilarRequest(ticket=ticket, viewer=SHELL, floor=0.0))

    assert answer.results[0].id == "words"
    assert answer.query.identifiers[:2] == ("0x80070007", "16.0.17928")


@pytest.fixture(scope="module")
def shipped(shipped_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    home = tmp_path_factory.mktemp("shipped")
    (home / "models").symlink_to(shipped_home / "models", target_is_directory=True)
    take_vectors(home, shipped_home)
    with open_services(Settings(home=home), lambda line: None) as services:
        load_examples(services.store)
        reindex(services)
        yield services


@pytest.mark.parametrize(
    ("ticket", "first"),
    [
        ("INC-1156", {"collaboration/teams-microphone-camera-not-working"}),
        ("INC-1162", {"windows/pc-langsam-laufwerk-voll", "windows/pc-slow-system-drive-full"}),
        ("INC-1165", {"windows/kb5066835-winre-usb-keyboard"}),
    ],
)
def test_shipped_ticket_finds_first_the_articles_that_state_its_code(
    shipped: Services, ticket: str, first: set[str]
) -> None:
    (asked,) = (
        one
        for one in shipped.store.documents(shipped.store.ticket_ids()).values()
        if isinstance(one, Ticket) and one.external_id == ticket
    )
    problem = replace(asked, resolution="", links=(), components=(), tags=(), service=None, category=None)

    answer = shipped.searcher().similar(SimilarRequest(ticket=problem, types=("article",), viewer=SHELL))

    assert {result.id for result in answer.results[: len(first)]} == first
