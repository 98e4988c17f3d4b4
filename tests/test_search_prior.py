"""What people made of a document before is counted once for each person, and only what was said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest import mock

from kb.access import MEMBER, SHELL
from kb.documents import EXAMPLE_SOURCE, Article, Document, Link, Ticket
from kb.protocols.store import Feedback
from kb.queries import Viewer
from search.answers import Reason
from search.prior import MOST_SOLVED, PriorFeedback, counted, prior_feedback, prior_reasons
from tests.library import Library

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
ARTICLE = Article(id="vpn/drops", title="VPN drops", body="The tunnel drops every ten minutes.")


def solved(number: int, at: datetime | None = MARCH, **values: object) -> Ticket:
    ticket = Ticket(
        source="desk",
        external_id=str(number),
        title="VPN drops again",
        status="resolved",
        links=(Link("resolved_by", ARTICLE.id, at),),
    )
    return replace(ticket, **values)  # type: ignore[arg-type]


def said(
    action: str, by: str = "anna", at: datetime = MARCH, response: str = "r", ticket: str | None = None
) -> Feedback:
    return Feedback(response, ARTICLE.id, action, by, at, ticket)


def of_library(
    *documents: Document,
    given: tuple[Feedback, ...] = (),
    viewer: Viewer = SHELL,
    as_of: datetime | None = None,
    asked: str | None = None,
) -> PriorFeedback | None:
    store = Library(ARTICLE, *documents).store
    for one in given:
        store.add_feedback(one)
    return prior_feedback(store, {ARTICLE.id: ARTICLE}, viewer, as_of=as_of, asked=asked).get(ARTICLE.id)


def test_prior_feedback_counts_people_and_tickets() -> None:
    given = (said("helpful"), said("helpful", "ben"), said("not_helpful", "cleo"), said("opened", "dora"))
    assert of_library(solved(1), solved(2), given=given) == PriorFeedback(2, 1, 2)
    assert of_library() is None
    assert of_library(given=(said("opened"), said("copied"), said("linked"), said("dismissed"))) is None


def test_feedback_that_names_a_closed_ticket_or_an_example_does_not_count() -> None:
    closed = solved(1, links=(), audience="group:security")
    example = solved(2, links=(), source=EXAMPLE_SOURCE)
    given = (said("resolved_by", ticket="desk:1"), said("helpful", "ben", ticket=f"{EXAMPLE_SOURCE}:2"))

    assert of_library(closed, example, given=given, viewer=MEMBER) is None
    assert of_library(closed, example, given=given, viewer=SHELL) == PriorFeedback(0, 0, 1)
    assert of_library(given=(said("resolved_by", ticket="desk:9"),), viewer=MEMBER) == PriorFeedback(0, 0, 1)


def test_tickets_that_feedback_names_are_not_read_whole() -> None:
    store = Library(ARTICLE, solved(1, links=())).store
    store.add_feedback(said("linked", ticket="desk:1"))
    store.add_feedback(said("helpful", ticket="desk:1"))
    with (
        mock.patch.object(store, "sources", lambda ids, viewer=None: dict.fromkeys(ids, "desk")),
        mock.patch.object(store, "documents", return_value={}) as documents,
    ):
        assert prior_feedback(store, {ARTICLE.id: ARTICLE}, MEMBER) == {ARTICLE.id: PriorFeedback(1)}
    assert [call.args[0] for call in documents.call_args_list if "desk:1" in call.args[0]] == []


def test_a_person_counts_once_and_with_the_last_word() -> None:
    given = [
        said("helpful", response="r1"),
        said("helpful", response="r2"),
        said("not_helpful", at=APRIL, response="r3"),
        said("resolved_by", response="r1"),
        said("resolved_by", response="r2"),
    ]
    assert counted(given, frozenset()) == PriorFeedback(0, 1, 1)


def test_a_ticket_that_names_the_document_is_not_counted_again_from_feedback() -> None:
    same, other = said("resolved_by", ticket="desk:1"), said("resolved_by", "ben", ticket="desk:2")
    assert counted([same], frozenset({"desk:1"})).resolved_by == 1
    assert counted([same, other], frozenset({"desk:1"})).resolved_by == 2


def test_later_feedback_and_links_do_not_count_as_of_a_time() -> None:
    given = (said("helpful"), said("helpful", "ben", APRIL), said("not_helpful", "anna", APRIL))
    tickets = (solved(1), solved(2, APRIL))
    assert of_library(*tickets, given=given, as_of=APRIL) == PriorFeedback(1, 0, 1)
    assert of_library(*tickets, given=given, as_of=APRIL + timedelta(days=1)) == PriorFeedback(1, 1, 2)
    assert of_library(*tickets, given=given, as_of=MARCH) is None


def test_a_link_without_a_time_counts_from_when_its_ticket_was_resolved() -> None:
    ticket = solved(1, None, resolved_at=MARCH)
    assert of_library(ticket, as_of=APRIL) == PriorFeedback(resolved_by=1)
    assert of_library(ticket, as_of=MARCH) is None
    assert of_library(solved(1, None), as_of=APRIL) is None
    assert of_library(solved(1, None)) == PriorFeedback(resolved_by=1)


def test_tickets_that_the_viewer_may_not_read_do_not_count() -> None:
    tickets = (solved(1), solved(2, audience="group:security"))
    assert of_library(*tickets, viewer=MEMBER) == PriorFeedback(resolved_by=1)
    assert of_library(*tickets) == PriorFeedback(resolved_by=2)


def test_the_ticket_of_the_question_does_not_count() -> None:
    given = (said("resolved_by", ticket="desk:1"),)
    assert of_library(solved(1), given=given, asked="desk:1") is None
    assert of_library(solved(1), given=given, asked="desk:9") == PriorFeedback(resolved_by=1)


def test_shipped_examples_neither_count_nor_are_counted() -> None:
    assert of_library(replace(solved(1), source=EXAMPLE_SOURCE)) is None
    library = Library(ARTICLE, solved(1))
    example = replace(ARTICLE, source=EXAMPLE_SOURCE)
    assert prior_feedback(library.store, {ARTICLE.id: example}, SHELL) == {}


def test_at_most_so_many_tickets_are_read_for_one_document() -> None:
    tickets = [solved(number) for number in range(MOST_SOLVED + 5)]
    assert of_library(*tickets) == PriorFeedback(resolved_by=MOST_SOLVED)


def test_prior_feedback_is_told_as_a_reason() -> None:
    told = Reason("prior_feedback", helpful=2, not_helpful=0, resolved_by=1)
    assert prior_reasons(PriorFeedback(2, 0, 1)) == (told,)
    assert prior_reasons(PriorFeedback()) == prior_reasons(None) == ()


def test_results_tell_prior_feedback_of_a_search_and_of_a_ticket() -> None:
    library = Library(ARTICLE, solved(1), solved(2))
    library.store.add_feedback(said("helpful"))
    asked = solved(2, links=())
    for answer, count in ((library.search("VPN tunnel drops"), 2), (library.similar(asked), 1)):
        reasons = next(result.reasons for result in answer.results if result.id == ARTICLE.id)
        assert Reason("prior_feedback", helpful=1, not_helpful=0, resolved_by=count) in reasons
