"""What every store must tell of all articles at once: what they name, and what waits for whom."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kb.documents import Link
from kb.links_in_text import Target
from kb.protocols.feedback import Feedback
from kb.protocols.store import Store
from kb.protocols.upkeep import Naming, Reference, ReviewFilter
from tests.conformance.store_samples import START, SetClock, article, put_ticket

ALL = ReviewFilter()


class UpkeepSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_what_an_article_names_is_told_of_its_text_and_its_fields(self, store: Store) -> None:
        body = "See [b](/articles/b#top), [file](../x/c.md) and [ticket](/tickets/zammad/1)."
        fields = {"related": ("d",), "translation_of": "e", "extra": {"source_tickets": ["zammad:1"]}}
        store.put_articles([article("vpn/a", path="vpn/a.md", body=body, **fields), article("z", body="No.")], "author")

        assert store.references() == [
            Reference("vpn/a", "body", Target("b", "top")),
            Reference("vpn/a", "body", Target("runbooks/x/c.md", is_path=True)),
            Reference("vpn/a", "body", Target("zammad:1")),
            Reference("vpn/a", "related", Target("d")),
            Reference("vpn/a", "source_tickets", Target("zammad:1")),
            Reference("vpn/a", "translation_of", Target("e")),
        ]
        assert store.references(after="vpn/a") == []
        assert store.references(article_id="vpn/a") == store.references()
        assert store.references(article_id="z") == store.references(article_id="nowhere") == []

    def test_references_come_in_pages_of_articles(self, store: Store) -> None:
        both = "[one](/articles/x) [two](/articles/y)"
        store.put_articles([article(name, body=both) for name in "abc"], "author")

        assert [one.article_id for one in store.references(limit=2)] == ["a", "a", "b", "b"]
        assert [one.article_id for one in store.references("b", 2)] == ["c", "c"]

    def test_a_document_is_named_by_its_id_by_a_former_one_and_by_its_file(self, store: Store) -> None:
        store.add_alias("old", "older")
        store.add_alias("older", "vpn/b")
        store.put_articles(
            [
                article("vpn/b", path="net/b.md", body="[self](/articles/vpn/b)"),
                article("by-id", body="[b](/articles/vpn/b) [again](/articles/vpn/b#x)", related=("vpn/b",)),
                article("by-alias", body="[b](/articles/old)"),
                article("by-path", path="net/a.md", body="[b](b.md)"),
                article("elsewhere", path="net/a.md", body="[b](b.md)", source="wiki"),
            ],
            "author",
        )

        assert store.namings_of("vpn/b") == [
            Naming("by-alias", "body"),
            Naming("by-id", "body"),
            Naming("by-id", "related"),
            Naming("by-path", "body"),
        ]
        assert store.namings_of("nowhere") == store.namings_of("half \ud800") == []

    def test_a_ticket_is_named_before_it_is_there(self, store: Store) -> None:
        store.put_articles([article("a", extra={"source_tickets": "zammad:1"})], "author")
        assert store.namings_of("zammad:1") == [Naming("a", "source_tickets")]
        put_ticket(store)
        assert store.namings_of("zammad:1") == [Naming("a", "source_tickets")]

    def test_what_an_edit_takes_away_or_a_deletion_is_named_no_longer(self, store: Store) -> None:
        store.put_articles([article(body="[b](/articles/b)"), article("other", body="[b](/articles/b)")], "author")
        store.update_article(article(body="[c](/articles/c)"), "author", 1)
        store.delete_articles(["other"])

        assert store.namings_of("b") == []
        assert store.namings_of("c") == [Naming("vpn/error-809", "body")]

    def test_reviews_are_counted_and_listed_by_what_is_due(self, store: Store, clock: SetClock) -> None:
        day, long_ago, lately = START.date(), START - timedelta(days=31), START - timedelta(days=29)
        store.put_articles(
            [
                article("past", review_due=day - timedelta(days=1), owner="x"),
                article("soon", review_due=day + timedelta(days=14), owner="x"),
                article("later", review_due=day + timedelta(days=15), owner="x"),
                article("gone", review_due=day, state="archived"),
                article("waits", state="in_review", updated_at=START),
                article("waited", state="in_review", updated_at=long_ago),
                article("forgotten", state="draft", created_at=long_ago),
                article("undated", state="draft"),
                article("touched", state="draft", created_at=long_ago, updated_at=lately),
                article("orphan"),
            ],
            "author",
        )

        counts = {"due": 2, "in_review": 2, "old_drafts": 2, "without_owner": 1}
        lists = {name: store.review_list(name, ALL, START, 10) for name in counts}  # type: ignore[call-overload]
        assert store.review_counts(ALL, START) == counts
        assert lists == {
            "due": ["past", "soon"],
            "in_review": ["waited", "waits"],
            "old_drafts": ["undated", "forgotten"],
            "without_owner": ["orphan"],
        }
        assert store.review_list("due", ALL, START, 1, 1) == ["soon"]
        store.update_article(article("past", owner="x", review_due=date(2030, 1, 1)), "author", 1)
        store.delete_articles(["soon"])
        assert store.review_list("due", ALL, START, 10) == []

    @pytest.mark.parametrize(
        ("where", "found"),
        [
            (ReviewFilter(person="anna"), ["mine", "written"]),
            (ReviewFilter(person="ann"), []),
            (ReviewFilter(owner="anna"), ["mine"]),
            (ReviewFilter(service="vpn"), ["written"]),
            (ReviewFilter(audiences=frozenset({"internal"})), ["mine", "other", "written"]),
            (ReviewFilter(audiences=frozenset()), []),
            (ReviewFilter(without=frozenset({"runbooks"})), ["secret"]),
        ],
    )
    def test_reviews_keep_to_a_person_an_owner_a_service_and_audiences(
        self, store: Store, where: ReviewFilter, found: list[str]
    ) -> None:
        store.put_articles(
            [
                article("mine", state="in_review", owner="anna"),
                article("written", state="in_review", authors=("bert", "anna"), service="vpn"),
                article("other", state="in_review", owner="annabel"),
                article("secret", state="in_review", audience="group:board", source="wiki"),
            ],
            "author",
        )
        assert store.review_list("in_review", where, START, 10) == found
        assert store.review_counts(where, START)["in_review"] == len(found)

    def test_what_is_used_and_not_validated_comes_by_how_often_it_is_named(self, store: Store) -> None:
        store.put_articles(
            [article("a"), article("b"), article("c", confidence="validated"), article("d", state="draft")], "author"
        )
        for number, targets in enumerate((("a", "b", "c", "d"), ("b", "b"), ("a",)), 1):
            put_ticket(store, str(number), links=tuple(Link("resolved_by", one) for one in targets))
        put_ticket(store, "4", links=(Link("related", "a"),))
        assert store.used_unvalidated(ALL, 10) == ["a", "b"]
        store.add_feedback(Feedback("r1", "b", "linked", "anna", START, "zammad:9"))
        assert store.used_unvalidated(ALL, 10) == ["b", "a"]
        assert store.used_unvalidated(ALL, 1) == ["b"]
        assert store.used_unvalidated(ReviewFilter(owner="nobody"), 10) == []
