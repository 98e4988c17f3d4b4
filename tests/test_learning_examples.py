"""Questions are made from what people linked, never from what they merely opened."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kb.documents import EXAMPLE_SOURCE, Article, Document, Link, Ticket
from kb.protocols.store import Feedback
from search.learning.examples import examples_of
from tests.library import Library

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
ARTICLE = Article(id="vpn/drops", title="VPN drops", body="Renew the lease.")


def ticket(number: int, *links: Link, **values: object) -> Ticket:
    made = Ticket(
        source="desk",
        external_id=str(number),
        title=f"VPN drops again, {number}",
        opened_at=MONDAY + timedelta(days=number),
        links=links,
    )
    return replace(made, **values)  # type: ignore[arg-type]


def duplicate_of(number: int) -> Link:
    return Link("duplicate_of", f"desk:{number}")


def right_of(
    *documents: Document, given: tuple[Feedback, ...] = (), aliases: tuple[str, ...] = ()
) -> dict[str, set[str]]:
    store = Library(*documents).store
    for one in given:
        store.add_feedback(one)
    for alias in aliases:
        store.add_alias(alias, ARTICLE.id)
    return {one.ticket.id: set(one.right) for one in examples_of(store)}


def said(action: str, by: str = "anna", asked: str | None = "desk:1", hour: int = 0, response: str = "r") -> Feedback:
    return Feedback(response, ARTICLE.id, action, by, MONDAY + timedelta(hours=hour), asked)


def test_a_ticket_asks_for_what_it_was_linked_with() -> None:
    assert right_of(ARTICLE, ticket(1, Link("resolved_by", ARTICLE.id)), ticket(2)) == {"desk:1": {ARTICLE.id}}


def test_duplicates_of_one_original_answer_each_other_as_far_as_they_came_before() -> None:
    documents = (ticket(1), ticket(2, duplicate_of(1)), ticket(3, duplicate_of(1)), ticket(4, duplicate_of(3)))

    assert right_of(*documents) == {
        "desk:2": {"desk:1"},
        "desk:3": {"desk:1", "desk:2"},
        "desk:4": {"desk:1", "desk:2", "desk:3"},
    }


def test_what_resolved_one_duplicate_answers_the_others() -> None:
    found = right_of(ARTICLE, ticket(1, Link("resolved_by", ARTICLE.id)), ticket(2, duplicate_of(1)))

    assert found == {"desk:1": {ARTICLE.id}, "desk:2": {ARTICLE.id, "desk:1"}}


def test_tickets_with_the_same_article_are_not_taken_for_one_problem() -> None:
    by_article = Link("resolved_by", ARTICLE.id)

    assert right_of(ARTICLE, ticket(1, by_article), ticket(2, by_article))["desk:2"] == {ARTICLE.id}


def test_other_links_and_undated_tickets_and_missing_targets_make_no_question() -> None:
    documents = (
        ARTICLE,
        ticket(1, Link("related", ARTICLE.id), Link("caused_by", ARTICLE.id)),
        ticket(2, Link("resolved_by", ARTICLE.id), opened_at=None),
        ticket(3, Link("resolved_by", "gone"), duplicate_of(99)),
    )

    assert right_of(*documents) == {}


def test_an_article_written_after_the_ticket_answers_nothing() -> None:
    later = replace(ARTICLE, created_at=MONDAY + timedelta(days=30))

    assert right_of(later, ticket(1, Link("resolved_by", later.id))) == {}


def test_a_link_to_an_old_name_leads_to_the_article() -> None:
    found = right_of(ARTICLE, ticket(1, Link("resolved_by", "vpn/old")), aliases=("vpn/old",))

    assert found == {"desk:1": {ARTICLE.id}}


def test_examples_that_are_shipped_never_count() -> None:
    shipped = replace(ARTICLE, source=EXAMPLE_SOURCE)
    asked = ticket(1, Link("resolved_by", ARTICLE.id), source=EXAMPLE_SOURCE)

    assert right_of(shipped, ticket(1, Link("resolved_by", ARTICLE.id))) == {}
    assert right_of(ARTICLE, asked) == {}


def test_feedback_on_a_ticket_teaches_when_it_says_what_helped() -> None:
    for action in ("resolved_by", "linked", "helpful"):
        assert right_of(ARTICLE, ticket(1), given=(said(action),)) == {"desk:1": {ARTICLE.id}}, action
    assert right_of(ARTICLE, ticket(1), given=(said("helpful", asked=None),)) == {}


def test_clicks_alone_teach_nothing_however_many() -> None:
    given = tuple(
        said(action, by=f"person-{number}", response=f"r{number}")
        for number in range(200)
        for action in ("opened", "copied", "dismissed")
    )

    assert right_of(ARTICLE, ticket(1), given=given) == {}


def test_the_last_word_of_a_person_counts() -> None:
    taken_back = (said("helpful"), said("not_helpful", hour=1))
    found_after_all = (said("not_helpful"), said("helpful", hour=1))

    assert right_of(ARTICLE, ticket(1), given=taken_back) == {}
    assert right_of(ARTICLE, ticket(1), given=found_after_all) == {"desk:1": {ARTICLE.id}}
