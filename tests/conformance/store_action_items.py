"""What every store must tell of the action items of all post-mortems."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from kb.action_items import ActionItem, action_items_text
from kb.documents import Article
from kb.protocols.action_items import PlannedItem
from kb.protocols.store import Store
from kb.queries import Viewer
from tests.conformance.store_samples import article

OPEN = ActionItem("Alert before it expires", "detect", "pki-l3", "2026-03-13", "OPS-1", "open")
DONE = replace(OPEN, action="Renew it by itself", state="done")
UNSAID = ActionItem("Write down who approves")
AUTHOR = Viewer(name="author", audiences=frozenset({"internal"}), may_edit=True, role="author")
READER = Viewer(name="reader", audiences=frozenset({"internal"}))


def post_mortem(article_id: str, *items: ActionItem, **values: object) -> Article:
    body = f"## Action items\n\n{action_items_text(items, 'en')}"
    return article(article_id, kind="post-mortem", body=body, **values)


class ActionItemsSuite:
    """The store's fixture is `store`."""

    def test_action_items_are_told_with_their_post_mortem_and_follow_each_edit(self, store: Store) -> None:
        resolved = {"resolved_at": "2026-02-16T23:30:00-02:00"}
        made = post_mortem("pm/a", OPEN, ActionItem(""), DONE, UNSAID, service="vpn", source="site", extra=resolved)
        store.create_article(made, "author")
        told = PlannedItem("pm/a", 0, OPEN, made.title, made.language, "site", "vpn", 1, date(2026, 2, 16))
        done, unsaid = replace(told, number=2, item=DONE), replace(told, number=3, item=UNSAID)

        assert store.planned_items(AUTHOR) == [told, done, unsaid]
        assert store.planned_items(AUTHOR, only_open=True) == [told, unsaid]
        edited = post_mortem("pm/a", DONE, title="Another", source="site", created_at=datetime(2026, 2, 1, tzinfo=UTC))
        store.update_article(edited, "author", 1)
        (after,) = store.planned_items(AUTHOR)
        assert (after.item, after.title, after.revision, after.began) == (DONE, "Another", 2, date(2026, 2, 1))
        store.delete_articles(["pm/a"])
        assert store.planned_items(AUTHOR) == []

    def test_action_items_are_told_of_post_mortems_that_the_viewer_may_read_alone(self, store: Store) -> None:
        articles = [
            post_mortem("pm/b", OPEN),
            post_mortem("pm/a", OPEN),
            post_mortem("pm/draft", OPEN, state="draft"),
            post_mortem("pm/old", OPEN, state="archived"),
            post_mortem("pm/hr", OPEN, audience="group:hr"),
            replace(post_mortem("a", OPEN), kind="how-to"),
            article("pm/none", kind="post-mortem", body="## Action items\n\nNone, because it is gone.\n"),
        ]
        store.put_articles(articles, "author")

        assert [one.article_id for one in store.planned_items(READER)] == ["pm/a", "pm/b"]
        assert [one.article_id for one in store.planned_items(AUTHOR)] == ["pm/a", "pm/b", "pm/draft"]
        everything = Viewer(name="administrator", audiences=None, may_edit=True, role="administrator")
        assert [one.article_id for one in store.planned_items(everything)] == ["pm/a", "pm/b", "pm/draft", "pm/hr"]
        assert store.planned_items(replace(READER, audiences=frozenset())) == []
