"""What every store must do with open tickets and decisions on incidents."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kb.errors import InvalidInput
from kb.protocols.feedback import Feedback
from kb.protocols.store import Store
from tests.conformance.store_samples import START, SetClock, article, delivery, put_ticket

HOUR = timedelta(hours=1)


def open_ids(store: Store) -> list[str]:
    return [one.id for one in store.open_tickets(START + 24 * HOUR, 100)]


class IncidentSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_open_tickets_come_newest_first_bounded_by_time_and_number(self, store: Store) -> None:
        for number, hours in enumerate((3, 1, 2, 2)):
            put_ticket(store, str(number), opened_at=START + hours * HOUR)

        assert open_ids(store) == ["zammad:0", "zammad:3", "zammad:2", "zammad:1"]
        assert [one.id for one in store.open_tickets(START + 2 * HOUR, 2)] == ["zammad:3", "zammad:2"]

    def test_open_tickets_are_dated_own_and_not_closed(self, store: Store) -> None:
        put_ticket(store, "undated")
        put_ticket(store, "closed", opened_at=START, status="Resolved")
        put_ticket(store, "open", opened_at=START, audience="group:secret")
        store.upsert_tickets([delivery("shipped", source="example", title="Shipped", opened_at=START)])
        store.put_articles([article(created_at=START)], "author")

        assert [(one.id, one.opened_at, one.audience) for one in store.open_tickets(START, 9)] == [
            ("zammad:open", START, "group:secret")
        ]

    def test_open_tickets_follow_closing_reopening_and_deletion(self, store: Store) -> None:
        put_ticket(store, "1", opened_at=START)
        put_ticket(store, "2", opened_at=START)
        put_ticket(store, "1", status="closed")
        assert open_ids(store) == ["zammad:2"]
        put_ticket(store, "1", status="open")
        store.delete_ticket("zammad:2")
        assert open_ids(store) == ["zammad:1"]
        store.erase_ticket("zammad:1")
        assert open_ids(store) == []

    def test_the_mark_of_an_open_ticket_changes_with_its_content_alone(self, store: Store) -> None:
        def mark() -> str:
            return store.open_tickets(START, 1)[0].mark

        put_ticket(store, opened_at=START)
        first = mark()
        put_ticket(store, opened_at=START)
        assert mark() == first
        put_ticket(store, title="Another title")
        assert mark() != first

    def test_the_mark_of_an_open_ticket_changes_when_feedback_links_it_and_takes_it_back(self, store: Store) -> None:
        put_ticket(store, opened_at=START)
        before = store.open_tickets(START, 1)
        solved = Feedback("r", "vpn/error-809", "resolved_by", "agent", START, "zammad:1")
        store.add_feedback(solved)
        linked = store.open_tickets(START, 1)
        assert [one.id for one in linked] == ["zammad:1"]
        assert linked != before
        store.add_feedback(replace(solved, action="not_helpful"))
        assert store.open_tickets(START, 1) == before

    def test_the_documents_mark_changes_with_every_write_and_with_what_is_indexed(self, store: Store) -> None:
        seen = [store.documents_mark()]
        assert store.documents_mark() == seen[0]
        for number in "12":
            put_ticket(store, number)
            seen.append(store.documents_mark())
            store.done(store.pending(10))
            seen.append(store.documents_mark())
        store.delete_ticket("zammad:1")
        seen.append(store.documents_mark())

        assert len(set(seen)) == len(seen)

    def test_a_decision_is_kept_with_name_time_and_tickets(self, store: Store, clock: SetClock) -> None:
        for number in "123":
            put_ticket(store, number, opened_at=START)
        first = store.decide_incident("dismissed", ["zammad:2", "zammad:1", "nobody:1"], "network-l3")
        later = clock.advance(minutes=5)
        second = store.decide_incident("confirmed", ["zammad:2", "zammad:3"], "desk-l1")

        assert store.incident_decisions(START + HOUR) == [first, second]
        assert (first.state, first.by, first.at) == ("dismissed", "network-l3", START)
        assert (first.size, first.tickets) == (2, ("zammad:1", "zammad:2"))
        assert (second.at, second.number > first.number) == (later, True)

    def test_a_decision_needs_a_ticket_that_is_stored(self, store: Store) -> None:
        store.put_articles([article("a")], "author")
        with pytest.raises(InvalidInput, match="incident"):
            store.decide_incident("confirmed", ["a", "zammad:1"], "network-l3")
        assert store.incident_decisions(START + HOUR) == []

    def test_a_decision_loses_deleted_tickets_and_ends_with_its_last_open_one(self, store: Store) -> None:
        for number in "12":
            put_ticket(store, number, opened_at=START)
        made = store.decide_incident("confirmed", ["zammad:1", "zammad:2"], "network-l3")
        store.delete_ticket("zammad:1")
        assert [(one.number, one.size, one.tickets) for one in store.incident_decisions(START + HOUR)] == [
            (made.number, 2, ("zammad:2",))
        ]
        put_ticket(store, "2", status="done")
        assert store.incident_decisions(START + HOUR) == []
        assert [one.number for one in store.incident_decisions(START)] == [made.number]

    def test_a_decision_takes_a_thousand_tickets(self, store: Store) -> None:
        for start in (0, 500):
            store.upsert_tickets(
                [
                    delivery(str(number), title="Down", language="en", opened_at=START)
                    for number in range(start, start + 500)
                ]
            )
        made = store.decide_incident("dismissed", [f"zammad:{number}" for number in range(1000)], "desk")

        assert (made.size, store.incident_decisions(START + HOUR)) == (1000, [made])
