"""The rules of the life cycle hold for programs as they do for people: each over REST, with nothing stored when one
is broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.life_cycle import REVIEW_DUE_AFTER
from kb.post_mortems import SECTIONS
from kb.protocols.store import Token
from kb.queries import Viewer
from tests.conftest import Headers
from web.api import authentication
from web.wiring import Services

Bearer = Callable[..., Headers]
PLACE = "/api/v1/articles"
WHOLE = {
    "id": "net/outage",
    "title": "The tunnel broke",
    "kind": "post-mortem",
    "service": "vpn",
    "authors": ["network-l3"],
    "reviewer": "network-lead",
    "body": "".join(f"## {rule.english}\n\nNone, because it is a test.\n\n" for rule in SECTIONS),
    "owner_team": "network-l3",
    "severity": "2",
    "source_tickets": ["mail:1"],
    "started_at": "2026-11-20T08:00:00Z",
    "detected_at": "2026-11-20T08:10:00Z",
    "resolved_at": "2026-11-20T09:00:00Z",
    "cause_category": "change",
    "root_cause": "A route was lost.",
    "resolution_kind": "permanent_fix",
}


@pytest.fixture
def writer(bearer: Bearer) -> Headers:
    """The token of a program that keeps articles."""
    return bearer("read", "articles:write", name="wiki-bridge")


@pytest.fixture
def author(bearer: Bearer, monkeypatch: pytest.MonkeyPatch) -> Headers:
    """A token whose holder is an author and no more."""

    def viewer_of(token: Token) -> Viewer:
        return Viewer(token.name, may_edit=True, role="author")

    headers = bearer("read", "articles:write", name="author")
    monkeypatch.setattr(authentication, "viewer_of", viewer_of)
    return headers


def post(client: FlaskClient, headers: Headers, **fields: object) -> TestResponse:
    return client.post(PLACE, json=fields, headers=headers)


def put(client: FlaskClient, headers: Headers, article_id: str, revision: int, **fields: object) -> TestResponse:
    return client.put(f"{PLACE}/{article_id}", json=fields, headers={**headers, "If-Match": f'"{revision}"'})


def test_an_incomplete_post_mortem_is_a_draft_unless_it_is_told_to_be_published(
    client: FlaskClient, writer: Headers, services: Services
) -> None:
    begun = post(client, writer, id="a", title="Outage", kind="post-mortem")
    null = post(client, writer, id="b", title="Outage", kind="post-mortem", state=None)
    refused = post(client, writer, id="c", title="Outage", kind="post-mortem", state="published")

    assert [(one.status_code, one.get_json()["state"]) for one in (begun, null)] == [(201, "draft")] * 2
    assert (refused.status_code, refused.get_json()["field"]) == (422, "state")
    assert "it lacks authors, service" in refused.get_json()["detail"]
    assert services.store.article("c") is None


def test_a_whole_post_mortem_is_published_at_once(client: FlaskClient, writer: Headers) -> None:
    made = post(client, writer, **WHOLE).get_json()

    assert (made["state"], made["reviewer"]) == ("published", "network-lead")


def test_a_post_mortem_is_published_by_an_edit_once_it_lacks_nothing_and_then_stays_whole(
    client: FlaskClient, writer: Headers
) -> None:
    lacking = {**WHOLE, "service": None, "reviewer": None}
    assert post(client, writer, **lacking).get_json()["state"] == "draft"

    refused = put(client, writer, "net/outage", 1, state="published")
    unnamed = put(client, writer, "net/outage", 1, state="published", service="vpn")  # a program is no person
    published = put(client, writer, "net/outage", 1, state="published", service="vpn", reviewer="network-lead")
    broken = put(client, writer, "net/outage", 2, root_cause=None)

    assert (refused.status_code, "it lacks service" in refused.get_json()["detail"]) == (422, True)
    assert (unnamed.status_code, "it lacks reviewer" in unnamed.get_json()["detail"]) == (422, True)
    assert (published.status_code, published.get_json()["reviewer"]) == (200, "network-lead")
    assert (broken.status_code, "it lacks root_cause" in broken.get_json()["detail"]) == (422, True)
    assert client.get(f"{PLACE}/net/outage", headers=writer).get_json()["revision"] == 2


def test_what_is_validated_gets_a_day_to_be_looked_at_again(client: FlaskClient, writer: Headers) -> None:
    due = (datetime.now(UTC) + REVIEW_DUE_AFTER).date()
    made = post(client, writer, id="a", title="One", confidence="validated").get_json()
    named = post(client, writer, id="b", title="Two", confidence="validated", review_due="2030-01-01").get_json()
    post(client, writer, id="c", title="Three")
    later = put(client, writer, "c", 1, confidence="validated").get_json()

    assert made["review_due"] in {str(due), str(due + timedelta(days=1))}  # a test may run over midnight
    assert later["review_due"] in {str(due), str(due + timedelta(days=1))}
    assert named["review_due"] == "2030-01-01"


@pytest.mark.parametrize(
    ("stored", "sent", "needed"),
    [
        ({"state": "in_review"}, {"state": "published"}, "reviewer"),
        ({"state": "published"}, {"state": "draft"}, "reviewer"),
        ({"state": "published"}, {"state": "archived"}, "reviewer"),
        ({"state": "archived"}, {"state": "published"}, "reviewer"),
        ({"state": "published"}, {"confidence": "validated"}, "reviewer"),
        ({**WHOLE, "state": "draft"}, {"state": "published"}, "reviewer"),
        ({"state": "draft"}, {"state": "published"}, None),
        ({"state": "archived"}, {"state": "draft"}, "reviewer"),
        ({"kind": "how-to", "state": "published"}, {"kind": "post-mortem"}, "reviewer"),
        ({"state": "published"}, {"body": "Better."}, None),
    ],
)
def test_an_author_moves_and_validates_only_what_an_author_may(
    client: FlaskClient, author: Headers, services: Services, stored: dict[str, object], sent: dict[str, object],
    needed: str | None, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with monkeypatch.context() as patched:
        patched.setattr(authentication, "viewer_of", lambda token: Viewer("lead", may_edit=True, role="reviewer"))
        assert post(client, author, **{"title": "One", **stored, "id": "a"}).status_code == 201
    answer = put(client, author, "a", 1, **sent)

    assert answer.status_code == (403 if needed else 200)
    if needed:
        assert f"takes the role {needed!r}; yours is 'author'" in answer.get_json()["detail"]
    article = services.store.article("a")
    assert article is not None and article.revision == (1 if needed else 2)


def test_an_edit_by_an_author_takes_the_validation_off_and_looking_does_not(
    client: FlaskClient, author: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(authentication, "viewer_of", lambda token: Viewer("lead", may_edit=True, role="reviewer"))
        post(client, author, id="a", title="One", confidence="validated")
    same = put(client, author, "a", 1, title="One").get_json()
    changed = put(client, author, "a", 1, title="Two").get_json()

    assert (same["revision"], same["confidence"]) == (1, "validated")
    assert (changed["revision"], changed["confidence"]) == (2, "not_validated")


def test_a_comment_says_why_in_the_history(client: FlaskClient, writer: Headers) -> None:
    client.post(f"{PLACE}?comment=Begun.", json={"id": "a", "title": "One"}, headers=writer)
    put(client, writer, "a", 1, title="Two")
    client.put(
        f"{PLACE}/a?comment=The%20gateway%0Ais gone.", json={"title": "Three"}, headers={**writer, "If-Match": "*"}
    )
    history = client.get(f"{PLACE}/a?view=revisions", headers=writer).get_json()["revisions"]

    assert [one["comment"] for one in history] == ["The gateway is gone.", "", "Begun."]
    assert client.put(f"{PLACE}/a?comment={'x' * 501}", json={}, headers={**writer, "If-Match": "*"}).status_code == 422
