"""What every store must do with feedback that links, contradicts itself or comes again; and how tokens expire."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from kb.documents import FEEDBACK, Link
from kb.errors import InvalidInput
from kb.protocols.feedback import Feedback, GivenAnswer, standing
from kb.protocols.store import Store
from kb.queries import Viewer
from tests.conformance.store_samples import START, SetClock, article, changed_ids, delivery, put_ticket
from tests.said import people

SOLVED = Feedback("r", "vpn/error-809", "resolved_by", "agent", START, "zammad:1")
MADE = Link("resolved_by", "vpn/error-809", START, FEEDBACK)


def links(store: Store, ticket_id: str = "zammad:1") -> tuple[Link, ...]:
    ticket = store.ticket(ticket_id)
    assert ticket is not None
    return ticket.links


def said(store: Store, result_id: str) -> list[tuple[str, str]]:
    """Return (action, person) of the words that stand."""
    given = store.feedback_given([result_id], ["helpful", "not_helpful", "resolved_by"])
    return [(one.action, one.by) for one in standing(given)]


class FeedbackSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_answer_is_given_back_with_who_asked_and_with_which_ticket(self, store: Store) -> None:
        store.log_response("r", ["a", "b"], "agent", "zammad:1")
        store.log_response("s", [], "other")
        assert store.answer_given("r") == GivenAnswer(("a", "b"), "agent", "zammad:1")
        assert store.answer_given("s") == GivenAnswer((), "other", None)
        assert store.answer_given("t") is None

    def test_last_word_of_a_person_on_a_result_counts(self, store: Store) -> None:
        helped = Feedback("r", "a", "helpful", "agent", START)
        other = replace(helped, by="other")
        assert store.add_feedback(helped) is True
        assert store.add_feedback(other) is True
        assert store.add_feedback(replace(helped, action="not_helpful")) is True
        assert said(store, "a") == [("helpful", "other"), ("not_helpful", "agent")]
        assert store.add_feedback(replace(helped, action="not_helpful")) is False
        assert store.add_feedback(helped) is True
        assert said(store, "a") == [("helpful", "other"), ("helpful", "agent")]
        assert store.add_feedback(helped) is False

    def test_what_was_merely_done_is_never_taken_back(self, store: Store) -> None:
        for action in ("opened", "copied", "linked", "dismissed"):
            store.add_feedback(Feedback("r", "a", action, "agent", START))
        store.add_feedback(Feedback("r", "a", "not_helpful", "agent", START))
        done = {"opened": 1, "copied": 1, "linked": 1, "dismissed": 1}
        assert people(store, ["a"]) == {"a": {**done, "not_helpful": 1}}

    def test_ticket_is_linked_with_what_resolved_it_and_looked_at_again(self, store: Store) -> None:
        put_ticket(store, links=(Link("related", "x"),))
        changed_ids(store)
        assert store.add_feedback(SOLVED) is True
        assert links(store) == (Link("related", "x"), MADE)
        assert store.links_to("vpn/error-809") == [("zammad:1", Link("resolved_by", "vpn/error-809", START))]
        assert changed_ids(store) == ["zammad:1"]
        assert store.add_feedback(SOLVED) is False
        assert store.add_feedback(replace(SOLVED, by="other")) is True
        assert links(store) == (Link("related", "x"), MADE)
        assert changed_ids(store) == []

    def test_ticket_that_its_system_linked_already_is_left_alone(self, store: Store) -> None:
        put_ticket(store, links=(Link("resolved_by", "vpn/error-809"),))
        store.add_feedback(SOLVED)
        store.add_feedback(replace(SOLVED, action="not_helpful"))
        assert links(store) == (Link("resolved_by", "vpn/error-809"),)

    @pytest.mark.parametrize("action", ["helpful", "linked", "opened", "copied"])
    def test_no_other_word_links(self, store: Store, action: str) -> None:
        put_ticket(store)
        store.add_feedback(replace(SOLVED, action=action))
        assert links(store) == ()

    def test_word_on_a_ticket_that_is_not_stored_is_kept_without_a_link(self, store: Store) -> None:
        store.put_articles([article("zammad:1x")], "author")
        assert store.add_feedback(SOLVED) is True
        assert store.add_feedback(replace(SOLVED, response_id="s", ticket="zammad:1x")) is True
        assert store.links_to("vpn/error-809") == []
        assert people(store, ["vpn/error-809"]) == {"vpn/error-809": {"resolved_by": 1}}

    def test_ticket_can_be_named_later_and_then_is_linked(self, store: Store) -> None:
        put_ticket(store)
        assert store.add_feedback(replace(SOLVED, ticket=None)) is True
        assert links(store) == ()
        assert store.add_feedback(SOLVED) is True
        assert store.add_feedback(replace(SOLVED, ticket=None)) is False
        assert links(store) == (MADE,)
        assert [one.ticket for one in store.feedback_given(["vpn/error-809"], ["resolved_by"])] == ["zammad:1"]

    def test_another_ticket_takes_the_place_of_the_one_named_before(self, store: Store) -> None:
        put_ticket(store)
        put_ticket(store, "2")
        store.add_feedback(SOLVED)
        assert store.add_feedback(replace(SOLVED, ticket="zammad:2")) is True
        assert (links(store), links(store, "zammad:2")) == ((), (MADE,))

    def test_link_goes_with_the_last_one_who_said_so(self, store: Store) -> None:
        put_ticket(store)
        store.add_feedback(SOLVED)
        store.add_feedback(replace(SOLVED, by="other"))
        store.add_feedback(replace(SOLVED, action="not_helpful"))
        assert links(store) == (MADE,)
        assert store.add_feedback(replace(SOLVED, action="not_helpful", by="other", ticket=None)) is True
        assert links(store) == ()
        assert store.links_to("vpn/error-809") == []
        assert store.add_feedback(SOLVED) is True
        assert said(store, "vpn/error-809") == [("not_helpful", "other"), ("resolved_by", "agent")]
        assert len(store.links_to("vpn/error-809")) == 1

    def test_link_of_people_outlives_deliveries_and_is_told_once(self, store: Store) -> None:
        put_ticket(store, links=(Link("related", "x"),))
        store.add_feedback(SOLVED)
        told = Link("resolved_by", "vpn/error-809", START + timedelta(days=1))
        for delivered, expected in (
            ((Link("related", "y"),), (Link("related", "y"), MADE)),
            ((told, Link("related", "y")), (MADE, Link("related", "y"))),
            ((), (MADE,)),
            (None, (MADE,)),
        ):
            store.upsert_tickets([delivery(links=delivered)])
            assert links(store) == expected
            assert len(store.links_to("vpn/error-809")) == 1
        assert store.upsert_tickets([delivery(links=(MADE,))]) == ["unchanged"]
        store.upsert_tickets([delivery(title="Renamed")])
        assert links(store) == (MADE,)

    def test_many_who_say_so_at_once_make_one_link(self, store: Store) -> None:
        put_ticket(store)
        with ThreadPoolExecutor(8) as pool:
            said = list(pool.map(lambda number: store.add_feedback(replace(SOLVED, by=f"a{number % 4}")), range(16)))
        assert said.count(True) == 4
        assert links(store) == (MADE,)

    def test_feedback_on_tickets_is_found_in_the_order_of_time(self, store: Store) -> None:
        late = replace(SOLVED, at=START + timedelta(hours=1))
        early = replace(SOLVED, response_id="s", action="linked", ticket="zammad:2")
        for one in (late, early, replace(SOLVED, response_id="t", ticket=None)):
            store.add_feedback(one)
        assert store.feedback_on(["zammad:1", "zammad:2"], ["linked", "resolved_by"]) == [early, late]
        assert store.feedback_on(["zammad:1"], ["linked"]) == []
        assert store.feedback_on([], ["linked"]) == []

    def test_resolved_tickets_of_a_period_are_found(self, store: Store) -> None:
        store.put_articles([article()], "author")
        for number in range(4):
            put_ticket(store, str(number), resolved_at=START + timedelta(days=number))
        put_ticket(store, "open")
        assert store.resolved_tickets(START + timedelta(days=1), START + timedelta(days=3)) == ["zammad:1", "zammad:2"]
        assert store.resolved_tickets(START, START) == []

    def test_sources_are_those_of_the_documents_that_a_viewer_may_read(self, store: Store) -> None:
        audiences = ("public", "internal", "group:net")
        for number, audience in enumerate(audiences):
            put_ticket(store, str(number), audience=audience)
            for state in ("published", "draft"):
                store.put_articles([article(f"{audience}/{state}", audience=audience, state=state)], "author")
        ids = [*store.all_ids(), "nowhere", "half \ud800"]
        viewers = [Viewer("a"), Viewer("b", may_edit=True), Viewer("c", None), Viewer("d", frozenset({"group:net"}))]
        for viewer in (None, *viewers):
            expected = {key: one.source for key, one in store.documents(ids, viewer).items()}
            assert store.sources(ids, viewer) == expected
        assert len(store.sources(ids)) == 9
        assert store.sources(["zammad:0"], Viewer("e", frozenset())) == {}

    def test_token_is_found_until_it_expires_and_then_known_to_have(self, store: Store, clock: SetClock) -> None:
        store.create_token("helpdesk", ["read"], "hash", START + timedelta(days=1), ["group:network"])
        store.create_token("lasting", ["read"], "lasting")
        found = store.token("hash")
        assert found is not None
        assert (found.expires_at, found.audiences) == (START + timedelta(days=1), ("group:network",))
        assert not store.has_expired("hash")
        clock.advance(days=1)
        assert store.token("hash") is None
        assert [store.has_expired(one) for one in ("hash", "lasting", "unknown")] == [True, False, False]
        assert [one.name for one in store.tokens()] == ["helpdesk", "lasting"]
        with pytest.raises(InvalidInput, match="taken"):
            store.create_token("helpdesk", ["read"], "next")
        store.revoke_token("helpdesk")
        assert not store.has_expired("hash")
