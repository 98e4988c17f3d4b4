"""Webhooks over HTTP: who is believed, what is stored, and that a delivery is taken once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import sqlite3
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.connectors.catalogue import Catalogue
from kb.documents import Article
from kb.errors import StoreBusy
from kb.protocols.store import Store
from kb.settings import Settings
from tests.conftest import SAMPLES
from tests.fakes.encoder import FakeEncoder
from web import deliveries
from web.api import webhooks
from web.api.rate_limits import FAILURES
from web.app import create_app
from web.deliveries import Deliveries
from web.links import new_sign_in_path
from web.wiring import Services, open_services, opened_store

BODIES = SAMPLES / "connectors"
SECRET = "it is 22 characters long"
NOW = datetime.now(UTC).replace(microsecond=0)
"""The time of each test: its beginning."""
"""When the deliveries of these tests come in; the store's own clock goes on from here."""
Sent = dict[str, str]


@pytest.fixture(autouse=True)
def _begins_now(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not when the file was read: the store's own clock may be half an hour further by now.
    monkeypatch.setattr(sys.modules[__name__], "NOW", datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def services(home: Path) -> Iterator[Services]:
    """An empty installation on which every shipped connector is on."""
    encoder = FakeEncoder()
    with open_services(Settings(home=home, max_body_mb=1), lambda line: None, lambda: encoder) as opened:
        for file in opened.mappings.files():
            opened.store.enable_connector(file.name, SECRET)
        yield opened


@pytest.fixture
def app(services: Services) -> Flask:
    application = create_app(services)
    deliveries: Deliveries = application.extensions["deliveries"]
    deliveries.now = lambda: NOW
    return application


def body_of(name: str) -> bytes:
    return BODIES.joinpath(name).read_bytes()


def mac(body: bytes, algorithm: str = "sha256", secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, algorithm).hexdigest()


def at(seconds: float) -> str:
    """Return the time that lies so far from now, as Zendesk writes it."""
    return f"{NOW + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def zendesk(body: bytes, signed_at: str | None = None) -> Sent:
    signed_at = at(-60) if signed_at is None else signed_at
    digest = hmac.new(SECRET.encode(), signed_at.encode() + body, hashlib.sha256).digest()
    return {
        "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": signed_at,
        "X-Zendesk-Webhook-Invocation-Id": "8350205582",
    }


SIGNED: dict[str, Callable[[bytes], Sent]] = {
    "github": lambda body: {"X-Hub-Signature-256": f"sha256={mac(body)}", "X-GitHub-Delivery": "72d3162e"},
    "zammad": lambda body: {"X-Hub-Signature": f"sha1={mac(body, 'sha1')}", "X-Zammad-Delivery": "a1b2"},
    "jira": lambda body: {"X-Hub-Signature": f"sha256={mac(body)}", "X-Atlassian-Webhook-Identifier": "9f8e"},
    "servicenow": lambda body: {"X-Fixlore-Secret": SECRET},
    "zendesk": zendesk,
    "generic": lambda body: {"X-Fixlore-Signature": f"sha256={mac(body)}", "X-Fixlore-Delivery": "1"},
}
"""How each system signs, written anew from its documentation."""
FIRST = {
    "github": "github-closed.json",
    "zammad": "zammad-created.json",
    "jira": "jira-updated.json",
    "servicenow": "servicenow-message.json",
    "zendesk": "zendesk-event.json",
    "generic": "generic.json",
}


def send(
    client: FlaskClient,
    connector: str,
    body: bytes,
    headers: Sent | None = None,
    content_type: str = "application/json",
) -> TestResponse:
    """Deliver a body, signed unless other headers are given."""
    headers = SIGNED[connector](body) if headers is None else headers
    return client.post(f"/api/v1/webhooks/{connector}", data=body, headers=headers, content_type=content_type)


def generic(number: str = "7", *, delivery: str = "", **fields: object) -> tuple[bytes, Sent]:
    """Return a generic body and its headers, with an id of its own if there is one."""
    body = json.dumps({"external_id": number, **fields}).encode()
    return body, {
        "X-Fixlore-Signature": f"sha256={mac(body)}",
        **({"X-Fixlore-Delivery": delivery} if delivery else {}),
    }


def counts(services: Services, name: str) -> dict[str, int]:
    return counted(services.store, name)


def counted(store: Store, name: str) -> dict[str, int]:
    connector = next(one for one in store.connectors() if one.name == name)
    return {outcome: one.count for outcome, one in connector.outcomes.items()}


def test_every_shipped_connector_is_tested() -> None:
    assert set(SIGNED) == set(FIRST) == {file.name for file in Catalogue(Path("none")).files()}


@pytest.mark.parametrize("connector", SIGNED)
def test_delivery_is_stored_once_when_it_is_signed_as_its_system_signs(
    client: FlaskClient, services: Services, connector: str
) -> None:
    body = body_of(FIRST[connector])
    answer = send(client, connector, body)

    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "stored")
    (ticket,) = answer.get_json()["tickets"]
    assert ticket["outcome"] == "created"
    assert services.store.ticket_ids() == [ticket["id"]]
    assert services.store.pending_count() == 1, "indexing comes after the answer"
    again = send(client, connector, body)
    assert (again.status_code, again.mimetype) == (409, "application/problem+json")
    assert counts(services, connector) == {"created": 1, "repeated": 1}


@pytest.mark.parametrize("connector", SIGNED)
def test_delivery_is_refused_when_it_is_unsigned_signed_with_another_secret_or_altered(
    client: FlaskClient, services: Services, connector: str
) -> None:
    body = body_of(FIRST[connector])
    signed = SIGNED[connector](body)
    name = next(header for header in signed if "Timestamp" not in header)
    wrong = {**signed, name: signed[name][:-2] + ("AA" if signed[name][-2:] != "AA" else "BB")}

    for headers in ({}, {**signed, name: ""}, wrong, {**signed, name: "sha256="}, {**signed, name: "ä"}):
        answer = send(client, connector, body, headers)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"]
    if connector != "servicenow":  # whose secret signs no body
        assert send(client, connector, body + b" ", signed).status_code == 401
        assert send(client, connector, body.replace(b"a", b"b", 1), signed).status_code == 401
    assert services.store.ticket_ids() == []
    assert send(client, connector, body).status_code == 200, "what was refused is not remembered"


def test_unknown_and_switched_off_connectors_cannot_be_told_apart(client: FlaskClient, services: Services) -> None:
    services.store.disable_connector("zammad")
    body = body_of("zammad-created.json")
    off = send(client, "zammad", body)
    told = []
    for name in ("nothing", "%00", "..%2f..%2fetc", "a" * 5000):
        answer = client.post(f"/api/v1/webhooks/{name}", data=body, content_type="application/json")
        told.append((answer.status_code, answer.get_json().get("detail")))

    assert off.status_code == 404
    assert told[0] == told[1] == told[3] == (404, off.get_json()["detail"])
    assert told[2][0] == 404


def test_old_and_future_timestamps_are_refused_and_a_changed_one_breaks_the_signature(
    client: FlaskClient, services: Services
) -> None:
    body = body_of("zendesk-event.json")
    for moment in (at(-301), at(301), "yesterday", ""):
        answer = send(client, "zendesk", body, zendesk(body, moment))
        assert answer.status_code == 401
        assert "too long ago" in answer.get_json()["detail"]
    moved = {**zendesk(body, at(-3600)), "X-Zendesk-Webhook-Signature-Timestamp": at(0)}
    assert send(client, "zendesk", body, moved).status_code == 401
    assert services.store.ticket_ids() == []
    assert send(client, "zendesk", body, zendesk(body, at(-300))).status_code == 200


def test_replay_is_refused_when_the_id_that_no_signature_covers_was_changed(client: FlaskClient) -> None:
    body = body_of("github-closed.json")
    signed = SIGNED["github"](body)

    assert send(client, "github", body, signed).status_code == 200
    assert send(client, "github", body, {**signed, "X-GitHub-Delivery": "another"}).status_code == 409
    assert send(client, "github", body, {"X-Hub-Signature-256": signed["X-Hub-Signature-256"]}).status_code == 409


def test_replay_without_a_time_is_refused_under_another_id_and_under_none(
    client: FlaskClient, services: Services
) -> None:
    assert send(client, "generic", *generic(title="x", status="open", delivery="1")).status_code == 200
    assert send(client, "generic", *generic(title="x", status="closed", delivery="2")).status_code == 200
    for another in ("3", ""):
        assert send(client, "generic", *generic(title="x", status="open", delivery=another)).status_code == 409
    ticket = services.store.ticket("generic:7")
    assert ticket is not None
    assert ticket.status == "closed"


def test_same_words_are_news_when_each_has_its_time_or_ten_minutes_are_over(
    client: FlaskClient, app: Flask, services: Services
) -> None:
    for number, status in enumerate(("open", "closed", "open")):
        body = generic(title="x", status=status, updated_at=at(number), delivery=f"{number}")
        assert send(client, "generic", *body).status_code == 200
    app.extensions["deliveries"].now = lambda: NOW - timedelta(minutes=11)
    for number, status in enumerate(("open", "closed", "open")):
        body = generic("8", title="x", status=status, delivery=f"undated {number}")
        assert send(client, "generic", *body).status_code == 200
    for ticket_id in ("generic:7", "generic:8"):
        ticket = services.store.ticket(ticket_id)
        assert ticket is not None
        assert ticket.status == "open"


def test_bare_body_is_known_again_for_ten_minutes(client: FlaskClient, app: Flask) -> None:
    assert send(client, "generic", *generic(title="x")).status_code == 200
    assert send(client, "generic", *generic(title="x")).status_code == 409
    # The store's own clock decides what is over, so the first delivery is taken as one of the past.
    app.extensions["deliveries"].now = lambda: NOW - timedelta(minutes=11)
    assert send(client, "generic", *generic(title="y")).status_code == 200
    assert send(client, "generic", *generic(title="y")).status_code == 200


def test_redelivery_is_taken_when_the_first_failed(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = body_of("jira-updated.json")

    def busy(*arguments: object) -> None:
        raise StoreBusy("another process holds the store")

    with monkeypatch.context() as broken:
        broken.setattr(services.store, "take_delivery", busy)
        failed = send(client, "jira", body)
    assert (failed.status_code, failed.headers["Retry-After"]) == (503, "5")
    assert send(client, "jira", body).status_code == 200


def test_redelivery_is_taken_when_the_mapping_was_corrected(
    client: FlaskClient, services: Services, home: Path
) -> None:
    own = home / "connectors" / "generic.toml"
    own.parent.mkdir()
    own.write_text('based_on = "generic"\n[fields]\ntitle = "subject"\n')
    body, headers = generic(title="x", delivery="1")
    refused = send(client, "generic", body, headers)

    assert (refused.status_code, refused.get_json()["field"]) == (422, "title")
    own.write_text("broken =")
    assert send(client, "generic", body, headers).status_code == 503
    own.write_text('based_on = "generic"\n[fields]\ntitle = "title || subject"\n')
    assert send(client, "generic", body, headers).status_code == 200


def test_fifty_concurrent_deliveries_of_one_id_are_taken_once(app: Flask, services: Services) -> None:
    def deliver(number: int) -> int:
        body, headers = generic(title=f"Fan is loud {number}", delivery="same")
        return send(app.test_client(), "generic", body, headers).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(deliver, range(50)))

    assert sorted(statuses) == [200] + [409] * 49
    assert counts(services, "generic")["created"] == 1
    told = app.test_client().get("/metrics").get_data(as_text=True)
    assert 'fixlore_deliveries_total{outcome="repeated"} 49.0' in told.splitlines()
    assert 'fixlore_deliveries_total{outcome="stored"} 1.0' in told.splitlines()


def test_deliveries_out_of_order_leave_what_is_newer(client: FlaskClient, services: Services) -> None:
    closed, created = body_of("zammad-closed.json"), body_of("zammad-created.json")
    newer = {"X-Hub-Signature": f"sha1={mac(closed, 'sha1')}", "X-Zammad-Delivery": "2"}

    assert send(client, "zammad", closed, newer).get_json()["tickets"][0]["outcome"] == "created"
    assert send(client, "zammad", created).get_json()["tickets"] == [{"id": "zammad:10081", "outcome": "ignored"}]
    ticket = services.store.ticket("zammad:10081")
    assert ticket is not None
    assert ticket.status == "closed"


def numbered(headers: Sent, number: int) -> Sent:
    """Return headers with an id of their own."""
    return {name: value if "ignature" in name else f"{number}" for name, value in headers.items()}


@pytest.mark.parametrize(
    ("connector", "deleted", "updated"),
    [
        ("github", "github-deleted.json", "github-closed.json"),
        ("generic", "generic-deleted.json", "generic.json"),
    ],
)
def test_deleted_ticket_stays_deleted_when_an_update_comes_late(
    client: FlaskClient, services: Services, connector: str, deleted: str, updated: str
) -> None:
    def outcome(body: bytes, number: int) -> str:
        answer = send(client, connector, body, numbered(SIGNED[connector](body), number))
        (ticket,) = answer.get_json()["tickets"]
        return str(ticket["outcome"])

    assert outcome(body_of(updated), 1) == "created"
    assert outcome(body_of(deleted), 2) == "deleted"
    assert outcome(body_of(updated) + b" ", 3) == "ignored"
    assert services.store.ticket_ids() == []


def test_late_deletion_leaves_a_ticket_that_was_brought_back_since(client: FlaskClient, services: Services) -> None:
    assert send(client, "jira", body_of("jira-updated.json")).status_code == 200
    deleted = body_of("jira-deleted.json")
    answer = send(client, "jira", deleted, numbered(SIGNED["jira"](deleted), 2))

    assert answer.get_json()["tickets"] == [{"id": "jira:NET-42", "outcome": "ignored"}]
    assert services.store.ticket_ids() == ["jira:NET-42"]


@pytest.mark.parametrize("name", ["github-ping.json", "jira-comment.json", "zendesk-user.json"])
def test_event_that_is_not_wanted_is_answered_and_not_remembered(
    client: FlaskClient, services: Services, name: str
) -> None:
    connector = name.partition("-")[0]
    for _ in range(2):
        answer = send(client, connector, body_of(name))
        assert (answer.status_code, answer.get_json()) == (200, {"outcome": "ignored", "tickets": []})
    assert services.store.ticket_ids() == []
    assert counts(services, connector) == {"ignored": 2}


def test_body_of_several_tickets_is_stored_whole_or_not_at_all(client: FlaskClient, services: Services) -> None:
    services.store.put_articles([Article(id="generic:3", title="How to", body="", source="wiki")], "tests")
    one, untitled, taken = (
        {"external_id": f"{n}", **title} for n, title in ((1, {"title": "a"}), (2, {}), (3, {"title": "c"}))
    )

    def deliver(*tickets: object) -> TestResponse:
        body = json.dumps({"tickets": tickets}).encode()
        return send(client, "generic", body, {"X-Fixlore-Signature": f"sha256={mac(body)}"})

    assert (deliver(one, untitled).status_code, deliver(one, untitled).get_json()["field"]) == (422, "title")
    assert deliver(one, taken).status_code == 409
    assert deliver(*[one] * 501).status_code == 422
    assert services.store.ticket_ids() == []
    assert len(deliver(one, {**one, "title": "b"}).get_json()["tickets"]) == 2
    told = client.get("/metrics").get_data(as_text=True).splitlines()
    assert 'fixlore_deliveries_total{outcome="stored"} 1.0' in told
    for outcome in ("created", "updated"):
        assert f'fixlore_delivered_tickets_total{{outcome="{outcome}"}} 1.0' in told


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"title": "\xff"}', 400),
        (b'{"title": NaN}', 400),
        (b"1" * 5000, 400),
        (b"[" * 100_000, 400),
        (b'{"external_id": "1", "title": ' + b"[" * 200 + b"]" * 200 + b"}", 422),
        (b"null", 422),
        (b"7", 422),
        (b'"text"', 422),
        (b"[]", 200),
        (b'[["x"]]', 422),
        (b'{"title": "no id"}', 422),
        (b'{"external_id": {"a": 1}, "title": "x"}', 422),
        (b'{"external_id": "1", "title": {"a": 1}}', 422),
        (b'{"external_id": "1", "title": "x", "updated_at": "tomorrow"}', 422),
        (b'{"external_id": "1", "title": "x", "url": "javascript:alert(1)"}', 422),
        (b'{"external_id": "1", "title": "x", "audience": "everybody"}', 422),
        (b'{"external_id": "1", "title": "x", "links": [{"type": "related"}]}', 200),
        (b'\xef\xbb\xbf{"external_id": "1", "title": "x"}', 200),
        (b'{"external_id": "1", "title": "a\\u0000b\\u001b\\ud800", "description": "\\u0000"}', 200),
        (b'{"external_id": "1", "title": "x", "tags": [1, true, null, "a"]}', 422),
    ],
)
def test_odd_body_is_answered_as_documented(client: FlaskClient, services: Services, body: bytes, status: int) -> None:
    answer = send(client, "generic", body, {"X-Fixlore-Signature": f"sha256={mac(body)}"})

    assert answer.status_code == status, answer.get_data(as_text=True)
    if status != 200:
        assert answer.mimetype == "application/problem+json"
        assert services.store.ticket_ids() == []
    elif services.store.ticket_ids():
        ticket = services.store.ticket("generic:1")
        assert ticket is not None
        assert "\0" not in ticket.title + ticket.description


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "", "multipart/form-data"])
def test_body_of_another_type_is_refused_with_the_remedy(client: FlaskClient, content_type: str) -> None:
    body = b"payload=%7B%22action%22%3A%22opened%22%7D"
    answer = send(client, "github", body, content_type=content_type)

    assert answer.status_code == 415
    assert "application/json" in answer.get_json()["detail"]


