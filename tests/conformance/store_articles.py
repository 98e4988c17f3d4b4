"""What every store must do with articles."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from kb.errors import IdConflict, InvalidInput, NotFound, StaleEdit
from kb.protocols.store import Store
from tests.conformance.store_samples import START, SetClock, article, changed_ids, put_ticket

FULL = article(
    kind="post-mortem",
    language="de",
    audience="group:network",
    state="draft",
    confidence="validated",
    service="vpn",
    components=("gateway", "client"),
    tags=("udp", "nat"),
    owner="network-l3",
    authors=("network-l3", "network-l2"),
    created_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    updated_at=datetime(2026, 2, 2, tzinfo=UTC),
    review_due=date(2026, 8, 1),
    error_signatures=("Fehler 809",),
    related=("zammad:1",),
    translation_of="vpn/error-809-en",
    extra={"severity": 2, "known_error": True, "timeline": [{"at": "2026-01-02", "share": 0.5}], "none": None},
    source="runbooks",
    path="vpn/error-809.md",
)


class ArticleSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_article_comes_back_as_it_was_put_with_every_field(self, store: Store) -> None:
        assert store.put_articles([FULL], "network-l3") == ["created"]
        found = store.article(FULL.id)
        assert found == FULL
        assert list(found.extra) == list(FULL.extra) if found else False

    def test_article_times_come_back_in_utc_when_given_in_another_zone(self, store: Store) -> None:
        berlin = datetime(2026, 3, 1, 13, 30, tzinfo=timezone(timedelta(hours=1)))
        store.put_articles([article(created_at=berlin)], "author")
        found = store.article("vpn/error-809")
        assert found is not None
        assert found.created_at == berlin
        assert found.created_at is not None and found.created_at.utcoffset() == timedelta(0)

    def test_article_is_none_when_there_is_none_or_the_id_is_a_ticket(self, store: Store) -> None:
        put_ticket(store)
        assert store.article("zammad:1") is None
        assert store.article("nowhere") is None

    def test_articles_keep_their_outcomes_in_order_when_put_again(self, store: Store, clock: SetClock) -> None:
        store.put_articles([article("a"), article("b"), article("c")], "author")
        outcomes = store.put_articles([article("c"), article("new"), article("a", "Other")], "author")
        assert outcomes == ["unchanged", "created", "updated"]

    def test_article_gets_a_revision_and_a_change_when_its_content_differs(self, store: Store, clock: SetClock) -> None:
        store.put_articles([article()], "first")
        changed_ids(store)
        later = clock.advance(hours=1)
        assert store.put_articles([article(body="Restart the gateway.")], "second") == ["updated"]
        assert changed_ids(store) == ["vpn/error-809"]
        newest, oldest = store.revisions("vpn/error-809")
        assert (newest.number, newest.author, newest.recorded_at) == (2, "second", later)
        assert (oldest.number, oldest.author, oldest.recorded_at) == (1, "first", START)
        assert newest.article == store.article("vpn/error-809") == article(body="Restart the gateway.", revision=2)
        assert oldest.article == article()

    def test_article_gets_neither_revision_nor_change_when_only_its_revision_number_differs(self, store: Store) -> None:
        store.put_articles([article()], "author")
        changed_ids(store)
        assert store.put_articles([article(revision=7)], "author") == ["unchanged"]
        assert changed_ids(store) == []
        assert [one.number for one in store.revisions("vpn/error-809")] == [1]

    @pytest.mark.parametrize(("before", "after"), [(1, True), (0, 0.0), ("1", 1), (None, "")])
    def test_article_is_updated_when_an_extra_value_only_looks_equal(
        self, store: Store, before: object, after: object
    ) -> None:
        store.put_articles([article(extra={"severity": before})], "author")
        assert store.put_articles([article(extra={"severity": after})], "author") == ["updated"]
        found = store.article("vpn/error-809")
        assert found is not None and repr(dict(found.extra)) == repr({"severity": after})

    def test_article_keeps_id_and_revision_when_it_moves(self, store: Store) -> None:
        store.put_articles([article(path="vpn/old.md")], "author")
        changed_ids(store)
        assert store.put_articles([article(path="network/new.md")], "author") == ["updated"]
        assert store.article_ids() == {"vpn/error-809": "network/new.md"}
        assert [one.number for one in store.revisions("vpn/error-809")] == [1]
        assert changed_ids(store) == ["vpn/error-809"]

    def test_article_put_twice_in_one_call_gets_both_revisions_and_one_place(self, store: Store) -> None:
        assert store.put_articles([article(), article(title="Second")], "author") == ["created", "updated"]
        assert [one.article.title for one in store.revisions("vpn/error-809")] == ["Second", "VPN error 809"]
        assert [one.document_id for one in store.pending(10)] == ["vpn/error-809"]

    def test_nothing_is_stored_when_one_article_of_many_conflicts(self, store: Store) -> None:
        store.put_articles([article("taken", source="wiki")], "author")
        changed_ids(store)
        with pytest.raises(IdConflict, match=r"(?s)runbooks.*wiki|wiki.*runbooks") as raised:
            store.put_articles([article("new"), article("taken"), article("other")], "author")
        assert raised.value.field == "id"
        assert store.article_ids() == {"taken": None}
        assert changed_ids(store) == []
        assert len(store.revisions("taken")) == 1

    def test_article_conflicts_when_two_sources_give_one_id_in_one_call(self, store: Store) -> None:
        with pytest.raises(IdConflict, match=r"(?s)runbooks.*wiki|wiki.*runbooks"):
            store.put_articles([article("a"), article("a", source="wiki")], "author")
        assert store.article("a") is None

    def test_article_conflicts_when_its_id_is_a_ticket(self, store: Store) -> None:
        put_ticket(store)
        with pytest.raises(IdConflict, match="zammad"):
            store.put_articles([article("zammad:1")], "author")
        assert store.ticket("zammad:1") is not None

    def test_articles_are_refused_when_more_than_five_hundred_come_at_once(self, store: Store) -> None:
        many = [article(f"a{number}") for number in range(501)]
        with pytest.raises(InvalidInput, match="500"):
            store.put_articles(many, "author")
        assert store.article_ids() == {}
        assert set(store.put_articles(many[:500], "author")) == {"created"}

    @pytest.mark.parametrize(
        "values",
        [
            {"title": "half \ud800"},
            {"id": "half \ud800"},
            {"path": "half \ud800"},
            {"extra": {"share": float("nan")}},
            {"extra": {"share": float("inf")}},
            {"extra": {"share": object()}},
            {"created_at": datetime(2026, 1, 1)},
            {"created_at": datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))},
        ],
    )
    def test_article_is_refused_and_the_others_of_the_call_too_when_it_cannot_be_stored(
        self, store: Store, values: dict[str, object]
    ) -> None:
        with pytest.raises(InvalidInput):
            store.put_articles([article("good"), replace(article("bad"), **values)], "author")  # type: ignore[arg-type]
        assert list(store.all_ids()) == []

    def test_nul_is_kept_as_any_other_character(self, store: Store) -> None:
        store.put_articles([article("nul\x00id", "a\x00b", body="\x00", tags=("\x00",))], "author")
        found = store.article("nul\x00id")
        assert found == article("nul\x00id", "a\x00b", body="\x00", tags=("\x00",))
        assert store.article("nul") is None

    def test_article_is_created_at_revision_one_with_its_history_and_a_change(self, store: Store) -> None:
        created = store.create_article(article(revision=7), "network-l3")
        assert created == store.article("vpn/error-809") == article()
        assert [(one.number, one.author) for one in store.revisions("vpn/error-809")] == [(1, "network-l3")]
        assert changed_ids(store) == ["vpn/error-809"]

    @pytest.mark.parametrize("source", ["runbooks", "wiki"])
    def test_article_is_not_created_when_its_id_is_taken_whoever_has_it(self, store: Store, source: str) -> None:
        put_ticket(store)
        store.put_articles([article()], "author")
        changed_ids(store)
        for taken in ("vpn/error-809", "zammad:1"):
            with pytest.raises(IdConflict) as raised:
                store.create_article(article(taken, "Another", source=source), "author")
            assert raised.value.field == "id"
        assert store.article("vpn/error-809") == article()
        assert changed_ids(store) == []

    def test_article_is_not_created_under_a_former_id_while_that_leads_somewhere(self, store: Store) -> None:
        store.put_articles([article("net/now")], "author")
        store.add_alias("old", "net/now")
        store.add_alias("nowhere", "gone")
        with pytest.raises(IdConflict) as raised:
            store.create_article(article("old"), "author")
        assert raised.value.field == "id"
        found = store.article("old")
        assert found is not None and found.id == "net/now"
        assert store.create_article(article("nowhere"), "author").id == "nowhere"

    def test_article_that_cannot_be_stored_is_not_created(self, store: Store) -> None:
        with pytest.raises(InvalidInput):
            store.create_article(article(title="half \ud800"), "author")
        assert list(store.all_ids()) == []

    def test_edit_is_saved_with_the_next_revision_when_nobody_else_wrote(self, store: Store) -> None:
        store.put_articles([article()], "author")
        changed_ids(store)
        saved = store.update_article(article(title="Better"), "editor", expected_revision=1)
        assert saved == store.article("vpn/error-809") == article(title="Better", revision=2)
        assert store.revisions("vpn/error-809")[0].author == "editor"
        assert changed_ids(store) == ["vpn/error-809"]

    def test_edit_is_stale_when_the_revision_is_another(self, store: Store) -> None:
        store.put_articles([article()], "author")
        store.update_article(article(title="First"), "one", expected_revision=1)
        with pytest.raises(StaleEdit, match="2"):
            store.update_article(article(title="Second"), "two", expected_revision=1)
        found = store.article("vpn/error-809")
        assert found is not None and (found.title, found.revision) == ("First", 2)

    def test_edit_makes_no_revision_when_it_changes_nothing(self, store: Store) -> None:
        store.put_articles([article()], "author")
        changed_ids(store)
        assert store.update_article(article(), "editor", expected_revision=1) == article()
        assert len(store.revisions("vpn/error-809")) == 1
        assert changed_ids(store) == []

    def test_edit_takes_an_article_over_when_it_names_another_source(self, store: Store) -> None:
        store.put_articles([article(path="vpn.md")], "author")
        saved = store.update_article(article(source="site", path=None), "editor", expected_revision=1)
        assert (saved.source, saved.path, saved.revision) == ("site", None, 2)
        assert store.article_ids("site") == {"vpn/error-809": None}
        assert store.article_ids("runbooks") == {}
        assert [(one.article.source, one.article.path) for one in store.revisions("vpn/error-809")] == [
            ("site", None),
            ("runbooks", "vpn.md"),
        ]

    @pytest.mark.parametrize("article_id", ["nowhere", "zammad:1"])
    def test_edit_finds_nothing_when_there_is_no_such_article(self, store: Store, article_id: str) -> None:
        put_ticket(store)
        with pytest.raises(NotFound):
            store.update_article(article(article_id), "editor", expected_revision=1)

    def test_deleted_articles_are_gone_with_their_history_and_counted(self, store: Store) -> None:
        put_ticket(store)
        store.put_articles([article("a"), article("b"), article("c")], "author")
        changed_ids(store)
        assert store.delete_articles(["c", "a", "a", "nowhere", "zammad:1"]) == 2
        assert store.article_ids() == {"b": None}
        assert store.ticket("zammad:1") is not None
        assert changed_ids(store) == ["a", "c"]
        with pytest.raises(NotFound):
            store.revisions("a")
        assert store.put_articles([article("a")], "author") == ["created"]
        assert [one.number for one in store.revisions("a")] == [1]

    def test_article_ids_name_paths_in_order_of_one_source_or_all(self, store: Store) -> None:
        put_ticket(store)
        store.put_articles([article("b", path="b.md"), article("Ä", path="ä.md"), article("a")], "author")
        store.put_articles([article("c", source="wiki", path="c.md")], "author")
        assert list(store.article_ids().items()) == [("a", None), ("b", "b.md"), ("c", "c.md"), ("Ä", "ä.md")]
        assert store.article_ids("wiki") == {"c": "c.md"}
        assert store.article_ids("nobody") == {}

    def test_alias_leads_to_the_article_even_over_another_alias(self, store: Store) -> None:
        store.put_articles([article("now")], "author")
        store.add_alias("old", "now")
        store.add_alias("older", "old")
        store.add_alias("old", "now")
        found = store.article("older")
        assert found is not None and found.id == "now"
        assert store.article("never") is None
        assert store.documents(["old"]) == {}
        assert list(store.aliases().items()) == [("old", "now"), ("older", "old")]

    def test_alias_can_be_led_elsewhere(self, store: Store) -> None:
        store.put_articles([article("first"), article("second")], "author")
        store.add_alias("old", "first")
        store.add_alias("old", "second")
        found = store.article("old")
        assert found is not None and found.id == "second"

    def test_own_id_goes_before_an_alias_of_that_name(self, store: Store) -> None:
        store.put_articles([article("old"), article("new")], "author")
        store.add_alias("old", "new")
        found = store.article("old")
        assert found is not None and found.id == "old"
        store.delete_articles(["old"])
        found = store.article("old")
        assert found is not None and found.id == "new"

    def test_alias_leads_nowhere_when_its_article_is_gone_or_aliases_go_round(self, store: Store) -> None:
        store.add_alias("a", "b")
        store.add_alias("b", "a")
        assert store.article("a") is None
        store.put_articles([article("b")], "author")
        found = store.article("a")
        assert found is not None and found.id == "b"

    @pytest.mark.parametrize("article_id", ["nowhere", "zammad:1"])
    def test_revisions_find_nothing_when_there_is_no_such_article(self, store: Store, article_id: str) -> None:
        put_ticket(store)
        with pytest.raises(NotFound):
            store.revisions(article_id)

    def test_one_revision_is_read_by_its_number(self, store: Store, clock: SetClock) -> None:
        store.put_articles([article()], "first")
        later = clock.advance(hours=1)
        store.update_article(article(title="Better"), "second", 1, "The gateway is gone.")
        one, two = (store.revision("vpn/error-809", number) for number in (1, 2))

        assert [one, two] == list(reversed(store.revisions("vpn/error-809")))
        assert two is not None and (two.author, two.recorded_at, two.comment) == (
            "second",
            later,
            "The gateway is gone.",
        )
        for article_id, number in (("vpn/error-809", 3), ("vpn/error-809", 0), ("nowhere", 1), ("half \ud800", 1)):
            assert store.revision(article_id, number) is None

    def test_history_is_listed_newest_first_in_pages_without_the_text(self, store: Store, clock: SetClock) -> None:
        store.create_article(article(audience="public", state="draft"), "first", "Begun.")
        for number in range(1, 5):
            store.update_article(article(title=f"Title {number + 1}"), f"person-{number}", number)
        lines = store.history("vpn/error-809", 10)

        assert [(one.number, one.author, one.title) for one in lines] == [
            *((number, f"person-{number - 1}", f"Title {number}") for number in (5, 4, 3, 2)),
            (1, "first", "VPN error 809"),
        ]
        assert (lines[-1].comment, lines[-1].state, lines[-1].audience, lines[-1].recorded_at) == (
            "Begun.",
            "draft",
            "public",
            START,
        )
        assert (lines[0].comment, lines[0].state, lines[0].audience) == ("", "published", "internal")
        assert list(store.history("vpn/error-809", 2)) == list(lines[:2])
        assert list(store.history("vpn/error-809", 2, before=4)) == list(lines[2:4])
        assert list(store.history("nowhere", 2)) == list(store.history("half \ud800", 2)) == []

    def test_ids_are_listed_of_one_kind(self, store: Store) -> None:
        store.put_articles([article("a", kind="post-mortem"), article("b", path="b.md"), article("c")], "author")
        put_ticket(store)
        assert store.article_ids(kind="post-mortem") == {"a": None}
        assert list(store.article_ids("runbooks", "reference")) == ["b", "c"]
        assert store.article_ids("site", "post-mortem") == {}
