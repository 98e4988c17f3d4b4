"""Which candidates tell of one problem, and what follows for how sure an answer is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kb.documents import Article, Document, Link, Ticket
from search.answers import SearchAnswer, SimilarAnswer
from search.ordering import SAME_PROBLEM_LINKS, problems, told_first
from search.ranker import Bands, Calibration, Candidate, Model, Ranked
from tests.library import Library

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FLOOD = Article(id="vpn/flood", title="Gateway floods the tunnel", body="The gateway floods the tunnel.")
GERMAN = replace(FLOOD, id="vpn/flut", title="Gateway floods the tunnel: Flut", translation_of=FLOOD.id)
OTHER = Article(id="vpn/other", title="Tunnel", body="The tunnel of the gateway is slow.")
TICKET = Ticket(source="desk", external_id="1", title="The gateway floods the tunnel", description="Since noon.")
LATER = replace(TICKET, external_id="2", title="Gateway and tunnel")


def linked(ticket: Ticket, type: str, target: str, at: datetime | None = None) -> Ticket:
    return replace(ticket, links=(Link(type, target, at),))


def told(*documents: Document, as_of: datetime | None = None) -> dict[str, str]:
    return problems({one.id: one for one in documents}, as_of)


# Which are one


def test_documents_that_nothing_joins_are_problems_of_their_own() -> None:
    assert told(FLOOD, OTHER, TICKET) == {one: one for one in (FLOOD.id, OTHER.id, TICKET.id)}
    assert told() == {}


def test_documents_of_one_title_tell_of_one_problem() -> None:
    again = replace(TICKET, external_id="3", title=" the GATEWAY floods  the tunnel")
    assert len(set(told(TICKET, again).values())) == 1
    assert len(set(told(TICKET, again, LATER).values())) == 2


def test_tickets_that_are_duplicates_of_each_other_tell_of_one_problem() -> None:
    first, second = linked(TICKET, "duplicate_of", LATER.id), linked(LATER, "duplicate_of", TICKET.id)
    assert len(set(told(first, second).values())) == 1


def test_a_translation_tells_of_the_problem_of_its_original_found_or_not() -> None:
    assert told(GERMAN, FLOOD) == {GERMAN.id: FLOOD.id, FLOOD.id: FLOOD.id}
    assert told(GERMAN) == {GERMAN.id: FLOOD.id}


@pytest.mark.parametrize("type", SAME_PROBLEM_LINKS)
def test_a_ticket_tells_of_the_problem_it_is_linked_to(type: str) -> None:
    assert told(linked(TICKET, type, FLOOD.id), FLOOD)[TICKET.id] == FLOOD.id


@pytest.mark.parametrize("type", ["related", "caused_by"])
def test_a_ticket_that_is_but_related_is_a_problem_of_its_own(type: str) -> None:
    assert told(linked(TICKET, type, FLOOD.id), FLOOD)[TICKET.id] == TICKET.id


def test_a_ticket_that_a_translation_resolved_tells_of_the_problem_of_the_original() -> None:
    found = told(linked(TICKET, "resolved_by", GERMAN.id), GERMAN, FLOOD)
    assert set(found.values()) == {FLOOD.id}


def test_a_duplicate_of_a_ticket_tells_of_what_resolved_that_one() -> None:
    found = told(linked(LATER, "duplicate_of", TICKET.id), linked(TICKET, "resolved_by", FLOOD.id), FLOOD)
    assert set(found.values()) == {FLOOD.id}


def test_a_link_counts_only_when_it_was_made_before_the_time_that_is_asked_for() -> None:
    ticket = linked(TICKET, "resolved_by", FLOOD.id, at=NOON)
    for as_of, counts in (
        (None, True),
        (NOON + timedelta(seconds=1), True),
        (NOON, False),
        (NOON - timedelta(1), False),
    ):
        assert told(ticket, FLOOD, as_of=as_of)[TICKET.id] == (FLOOD.id if counts else TICKET.id)


def test_a_link_without_a_time_was_made_when_its_ticket_was_resolved() -> None:
    ticket = linked(TICKET, "resolved_by", FLOOD.id)
    resolved = replace(ticket, status="resolved", resolved_at=NOON)
    assert told(resolved, as_of=NOON + timedelta(1))[TICKET.id] == FLOOD.id
    assert told(resolved, as_of=NOON)[TICKET.id] == TICKET.id
    assert told(ticket, as_of=NOON)[TICKET.id] == TICKET.id  # nobody knows when
    assert told(ticket)[TICKET.id] == FLOOD.id


# What follows

LEADS = Model({"semantic": 1.0}, Calibration(0.0, {"lead": 1.0}), Bands(0.1, 0.3, 0.5))
"""Says more than .5 of what stands out, less of what lies behind."""


def library(*documents: Document) -> Library:
    made = Library(*documents)
    made.ranker = replace(made.ranker, search=LEADS, similar=LEADS)
    return made


def standing_out(answer: SearchAnswer | SimilarAnswer) -> set[str]:
    assert answer.retrieval.calibrated
    return {one.id for one in answer.results if one.score is not None and one.score > 0.5}


def test_search_lets_both_translations_stand_out() -> None:
    text = "gateway floods the tunnel"
    assert standing_out(library(FLOOD, GERMAN, OTHER).search(text)) == {FLOOD.id, GERMAN.id}
    stranger = replace(GERMAN, translation_of=None)
    assert len(standing_out(library(FLOOD, stranger, OTHER).search(text))) == 1


def test_search_lets_a_ticket_and_the_article_that_resolved_it_stand_out() -> None:
    text = "gateway floods the tunnel"
    both = library(FLOOD, linked(TICKET, "resolved_by", FLOOD.id), OTHER)
    assert standing_out(both.search(text)) == {FLOOD.id, TICKET.id}
    apart = library(FLOOD, TICKET, OTHER)
    assert len(standing_out(apart.search(text))) <= 1


def test_similar_lets_a_ticket_and_what_resolved_it_stand_out_only_once_they_were_linked() -> None:
    past = replace(
        linked(TICKET, "resolved_by", FLOOD.id, at=NOON),
        opened_at=NOON - timedelta(5),
        resolved_at=NOON,
        status="closed",
    )
    asked = Ticket(source="desk", external_id="9", title="Gateway floods the tunnel")
    both = library(FLOOD, past, OTHER)
    assert standing_out(both.similar(asked)) == {FLOOD.id, past.id}
    assert standing_out(both.similar(asked, as_of=NOON + timedelta(1))) == {FLOOD.id, past.id}
    assert len(standing_out(both.similar(asked, as_of=NOON - timedelta(1)))) <= 1


# Which of them comes first


def in_order(*documents: Document, as_of: datetime | None = None, tiers: tuple[int, ...] = ()) -> list[str]:
    """Return the order of documents that were valued in the order in which they are given."""
    levels = tiers or (0,) * len(documents)
    given = enumerate(zip(documents, levels, strict=True))
    ranked = [Ranked(Candidate(one.id, tier=tier), float(-at)) for at, (one, tier) in given]
    found = told_first(ranked, {one.id: one for one in documents}, as_of)
    return [one.candidate.document_id for one in found]


def test_an_article_comes_before_the_ticket_it_resolved_or_was_written_from() -> None:
    source = replace(FLOOD, extra={"source_tickets": [TICKET.id]}, created_at=NOON)
    resolved = linked(TICKET, "resolved_by", FLOOD.id, at=NOON)
    for ticket, article in ((TICKET, source), (resolved, FLOOD)):
        assert in_order(LATER, ticket, OTHER, article) == [LATER.id, FLOOD.id, TICKET.id, OTHER.id]
        assert in_order(article, ticket) == [FLOOD.id, TICKET.id]
        assert in_order(ticket, article, as_of=NOON) == [TICKET.id, FLOOD.id]
        assert in_order(ticket, article, as_of=NOON + timedelta(1)) == [FLOOD.id, TICKET.id]
        assert in_order(ticket, article, tiers=(1, 0)) == [TICKET.id, FLOOD.id]


def test_what_is_but_related_keeps_its_place() -> None:
    assert in_order(linked(TICKET, "related", FLOOD.id), FLOOD) == [TICKET.id, FLOOD.id]
    duplicate = linked(TICKET, "duplicate_of", LATER.id)
    assert in_order(duplicate, FLOOD, LATER) == [TICKET.id, FLOOD.id, LATER.id]
