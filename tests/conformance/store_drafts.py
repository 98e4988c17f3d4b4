"""What every store must do with drafts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from kb.errors import InvalidInput, StaleEdit
from kb.protocols.drafts import Draft
from kb.protocols.store import Store
from tests.conformance.store_samples import START, SetClock, article, changed_ids, put_ticket


def draft(key: str = "k1", person: str = "anna", body: str = "Restart it.", **values: object) -> Draft:
    return Draft(person=person, key=key, values={"title": ("VPN",), "body": (body,)}, **values)  # type: ignore[arg-type]


class DraftSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_draft_comes_back_as_it_was_typed(self, store: Store, clock: SetClock) -> None:
        values = {"title": ("",), "body": ("a\r\nb \0 ü\n\n",), "when": ("2026-13", "x"), "empty": ()}
        saved = store.save_draft(Draft(person="anna", key="k1", values=values, article_id="vpn/drops", revision=3))
        assert (saved.version, saved.saved_at) == (1, START)
        assert store.draft("anna", "k1") == saved
        assert saved.values == values
        assert (saved.article_id, saved.revision, saved.value("when"), saved.value("none")) == (
            "vpn/drops", 3, "2026-13", ""
        )  # fmt: skip

    def test_draft_is_replaced_by_the_next_of_its_key(self, store: Store, clock: SetClock) -> None:
        store.save_draft(draft(body="one"))
        later = clock.advance(minutes=1)
        saved = store.save_draft(draft(body="two", article_id="a", revision=2))
        assert (saved.version, saved.saved_at, saved.value("body"), saved.revision) == (2, later, "two", 2)
        assert store.drafts("anna") == [saved]

    def test_draft_that_another_window_saved_meanwhile_is_not_replaced(self, store: Store) -> None:
        first = store.save_draft(draft(body="one"), 0)
        with pytest.raises(StaleEdit):
            store.save_draft(draft(body="late"), 0)
        assert store.save_draft(draft(body="two"), first.version).version == 2
        with pytest.raises(StaleEdit):
            store.save_draft(draft(body="late"), first.version)
        kept = store.draft("anna", "k1")
        assert kept is not None
        assert kept.value("body") == "two"

    def test_drafts_that_began_from_a_ticket_go_with_it_when_it_is_erased_and_no_others(self, store: Store) -> None:
        erased, other = put_ticket(store, "1").id, put_ticket(store, "2").id
        for key, source in (("k1", erased), ("k2", other), ("k3", "")):
            values = {"body": (f"{erased} quoted",), **({"from": (source,)} if source else {})}
            store.save_draft(Draft(person="anna", key=key, values=values))

        store.erase_ticket(erased)

        assert {one.key for one in store.drafts("anna")} == {"k2", "k3"}

    def test_one_of_many_windows_succeeds_when_they_save_at_once(self, store: Store) -> None:
        store.save_draft(draft())

        def save(number: int) -> bool:
            try:
                store.save_draft(draft(body=f"{number}"), 1)
            except StaleEdit:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(save, range(40))) == 1

    def test_drafts_are_their_persons_alone(self, store: Store) -> None:
        store.save_draft(draft(person="anna", body="mine"))
        assert store.draft("ben", "k1") is None
        assert store.drafts("ben") == []
        assert store.discard_draft("ben", "k1") is False
        store.save_draft(draft(person="ben", body="his"), 0)
        kept = store.draft("anna", "k1")
        assert kept is not None
        assert kept.value("body") == "mine"

    def test_drafts_are_listed_with_the_latest_first(self, store: Store, clock: SetClock) -> None:
        for key in ("b", "a"):
            store.save_draft(draft(key))
        clock.advance(minutes=1)
        store.save_draft(draft("c"))
        assert [one.key for one in store.drafts("anna")] == ["c", "a", "b"]

    def test_draft_is_gone_when_it_is_discarded(self, store: Store) -> None:
        store.save_draft(draft())
        assert store.discard_draft("anna", "k1") is True
        assert store.discard_draft("anna", "k1") is False
        assert (store.draft("anna", "k1"), store.drafts("anna")) == (None, [])
        assert store.save_draft(draft(), 0).version == 1

    def test_draft_of_another_version_is_not_discarded(self, store: Store) -> None:
        store.save_draft(draft())
        store.save_draft(draft(body="more"), 1)
        assert store.discard_draft("anna", "k1", 1) is False
        kept = store.draft("anna", "k1")
        assert kept is not None and kept.value("body") == "more"
        assert store.discard_draft("anna", "k1", 2) is True

    def test_draft_is_no_document_and_leaves_its_article_alone(self, store: Store) -> None:
        store.put_articles([article("a")], "author")
        changed_ids(store)
        store.save_draft(draft(article_id="a", revision=1))
        assert (changed_ids(store), list(store.all_ids()), store.counts()) == ([], ["a"], {"reference": 1})
        store.delete_articles(["a"])
        assert store.draft("anna", "k1") is not None

    def test_draft_that_cannot_be_stored_is_refused_and_the_one_before_stays(self, store: Store) -> None:
        before = store.save_draft(draft())
        with pytest.raises(InvalidInput):
            store.save_draft(draft(body="half \ud83d"))
        assert store.draft("anna", "k1") == before
