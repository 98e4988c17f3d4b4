"""Nothing that the viewer may not read shows anywhere, whatever the indexes still hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.access import SHELL
from kb.documents import Article, Ticket
from kb.queries import Viewer
from search.answers import FacetValue
from tests.library import Library, ids

OPEN = Article(id="vpn/open", title="VPN drops", body="The tunnel drops.", service="vpn")
CLOSED = Article(id="vpn/closed", title="VPN drops for managers", body="The tunnel drops.", audience="group:board")
TICKET = Ticket(source="desk", external_id="1", title="VPN drops again", description="The tunnel drops.")
READER = Viewer("reader")
BOARD = Viewer("board", frozenset({"public", "internal", "group:board"}))


@pytest.fixture
def library() -> Library:
    return Library(OPEN, CLOSED, TICKET)


def test_search_shows_a_group_only_its_own_documents(library: Library) -> None:
    shown = library.search("vpn drops", viewer=BOARD, facets=("audience",))
    hidden = library.search("vpn drops", viewer=READER, facets=("audience",))
    assert CLOSED.id in ids(shown)
    assert FacetValue("group:board", 1) in shown.facets["audience"]
    assert CLOSED.id not in ids(hidden)
    assert (shown.total, hidden.total) == (3, 2)
    assert [value.value for value in hidden.facets["audience"]] == ["internal"]


def test_search_forgets_a_deleted_document_before_it_is_indexed(library: Library) -> None:
    assert OPEN.id in ids(library.search("vpn drops"))
    library.store.delete_articles([OPEN.id])
    library.store.delete_ticket(TICKET.id)
    answer = library.search("vpn drops", facets=("type",))
    assert ids(answer) == [CLOSED.id]
    assert answer.total == 1
    assert answer.facets["type"] == (FacetValue("reference", 1),)
    assert ids(library.similar(replace(TICKET, external_id="2"))) == [CLOSED.id]


def test_search_hides_a_document_before_its_narrower_audience_is_indexed(library: Library) -> None:
    assert OPEN.id in ids(library.search("vpn drops", viewer=READER))
    library.add(replace(OPEN, audience="group:board"))
    answer = library.search("vpn drops", viewer=READER, facets=("service",))
    assert OPEN.id not in ids(answer)
    assert (answer.total, answer.facets["service"]) == (1, ())
    assert OPEN.id in ids(library.search("vpn drops", viewer=BOARD))


def test_search_fills_the_page_when_results_are_gone_from_the_store(library: Library) -> None:
    library.store.delete_articles([OPEN.id])
    library.store.done(library.store.pending(100))  # as if the indexes knew nothing of it for good
    answer = library.search("vpn drops", viewer=SHELL, limit=2)
    assert sorted(ids(answer)) == [TICKET.id, CLOSED.id]
    assert [result.rank for result in answer.results] == [1, 2]


def test_similar_shows_a_group_only_its_own_documents(library: Library) -> None:
    asked = replace(TICKET, external_id="2")
    assert CLOSED.id in ids(library.similar(asked, viewer=BOARD))
    assert CLOSED.id not in ids(library.similar(asked, viewer=READER))