def test_oversized_body_is_refused_and_strangers_learn_no_more_of_their_body(client: FlaskClient) -> None:
    assert send(client, "github", b"x" * (2**20 + 1)).status_code == 413
    assert send(client, "github", b"not json", {}).status_code == 401
    assert send(client, "github", b"not json", {}, "text/plain").status_code == 401


def test_other_methods_are_refused(client: FlaskClient) -> None:
    assert client.get("/api/v1/webhooks/github").status_code == 405


def test_basic_authentication_and_own_headers_are_taken_by_own_mappings(
    client: FlaskClient, services: Services, home: Path
) -> None:
    (home / "connectors").mkdir()
    base = 'based_on = "generic"\nsource = "own"\n[webhook]\n'
    (home / "connectors" / "basic.toml").write_text(f'{base}method = "basic"\nuser = "itsm"\n')
    (home / "connectors" / "own.toml").write_text(
        f'{base}header = "X-Sig"\nprefix = "v1,"\nencoding = "base64"\nalgorithm = "sha512"\n'
        'signed = "{timestamp}.{body}"\ntimestamp_header = "X-Time"\ntolerance_s = 60\n'
    )
    for name in ("basic", "own"):
        services.store.enable_connector(name, SECRET)
    body = b'{"external_id": "1", "title": "x"}'
    given = base64.b64encode(f"itsm:{SECRET}".encode()).decode()
    seconds = f"{NOW.timestamp():.0f}"
    digest = hmac.new(SECRET.encode(), f"{seconds}.".encode() + body, "sha512").digest()

    wrong = client.post("/api/v1/webhooks/basic", data=body, content_type="application/json", auth=("itsm", "wrong"))
    assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (401, 'Basic realm="fixlore"')
    assert send(client, "basic", body, {"Authorization": f"Basic {given}"}).status_code == 200
    signed = {"X-Sig": "v1," + base64.b64encode(digest).decode(), "X-Time": seconds}
    assert send(client, "own", body, signed).status_code == 200
    assert send(client, "own", body, {**signed, "X-Time": f"{int(seconds) + 1}"}).status_code == 401


