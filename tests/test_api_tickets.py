"""Tickets over REST: what is taken, as which type, and from which sources."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from kb.documents import Article
from tests.conftest import Headers
from web.wiring import Services

Bearer = Callable[..., Headers]
API = "/api/v1"
LOOSE = {
    "title": "Printer\ud800 jams",
    "components": "fuser",
    "tags": ["paper", 7],
    "priority": 2,
    "tier": "l1",
    "opened_at": "",
    "\udfff": {"deep": ["\ud83d"]},
}


def test_a_ticket_is_taken_over_rest_as_loosely_as_from_a_file(client: FlaskClient, bearer: Bearer) -> None:
    headers = bearer("read", "tickets:write")
    line = json.dumps({**LOOSE, "source": "jira", "external_id": 2})

    alone = client.put(f"{API}/tickets/jira/1", json=LOOSE, headers=headers)
    batch = client.post(f"{API}/tickets/batch", data=line, headers=headers)
    one, other = (client.get(f"{API}/tickets/jira/{number}", headers=headers).get_json() for number in (1, 2))

    assert alone.status_code == 201
    assert json.loads(batch.data)["outcome"] == "created"
    assert one == {**other, "external_id": "1"}
    assert one["title"] == "Printer\ufffd jams"
    assert (one["components"], one["tags"], one["priority"], one["tier"]) == (["fuser"], ["paper", "7"], "2", "L1")
    assert one["\ufffd"] == {"deep": ["\ufffd"]}


@pytest.mark.parametrize("external_id", [0, 48213, "48213", "", None])
def test_similar_issues_take_a_ticket_as_loosely_as_from_a_file(
    client: FlaskClient, bearer: Bearer, external_id: object
) -> None:
    body = {"ticket": {**LOOSE, "title": "VPN error 809 \ud800", "source": "zammad", "external_id": external_id}}
    answer = client.post(f"{API}/similar-issues", json=body, headers=bearer("read"))

    assert answer.status_code == 200
    assert answer.get_json()["query"]["identifiers"] == ["809"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ["x"]}, "title"),
        ({"title": " "}, "title"),
        ({"title": "x", "tier": "L4"}, "tier"),
        ({"title": "x", "priority": 2.5}, "priority"),
        ({"title": "x", "components": {"a": 1}}, "components"),
        ({"title": "x", "links": [{"type": "related"}]}, "links"),
        ({"title": "x", "audience": "everybody"}, "audience"),
    ],
)
def test_a_field_that_no_ticket_can_have_is_named(
    client: FlaskClient, bearer: Bearer, fields: dict[str, object], field: str
) -> None:
    headers = bearer("read", "tickets:write")
    alone = client.put(f"{API}/tickets/jira/1", json=fields, headers=headers)
    asked = client.post(f"{API}/similar-issues", json={"ticket": fields}, headers=headers)

    assert (alone.status_code, alone.get_json()["field"]) == (422, field)
    assert (asked.status_code, asked.get_json()["field"]) == (422, f"ticket.{field}")


@pytest.mark.parametrize("ticket", [None, "x", ["x"], 7])
def test_a_question_without_a_ticket_object_is_refused(client: FlaskClient, bearer: Bearer, ticket: object) -> None:
    answer = client.post(f"{API}/similar-issues", json={"ticket": ticket}, headers=bearer("read"))

    assert (answer.status_code, answer.get_json()["field"]) == (422, "ticket")


def test_an_id_that_an_article_has_is_a_conflict(client: FlaskClient, bearer: Bearer, services: Services) -> None:
    services.store.put_articles([Article(id="jira:7", title="How to", body="", source="wiki")], "tests")
    answer = client.put(f"{API}/tickets/jira/7", json={"title": "x"}, headers=bearer("tickets:write"))

    assert answer.status_code == 409
    assert answer.mimetype == "application/problem+json"
    assert "'wiki'" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/x-ndjson", 200),
        ("application/jsonl; charset=utf-8", 200),
        ("application/json", 200),
        ("text/plain", 200),
        (None, 200),
        ("application/x-www-form-urlencoded", 415),
        ("text/csv", 415),
        ("application/gzip", 415),
    ],
)
def test_a_batch_is_taken_as_lines_of_json_alone(
    client: FlaskClient, bearer: Bearer, content_type: str | None, status: int
) -> None:
    line = b'{"source":"jira","external_id":"1","title":"x"}'
    headers = bearer("read", "tickets:write")
    answer = client.post(f"{API}/tickets/batch", data=line, content_type=content_type, headers=headers)

    assert answer.status_code == status
    assert client.get(f"{API}/tickets/jira/1", headers=headers).status_code == (200 if status == 200 else 404)


def test_an_empty_batch_answers_nothing(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.post(f"{API}/tickets/batch", data=b"", headers=bearer("tickets:write"))

    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize("source", ["example", "manual", "decision", "site", "Example"])
def test_a_reserved_source_is_refused_for_tickets_but_may_be_asked_about(
    client: FlaskClient, bearer: Bearer, source: str
) -> None:
    headers = bearer("read", "tickets:write")
    ticket = {"source": source, "external_id": "1", "title": "VPN error 809"}
    lines = "\n".join(json.dumps({**ticket, "source": name}) for name in (source, "jira"))

    alone = client.put(f"{API}/tickets/{source}/1", json=ticket, headers=headers)
    batch = client.post(f"{API}/tickets/batch", data=lines, headers=headers)

    assert (alone.status_code, alone.get_json()["field"]) == (422, "source")
    assert [json.loads(line)["outcome"] for line in batch.data.splitlines()] == ["error", "created"]
    assert client.get(f"{API}/tickets/{source}/1", headers=headers).status_code == 404
    assert client.post(f"{API}/similar-issues", json={"ticket": ticket}, headers=headers).status_code == 200
