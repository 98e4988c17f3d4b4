"""What every store must do with changes and vectors."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from kb.errors import InvalidInput
from kb.protocols.store import Store
from tests.conformance.store_samples import START, SetClock, article, put_ticket

TICK = timedelta(microseconds=1)


class ChangeSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_pending_holds_the_newest_change_of_each_document_in_order(self, store: Store, clock: SetClock) -> None:
        store.put_articles([article("a"), article("b")], "author")
        later = clock.advance(minutes=1)
        store.put_articles([article("a", "Other")], "author")
        changes = store.pending(10)
        assert [(one.document_id, one.at) for one in changes] == [("b", START), ("a", later)]
        assert changes[0].seq < changes[1].seq
        assert store.pending_count() == 2

    def test_pending_gives_the_oldest_when_there_are_more_than_the_limit(self, store: Store) -> None:
        store.put_articles([article(one) for one in "abcd"], "author")
        assert [one.document_id for one in store.pending(2)] == ["a", "b"]
        assert store.pending(0) == []
        assert store.pending_count() == 4

    def test_newest_pending_holds_the_newest_change_of_each_document_newest_first(self, store: Store) -> None:
        assert store.newest_pending(10) == []
        store.put_articles([article(one) for one in "abcd"], "author")
        store.put_articles([article("b", "Other")], "author")
        store.delete_articles(["c"])
        assert [one.document_id for one in store.newest_pending(10)] == ["c", "b", "d", "a"]
        assert store.newest_pending(3) == list(reversed(store.pending(10)))[:3]
        assert store.newest_pending(0) == []
        store.done([one for one in store.pending(10) if one.document_id in "cd"])
        assert [one.document_id for one in store.newest_pending(10)] == ["b", "a"]

    def test_done_forgets_a_change_and_older_ones_of_its_document_alone(self, store: Store) -> None:
        store.put_articles([article("a"), article("b")], "author")
        store.put_articles([article("a", "Other")], "author")
        store.done([one for one in store.pending(10) if one.document_id == "a"])
        assert [one.document_id for one in store.pending(10)] == ["b"]
        store.done(store.pending(10))
        assert (store.pending(10), store.pending_count()) == ([], 0)
        store.done([])

    def test_newer_change_stays_when_an_older_one_is_done(self, store: Store) -> None:
        store.put_articles([article("a")], "author")
        taken = store.pending(10)
        store.put_articles([article("a", "Changed while it was indexed")], "author")
        store.done(taken)
        assert [one.document_id for one in store.pending(10)] == ["a"]

    def test_numbers_are_never_given_twice_when_changes_are_done(self, store: Store) -> None:
        store.put_articles([article("a")], "author")
        first = store.pending(10)
        store.done(first)
        store.put_articles([article("a", "Other")], "author")
        store.done(first)
        assert store.pending(10)[0].seq > first[0].seq

    def test_every_document_is_enqueued_to_rebuild(self, store: Store) -> None:
        assert store.enqueue_all() == 0
        for start in range(0, 1200, 400):
            store.put_articles([article(f"a{number:04}") for number in range(start, start + 400)], "author")
        ticket = put_ticket(store)
        store.done(store.pending(10_000))
        assert store.enqueue_all() == 1201
        assert [one.document_id for one in store.pending(10_000)] == [*store.article_ids(), ticket.id]

    def test_indexed_through_is_just_before_the_oldest_pending_change_else_the_last_done(
        self, store: Store, clock: SetClock
    ) -> None:
        assert store.indexed_through() is None
        store.put_articles([article("a")], "author")
        second = clock.advance(minutes=1)
        store.put_articles([article("b")], "author")
        clock.advance(minutes=1)
        first_change, second_change = store.pending(10)
        assert store.indexed_through() == START - TICK
        store.done([first_change])
        assert store.indexed_through() == second - TICK
        store.done([second_change])
        assert store.indexed_through() == second
        third = clock.advance(minutes=1)
        store.put_articles([article("c")], "author")
        assert store.indexed_through() == third - TICK

    def test_indexed_through_stays_at_the_first_of_several_changes_of_a_document(
        self, store: Store, clock: SetClock
    ) -> None:
        store.put_articles([article("a")], "author")
        clock.advance(minutes=1)
        store.put_articles([article("a", "Other")], "author")
        assert store.indexed_through() == START - TICK

    @pytest.mark.parametrize("done_between", [True, False])
    def test_indexed_through_does_not_run_backwards_when_the_clock_does(
        self, store: Store, clock: SetClock, done_between: bool
    ) -> None:
        store.put_articles([article("a")], "author")
        if done_between:
            store.done(store.pending(10))
        clock.now = START - timedelta(hours=1)
        before = store.indexed_through()
        assert before == (START if done_between else START - TICK)
        store.put_articles([article("b")], "author")
        assert store.indexed_through() == before
        store.done(store.pending(10))
        assert store.indexed_through() == (START + TICK if done_between else START)

    def test_indexed_through_does_not_reach_a_write_at_the_time_of_one_that_is_done(self, store: Store) -> None:
        store.put_articles([article("a")], "author")
        store.done(store.pending(10))
        assert store.indexed_through() == START
        store.put_articles([article("b")], "author")
        through = store.indexed_through()
        assert through == START
        assert store.pending(10)[0].at > through

    def test_vectors_come_back_as_float16_by_hash(self, store: Store) -> None:
        first, second = np.array([0.5, -1, 6e-8], dtype=np.float16), np.zeros(3, dtype=np.float16)
        store.put_vectors("r", {"a": first, "b": second})
        found = store.vectors("r", ["b", "missing", "a"])
        assert set(found) == {"a", "b"}
        assert found["a"].dtype == np.float16
        np.testing.assert_array_equal(found["a"], first)
        np.testing.assert_array_equal(found["b"], second)
        assert store.vectors("r", []) == {}

    def test_vectors_of_different_recipes_are_kept_apart(self, store: Store) -> None:
        store.put_vectors("one", {"a": np.ones(3, dtype=np.float16)})
        store.put_vectors("two", {"a": np.ones(4, dtype=np.float16)})
        assert store.vectors("one", ["a"])["a"].shape == (3,)
        assert store.vectors("two", ["a"])["a"].shape == (4,)
        assert store.vectors("three", ["a"]) == {}

    def test_vector_is_not_replaced_when_put_again(self, store: Store) -> None:
        store.put_vectors("r", {"a": np.ones(3, dtype=np.float16)})
        store.put_vectors("r", {"a": np.zeros(3, dtype=np.float16), "b": np.zeros(3, dtype=np.float16)})
        np.testing.assert_array_equal(store.vectors("r", ["a"])["a"], np.ones(3))
        assert set(store.vectors("r", ["a", "b"])) == {"a", "b"}

    def test_vectors_come_back_whole_when_there_are_thousands(self, store: Store) -> None:
        matrix = np.arange(6000, dtype=np.float16).reshape(1500, 4)
        store.put_vectors("r", {f"h{number}": row for number, row in enumerate(matrix)})
        found = store.vectors("r", [f"h{number}" for number in range(2000)])
        assert len(found) == 1500
        np.testing.assert_array_equal(found["h1234"], matrix[1234])

    @pytest.mark.parametrize("bad", [[np.nan], [np.inf], [[1.0]], 1.0])
    def test_vectors_are_refused_when_one_is_no_row_of_finite_numbers(self, store: Store, bad: object) -> None:
        with pytest.raises(InvalidInput):
            store.put_vectors("r", {"good": np.ones(1, dtype=np.float16), "bad": np.array(bad, dtype=np.float16)})
        assert store.vectors("r", ["good", "bad"]) == {}

    def test_forgotten_vectors_are_gone_under_every_recipe(self, store: Store) -> None:
        for recipe in ("one", "two"):
            store.put_vectors(recipe, {text: np.ones(3, dtype=np.float16) for text in "abc"})
        store.forget_vectors(["a", "c", "missing"])
        assert set(store.vectors("one", list("abc"))) == {"b"}
        assert set(store.vectors("two", list("abc"))) == {"b"}
