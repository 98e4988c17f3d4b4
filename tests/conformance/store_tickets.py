"""What every store must do with tickets, and with documents of both kinds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kb.access import ADMINISTRATOR, MEMBER
from kb.documents import Link, Ticket
from kb.errors import InvalidInput
from kb.protocols.store import Feedback, InvalidTicket, Store
from kb.queries import Viewer
from tests.conformance.store_samples import START, SetClock, article, changed_ids, delivery, put_ticket
from tests.said import people, results

MONDAY = datetime(2026, 2, 2, 8, 0, tzinfo=UTC)
TUESDAY = datetime(2026, 2, 3, 8, 0, tzinfo=UTC)
FIELDS: dict[str, object] = {
    "title": "Drucker meldet Fehler 0x80070005",
    "description": "Beim Drucken.",
    "environment": "Windows 11",
    "resolution": "Treiber neu installiert.",
    "resolution_code": "fixed",
    "status": "closed",
    "priority": "high",
    "category": "hardware",
    "service": "print",
    "components": ("spooler", "driver"),
    "configuration_item": "PRN-7",
    "assignment_group": "desktop-l2",
    "tier": "L2",
    "tags": ("printer",),
    "language": "de",
    "audience": "group:desktop",
    "url": "https://tickets.example/1",
    "opened_at": MONDAY,
    "resolved_at": TUESDAY,
    "updated_at": TUESDAY + timedelta(microseconds=1),
    "links": (Link("related", "zammad:9", MONDAY), Link("resolved_by", "print/driver")),
}


class TicketSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_ticket_comes_back_as_it_was_delivered_with_every_field(self, store: Store) -> None:
        upsert = delivery(extra={"floor": 3, "nested": {"a": [1, None, True]}}, **FIELDS)
        assert store.upsert_tickets([upsert]) == ["created"]
        expected = Ticket(source="zammad", external_id="1", extra=upsert.extra, **FIELDS)  # type: ignore[arg-type]
        assert store.ticket("zammad:1") == expected

    def test_ticket_is_none_when_there_is_none_or_the_id_is_an_article(self, store: Store) -> None:
        store.put_articles([article("a")], "author")
        assert store.ticket("a") is None
        assert store.ticket("zammad:1") is None

    def test_ticket_sets_carried_fields_keeps_others_and_clears_null_ones_when_delivered_again(
        self, store: Store
    ) -> None:
        put_ticket(store, title="Old", description="Kept", priority="high", tags=("a",))
        assert store.upsert_tickets([delivery(title="New", priority=None, tags=None)]) == ["updated"]
        ticket = store.ticket("zammad:1")
        assert ticket is not None
        assert (ticket.title, ticket.description, ticket.priority, ticket.tags) == ("New", "Kept", None, ())

    def test_ticket_language_is_detected_when_no_delivery_names_it(self, store: Store) -> None:
        german = put_ticket(store, "1", title="Der Drucker ist nicht erreichbar und die Meldung kommt immer wieder")
        named = put_ticket(store, "2", title="Der Drucker ist nicht erreichbar", language="en")
        assert (german.language, named.language) == ("de", "en")

    def test_ticket_adds_a_change_when_it_changed_and_none_when_not(self, store: Store) -> None:
        put_ticket(store, updated_at=TUESDAY)
        assert changed_ids(store) == ["zammad:1"]
        assert store.upsert_tickets([delivery(title="Printer 1 is offline")]) == ["unchanged"]
        assert store.upsert_tickets([delivery(title="Older", updated_at=MONDAY)]) == ["ignored"]
        assert changed_ids(store) == []
        assert store.upsert_tickets([delivery(title="Newer")]) == ["updated"]
        assert changed_ids(store) == ["zammad:1"]

    def test_deliveries_of_one_ticket_are_merged_in_order_when_in_one_call(self, store: Store) -> None:
        outcomes = store.upsert_tickets(
            [delivery(title="First"), delivery(status="closed"), delivery(status="closed"), delivery(title="Last")]
        )
        assert outcomes == ["created", "updated", "unchanged", "updated"]
        ticket = store.ticket("zammad:1")
        assert ticket is not None and (ticket.title, ticket.status) == ("Last", "closed")
        assert len(store.pending(10)) == 1

    def test_invalid_tickets_are_reported_in_place_and_the_others_go_in(self, store: Store) -> None:
        outcomes = store.upsert_tickets(
            [
                delivery("1", title="Good"),
                delivery("2", description="no title"),
                delivery("3", title="half \ud800"),
                delivery("4", title="x", extra={"share": float("nan")}),
                delivery("5", title="x", opened_at=datetime(2026, 1, 1)),
                delivery("half \udfff", title="x"),
                delivery("6", title="Good, too"),
            ]
        )
        assert [outcomes[0], outcomes[6]] == ["created", "created"]
        assert all(isinstance(outcome, InvalidTicket) and outcome.message for outcome in outcomes[1:6])
        assert isinstance(outcomes[1], InvalidTicket) and outcomes[1].field == "title"
        assert store.ticket_ids() == ["zammad:1", "zammad:6"]

    def test_ticket_stays_as_it_was_when_a_later_delivery_is_invalid(self, store: Store) -> None:
        before = put_ticket(store)
        outcome = store.upsert_tickets([delivery(title="half \udfff")])[0]
        assert isinstance(outcome, InvalidTicket)
        assert store.ticket("zammad:1") == before

    def test_ticket_is_refused_when_its_id_is_an_article(self, store: Store) -> None:
        store.put_articles([article("zammad:1", source="runbooks")], "author")
        outcomes = store.upsert_tickets([delivery("1", title="x"), delivery("2", title="y")])
        assert isinstance(outcomes[0], InvalidTicket)
        assert "runbooks" in outcomes[0].message and "zammad" in outcomes[0].message
        assert outcomes[1] == "created"
        assert store.article("zammad:1") is not None

    def test_ticket_is_refused_when_another_source_makes_the_same_id(self, store: Store) -> None:
        outcomes = store.upsert_tickets(
            [delivery("c", source="a:b", title="First"), delivery("b:c", source="a", title="Second")]
        )
        assert outcomes[0] == "created"
        assert isinstance(outcomes[1], InvalidTicket) and "'a:b'" in outcomes[1].message
        ticket = store.ticket("a:b:c")
        assert ticket is not None and (ticket.source, ticket.title) == ("a:b", "First")

    def test_tickets_are_refused_when_more_than_five_hundred_come_at_once(self, store: Store) -> None:
        many = [delivery(str(number), title="x") for number in range(501)]
        with pytest.raises(InvalidInput, match="500"):
            store.upsert_tickets(many)
        assert store.ticket_ids() == []
        assert set(store.upsert_tickets(many[:500])) == {"created"}

    def test_ticket_ids_are_ordered_of_one_source_or_all(self, store: Store) -> None:
        for source, external_id in [("zammad", "2"), ("zammad", "10"), ("jira", "X-1")]:
            store.upsert_tickets([delivery(external_id, source=source, title="x")])
        store.put_articles([article("a")], "author")
        assert store.ticket_ids() == ["jira:X-1", "zammad:10", "zammad:2"]
        assert store.ticket_ids("zammad") == ["zammad:10", "zammad:2"]
        assert store.ticket_ids("nobody") == []

    def test_deleted_ticket_is_gone_at_once_with_a_change(self, store: Store) -> None:
        put_ticket(store)
        changed_ids(store)
        assert store.delete_ticket("zammad:1") is True
        assert store.ticket("zammad:1") is None
        assert store.documents(["zammad:1"]) == {}
        assert changed_ids(store) == ["zammad:1"]
        assert store.delete_ticket("zammad:1") is False
        assert changed_ids(store) == []

    @pytest.mark.parametrize(
        ("fields", "outcome"),
        [
            ({}, "ignored"),
            ({"updated_at": None}, "ignored"),
            ({"updated_at": START - timedelta(seconds=1)}, "ignored"),
            ({"updated_at": START}, "ignored"),
            ({"updated_at": START + timedelta(microseconds=1)}, "created"),
        ],
    )
    def test_deleted_ticket_comes_back_only_when_the_delivery_is_newer_than_the_deletion(
        self, store: Store, fields: dict[str, object], outcome: str
    ) -> None:
        put_ticket(store, description="Old")
        store.delete_ticket("zammad:1")
        changed_ids(store)
        assert store.upsert_tickets([delivery(title="Again", **fields)]) == [outcome]
        ticket = store.ticket("zammad:1")
        if outcome == "ignored":
            assert ticket is None
            assert changed_ids(store) == []
        else:
            assert ticket is not None and (ticket.title, ticket.description) == ("Again", "")
            assert changed_ids(store) == ["zammad:1"]

    def test_deleted_ticket_stays_deleted_when_its_last_delivery_comes_again_from_a_fast_clock(
        self, store: Store
    ) -> None:
        ahead = START + timedelta(minutes=5)
        put_ticket(store, updated_at=ahead)
        store.delete_ticket("zammad:1")
        assert store.upsert_tickets([delivery(title="x", updated_at=ahead)]) == ["ignored"]
        assert store.upsert_tickets([delivery(title="x", updated_at=ahead + timedelta(seconds=1))]) == ["created"]

    def test_deletion_holds_from_the_time_it_names_and_only_grows(self, store: Store) -> None:
        put_ticket(store)
        store.delete_ticket("zammad:1", TUESDAY)
        store.delete_ticket("zammad:1", MONDAY)
        noon = TUESDAY.replace(hour=12)
        assert store.upsert_tickets([delivery(title="x", updated_at=TUESDAY)]) == ["ignored"]
        assert store.upsert_tickets([delivery(title="x", updated_at=noon)]) == ["created"]

    def test_ticket_that_never_came_stays_out_when_its_deletion_came_first(self, store: Store) -> None:
        assert store.delete_ticket("zammad:1") is False
        assert store.upsert_tickets([delivery(title="x"), delivery("2", title="y")]) == ["ignored", "created"]

    def test_ticket_can_be_deleted_again_after_it_came_back(self, store: Store, clock: SetClock) -> None:
        put_ticket(store)
        store.delete_ticket("zammad:1")
        later = clock.advance(hours=1)
        assert store.upsert_tickets([delivery(title="x", updated_at=later)]) == ["created"]
        assert store.upsert_tickets([delivery(status="closed")]) == ["updated"]
        assert store.delete_ticket("zammad:1") is True
        assert store.upsert_tickets([delivery(title="x", updated_at=later)]) == ["ignored"]

    def test_article_is_left_alone_when_deleted_or_erased_as_a_ticket(self, store: Store) -> None:
        store.put_articles([article("a")], "author")
        store.add_feedback(Feedback("r", "a", "helpful", "agent", START))
        assert store.delete_ticket("a") is False
        assert store.erase_ticket("a") is False
        assert store.article("a") is not None
        assert people(store, ["a"]) == {"a": {"helpful": 1}}

    def test_links_to_a_document_are_found_in_order_and_by_type(self, store: Store) -> None:
        put_ticket(store, "2", links=(Link("related", "a"), Link("duplicate_of", "a", MONDAY), Link("related", "b")))
        put_ticket(store, "1", links=(Link("related", "a"),))
        assert store.links_to("a") == [
            ("zammad:1", Link("related", "a")),
            ("zammad:2", Link("related", "a")),
            ("zammad:2", Link("duplicate_of", "a", MONDAY)),
        ]
        assert store.links_to("a", ["duplicate_of"]) == [("zammad:2", Link("duplicate_of", "a", MONDAY))]
        assert store.links_to("a", ["caused_by"]) == []
        assert store.links_to("nowhere") == []

    def test_links_to_each_of_some_documents_come_latest_first_and_at_most_so_many(self, store: Store) -> None:
        later = MONDAY + timedelta(days=1)
        put_ticket(store, "1", links=(Link("resolved_by", "a", MONDAY), Link("resolved_by", "b")))
        put_ticket(store, "2", links=(Link("resolved_by", "a", later), Link("related", "a", later)))
        put_ticket(store, "3", links=(Link("resolved_by", "a"),))
        first, second, undated = (
            ("zammad:2", Link("resolved_by", "a", later)),
            ("zammad:1", Link("resolved_by", "a", MONDAY)),
            ("zammad:3", Link("resolved_by", "a")),
        )
        assert store.links_to_each(["a", "b", "c"], ["resolved_by"], 9) == {
            "a": [first, second, undated],
            "b": [("zammad:1", Link("resolved_by", "b"))],
        }
        assert store.links_to_each(["a"], ["resolved_by"], 2) == {"a": [first, second]}
        assert store.links_to_each(["a"], ["resolved_by"], 2, before=later) == {"a": [second, undated]}
        assert store.links_to_each(["a"], ["caused_by"], 9) == {}
        assert store.links_to_each([], ["resolved_by"], 9) == {}

    def test_links_follow_the_ticket_when_they_change_or_it_goes(self, store: Store) -> None:
        put_ticket(store, links=(Link("related", "a"), Link("related", "b")))
        store.upsert_tickets([delivery(status="closed")])
        assert len(store.links_to("a")) == 1
        store.upsert_tickets([delivery(links=(Link("related", "b"), Link("related", "c")))])
        assert (store.links_to("a"), len(store.links_to("b")), len(store.links_to("c"))) == ([], 1, 1)
        store.delete_ticket("zammad:1")
        assert store.links_to("b") == []

    def test_erased_ticket_is_forgotten_everywhere_and_nothing_brings_it_back(
        self, store: Store, clock: SetClock
    ) -> None:
        put_ticket(store, "1")
        put_ticket(store, "2")
        vector = np.ones(4, dtype=np.float16)
        store.put_vectors("r", {"t1": vector, "t2": vector}, {"zammad:1": ["t1"], "zammad:2": ["t2"]})
        store.log_response("answer", ["a", "zammad:1", "zammad:2"], "agent", ticket="zammad:1")
        store.add_feedback(Feedback("answer", "zammad:1", "helpful", "agent", START))
        store.add_feedback(Feedback("answer", "zammad:2", "helpful", "agent", START, ticket="zammad:1"))
        changed_ids(store)
        assert store.erase_ticket("zammad:1") is True
        assert store.ticket("zammad:1") is None
        assert set(store.vectors("r", ["t1", "t2"])) == {"t2"}
        assert results(store, "answer") == ["a", "zammad:2"]
        assert people(store, ["zammad:1", "zammad:2"]) == {"zammad:2": {"helpful": 1}}
        assert changed_ids(store) == ["zammad:1"]
        later = clock.advance(days=1)
        assert store.upsert_tickets([delivery(title="x", updated_at=later)]) == ["ignored"]
        store.delete_ticket("zammad:1", later)
        assert store.upsert_tickets([delivery(title="x", updated_at=later + timedelta(1))]) == ["ignored"]
        assert store.erase_ticket("zammad:1") is False

    def test_links_that_people_made_go_when_the_fix_is_erased(self, store: Store) -> None:
        put_ticket(store, "fix")
        put_ticket(store, "1", links=(Link("related", "a"), Link("duplicate_of", "zammad:fix")))
        put_ticket(store, "2")
        for number in ("1", "2"):
            store.add_feedback(Feedback("r", "zammad:fix", "resolved_by", number, START, ticket=f"zammad:{number}"))
        assert len(store.links_to("zammad:fix")) == 3
        changed_ids(store)
        store.erase_ticket("zammad:fix")
        assert store.links_to("zammad:fix") == [("zammad:1", Link("duplicate_of", "zammad:fix"))]
        first, second = store.ticket("zammad:1"), store.ticket("zammad:2")
        assert first is not None
        assert second is not None
        assert (first.links, second.links) == ((Link("related", "a"), Link("duplicate_of", "zammad:fix")), ())
        assert sorted(changed_ids(store)) == ["zammad:1", "zammad:2", "zammad:fix"]

    def test_ticket_is_known_while_anything_of_it_is_left(self, store: Store) -> None:
        put_ticket(store, "1")
        store.put_articles([article("a")], "author")
        store.put_vectors("r", {"t": np.ones(4, dtype=np.float16)}, {"zammad:2": ["t"], "a": ["t"]})
        assert [store.knows_ticket(one) for one in ("zammad:1", "zammad:2", "zammad:3", "a")] == [
            True,
            True,
            False,
            False,
        ]
        store.delete_ticket("zammad:1")
        assert store.knows_ticket("zammad:1")
        store.erase_ticket("zammad:1")
        assert store.knows_ticket("zammad:1")

    def test_erasure_reaches_a_ticket_that_was_deleted_before_and_texts_it_had_before(self, store: Store) -> None:
        put_ticket(store)
        vector = np.ones(4, dtype=np.float16)
        store.put_vectors("r", {"old": vector}, {"zammad:1": ["old"]})
        store.put_vectors("r", {"new": vector}, {"zammad:1": ["new"]})
        store.delete_ticket("zammad:1")
        assert set(store.vectors("r", ["old", "new"])) == {"old", "new"}
        assert store.erase_ticket("zammad:1") is False
        assert store.vectors("r", ["old", "new"]) == {}

    def test_vectors_of_an_erased_ticket_do_not_come_back_when_it_was_being_encoded(self, store: Store) -> None:
        put_ticket(store)
        store.erase_ticket("zammad:1")
        vector = np.ones(4, dtype=np.float16)
        store.put_vectors(
            "r", {"hers": vector, "shared": vector}, {"zammad:1": ["hers", "shared"], "zammad:2": ["shared"]}
        )
        assert set(store.vectors("r", ["hers", "shared"])) == {"shared"}

    def test_documents_come_back_in_the_order_asked_for_and_unknown_ids_are_skipped(self, store: Store) -> None:
        store.put_articles([article("a"), article("b")], "author")
        ticket = put_ticket(store)
        found = store.documents(["zammad:1", "nowhere", "b", "half \ud800", "a", "b"])
        assert list(found.items()) == [("zammad:1", ticket), ("b", article("b")), ("a", article("a"))]
        assert store.documents([]) == {}

    def test_documents_come_back_whole_when_thousands_are_asked_for(self, store: Store) -> None:
        for start in range(0, 1500, 500):
            store.upsert_tickets([delivery(str(number), title="x") for number in range(start, start + 500)])
        ids = [f"zammad:{number}" for number in reversed(range(3000))]
        assert list(store.documents(ids)) == ids[1500:]

    def test_documents_are_shown_only_to_viewers_that_may_read_them(self, store: Store) -> None:
        store.put_articles(
            [article("public", audience="public"), article("draft", state="draft"), article("g", audience="group:hr")],
            "author",
        )
        put_ticket(store, "1")
        put_ticket(store, "2", audience="group:hr")
        ids = ["public", "draft", "g", "zammad:1", "zammad:2"]
        hr = Viewer("hr", frozenset({"public", "internal", "group:hr"}))
        assert list(store.documents(ids, MEMBER)) == ["public", "zammad:1"]
        assert list(store.documents(ids, hr)) == ["public", "g", "zammad:1", "zammad:2"]
        assert list(store.documents(ids, ADMINISTRATOR)) == ids
        assert list(store.documents(ids)) == ids

    def test_all_ids_are_ordered_across_articles_and_tickets(self, store: Store) -> None:
        put_ticket(store)
        store.put_articles([article("z/9"), article("a"), article("ü")], "author")
        assert list(store.all_ids()) == ["a", "z/9", "zammad:1", "ü"]

    def test_counts_tell_documents_of_each_type(self, store: Store) -> None:
        assert store.counts() == {}
        put_ticket(store)
        store.put_articles([article("a", kind="runbook"), article("b"), article("c")], "author")
        store.put_articles([article("c", kind="how-to")], "author")
        assert list(store.counts().items()) == [("how-to", 1), ("reference", 1), ("runbook", 1), ("ticket", 1)]
