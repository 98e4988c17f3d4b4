"""Who should get a ticket is told by resolved neighbours that agree, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.access import MEMBER
from kb.documents import EXAMPLE_SOURCE, Article, Document, Ticket
from search.answers import Suggestion
from search.routing import MOST_SUGGESTED, NEIGHBOURS, ROUTING_WEIGHTS, VALUES, Neighbour, suggestions, voted
from tests.library import Library
from tests.quality.routing import Asked, calibration_error, most_frequent

OPENED = datetime(2026, 3, 1, tzinfo=UTC)
GROUP = VALUES["assignment_group"]


def resolved(number: int, group: str | None = "network-l2", tier: str | None = "L2", **values: object) -> Ticket:
    ticket = Ticket(
        source="desk",
        external_id=str(number),
        title="VPN drops every ten minutes",
        description="The tunnel drops every ten minutes.",
        status="resolved",
        assignment_group=group,
        tier=tier,
        opened_at=OPENED,
        resolved_at=OPENED + timedelta(days=2),
    )
    return replace(ticket, **values)  # type: ignore[arg-type]


def near(*documents: Document, similarity: float | None = 0.8) -> Sequence[tuple[Document, float | None]]:
    return [(document, similarity) for document in documents]


def test_neighbours_that_agree_suggest_group_and_tier() -> None:
    found = suggestions(near(*(resolved(number) for number in range(6))))
    assert {name: [(one.value, one.support, one.voters) for one in values] for name, values in found.items()} == {
        "assignment_group": [("network-l2", 6, 6)],
        "tier": [("L2", 6, 6)],
    }
    assert all(0.5 < values[0].confidence < 1 for values in found.values())


def test_nothing_is_suggested_from_too_few_neighbours() -> None:
    few = [resolved(number) for number in range(ROUTING_WEIGHTS.least_support - 1)]
    assert suggestions(near(*few)) == {}
    assert suggestions(near(*few, resolved(9)))
    assert suggestions([]) == {}


def test_nothing_is_suggested_when_neighbours_are_divided() -> None:
    divided = [resolved(number, f"group-{number % 4}", None) for number in range(20)]
    assert suggestions(near(*divided)) == {}
    assert suggestions(near(*(resolved(number, "group-1", None) for number in range(20))))


def test_nothing_is_suggested_from_neighbours_that_are_hardly_similar() -> None:
    tickets = [resolved(number) for number in range(10)]
    assert suggestions(near(*tickets, similarity=ROUTING_WEIGHTS.floor - 0.01)) == {}
    assert suggestions(near(*tickets, similarity=0.7))


def test_the_more_similar_neighbours_count_more() -> None:
    alike = near(*(resolved(number, "network-l2", None) for number in range(4)), similarity=0.95)
    others = near(*(resolved(10 + number, "desk-l1", None) for number in range(5)), similarity=0.45)
    first, second = voted(
        [Neighbour(one, similarity) for one, similarity in (*alike, *others) if isinstance(one, Ticket)], GROUP
    )
    assert (first.value, first.support, first.voters) == ("network-l2", 4, 9)
    assert (second.value, second.support) == ("desk-l1", 5)
    assert first.confidence > second.confidence


def test_few_neighbours_that_agree_are_less_sure_than_many() -> None:
    few, many = (suggestions(near(*(resolved(number) for number in range(count)))) for count in (3, 30))
    assert few["tier"][0].confidence < many["tier"][0].confidence < 1


def test_a_weaker_value_follows_the_one_that_is_suggested() -> None:
    usual = [resolved(number, "network-l2") for number in range(9)]
    others = [resolved(10 + number, "desk-l1") for number in range(6)]
    found = suggestions(near(*usual, *others))["assignment_group"]
    assert [(one.value, one.support, one.voters) for one in found] == [("network-l2", 9, 15), ("desk-l1", 6, 15)]
    assert found[0].confidence > found[1].confidence


def test_calibration_error_is_the_mean_distance_of_probability_and_share() -> None:
    assert calibration_error([(0.5, True), (0.5, False)] * 50) == pytest.approx(0, abs=0.01)
    assert calibration_error([(0.9, False)] * 20) == pytest.approx(0.9)
    assert calibration_error([]) == 0


def test_the_most_frequent_value_is_right_as_often_as_it_is_there() -> None:
    asked = [Asked(frozenset(names), OPENED, ()) for names in (["ios"], ["ios", "cli"], ["cli"], ["ios"], [])]
    assert most_frequent(asked) == pytest.approx(3 / 5)
    assert most_frequent([]) == 0


def test_only_resolved_tickets_vote() -> None:
    still_open = [resolved(number, status="in progress") for number in range(9)]
    article = Article(id="vpn/drops", title="VPN drops", body="Text.")
    assert suggestions(near(article, *still_open)) == {}
    assert suggestions(near(article, *(resolved(number) for number in range(9))))


def test_a_ticket_resolved_later_does_not_vote_as_of_a_time() -> None:
    tickets = near(*(resolved(number) for number in range(6)))
    assert suggestions(tickets, OPENED + timedelta(days=1)) == {}
    assert suggestions(tickets, OPENED + timedelta(days=3))


def test_shipped_examples_never_vote() -> None:
    assert suggestions(near(*(resolved(number, source=EXAMPLE_SOURCE) for number in range(9)))) == {}
    assert suggestions(near(*(resolved(number) for number in range(9))))


def test_tickets_without_a_value_do_not_vote_on_it() -> None:
    tickets = [resolved(number, tier=None) for number in range(4)]
    blank = [resolved(10 + number, " ", None) for number in range(9)]
    found = suggestions(near(*tickets, *blank))
    assert found.keys() == {"assignment_group"}
    assert (found["assignment_group"][0].support, found["assignment_group"][0].voters) == (4, 4)


def test_spellings_of_one_value_count_together_and_the_usual_one_is_told() -> None:
    spellings = ["Network-L2", "network-l2", "Network-L2", " Network-L2 "]
    found = suggestions(near(*(resolved(number, group, None) for number, group in enumerate(spellings))))
    assert [(one.value, one.support) for one in found["assignment_group"]] == [("Network-L2", 4)]


def test_neighbours_vote_without_a_similarity_when_the_semantic_lane_is_down() -> None:
    assert suggestions(near(*(resolved(number) for number in range(9)), similarity=None))


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d", "e"]), st.one_of(st.none(), st.floats(-1, 1))), max_size=50)
)
def test_votes_are_probabilities_in_order_and_support_adds_up(asked: list[tuple[str, float | None]]) -> None:
    neighbours = [Neighbour(resolved(at, group), similarity) for at, (group, similarity) in enumerate(asked)]
    found = voted(neighbours, GROUP)
    assert [one.confidence for one in found] == sorted((one.confidence for one in found), reverse=True)
    assert all(0 <= one.confidence <= 1 for one in found)
    assert sum(one.support for one in found) == (found[0].voters if found else 0) <= NEIGHBOURS
    assert all(len(values) <= MOST_SUGGESTED for values in suggestions(near(*(n.ticket for n in neighbours))).values())


@pytest.fixture(scope="module")
def library() -> Library:
    secret = [resolved(100 + number, "security", "L3", audience="group:security") for number in range(9)]
    return Library(*(resolved(number) for number in range(5)), *secret)


def test_an_answer_suggests_from_tickets_that_the_viewer_may_read(library: Library) -> None:
    asked = resolved(99, None, None, status="new", resolved_at=None, opened_at=OPENED + timedelta(days=9))
    for_member = library.similar(asked, viewer=MEMBER).suggestions
    assert [(one.value, one.support) for one in for_member["assignment_group"]] == [("network-l2", 5)]
    for_all = library.similar(asked).suggestions
    assert "security" in {one.value for one in for_all["assignment_group"]}


def test_an_answer_suggests_nothing_from_what_was_resolved_later(library: Library) -> None:
    asked = resolved(99, None, None)
    assert library.similar(asked, as_of=OPENED + timedelta(days=1)).suggestions == {}
    assert library.similar(asked, as_of=OPENED + timedelta(days=9)).suggestions != {}


def test_more_neighbours_vote_than_results_are_shown(library: Library) -> None:
    answer = library.similar(resolved(99, None, None), viewer=MEMBER, limit=1)
    assert len(answer.results) == 1
    assert isinstance(answer.suggestions["tier"][0], Suggestion)
    assert answer.suggestions["tier"][0].support == 5
