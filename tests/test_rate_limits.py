"""Limits on requests hold, touch nobody else, and are told in headers that are true."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.errors import ConfigurationError
from kb.settings import read_settings
from tests.conftest import Headers
from web.api import rate_limits
from web.api.authentication import open_to_all
from web.api.rate_limits import FAILURES, Quota, RateLimits, address_of, limited_by_address
from web.app import create_app
from web.wiring import Services

Bearer = Callable[..., Headers]
LIMIT = 5
SEARCH = "/api/v1/search?q=vpn"
FIELD = re.compile(r'"(?P<policy>\w+)";r=(?P<left>\d+);t=(?P<ends>\d+)')


class Clock:
    """Tells the limits the time it was moved to."""

    def __init__(self) -> None:
        self.now = time.time()

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)  # a busy machine takes longer than a minute for a few requests
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def app_with(services: Services, **settings: int) -> Flask:
    services.settings = replace(services.settings, **settings)  # type: ignore[arg-type]
    return create_app(services)


@pytest.fixture
def limited(services: Services, clock: Clock) -> FlaskClient:
    """A client of an application that lets a token ask five times a minute."""
    return app_with(services, rate_limit=LIMIT).test_client()


def left(answer: TestResponse) -> tuple[int, int]:
    """Return how many requests are left and for how many seconds, as the headers tell."""
    found = FIELD.fullmatch(answer.headers["RateLimit"])
    assert found, answer.headers["RateLimit"]
    return int(found["left"]), int(found["ends"])


def test_the_quota_counts_down_and_is_whole_again_when_the_headers_said(
    limited: FlaskClient, bearer: Bearer, clock: Clock
) -> None:
    header = bearer("read")
    told = []
    for _ in range(LIMIT):
        answer = limited.get(SEARCH, headers=header)
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == f'"token";q={LIMIT};w=60'
        told.append(left(answer))
        clock.advance(1.5)

    assert told == [(4, 60), (3, 59), (2, 57), (1, 56), (0, 54)]
    refused = limited.get(SEARCH, headers=header)
    wait = int(refused.headers["Retry-After"])
    assert (refused.status_code, refused.mimetype, left(refused)) == (429, "application/problem+json", (0, wait))
    assert refused.get_json()["detail"] == f"This token may make {LIMIT} requests a minute; try again in {wait} s."
    clock.advance(wait - 1)
    assert limited.get(SEARCH, headers=header).status_code == 429
    clock.advance(1)
    again = limited.get(SEARCH, headers=header)
    assert (again.status_code, left(again)) == (200, (LIMIT - 1, 60))


def test_no_more_than_the_limit_pass_however_many_ask_at_once() -> None:
    limits = RateLimits(50)
    for desk in range(20):
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(limits.take, ["token"] * 80, [f"desk-{desk}"] * 80, [50] * 80))
        quotas = [one for one in told if one is not None]
        assert sorted(one.remaining for one in quotas) == [0] * 30 + list(range(50))
        assert sum(one.is_exceeded for one in quotas) == 30


def test_counting_starts_no_thread_and_keeps_no_window_that_is_over(clock: Clock) -> None:
    limits, before = RateLimits(50), threading.active_count()
    for number in range(200):
        limits.take("address", f"{number}", 50)
        clock.advance(1)

    assert threading.active_count() == before
    assert len(limits._windows) == 60
    assert limits.is_used_up("address", "0", 1) is None
    assert limits.is_used_up("address", "199", 1) == Quota("address", 1, 0, 59, is_exceeded=True)


def test_the_limit_of_a_token_touches_no_other(limited: FlaskClient, bearer: Bearer) -> None:
    busy, other = bearer("read"), bearer("read")
    for _ in range(LIMIT + 1):
        last = limited.get(SEARCH, headers=busy)

    assert last.status_code == 429
    assert left(limited.get(SEARCH, headers=other))[0] == LIMIT - 1


def test_a_refused_request_does_no_work(limited: FlaskClient, bearer: Bearer, services: Services) -> None:
    header = bearer("read", "tickets:write")
    for number in range(LIMIT + 2):
        limited.put(f"/api/v1/tickets/desk/{number}", json={"title": "t"}, headers=header)

    assert services.store.ticket_ids("desk") == [f"desk:{number}" for number in range(LIMIT)]
    with mock.patch.object(services.searcher(), "search", side_effect=AssertionError):
        assert limited.get(SEARCH, headers=header).status_code == 429


def test_every_answer_to_a_token_tells_its_quota_also_when_it_is_an_error(limited: FlaskClient, bearer: Bearer) -> None:
    header = bearer("read")
    asked = [
        limited.get("/api/v1/articles/no/such", headers=header),
        limited.get("/api/v1/search?q=", headers=header),
        limited.post("/api/v1/feedback", json={}, headers=header),
        limited.post("/api/v1/similar-issues", data=b"{", content_type="application/json", headers=header),
    ]

    assert [(one.status_code, left(one)[0]) for one in asked] == [(404, 4), (422, 3), (403, 2), (400, 1)]


def test_what_needs_no_token_is_not_limited(limited: FlaskClient) -> None:
    for path in ("/healthz", "/api/v1/openapi.json", "/sign-in"):
        for _ in range(LIMIT + 1):
            answer = limited.get(path)
        assert answer.status_code == 200, path
        assert "RateLimit" not in answer.headers


def test_no_limit_means_none_and_no_header(services: Services, bearer: Bearer) -> None:
    client = app_with(services, rate_limit=0).test_client()
    header = bearer("read")

    for _ in range(20):
        answer = client.get("/api/v1/articles", headers=header)
    assert answer.status_code == 200
    assert "RateLimit" not in answer.headers
    for _ in range(FAILURES + 1):
        answer = client.get("/api/v1/articles", headers={"Authorization": "Bearer kb_wrong"})
    assert answer.status_code == 401


def guess(client: FlaskClient, number: int, address: str = "198.51.100.7") -> TestResponse:
    wrong = {"Authorization": f"Bearer kb_{number}"}
    return client.get("/api/v1/articles", headers=wrong, environ_base={"REMOTE_ADDR": address})


def test_guessing_is_refused_before_the_guess_is_looked_up(
    app: Flask, services: Services, bearer: Bearer, clock: Clock
) -> None:
    client = app.test_client()
    right = bearer("read")
    answers = [guess(client, number) for number in range(FAILURES)]
    assert {one.status_code for one in answers} == {401}
    assert [left(one)[0] for one in answers] == list(range(FAILURES - 1, -1, -1))

    with mock.patch.object(services.store, "token", side_effect=AssertionError):
        refused = guess(client, -1)
    assert refused.status_code == 429
    here = {"REMOTE_ADDR": "198.51.100.7"}
    assert client.get("/api/v1/articles", headers=right, environ_base=here).status_code == 429  # it might be a guess
    assert guess(client, -1, "198.51.100.8").status_code == 401
    clock.advance(int(refused.headers["Retry-After"]))
    assert client.get("/api/v1/articles", headers=right, environ_base=here).status_code == 200


def test_guessing_does_not_lock_out_a_token_at_work_behind_the_same_address(app: Flask, bearer: Bearer) -> None:
    client, working = app.test_client(), bearer("read")
    here = {"REMOTE_ADDR": "198.51.100.7"}
    client.get("/api/v1/articles", headers=working, environ_base=here)
    for number in range(FAILURES + 1):
        refused = guess(client, number)

    assert refused.status_code == 429
    assert client.get("/api/v1/articles", headers=working, environ_base=here).status_code == 200


def test_a_token_that_was_revoked_counts_as_a_guess(app: Flask, services: Services, bearer: Bearer) -> None:
    client, working = app.test_client(), bearer("read", name="desk")
    client.get("/api/v1/articles", headers=working)
    services.store.revoke_token("desk")
    answers = [client.get("/api/v1/articles", headers=working).status_code for _ in range(FAILURES + 1)]

    assert answers == [401] * FAILURES + [429]


def test_a_view_without_a_token_can_be_limited_by_address(services: Services, clock: Clock) -> None:
    app = app_with(services, rate_limit=LIMIT)
    app.add_url_rule("/api/v1/knock", "knock", open_to_all(limited_by_address(lambda: "in")))
    client = app.test_client()
    for _ in range(LIMIT):
        assert client.get("/api/v1/knock").status_code == 200
    refused = client.get("/api/v1/knock")

    assert (refused.status_code, refused.headers["RateLimit-Policy"]) == (429, f'"address";q={LIMIT};w=60')
    assert client.get("/api/v1/knock", environ_base={"REMOTE_ADDR": "198.51.100.9"}).status_code == 200


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::9", "2001:db8:0:1::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("no address", "unknown"),
    ],
)
def test_an_address_of_ipv6_counts_as_its_network(address: str | None, counted: str) -> None:
    assert address_of(address) == counted


def test_the_limit_is_a_setting_that_is_checked(home: Path) -> None:
    assert read_settings(home, {"KB_RATE_LIMIT": "0"}).rate_limit == 0
    assert read_settings(home, {}).rate_limit >= 2 * (40 + 50) * 60
    for wrong in ("-1", "1000001", "many"):
        with pytest.raises(ConfigurationError, match="rate_limit"):
            read_settings(home, {"KB_RATE_LIMIT": wrong})