def test_connector_without_webhook_or_whose_mapping_is_gone_asks_to_try_again(
    client: FlaskClient, services: Services, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    services.store.enable_connector("gone", SECRET)
    with caplog.at_level(logging.ERROR):
        answer = send(client, "gone", b"{}", {})

    assert answer.status_code == 503
    assert str(home) not in answer.get_data(as_text=True)
    assert "gone" in caplog.text


def test_secret_is_in_the_store_alone(
    client: FlaskClient, services: Services, home: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    from kb.exporting import export

    with caplog.at_level(logging.DEBUG):
        told = [send(client, name, body_of(FIRST[name])).get_data(as_text=True) for name in SIGNED]
        told += [send(client, name, b"{}", {"X-Hub-Signature": "x"}).get_data(as_text=True) for name in SIGNED]
    export(services.store, tmp_path / "copy")
    told += [path.read_text() for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    told += [client.get(path).get_data(as_text=True) for path in ("/metrics", "/api/v1/openapi.json")]
    assert SECRET not in "".join(told) + caplog.text
    services.store.disable_connector("jira")
    with closing(sqlite3.connect(home / "fixlore.db")) as connection:
        kept = dict(connection.execute("SELECT name, secret FROM connector").fetchall())
    assert (kept["jira"], kept["github"]) == (None, SECRET)


def test_strangers_are_counted_but_make_the_store_write_at_most_every_ten_seconds(
    client: FlaskClient, services: Services
) -> None:
    for _ in range(20):
        send(client, "github", b"{}", {"X-Hub-Signature-256": "sha256=00"})
    assert counts(services, "github") == {"wrong_signature": 1}
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    assert 'fixlore_deliveries_total{outcome="wrong_signature"} 20.0' in lines
    assert not any("github" in line for line in lines)
    services.close()
    with opened_store(services.settings) as store:
        assert counted(store, "github") == {"wrong_signature": 20}


def test_strangers_are_written_down_after_the_next_request_of_any_kind(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(20):
        send(client, "github", b"{}", {"X-Hub-Signature-256": "sha256=00"})
    monkeypatch.setattr(deliveries, "STRANGERS_EVERY_S", 0.0)

    def busy(*arguments: object) -> None:
        raise StoreBusy("another process holds the store")

    with monkeypatch.context() as broken:
        broken.setattr(services.store, "count_deliveries", busy)
        client.get("/healthz", buffered=True)
    assert counts(services, "github") == {"wrong_signature": 1}
    client.get("/healthz", buffered=True)
    assert counts(services, "github") == {"wrong_signature": 20}


def test_webhook_is_limited_by_address(services: Services) -> None:
    services.settings = replace(services.settings, rate_limit=5)
    client = create_app(services).test_client()
    answers = [send(client, "github", b"{}", {"X-Hub-Signature-256": "sha256=00"}) for _ in range(200)]

    assert [one.status_code for one in answers] == [401] * 5 + [429] * 195
    assert answers[-1].headers["RateLimit-Policy"] == '"address";q=5;w=60'


def test_wrong_signatures_block_their_address_and_webhook_before_the_body_is_read(client: FlaskClient) -> None:
    wrong = {"X-Hub-Signature-256": "sha256=00"}
    answers = [send(client, "github", b"{}", wrong) for _ in range(FAILURES)]
    assert {one.status_code for one in answers} == {401}
    assert answers[-1].headers["RateLimit"].startswith('"signatures";r=0;t=')

    with mock.patch.object(webhooks, "_raw_body", side_effect=AssertionError):
        refused = send(client, "github", body_of(FIRST["github"]))
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert "signatures are wrong" in refused.get_json()["detail"]
    assert refused.headers["Retry-After"]
    assert send(client, "zammad", body_of(FIRST["zammad"])).status_code == 200
    elsewhere = client.post("/api/v1/webhooks/github", headers=wrong, environ_base={"REMOTE_ADDR": "198.51.100.9"})
    assert elsewhere.status_code == 401


def test_stale_webhook_secret_locks_out_no_token_behind_the_same_address(
    client: FlaskClient, bearer: Callable[..., Sent]
) -> None:
    for _ in range(FAILURES + 1):
        refused = send(client, "github", b"{}", {"X-Hub-Signature-256": "sha256=00"})

    assert refused.status_code == 429
    assert client.get("/api/v1/articles", headers=bearer("read")).status_code == 200


def test_webhook_is_described_with_its_failures_and_needs_no_token(client: FlaskClient) -> None:
    described = client.get("/api/v1/openapi.json").get_json()["paths"]["/api/v1/webhooks/{connector}"]["post"]

    assert described["security"] == []
    assert set(described["responses"]) == {"200", "400", "401", "404", "409", "413", "415", "422", "429", "500", "503"}
    for status in ("200", "401", "429"):
        assert {"RateLimit", "RateLimit-Policy"} <= described["responses"][status]["headers"].keys()
    assert list(described["requestBody"]["content"]) == ["application/json"]


def test_status_page_tells_of_webhooks_once_one_was_on(client: FlaskClient, services: Services) -> None:
    assert client.get(new_sign_in_path(services.store)).status_code == 302
    services.store.disable_connector("jira")
    send(client, "generic", *generic(title="x"))
    send(client, "github", b"{}", {"X-Hub-Signature-256": "sha256=00"})
    page = client.get("/status").get_data(as_text=True)
    rows = {row.split("<")[0]: row for row in page.split('<th scope="row">')[1:]}

    assert "/api/v1/webhooks/generic" in rows["generic"]
    assert (rows["generic"].count(" UTC"), rows["generic"].count("never")) == (1, 1)
    assert "UTC: wrong signature" in rows["github"]
    assert ("<td>on</td>" in rows["github"], "<td>off</td>" in rows["jira"]) == (True, True)
    assert SECRET not in page
    assert "falsche Signatur" in client.get("/status", headers={"Accept-Language": "de"}).get_data(as_text=True)
