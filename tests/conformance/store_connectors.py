"""What every store must do with connectors and what they deliver."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from kb.errors import IdConflict, InvalidInput, NotFound
from kb.protocols.connectors import Connector, Deletion, OutcomeCount
from kb.protocols.store import Store
from tests.conformance.store_samples import START, SetClock, article, changed_ids, delivery

SOON = START + timedelta(days=30)


class ConnectorSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_connector_has_its_secret_while_it_is_on(self, store: Store, clock: SetClock) -> None:
        assert store.connector_secret("jira") is None
        store.enable_connector("jira", "first")
        store.enable_connector("jira", "second")
        store.enable_connector("github", "other")
        assert (store.connector_secret("jira"), store.connector_secret("github")) == ("second", "other")
        later = clock.advance(hours=1)
        store.disable_connector("jira")
        assert store.connector_secret("jira") is None
        assert store.connectors() == [Connector("github", True, START), Connector("jira", False, later)]
        with pytest.raises(NotFound, match="jira"):
            store.disable_connector("jira")

    def test_delivery_is_stored_and_counted(self, store: Store) -> None:
        store.enable_connector("zammad", "secret")
        contents = [delivery("1", title="a"), delivery("2", title="b"), Deletion("zammad:2"), delivery("1", title="c")]
        assert store.take_delivery("zammad", {"id:1": SOON}, contents) == ["created", "created", "deleted", "updated"]
        assert (store.ticket("zammad:1").title, store.ticket("zammad:2")) == ("c", None)
        assert store.connectors()[0].outcomes == {
            "created": OutcomeCount(2, START), "deleted": OutcomeCount(1, START), "updated": OutcomeCount(1, START)
        }  # fmt: skip

    def test_delivery_that_is_remembered_by_any_mark_stores_nothing(self, store: Store, clock: SetClock) -> None:
        assert store.take_delivery("zammad", {"id:1": SOON, "digest": SOON}, [delivery(title="a")]) == ["created"]
        changed_ids(store)
        for marks in ({"id:1": SOON}, {"digest": SOON, "id:2": SOON}):
            assert store.take_delivery("zammad", marks, [delivery(title="b")]) is None
        assert changed_ids(store) == []
        assert store.take_delivery("other", {"id:1": SOON}, [delivery(title="b")]) == ["updated"]
        assert store.take_delivery("zammad", {"id:2": SOON}, [delivery(title="c")]) == ["updated"]
        clock.advance(days=30)
        assert store.take_delivery("zammad", {"id:1": SOON + timedelta(1)}, [delivery(title="d")]) == ["updated"]
        assert store.take_delivery("zammad", {"id:1": SOON + timedelta(1)}, [delivery(title="e")]) is None

    def test_delivery_is_neither_stored_nor_remembered_when_one_of_it_is_refused(self, store: Store) -> None:
        store.put_articles([article("zammad:7")], "author")
        changed_ids(store)
        good, untitled, foreign = delivery("1", title="a"), delivery("2", status="open"), delivery("7", title="x")
        with pytest.raises(InvalidInput, match="title") as raised:
            store.take_delivery("zammad", {"id:1": SOON}, [good, Deletion("zammad:1"), good, untitled])
        assert raised.value.field == "title"
        with pytest.raises(IdConflict):
            store.take_delivery("zammad", {"id:1": SOON}, [good, foreign])
        with pytest.raises(InvalidInput):
            store.take_delivery("zammad", {"id:1": SOON}, [good] * 501)
        assert (store.ticket_ids(), changed_ids(store)) == ([], [])
        assert store.take_delivery("zammad", {"id:1": SOON}, [good]) == ["created"]

    def test_late_deletion_leaves_what_is_newer_and_late_update_stays_out(self, store: Store) -> None:
        old, new = START - timedelta(hours=2), START - timedelta(hours=1)
        store.take_delivery("zammad", {}, [delivery(title="a", updated_at=new)])
        assert store.take_delivery("zammad", {}, [Deletion("zammad:1", old)]) == ["ignored"]
        assert store.ticket("zammad:1") is not None
        assert store.take_delivery("zammad", {}, [Deletion("zammad:1", new)]) == ["deleted"]
        assert store.take_delivery("zammad", {}, [delivery(title="b", updated_at=new)]) == ["ignored"]
        assert store.take_delivery("zammad", {}, [Deletion("zammad:1"), Deletion("zammad:9")]) == ["unchanged"] * 2
        assert store.take_delivery("zammad", {}, [delivery("9", title="late", updated_at=new)]) == ["ignored"]

    def test_tickets_are_deleted_together_but_for_what_is_newer(self, store: Store) -> None:
        new = START - timedelta(hours=1)
        store.upsert_tickets([delivery("1", title="a", updated_at=new), delivery("2", title="b")])
        late = Deletion("zammad:1", new - timedelta(hours=1))
        outcomes = store.delete_tickets([late, Deletion("zammad:2"), Deletion("zammad:2"), Deletion("zammad:9")])
        assert outcomes == ["ignored", "deleted", "unchanged", "unchanged"]
        assert store.ticket_ids() == ["zammad:1"]
        assert store.connectors() == []
        with pytest.raises(InvalidInput):
            store.delete_tickets([Deletion("zammad:1")] * 501)
        assert store.ticket_ids() == ["zammad:1"]

    def test_one_of_many_deliveries_of_an_id_is_taken_when_they_come_at_once(self, store: Store) -> None:
        store.enable_connector("zammad", "secret")
        with ThreadPoolExecutor(8) as pool:
            taken = list(
                pool.map(lambda n: store.take_delivery("zammad", {"id:1": SOON}, [delivery(title=f"{n}")]), range(50))
            )
        assert sorted(filter(None, taken)) == [["created"]]
        assert store.connectors()[0].outcomes["created"].count == 1

    def test_counts_are_kept_for_connectors_that_were_on_alone(self, store: Store, clock: SetClock) -> None:
        store.enable_connector("zammad", "secret")
        store.count_deliveries("zammad", "wrong_signature", 3)
        later = clock.advance(minutes=1)
        store.count_deliveries("zammad", "wrong_signature")
        store.count_deliveries("unknown", "wrong_signature")
        assert [(one.name, one.outcomes) for one in store.connectors()] == [
            ("zammad", {"wrong_signature": OutcomeCount(4, later)})
        ]
