"""Documents over REST: under which addresses they lie, and what of them a reader may know."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from kb.documents import Article
from tests.conftest import Headers
from web.wiring import Services

Bearer = Callable[..., Headers]
API = "/api/v1"


@pytest.mark.parametrize(
    ("address", "ticket_id"),
    [
        ("jira/A%201", "jira:A%201"),
        ("jira/%20A%09B%20", "jira:A%09B"),
        ("jira/a%CC%88/b%23c", "jira:ä/b#c"),
        ("service%20desk/%C2%A0x%E2%80%A8y", "service%20desk:x%E2%80%A8y"),
        ("jira/%EF%BF%BD", "jira:\ufffd"),
    ],
)
def test_a_ticket_is_found_and_deleted_where_it_was_put(
    client: FlaskClient, bearer: Bearer, address: str, ticket_id: str
) -> None:
    headers = bearer("read", "tickets:write")
    place = f"{API}/tickets/{address}"

    assert client.put(place, json={"title": "Disk is full"}, headers=headers).get_json()["id"] == ticket_id
    assert client.get(place, headers=headers).get_json()["title"] == "Disk is full"
    assert client.get(f"{place}/similar", headers=headers).status_code == 200
    assert client.delete(place, headers=headers).status_code == 204
    assert client.get(place, headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("jira/a%00b", "external_id"),
        ("jira/a%ffb", "external_id"),
        ("ji%ffra/ab", "source"),
        ("jira/%20", "external_id"),
        ("a:b/c", "source"),
        (f"jira/{'x' * 501}", "external_id"),
    ],
)
def test_an_address_that_no_ticket_can_have_is_refused(
    client: FlaskClient, bearer: Bearer, address: str, field: str
) -> None:
    headers = bearer("read", "tickets:write")
    place = f"{API}/tickets/{address}"
    answers = [
        client.put(place, json={"title": "Disk is full"}, headers=headers),
        client.get(place, headers=headers),
        client.get(f"{place}/similar", headers=headers),
        client.delete(place, headers=headers),
    ]

    assert [(answer.status_code, answer.get_json()["field"]) for answer in answers] == [(422, field)] * 4


def test_an_article_is_found_by_its_id_with_blanks_written_either_way(
    client: FlaskClient, bearer: Bearer, services: Services
) -> None:
    services.store.put_articles([Article(id="%20büro/drucker%20netz", title="Drucker", body="")], "tests")
    headers = bearer("read")

    for address in ("%20b%C3%BCro/drucker%20netz", "%2520b%C3%BCro/drucker%2520netz"):
        assert client.get(f"{API}/articles/{address}", headers=headers).get_json()["title"] == "Drucker"
    assert client.get(f"{API}/articles/b%FCro", headers=headers).status_code == 422


def test_earlier_revisions_show_to_those_alone_who_might_read_them(
    client: FlaskClient, bearer: Bearer, services: Services
) -> None:
    store = services.store
    first = Article(id="plans", title="Layoffs planned", body="", audience="group:board")
    store.put_articles([first], "tests")
    store.put_articles([replace(first, title="Takeover draft", audience="internal", state="draft")], "tests")
    store.put_articles([replace(first, title="Opening hours", audience="internal")], "tests")

    def titles(scope: str) -> list[str]:
        answer = client.get(f"{API}/articles/plans?view=revisions", headers=bearer(scope)).get_json()
        assert all(entry["at"].endswith("Z") for entry in answer["revisions"])
        return [entry["title"] for entry in answer["revisions"]]

    assert titles("read") == ["Opening hours"]
    assert titles("admin") == ["Opening hours", "Takeover draft", "Layoffs planned"]


def test_references_to_what_a_token_may_not_read_are_left_out(
    client: FlaskClient, bearer: Bearer, services: Services
) -> None:
    store = services.store
    store.add_alias("mail/audit", "mail/secret")
    targets = ("mail/secret", "vpn/error-809", "mail/audit", "mail/draft", "not/yet", "mail:1")
    about = Article(id="about", title="About", body="", related=targets, translation_of="mail/secret")
    german = Article(id="german", title="Deutsch", body="", translation_of="vpn/error-809")
    store.put_articles([about, german], "tests")
    links = [{"type": "related", "target": target} for target in targets]
    writer = bearer("tickets:write")
    client.put(f"{API}/tickets/jira/L-1", json={"title": "Links", "links": links}, headers=writer)

    def seen(scope: str) -> tuple[list[str], str | None, list[str]]:
        headers = bearer(scope)
        article = client.get(f"{API}/articles/about", headers=headers).get_json()
        ticket = client.get(f"{API}/tickets/jira/L-1", headers=headers).get_json()
        return article["related"], article.get("translation_of"), [link["target"] for link in ticket["links"]]

    readable = ["vpn/error-809", "not/yet", "mail:1"]
    assert seen("read") == (readable, None, readable)
    assert seen("admin") == (list(targets), "mail/secret", list(targets))
    answer = client.get(f"{API}/articles/german", headers=bearer("read"))
    assert json.loads(answer.data)["translation_of"] == "vpn/error-809"
