"""What waits for somebody is listed: due, in review, forgotten, without an owner, used before anyone looked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient

from kb.documents import Article, Link
from tests.acting import acting_as
from tests.conformance.store_samples import delivery
from web.shipped import load_manual
from web.wiring import Services

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=90)


def article(article_id: str, **values: object) -> Article:
    values.setdefault("owner", "network-l3")
    return Article(id=article_id, title=f"About {article_id}", body="", **values)  # type: ignore[arg-type]


@pytest.fixture
def shelf(services: Services) -> Services:
    """The sample articles get an owner; beside them one article in each list, and some in none."""
    store = services.store
    for one in store.documents(list(store.article_ids())).values():
        assert isinstance(one, Article)
        store.put_articles(
            [replace(one, owner="desk", review_due=None, confidence="validated", updated_at=NOW)], "tests"
        )
    store.put_articles(
        [
            article("overdue", review_due=NOW.date() - timedelta(days=3), service="vpn"),
            article("due-soon", review_due=NOW.date() + timedelta(days=10), owner="anna"),
            article("due-later", review_due=NOW.date() + timedelta(days=40)),
            article("waiting", state="in_review", authors=("anna",)),
            article("forgotten", state="draft", updated_at=LONG_AGO),
            article("begun", state="draft", updated_at=NOW),
            article("orphan", owner=None),
            article("used"),
            article("used-twice"),
            article("proven", confidence="validated"),
            article("board", state="in_review", audience="group:board"),
        ],
        "tests",
    )
    for number in range(3):
        links = ("used", "proven", *(("used-twice",) if number else ()))
        upsert = delivery(
            f"r{number}", source="mail", title="x", links=tuple(Link("resolved_by", one) for one in links)
        )
        store.upsert_tickets([upsert])
    load_manual(store)
    return services


def lists(client: FlaskClient, query: str = "") -> Mapping[str, tuple[int, list[str]]]:
    """Return heading of each list → its count and the articles that it shows, in order."""
    page = unescape(client.get(f"/reviews{query}").get_data(as_text=True))
    found: dict[str, tuple[int, list[str]]] = {}
    for section in page.split("<section")[1:]:
        heading = re.search(r"<h2[^>]*>(.*?) <span class=\"count\">(\d+)", section)
        assert heading is not None
        found[heading.group(1)] = (int(heading.group(2)), re.findall(r"/articles/([\w-]+)\"", section))
    return found


def test_each_article_is_in_the_list_of_what_it_waits_for(
    signed_in: FlaskClient, shelf: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting_as(monkeypatch, "author")
    assert lists(signed_in) == {
        "Due for review": (2, ["overdue", "due-soon"]),
        "In review": (1, ["waiting"]),
        "Used often, never validated": (1, ["used"]),
        "Drafts that nobody touched for 30 days": (1, ["forgotten"]),
        "Without an owner": (1, ["orphan"]),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("mine=1", {"Due for review": ["due-soon"], "In review": ["waiting"]}),
        ("owner=network-l3", {"Due for review": ["overdue"], "In review": ["waiting"]}),
        ("service=vpn", {"Due for review": ["overdue"]}),
        ("owner=nobody", {}),
    ],
)
def test_lists_keep_to_what_is_mine_an_owner_or_a_service(
    signed_in: FlaskClient, shelf: Services, monkeypatch: pytest.MonkeyPatch, query: str, found: dict[str, list[str]]
) -> None:
    acting_as(monkeypatch, "author", "anna")
    told = {name: ids for name, (_, ids) in lists(signed_in, f"?{query}").items() if name in found or not found}
    assert {name: ids for name, ids in told.items() if ids} == found


def test_a_long_list_is_shown_in_pages(signed_in: FlaskClient, services: Services) -> None:
    many = [article(f"w{number:03}", state="in_review", updated_at=NOW) for number in range(120)]
    services.store.put_articles(many, "tests")

    assert lists(signed_in)["In review"] == (120, [one.id for one in many[:10]])
    for page, found in ((1, many[:50]), (3, many[100:]), (4, [])):
        assert lists(signed_in, f"?list=in_review&page={page}") == {"In review": (120, [one.id for one in found])}
    assert signed_in.get("/reviews?list=lost").status_code == 404


def test_the_start_page_tells_reviewers_how_many_wait_and_nobody_else(
    signed_in: FlaskClient, shelf: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "3 articles wait for review"
    acting_as(monkeypatch, "reviewer")
    assert told in signed_in.get("/").get_data(as_text=True)
    acting_as(monkeypatch, "author")
    assert "for review" not in signed_in.get("/").get_data(as_text=True)


def test_reviews_are_not_for_those_who_only_read(signed_in: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    acting_as(monkeypatch, "agent")
    assert signed_in.get("/reviews").status_code == 403
    assert 'href="/reviews"' not in signed_in.get("/").get_data(as_text=True)
