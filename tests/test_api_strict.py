"""The API refuses what it cannot mean, in one sentence that names the field as the request calls it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.conftest import Headers

Bearer = Callable[..., Headers]
API = "/api/v1"
TICKET = {"title": "VPN error 809"}
WORD = {"response_id": "x", "result_id": "y", "action": "opened"}


@pytest.mark.parametrize(
    ("path", "body", "field", "sentence"),
    [
        ("/similar-issues", {"ticket": TICKET, "minband": "high"}, "minband", "Unknown here: 'minband'"),
        ("/similar-issues", {"ticket": TICKET, "a": 1, "b": 2}, "a", "Unknown here: 'a', 'b'"),
        ("/similar-issues", {"ticket": "x"}, "ticket", "ticket must be an object."),
        ("/similar-issues", {"ticket": None}, "ticket", "ticket must be an object."),
        ("/similar-issues", {}, "ticket", "ticket is missing."),
        ("/similar-issues", {"ticket": TICKET, "limit": 0}, "limit", "limit must be at least 1."),
        ("/similar-issues", {"ticket": TICKET, "limit": 10**400}, "limit", "limit must be at most 100."),
        ("/similar-issues", {"ticket": TICKET, "limit": "5"}, "limit", "limit must be a whole number."),
        ("/similar-issues", {"ticket": TICKET, "limit": True}, "limit", "limit must be a whole number."),
        ("/similar-issues", {"ticket": TICKET, "types": "ticket"}, "types", "types must be a list."),
        ("/similar-issues", {"ticket": TICKET, "types": [7]}, "types.0", "types.0 must be text."),
        ("/similar-issues", {"ticket": TICKET, "filters": []}, "filters", "filters must be an object."),
        ("/similar-issues", {"ticket": TICKET, "filters": {"tier": "L2"}}, "filters.tier", "must be a list."),
        ("/similar-issues", {"ticket": TICKET, "filters": {"tier": ["L9"]}}, "filters.tier", "use one of L1, L2, L3"),
        ("/similar-issues", {"ticket": TICKET, "min_band": "top"}, "min_band", "'low', 'medium' or 'high'"),
        (
            "/similar-issues",
            {"ticket": TICKET, "include": ["all"]},
            "include.0",
            "include.0 must be one of ",
        ),
        ("/feedback", {**WORD, "comment": "x"}, "comment", "Unknown here: 'comment'"),
        ("/feedback", {**WORD, "result_id": ""}, "result_id", "result_id is empty; give it a value."),
        ("/feedback", {**WORD, "result_id": "x" * 2000}, "result_id", "result_id must have at most 1024 characters."),
        ("/feedback", {**WORD, "result_id": "\ud800"}, "result_id", "result_id holds characters that are no Unicode."),
        ("/feedback", {**WORD, "action": None}, "action", "action must be one of 'opened', 'copied'"),
    ],
)
def test_what_a_body_cannot_mean_is_named_in_a_sentence(
    client: FlaskClient, bearer: Bearer, path: str, body: object, field: str, sentence: str
) -> None:
    answer = client.post(API + path, data=json.dumps(body), content_type="application/json", headers=bearer("admin"))
    problem = answer.get_json()

    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert problem["field"] == field
    assert sentence in problem["detail"]
    assert not any(word in problem["detail"] for word in ("instance", "Input", "AskedTicket", "dictionary"))


def test_a_name_that_is_no_unicode_is_told_of_the_body(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.post(f"{API}/similar-issues", json={"ticket": TICKET, "\ud800": 1}, headers=bearer("read"))

    assert answer.status_code == 422
    assert answer.get_json()["detail"] == "The body holds characters that are no Unicode."


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/search", "q"),
        ("/search?q=vpn&colour=red", "colour"),
        ("/search?q=vpn&limit=many", "limit"),
        ("/search?q=vpn&limit=1e3", "limit"),
        ("/search?q=vpn&after=soon", "after"),
        ("/search?q=vpn&tier=L9", "tier"),
        ("/tickets/mail/1/similar?limit=0", "limit"),
        ("/tickets/mail/1/similar?limits=5", "limits"),
        ("/articles?sort=title", "sort"),
        ("/articles/vpn/error-809?view=all", "view"),
        ("/articles/vpn/error-809?htm=true", "htm"),
        ("/tickets/mail/a%00b", "external_id"),
    ],
)
def test_what_an_address_cannot_mean_is_named(client: FlaskClient, bearer: Bearer, path: str, field: str) -> None:
    answer = client.get(API + path, headers=bearer("read"))

    assert (answer.status_code, answer.get_json()["field"]) == (422, field)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"ticket": {"title": "x"},}', "The body is not valid JSON: "),
        (b'{"ticket": {"title": NaN}}', "The body is not valid JSON: NaN is no JSON number."),
        (b'{"a": ' + b"9" * 5000 + b"}", "The body is not valid JSON: "),
        (b'{"a": "\xff"}', "The body is not valid JSON: it is not UTF-8."),
        (b"", "The body is not valid JSON: "),
        (b'{"a": ' * 100_000, "The body is nested too deeply; flatten it."),
    ],
    ids=["a comma too many", "NaN", "a huge number", "no UTF-8", "nothing", "deep"],
)
def test_what_is_no_json_is_told(client: FlaskClient, bearer: Bearer, data: bytes, sentence: str) -> None:
    answer = client.post(f"{API}/similar-issues", data=data, content_type="application/json", headers=bearer("read"))

    assert answer.status_code == 400
    assert answer.get_json()["detail"].startswith(sentence)


def test_fields_of_a_ticket_may_be_anything_and_are_kept(client: FlaskClient, bearer: Bearer) -> None:
    asked = client.post(
        f"{API}/similar-issues", json={"ticket": {**TICKET, "minband": [1], "x\x00": "\x07"}}, headers=bearer("read")
    )

    assert asked.status_code == 200


@pytest.mark.parametrize("deep", [60, 900])
def test_an_unknown_field_that_is_too_deep_is_refused_by_its_name(
    client: FlaskClient, bearer: Bearer, deep: int
) -> None:
    body = b'{"title": "x", "mine": ' + b"[" * deep + b"]" * deep + b"}"
    headers = bearer("read", "tickets:write")
    answer = client.put(f"{API}/tickets/jira/1", data=body, content_type="application/json", headers=headers)

    assert (answer.status_code, answer.get_json()["field"]) == (422, "mine")
    assert client.get(f"{API}/tickets/jira/1", headers=headers).status_code == 404


def test_a_title_cannot_be_cleared(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.put(f"{API}/tickets/mail/1", json={"title": None}, headers=bearer("tickets:write"))

    assert (answer.status_code, answer.get_json()["field"]) == (422, "title")


def test_an_empty_list_of_parts_leaves_all_of_them_out(client: FlaskClient, bearer: Bearer) -> None:
    body = {"ticket": TICKET, "include": []}
    bare = client.post(f"{API}/similar-issues", json=body, headers=bearer("read")).get_json()
    whole = client.post(f"{API}/similar-issues", json={"ticket": TICKET}, headers=bearer("read")).get_json()

    assert [result["id"] for result in bare["results"]] == [result["id"] for result in whole["results"]]
    assert bare["suggestions"] == {}
    assert all(result["resolution"] is None and result["reasons"] == [] for result in bare["results"])
    assert any(result["resolution"] and result["reasons"] for result in whole["results"])


@pytest.mark.parametrize(
    ("host", "address"), [("", "http://localhost"), ("kb.example.com:8443", "http://kb.example.com:8443")]
)
def test_links_lead_to_the_host_that_was_asked(client: FlaskClient, bearer: Bearer, host: str, address: str) -> None:
    headers = {**bearer("read"), **({"Host": host} if host else {})}
    asked = client.post(f"{API}/similar-issues", json={"ticket": TICKET}, headers=headers).get_json()
    searched = client.get(f"{API}/search?q=vpn", headers=headers).get_json()

    for answer in (asked, searched):
        urls = {result["id"]: result["url"] for result in answer["results"]}
        assert urls["vpn/error-809"] == f"{address}/articles/vpn/error-809"


def test_a_deletion_answers_without_a_body_and_hence_without_a_type(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.delete(f"{API}/tickets/mail/2", headers=bearer("tickets:write"))

    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PATCH", "/search", 405),
        ("GET", "/similar-issues", 405),
        ("HEAD", "/feedback", 405),
        ("DELETE", "/articles", 405),
        ("GET", "/", 404),
        ("GET", "/nothing", 404),
        ("POST", "/articles/", 404),
    ],
)
def test_an_address_or_method_that_is_not_there_is_a_problem(
    client: FlaskClient, bearer: Bearer, method: str, path: str, status: int
) -> None:
    answer = client.open(API + path, method=method, headers=bearer("admin"))

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert ("Allow" in answer.headers) == (status == 405)


def test_head_answers_as_get_does_and_options_names_the_methods_to_everybody(
    client: FlaskClient, bearer: Bearer
) -> None:
    head = client.head(f"{API}/search?q=vpn", headers=bearer("read"))
    options = client.options(f"{API}/tickets/mail/1")

    assert (head.status_code, head.data, head.mimetype) == (200, b"", "application/json")
    assert client.head(f"{API}/search?q=vpn").status_code == 401
    assert options.status_code == 200
    assert {"GET", "PUT", "DELETE"} <= set(options.headers["Allow"].split(", "))


def test_an_id_may_hold_several_slashes_in_a_row(client: FlaskClient, bearer: Bearer) -> None:
    headers = bearer("read", "tickets:write")
    path = f"{API}/tickets/web/https:%2F%2Fhelpdesk%2F7"

    assert client.put(path, json={"title": "Badge does not open"}, headers=headers).status_code == 201
    assert client.get(path, headers=headers).get_json()["external_id"] == "https://helpdesk/7"
