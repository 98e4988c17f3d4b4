"""Pages say where an article stands and let people send it on, each as far as the role goes, with nothing lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from types import MappingProxyType

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.documents import STATES, Article, Link
from kb.life_cycle import REVIEW_DUE_AFTER
from kb.roles import Role
from tests.acting import acting_as
from tests.conformance.store_samples import delivery
from tests.conftest import reindex
from tests.test_life_cycle import WHOLE
from web.wiring import Services

TODAY = datetime.now(UTC).date()
DRAFT = Article(id="net/drops", title="Tunnel drops", body="Restart it.", state="draft", authors=("anna",))


@pytest.fixture
def draft(services: Services) -> Article:
    """An article of the site that is a draft."""
    return services.store.create_article(DRAFT, "anna")


def send(client: FlaskClient, article: Article, **fields: str) -> TestResponse:
    return client.post(f"/state/{article.id}", data={"seen": str(article.revision), **fields})


def stored(services: Services, article: Article) -> Article:
    found = services.store.article(article.id)
    assert found is not None
    return found


def page_of(client: FlaskClient, article: Article) -> str:
    return unescape(client.get(f"/articles/{article.id}").get_data(as_text=True))


def test_an_article_says_where_it_stands_in_one_line(signed_in: FlaskClient, services: Services) -> None:
    extra = MappingProxyType({"reviewer": "network-lead"})
    whole = replace(DRAFT, state="published", owner="network-l3", review_due=date(2031, 1, 2), extra=extra)
    page = page_of(signed_in, services.store.create_article(whole, "anna"))

    for name, value in (
        ("State", "Published"),
        ("Confidence", "Not validated"),
        ("Audience", "Internal"),
        ("Owner", "network-l3"),
        ("Reviewer", "network-lead"),
        ("Review due", "2031-01-02"),
    ):
        assert f"<dt>{name}</dt> <dd>{value}</dd>" in page


@pytest.mark.parametrize(
    ("role", "state", "buttons"),
    [
        ("author", "draft", ["in_review", "published", "archived"]),
        ("author", "in_review", ["draft", "archived"]),
        ("author", "published", []),
        ("author", "archived", []),
        ("reviewer", "archived", ["draft", "in_review", "published"]),
        ("reviewer", "in_review", ["draft", "published", "archived"]),
        ("reviewer", "published", ["draft", "in_review", "archived"]),
        ("agent", "published", []),
    ],
)
def test_a_page_has_a_button_for_each_state_that_the_role_may_send_it_to(
    signed_in: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch,
    role: Role, state: str, buttons: list[str],
) -> None:  # fmt: skip
    article = services.store.create_article(replace(DRAFT, state=state), "anna")
    acting_as(monkeypatch, role)
    page = page_of(signed_in, article)

    assert [one for one in STATES if f'name="state" value="{one}"' in page] == buttons
    assert ('value="validated"' in page) == (role == "reviewer" and state == "published")


def test_a_state_is_changed_with_who_and_why_in_the_history(
    signed_in: FlaskClient, services: Services, draft: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting_as(monkeypatch, "author")
    answer = send(signed_in, draft, state="published", comment="It  works\nfor everybody.")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/articles/net/drops")
    assert stored(services, draft).state == "published"
    line = services.store.history("net/drops", 1)[0]
    assert (line.author, line.comment, line.state) == ("anna", "It works for everybody.", "published")


def test_a_move_that_the_role_forbids_is_refused_and_changes_nothing(
    signed_in: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = services.store.create_article(replace(DRAFT, state="published"), "anna")
    for role, fields, status in (
        ("author", {"state": "archived"}, 403),
        ("author", {"confidence": "validated"}, 403),
        ("author", {"looked_at": "1"}, 403),
        ("agent", {"state": "draft"}, 403),
        ("reviewer", {"state": "lost"}, 422),
        ("reviewer", {"confidence": "sure"}, 422),
    ):
        acting_as(monkeypatch, role)  # type: ignore[arg-type]
        assert send(signed_in, article, **fields).status_code == status, (role, fields)
    assert stored(services, article) == article


def test_a_button_of_a_page_that_is_old_by_now_changes_nothing_and_says_so(
    signed_in: FlaskClient, services: Services, draft: Article
) -> None:
    services.store.update_article(replace(draft, title="Tunnel drops at noon"), "bert", 1)
    answer = send(signed_in, draft, state="published")

    assert answer.status_code == 409
    assert "Somebody changed the article meanwhile; nothing was saved." in answer.get_data(as_text=True)
    assert (stored(services, draft).state, stored(services, draft).revision) == ("draft", 2)
    assert signed_in.post(f"/state/{draft.id}", data={"state": "published"}).status_code == 409


def test_validating_and_looking_again_set_the_day_of_the_next_look(
    signed_in: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting_as(monkeypatch, "reviewer", "lead")
    overdue = replace(DRAFT, state="published", review_due=TODAY - timedelta(days=1))
    article = services.store.create_article(overdue, "anna")
    due = {TODAY + REVIEW_DUE_AFTER, TODAY + REVIEW_DUE_AFTER + timedelta(days=1)}

    send(signed_in, article, confidence="validated")
    validated = stored(services, article)
    assert (validated.confidence, validated.review_due in due) == ("validated", True)
    services.store.update_article(replace(validated, review_due=TODAY), "lead", 2)
    send(signed_in, stored(services, article), looked_at="1")
    looked_at = stored(services, article)
    assert (looked_at.confidence, looked_at.review_due in due) == ("validated", True)


def test_a_post_mortem_that_lacks_something_is_not_published_and_says_what(
    signed_in: FlaskClient, services: Services
) -> None:
    article = services.store.create_article(replace(WHOLE, service=None), "anna")
    answer = send(signed_in, article, state="published")

    assert answer.status_code == 422
    assert "Missing: Service" in answer.get_data(as_text=True)
    assert stored(services, article).state == "draft"


def test_an_article_of_a_folder_has_no_buttons_and_says_that_its_file_decides(
    signed_in: FlaskClient, services: Services
) -> None:
    article = services.store.article("vpn/error-809")
    assert article is not None
    page = page_of(signed_in, article)

    assert "A file of runbooks decides about this article" in page
    assert "/state/" not in page and "/restore/" not in page
    assert send(signed_in, article, state="archived").status_code == 409
    assert signed_in.post("/restore/vpn/error-809", data={"revision": "1", "seen": "1"}).status_code == 409
    assert stored(services, article) == article


@pytest.mark.parametrize("state", ["draft", "in_review", "archived"])
def test_what_is_not_published_says_so_and_exists_for_those_alone_who_may_write(
    signed_in: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    article = services.store.create_article(replace(DRAFT, state=state), "anna")
    told = {"draft": "is a draft", "in_review": "is in review", "archived": "is archived"}
    acting_as(monkeypatch, "author")
    assert f"This article {told[state]}" in page_of(signed_in, article)
    acting_as(monkeypatch, "agent")
    assert signed_in.get(f"/articles/{article.id}").status_code == 404


def test_an_archived_article_answers_no_search_unless_who_may_write_asks_for_it(
    signed_in: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.store.create_article(replace(DRAFT, title="Zwiebelturm", state="archived"), "anna")
    reindex(services)

    def finds(asked: str) -> bool:
        return "/articles/net/drops" in signed_in.get("/", query_string={"q": asked}).get_data(as_text=True)

    assert (finds("zwiebelturm"), finds("zwiebelturm state:archived")) == (False, True)
    acting_as(monkeypatch, "agent")
    assert (finds("zwiebelturm"), finds("zwiebelturm state:archived")) == (False, False)


def test_an_archived_article_leads_to_what_replaces_it(signed_in: FlaskClient, services: Services) -> None:
    services.store.create_article(Article(id="net/new", title="Newer way", body=""), "anna")
    services.store.create_article(Article(id="net/forgotten", title="Also gone", body="", state="archived"), "anna")
    archived = replace(DRAFT, state="archived", related=("net/forgotten", "net/new"))
    article = services.store.create_article(archived, "anna")

    page = page_of(signed_in, article)
    assert 'Look at this instead: <a href="/articles/net/new"' in page
    services.store.add_alias("net/drops", "vpn/error-809")
    assert 'Look at this instead: <a href="/articles/vpn/error-809"' in page_of(signed_in, article)


def test_links_of_tickets_to_an_archived_article_stay(signed_in: FlaskClient, services: Services) -> None:
    article = services.store.create_article(replace(DRAFT, state="published"), "anna")
    ticket = services.store.ticket("mail:1")
    assert ticket is not None
    services.store.upsert_tickets([delivery("1", source="mail", links=(Link("resolved_by", article.id),))])
    send(signed_in, article, state="archived")

    assert 'href="/articles/net/drops"' in signed_in.get("/tickets/mail/1").get_data(as_text=True)
    assert 'href="/tickets/mail/1"' in page_of(signed_in, article)


@pytest.mark.parametrize("path", ["/state/net/drops", "/restore/net/drops", "/related/net/drops", "/links/net/drops"])
def test_no_form_of_an_article_deletes_and_each_needs_its_token(
    signed_in: FlaskClient, services: Services, draft: Article, path: str
) -> None:
    signed_in.application.config["WTF_CSRF_ENABLED"] = True
    assert signed_in.post(path, data={"seen": "1", "state": "published"}).status_code == 400
    assert signed_in.delete("/articles/net/drops").status_code == 405
    assert stored(services, draft) == draft
