"""The REST API answers programs as the contract says."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.conftest import Headers, reindex
from tests.said import people
from web.wiring import Services

Bearer = Callable[..., Headers]
API = "/api/v1"
ENDPOINTS = [
    ("GET", "/search?q=vpn", "read"),
    ("POST", "/similar-issues", "read"),
    ("GET", "/tickets/mail/1", "read"),
    ("PUT", "/tickets/mail/9", "tickets:write"),
    ("DELETE", "/tickets/mail/2", "tickets:write"),
    ("POST", "/tickets/batch", "tickets:write"),
    ("GET", "/tickets/mail/1/similar", "read"),
    ("GET", "/articles", "read"),
    ("GET", "/articles/vpn/error-809", "read"),
    ("POST", "/articles", "articles:write"),
    ("PUT", "/articles/vpn/error-809", "articles:write"),
    ("POST", "/feedback", "feedback"),
    ("GET", "/report", "read"),
]


def ids(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [result["id"] for result in answer["results"]]


@pytest.mark.parametrize(("method", "path", "scope"), ENDPOINTS)
def test_an_endpoint_wants_a_token_with_its_scope(
    client: FlaskClient, bearer: Bearer, method: str, path: str, scope: str
) -> None:
    others = {"read", "feedback", "tickets:write", "articles:write"} - {scope}
    body = {"title": "x", "ticket": {"title": "x"}, "response_id": "x", "result_id": "y", "action": "opened"}

    missing = client.open(API + path, method=method, json=body)
    unknown = client.open(API + path, method=method, json=body, headers={"Authorization": "Bearer kb_wrong"})
    poor = client.open(API + path, method=method, json=body, headers=bearer(*sorted(others)))
    fitting = client.open(API + path, method=method, json=body, headers=bearer(scope))

    assert (missing.status_code, unknown.status_code, poor.status_code) == (401, 401, 403)
    assert missing.mimetype == poor.mimetype == "application/problem+json"
    assert "WWW-Authenticate" in missing.headers
    assert fitting.status_code not in (401, 403)


def test_a_revoked_token_is_refused(client: FlaskClient, bearer: Bearer, services: Services) -> None:
    headers = bearer("read", name="helpdesk")
    assert client.get(f"{API}/search?q=vpn", headers=headers).status_code == 200

    services.store.revoke_token("helpdesk")

    assert client.get(f"{API}/search?q=vpn", headers=headers).status_code == 401


def test_a_search_answers_with_every_field_of_the_contract(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.get(f"{API}/search?q=vpn error 809&limit=5", headers=bearer("read")).get_json()

    assert answer["status"] == "ok"
    assert answer["query"]["identifiers"] == ["809"]
    assert answer["retrieval"]["mode"] == "hybrid"
    assert answer["retrieval"]["indexed_through"].endswith("Z")
    first = answer["results"][0]
    assert first["rank"] == 1
    assert first["id"] in ("vpn/error-809", "mail:1")
    assert {result["id"] for result in answer["results"][:2]} == {"vpn/error-809", "mail:1"}
    assert (first["score"] is None, first["band"] is None) == (not answer["retrieval"]["calibrated"],) * 2
    assert any(reason["type"] == "identifier" and reason["value"] == "809" for reason in first["reasons"])
    text = first["snippet"]["text"]
    assert all(text[start:end].strip() for start, end in first["snippet"]["highlights"])


def test_totals_and_facets_of_a_search_count_the_same_documents(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.get(f"{API}/search?q=mailbox", headers=bearer("read")).get_json()

    assert answer["total"] == sum(facet["count"] for facet in answer["facets"]["type"])
    assert answer["total"] >= 2
    assert {"mail/shared-mailbox", "mail:3"} <= set(ids(answer))


def test_a_filter_bounds_results_totals_and_facets(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.get(f"{API}/search?q=mailbox&type=ticket&service=email", headers=bearer("read")).get_json()

    assert ids(answer) == ["mail:3"]
    assert answer["total"] == 1
    assert answer["facets"]["type"] == [{"value": "ticket", "count": 1}]


def test_what_a_token_may_not_read_shows_nowhere(client: FlaskClient, bearer: Bearer) -> None:
    seen = client.get(f"{API}/search?q=mailbox audit quota", headers=bearer("read"))
    everything = client.get(f"{API}/search?q=mailbox audit quota", headers=bearer("admin"))

    assert "board" not in seen.get_data(as_text=True)
    assert "mail/draft" not in ids(seen.get_json())
    assert {"mail/secret", "mail/draft"} <= set(ids(everything.get_json()))
    assert client.get(f"{API}/articles/mail/secret", headers=bearer("read")).status_code == 404
    assert client.get(f"{API}/articles/mail/secret", headers=bearer("admin")).status_code == 200


def test_similar_issues_need_a_title_alone_and_bring_the_fix(client: FlaskClient, bearer: Bearer) -> None:
    body = {"ticket": {"title": "VPN breaks off at home, error 809"}, "limit": 3.0}  # in JSON a whole number
    answer = client.post(f"{API}/similar-issues", json=body, headers=bearer("read")).get_json()

    assert set(ids(answer)[:2]) == {"vpn/error-809", "mail:1"}
    by_id = {result["id"]: result for result in answer["results"]}
    assert by_id["mail:1"]["resolution"]["kind"] == "permanent_fix"
    assert by_id["mail:1"]["resolution"]["steps"] == ["Opened UDP 4500 on the router.", "Restarted the client."]
    assert by_id["vpn/error-809"]["known_error"] is True
    assert "UDP port 4500" in by_id["vpn/error-809"]["root_cause"]
    assert "hotspot" in by_id["vpn/error-809"]["workaround"]


def test_similar_issues_leave_out_what_was_not_asked_for(client: FlaskClient, bearer: Bearer) -> None:
    body = {"ticket": {"title": "VPN error 809"}, "types": ["ticket"], "include": ["reasons"]}
    answer = client.post(f"{API}/similar-issues", json=body, headers=bearer("read")).get_json()

    assert {result["type"] for result in answer["results"]} == {"ticket"}
    assert all(result["resolution"] is None for result in answer["results"])
    assert answer["results"][0]["reasons"]


def test_a_stored_ticket_never_comes_back_for_itself(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.get(f"{API}/tickets/mail/1/similar", headers=bearer("read")).get_json()

    assert "mail:1" not in ids(answer)
    assert ids(answer)[0] == "vpn/error-809"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "ticket"),
        ({"ticket": {}}, "ticket.title"),
        ({"ticket": {"title": ""}}, "ticket.title"),
        ({"ticket": {"title": 7}}, "ticket.title"),
        ({"ticket": {"title": "x", "opened_at": "yesterday"}}, "ticket.opened_at"),
        ({"ticket": {"title": "x"}, "limit": 0}, "limit"),
        ({"ticket": {"title": "x"}, "limit": 101}, "limit"),
        ({"ticket": {"title": "x"}, "types": ["poem"]}, "types"),
        ({"ticket": {"title": "x"}, "filters": {"colour": ["red"]}}, "filters.colour"),
    ],
)
def test_a_wrong_field_is_named(client: FlaskClient, bearer: Bearer, body: object, field: str) -> None:
    answer = client.post(f"{API}/similar-issues", json=body, headers=bearer("read"))

    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["field"] == field


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[1]", "application/json", 422),
        (b'"{}"', "application/json", 422),
        (b"title=x", "application/x-www-form-urlencoded", 415),
        (b"[" * 100_000, "application/json", 400),
    ],
)
def test_a_body_that_is_no_object_is_refused(
    client: FlaskClient, bearer: Bearer, data: bytes, content_type: str, status: int
) -> None:
    answer = client.post(f"{API}/similar-issues", data=data, content_type=content_type, headers=bearer("read"))

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_a_body_beyond_the_limit_is_refused(client: FlaskClient, bearer: Bearer, services: Services) -> None:
    body = b'{"ticket": {"title": "' + b"x" * (services.settings.max_body_mb * 2**20) + b'"}}'
    answer = client.post(f"{API}/similar-issues", data=body, content_type="application/json", headers=bearer("read"))

    assert answer.status_code == 413


def test_a_ticket_is_created_updated_and_returned_with_unknown_fields(client: FlaskClient, bearer: Bearer) -> None:
    headers = bearer("read", "tickets:write")
    first = client.put(f"{API}/tickets/jira/A-1", json={"title": "Disk is full", "colour": "red"}, headers=headers)
    again = client.put(f"{API}/tickets/jira/A-1", json={"title": "Disk is full", "colour": "red"}, headers=headers)
    change = client.put(f"{API}/tickets/jira/A-1", json={"status": "closed", "colour": None}, headers=headers)
    stored = client.get(f"{API}/tickets/jira/A-1", headers=headers).get_json()

    assert (first.status_code, first.get_json()["outcome"]) == (201, "created")
    assert (again.status_code, again.get_json()["outcome"]) == (200, "unchanged")
    assert (change.status_code, change.get_json()["outcome"]) == (200, "updated")
    assert stored["title"] == "Disk is full"
    assert stored["status"] == "closed"
    assert "colour" not in stored


def test_a_new_ticket_without_a_title_is_refused_and_not_stored(client: FlaskClient, bearer: Bearer) -> None:
    headers = bearer("read", "tickets:write")
    answer = client.put(f"{API}/tickets/jira/A-2", json={"status": "open"}, headers=headers)

    assert answer.status_code == 422
    assert answer.get_json()["field"] == "title"
    assert client.get(f"{API}/tickets/jira/A-2", headers=headers).status_code == 404


def test_a_deleted_ticket_is_gone_from_answers_at_once_and_stays_gone(client: FlaskClient, bearer: Bearer) -> None:
    headers = bearer("read", "tickets:write")
    assert "mail:2" in ids(client.get(f"{API}/search?q=blank pages printer", headers=headers).get_json())

    assert client.delete(f"{API}/tickets/mail/2", headers=headers).status_code == 204

    assert "mail:2" not in ids(client.get(f"{API}/search?q=blank pages printer", headers=headers).get_json())
    late = client.put(f"{API}/tickets/mail/2", json={"title": "Printer prints blank pages"}, headers=headers)
    assert late.get_json()["outcome"] == "ignored"
    assert client.get(f"{API}/tickets/mail/2", headers=headers).status_code == 404
    assert client.delete(f"{API}/tickets/mail/2", headers=headers).status_code == 404


def test_a_saved_ticket_is_found_once_indexed(client: FlaskClient, bearer: Bearer, services: Services) -> None:
    headers = bearer("read", "tickets:write")
    client.put(f"{API}/tickets/jira/A-3", json={"title": "Zwiebelturm projector flickers"}, headers=headers)
    reindex(services)

    assert ids(client.get(f"{API}/search?q=zwiebelturm", headers=headers).get_json())[0] == "jira:A-3"


def test_ids_with_slashes_and_blanks_lead_to_their_ticket(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.get(f"{API}/search?q=leere Seiten&language=de", headers=bearer("read")).get_json()
    found = next(result for result in answer["results"] if result["id"].startswith("mail:a/b"))

    path = found["url"].removeprefix("http://localhost")
    assert client.get(f"{API}{path}", headers=bearer("read")).get_json()["title"] == found["title"]


def test_a_batch_answers_each_line_and_a_broken_one_harms_no_other(client: FlaskClient, bearer: Bearer) -> None:
    lines = [
        b'{"source":"jira","external_id":"B-1","title":"First"}',
        b"{broken",
        b"",
        b'{"source":"jira","title":"No id"}',
        b'{"source":"jira","external_id":"B-2"}',
        b'{"source":"jira","external_id":"B-3","title":"Third"}',
        b'{"source":"jira","external_id":"B-1","title":"First"}',
        b"\xff\xfe",
    ]
    answer = client.post(f"{API}/tickets/batch", data=b"\n".join(lines), headers=bearer("tickets:write"))
    told = [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]

    assert answer.mimetype == "application/x-ndjson"
    assert [(one["line"], one["outcome"]) for one in told] == [
        (1, "created"),
        (2, "error"),
        (4, "error"),
        (5, "error"),
        (6, "created"),
        (7, "unchanged"),
        (8, "error"),
    ]
    assert all(one["error"] for one in told if one["outcome"] == "error")


def test_articles_are_listed_page_by_page_without_those_that_may_not_be_read(
    client: FlaskClient, bearer: Bearer
) -> None:
    headers = bearer("read")
    first = client.get(f"{API}/articles?limit=2", headers=headers).get_json()
    second = client.get(f"{API}/articles?limit=2&cursor={first['cursor']}", headers=headers).get_json()

    assert [one["id"] for one in first["articles"]] == ["mail/shared-mailbox", "vpn/error-809"]
    assert [one["id"] for one in second["articles"]] == ["vpn/verbindung-langsam"]
    assert second["cursor"] is None


def test_an_article_comes_with_front_matter_body_revision_and_html_on_request(
    client: FlaskClient, bearer: Bearer
) -> None:
    headers = bearer("read")
    plain = client.get(f"{API}/articles/vpn/error-809", headers=headers)
    with_page = client.get(f"{API}/articles/mail/shared-mailbox?html=true", headers=headers).get_json()
    history = client.get(f"{API}/articles/vpn/error-809?view=revisions", headers=headers).get_json()

    article = plain.get_json()
    assert (article["kind"], article["service"], article["revision"]) == ("known-error", "vpn", 1)
    assert article["body"].lstrip().startswith("# VPN connection fails")
    assert "html" not in article
    assert plain.headers["ETag"] == '"1"'
    assert "<p>" in with_page["html"]
    assert "<script" not in with_page["html"]
    assert [one["revision"] for one in history["revisions"]] == [1]


def test_feedback_belongs_to_an_answer_and_counts_once(client: FlaskClient, bearer: Bearer, services: Services) -> None:
    headers = bearer("read", "feedback")
    answer = client.get(f"{API}/search?q=vpn", headers=headers).get_json()
    word = {"response_id": answer["response_id"], "result_id": answer["results"][0]["id"], "action": "helpful"}

    first = client.post(f"{API}/feedback", json=word, headers=headers)
    second = client.post(f"{API}/feedback", json=word, headers=headers)

    assert first.get_json() == {"recorded": True}
    assert second.get_json() == {"recorded": False}
    assert people(services.store, [word["result_id"]]) == {word["result_id"]: {"helpful": 1}}
    foreign = client.post(f"{API}/feedback", json={**word, "result_id": "no/such"}, headers=headers)
    assert (foreign.status_code, foreign.get_json()["field"]) == (422, "result_id")
    lost = client.post(f"{API}/feedback", json={**word, "response_id": "gone"}, headers=headers)
    assert lost.status_code == 404
    wrong = client.post(f"{API}/feedback", json={**word, "action": "loved"}, headers=headers)
    assert (wrong.status_code, wrong.get_json()["field"]) == (422, "action")


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/tickets", "/api/v1/articles/no/such"])
def test_an_unknown_address_is_a_problem_and_not_a_page(client: FlaskClient, bearer: Bearer, path: str) -> None:
    answer = client.get(path, headers=bearer("admin"))

    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_health_tells_liveness_readiness_and_counts(client: FlaskClient) -> None:
    ready = client.get("/readyz")

    assert client.get("/healthz").status_code == 200
    assert ready.status_code == 200
    assert ready.get_json() == {"ready": True, "down": {}, "pending_changes": 0}
    assert 'fixlore_documents{type="ticket"} 4' in client.get("/metrics").get_data(as_text=True)
