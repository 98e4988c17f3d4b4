"""What every store must do with requests for articles, and with links to articles that were written from tickets."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from kb.documents import ARTICLE, Article, Link
from kb.errors import InvalidInput, NotFound, StaleEdit
from kb.protocols.store import Store
from tests.conformance.store_samples import START, SetClock, article, changed_ids, delivery, put_ticket


def written(
    *tickets: str, state: str = "published", kind: str = "permanent_fix", audience: str = "internal"
) -> Article:
    extra = MappingProxyType({"source_tickets": list(tickets), "resolution_kind": kind})
    return article(source="site", kind="post-mortem", state=state, audience=audience, extra=extra)


class RequestSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_a_request_counts_how_often_and_by_how_many_it_was_asked(self, store: Store, clock: SetClock) -> None:
        first = store.ask_for_article("VPN drops at noon", "drop noon vpn", "anna")
        store.ask_for_article("noon: VPN drops", "drop noon vpn", "anna")
        later = clock.advance(hours=1)
        last = store.ask_for_article("VPN drops noon", "drop noon vpn", "bert")

        assert (first.times, first.people, first.first_at, first.last_at) == (1, 1, START, START)
        assert (last.times, last.people, last.first_at, last.last_at) == (3, 2, START, later)
        assert (last.number, last.query, last.key) == (first.number, "VPN drops at noon", "drop noon vpn")
        assert (last.taken_by, last.taken_at, last.article_id) == (None, None, None)
        assert store.article_request(first.number) == store.request_of_key("drop noon vpn") == last
        assert store.request_of_key("other") is store.article_request(99) is store.request_of_key("\ud800") is None

    def test_requests_come_the_most_wanted_first(self, store: Store, clock: SetClock) -> None:
        for key, people in (("old", "a"), ("often", "aaa"), ("many", "ab"), ("new", "a")):
            clock.advance(minutes=1)
            for by in people:
                store.ask_for_article(key, key, by)

        assert [one.key for one in store.article_requests(9)] == ["many", "often", "new", "old"]
        assert [one.key for one in store.article_requests(2)] == ["many", "often"]

    def test_a_request_is_taken_by_one_released_and_answered(self, store: Store, clock: SetClock) -> None:
        number = store.ask_for_article("VPN", "vpn", "anna").number
        taken = store.take_request(number, "bert")
        clock.advance(hours=1)

        assert (taken.taken_by, taken.taken_at, taken.is_taken) == ("bert", START, True)
        assert store.take_request(number, "bert") == taken
        with pytest.raises(StaleEdit, match="bert is on it"):
            store.take_request(number, "anna")
        assert store.release_request(number).taken_by is None
        assert store.take_request(number, "anna").taken_by == "anna"
        assert store.answer_request(number, "vpn/error-809").article_id == "vpn/error-809"
        assert [one.article_id for one in store.article_requests(9)] == ["vpn/error-809"]

    def test_a_dismissed_request_is_forgotten_whole_and_its_number_never_given_again(self, store: Store) -> None:
        number = store.ask_for_article("VPN", "vpn", "anna").number

        assert store.dismiss_request(number)
        assert not store.dismiss_request(number)
        assert store.article_requests(9) == []
        for change in (store.release_request, lambda one: store.take_request(one, "a")):
            with pytest.raises(NotFound):
                change(number)
        with pytest.raises(NotFound):
            store.answer_request(number, "a")
        again = store.ask_for_article("VPN", "vpn", "bert")
        assert (again.number > number, again.times, again.people) == (True, 1, 1)

    def test_a_request_that_cannot_be_stored_is_refused(self, store: Store) -> None:
        with pytest.raises(InvalidInput):
            store.ask_for_article("\ud800", "x", "anna")
        assert store.article_requests(9) == []

    def test_a_published_article_is_linked_from_the_tickets_it_was_written_from(
        self, store: Store, clock: SetClock
    ) -> None:
        put_ticket(store, "1", status="closed")
        put_ticket(store, "2", status="open")
        put_ticket(store, "3", status="closed")
        draft = store.create_article(written("zammad:1", "zammad:2", "no:1", state="draft"), "anna")
        assert store.links_to(draft.id) == []
        changed_ids(store)
        at = clock.advance(hours=1)

        store.update_article(written("zammad:1", "zammad:2", "no:1"), "anna", 1)

        links = {key: ticket.links for key in ("1", "2", "3") if (ticket := store.ticket(f"zammad:{key}"))}
        assert links == {
            "1": (Link("resolved_by", draft.id, at, ARTICLE),),
            "2": (Link("related", draft.id, at, ARTICLE),),
            "3": (),
        }
        assert sorted(changed_ids(store)) == [draft.id, "zammad:1", "zammad:2"]

    def test_a_link_to_an_article_outlives_a_delivery_and_goes_when_the_article_names_another_ticket(
        self, store: Store
    ) -> None:
        put_ticket(store, "1", status="closed")
        put_ticket(store, "2", status="closed")
        made = store.create_article(written("zammad:1"), "anna")
        told = Link("duplicate_of", "zammad:9")
        store.upsert_tickets([delivery("1", links=(told,))])
        assert [(one.type, one.by) for one in _links(store, "1")] == [("duplicate_of", None), ("resolved_by", ARTICLE)]

        store.update_article(written("zammad:2"), "anna", made.revision)

        assert _links(store, "1") == (told,)
        assert [one.target for one in _links(store, "2")] == [made.id]

    def test_a_link_that_the_ticket_has_already_is_not_made_twice_nor_taken_away(self, store: Store) -> None:
        told = Link("resolved_by", "vpn/error-809")
        put_ticket(store, "1", status="closed", links=(told,))
        made = store.create_article(written("zammad:1"), "anna")
        assert _links(store, "1") == (told,)
        store.update_article(written("zammad:2"), "anna", made.revision)
        assert _links(store, "1") == (told,)

    def test_a_ticket_is_linked_only_with_what_its_readers_may_read_and_by_the_site_alone(self, store: Store) -> None:
        for number, audience in (("1", "group:net"), ("2", "group:hr"), ("3", "public")):
            put_ticket(store, number, status="closed", audience=audience)
        store.create_article(written("zammad:1", "zammad:2", "zammad:3", audience="group:net"), "anna")
        assert [len(_links(store, number)) for number in "123"] == [1, 0, 1]
        put_ticket(store, "4", status="closed")
        extra = MappingProxyType({"source_tickets": ["zammad:4"]})
        store.put_articles([article("folder", extra=extra)], "import")
        assert _links(store, "4") == ()

    def test_a_ticket_without_a_fix_is_only_related(self, store: Store) -> None:
        put_ticket(store, "1", status="closed")
        store.create_article(written("zammad:1", kind="none"), "anna")
        assert [one.type for one in _links(store, "1")] == ["related"]


def _links(store: Store, number: str) -> tuple[Link, ...]:
    ticket = store.ticket(f"zammad:{number}")
    assert ticket is not None
    return ticket.links
