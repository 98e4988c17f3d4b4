"""What the server logs: one record a line in two shapes, with the id of its request and without anybody's secrets."""

from __future__ import annotations

import io
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.errors import ConfigurationError, StoreError
from kb.settings import Settings, changed_settings, read_settings
from kb.store.open_store import open_store
from search.searcher import SearchRequest
from tests.command_line import SAMPLES, home_with_model, run
from tests.serving import new_token, serving, until
from web.app import create_app
from web.logs import REQUEST_ID, start_logging
from web.wiring import Services

Headers = dict[str, str]
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Put the loggers back as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = ("fixlore", "web", "search", "indexer", "kb", "waitress", "waitress.queue", "werkzeug")
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture
def log(logging_as_before: None) -> Callable[..., io.StringIO]:
    """Return a function that starts logging and returns where it goes."""

    def begin(form: str = "text", level: str = "info") -> io.StringIO:
        stream = io.StringIO()
        start_logging(form, level, stream)
        return stream

    return begin


def records(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_text_record_is_one_line_with_its_fields(log: Callable[..., io.StringIO]) -> None:
    stream = log()
    logging.getLogger("fixlore.x").info("moved %d", 3, extra={"route": "/", "took_ms": 12, "by": "token:desk 2"})

    assert re.fullmatch(TIME + r' INFO moved 3 route=/ took_ms=12 by="token:desk 2"\n', stream.getvalue())


def test_a_json_record_is_one_object_a_line_with_its_fields(log: Callable[..., io.StringIO]) -> None:
    stream = log("json")
    logging.getLogger("fixlore.x").info("Störung %d", 3, extra={"took_ms": 12, "settings": {"threads": 4}})

    (record,) = records(stream)
    assert re.fullmatch(TIME, record.pop("time"))
    told = {"level": "info", "logger": "fixlore.x", "message": "Störung 3"}
    assert record == {**told, "took_ms": 12, "settings": {"threads": 4}}


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_text_can_forge_a_record(log: Callable[..., io.StringIO], form: str) -> None:
    stream = log(form)
    forged = "x\n2026-01-01T00:00:00.000Z INFO forged\r\x1b[2K\u2028y"
    logging.getLogger("fixlore").info("told %s", forged, extra={"by": f'a" level=error {forged}'})

    assert len(stream.getvalue().splitlines()) == 1
    if form == "text":
        assert r'by="a\" level=error x\\n' in stream.getvalue()


def test_a_traceback_belongs_to_its_record(log: Callable[..., io.StringIO]) -> None:
    for form in ("text", "json"):
        stream = log(form)
        try:
            raise ValueError("first\nsecond")
        except ValueError:
            logging.getLogger("fixlore").exception("failed")
        first, *rest = stream.getvalue().splitlines()
        if form == "json":
            assert rest == []
            assert json.loads(first)["exc_info"].endswith("ValueError: first\nsecond")
        else:
            assert re.fullmatch(TIME + " ERROR failed", first)
            assert [line[:4] for line in rest] == ["  | "] * len(rest)
            assert rest[-2:] == ["  | ValueError: first", "  | second"]


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_records_below_the_level_are_left_out(log: Callable[..., io.StringIO], level: str, heard: list[str]) -> None:
    stream = log("json", level)
    for name in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger("indexer.worker"), name)(name)

    assert [record["message"] for record in records(stream)] == heard


def test_warnings_and_the_records_of_libraries_take_the_same_shape(log: Callable[..., io.StringIO]) -> None:
    stream = log("json")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old\nhabit", DeprecationWarning, stacklevel=1)
    logging.getLogger("waitress").warning("%d thread(s) still running", 1)
    logging.getLogger("some.library").info("chatter")

    first, second = records(stream)
    assert "DeprecationWarning: old\nhabit" in first["message"]
    assert (second["logger"], second["message"]) == ("waitress", "1 thread(s) still running")


def test_the_path_that_the_http_library_tells_is_left_out(log: Callable[..., io.StringIO]) -> None:
    stream = log()
    try:
        raise OSError("gone")
    except OSError:
        logging.getLogger("waitress").exception("Exception while serving /sign-in/s3cret")

    assert "Exception while serving a request\n" in stream.getvalue()
    assert "s3cret" not in stream.getvalue()


def test_everything_that_is_logged_for_a_request_carries_its_id(
    services: Services, log: Callable[..., io.StringIO], monkeypatch: pytest.MonkeyPatch, bearer: Callable[..., Headers]
) -> None:
    client = create_app(services).test_client()
    header = bearer("read", name="desk")
    stream = log("json")
    searcher = services.searcher()
    search = searcher.search

    def noting(request: SearchRequest) -> object:
        for name in ("search.lanes", "indexer.vectors", "kb.store", "some.library"):
            logging.getLogger(name).warning("deep inside")
        return search(request)

    def failing(*given: object, **more: object) -> None:
        raise StoreError("no room")

    monkeypatch.setattr(searcher, "search", noting)
    monkeypatch.setattr(services.store, "log_response", failing)
    answer = client.get("/api/v1/search?q=vpn", headers=header)
    services.responses.flush()
    logging.getLogger("fixlore").info("outside")

    told = records(stream)
    ids = [record.get("request_id") for record in told]
    assert answer.status_code == 200
    assert [record["message"] for record in told].count("deep inside") == 4
    assert any("were not logged" in record["message"] for record in told)  # from the thread that writes the log
    assert set(ids[:-1]) == {answer.headers["X-Request-Id"]}
    assert ids[-1] is None
    assert REQUEST_ID.get() is None


def test_a_request_is_logged_by_its_rule_with_who_asked(
    services: Services, log: Callable[..., io.StringIO], bearer: Callable[..., Headers]
) -> None:
    client = create_app(services).test_client()
    header = bearer("read", name="desk")
    stream = log("json")
    client.get("/api/v1/tickets/mail/hidden-id", headers=header)
    client.get("/no/such/page?q=hidden-query")
    client.get("/api/v1/search?q=hidden-query")

    told = [
        (one["message"], one["method"], one["route"], one["status"], one.get("by"), type(one["took_ms"]))
        for one in records(stream)
    ]
    assert told == [
        ("request", "GET", "/api/v1/tickets/<source>/<path:external_id>", 404, "token:desk", int),
        ("request", "GET", "(unknown)", 404, None, int),
        ("request", "GET", "/api/v1/search", 401, None, int),
    ]
    assert "hidden" not in stream.getvalue()


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("4f1c9d2e-77aa", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("two words", False),
        ("x;y", False),
        ("ä", False),
    ],
)
def test_a_request_id_is_taken_from_a_proxy_alone_and_only_when_it_is_harmless(
    app: Flask, services: Services, given: str, taken: bool
) -> None:
    header = {"X-Request-Id": given.encode("utf-8").decode("latin-1")}
    open_answer = app.test_client().get("/healthz", headers=header)
    services.settings = Settings(home=services.settings.home, base_url="http://kb.example.org")
    behind = create_app(services).test_client().get("/healthz", headers=header)

    assert (behind.headers["X-Request-Id"] == given) is taken
    for answer in (open_answer, behind):
        assert re.fullmatch(r"[\w.-]{1,64}", answer.headers["X-Request-Id"])
    assert open_answer.headers["X-Request-Id"] != given


@pytest.mark.parametrize("path", ["/api/v1/search?q=secret-word", "/?q=secret-word"])
def test_an_error_that_nobody_foresaw_is_one_record_whose_request_the_reader_is_told(
    services: Services,
    signed_in: FlaskClient,
    log: Callable[..., io.StringIO],
    monkeypatch: pytest.MonkeyPatch,
    bearer: Callable[..., Headers],
    path: str,
) -> None:
    header = bearer("read")

    def break_down(request: SearchRequest) -> None:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(services.searcher(), "search", break_down)
    stream = log("json")
    answer = signed_in.get(path, headers=header)

    request_id = answer.headers["X-Request-Id"]
    failures = [record for record in records(stream) if record["level"] == "error"]
    assert answer.status_code == 500
    assert f"under the request {request_id}." in answer.get_data(as_text=True)
    assert [one["request_id"] for one in failures] == [request_id]
    assert "ZeroDivisionError: odd" in failures[0]["exc_info"]
    assert "secret-word" not in stream.getvalue()


def test_an_error_with_a_remedy_is_one_line_and_names_no_place_of_the_machine_to_the_caller(
    services: Services, client: FlaskClient, log: Callable[..., io.StringIO], bearer: Callable[..., Headers]
) -> None:
    header = bearer("read")
    stream = log()
    broken = services.settings.store_path
    services.store.close()
    services.store = open_store(services.settings.home / "other.db")
    services.store.close()
    services._searcher = None
    answer = client.get("/api/v1/search?q=vpn", headers=header)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert str(broken.parent) not in answer.get_data(as_text=True)
    assert re.search(
        r"ERROR request failed: the store is closed; open it again route=/api/v1/search", stream.getvalue()
    )
    assert "Traceback" not in stream.getvalue()


def test_settings_of_the_log_are_checked_by_name(tmp_path: Path) -> None:
    read = read_settings(tmp_path, {"KB_LOG_FORMAT": "json", "KB_LOG_LEVEL": "debug"})

    assert changed_settings(read) == {"log_format": "json", "log_level": "debug"}
    for name in ("LOG_FORMAT", "LOG_LEVEL"):
        with pytest.raises(ConfigurationError, match=f"{name.lower()} must be one of .*, not 'loud'"):
            read_settings(tmp_path, {f"KB_{name}": "loud"})


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_of_a_whole_session_holds_no_secret(tmp_path: Path, model_home: Path, form: str) -> None:
    home = home_with_model(tmp_path / "home", model_home)
    assert run("--home", home, "import", "articles", SAMPLES / "articles").code == 0
    with closing(open_store(home / "fixlore.db")) as store:
        store.put_setting("examples", "loaded")
    token = new_token(home)
    (home / "fixlore.toml").write_text(f'log_format = "{form}"\nlog_level = "debug"\n')
    cookies = CookieJar()
    browser = build_opener(HTTPCookieProcessor(cookies))

    with serving(home, tmp_path / "log") as server:
        link = server.way_in.rpartition(" ")[2]
        unknown = "kb_unknown-token-of-somebody"
        with browser.open(link) as page:
            assert page.status == 200
        for path in ("/?q=xyzzyquery+vpn", "/tickets/mail:xyzzyid", "/sign-in/xyzzyguess"):
            assert _status(browser.open, server.address + path) in (200, 403, 404), path
        invited = run("--home", home, "user", "add", "desk").out.strip()
        for address, name, password in (
            (server.address + "/sign-in", "xyzzyname", "xyzzypassword typed"),
            (server.address + "/sign-in", "desk", "xyzzypassword wrong"),
            (invited, "", "xyzzypassword short"[:11]),
            (invited, "", "xyzzypassword chosen"),
            (server.address + "/sign-in", "Desk", "xyzzypassword chosen"),
        ):
            _fill_in(browser.open, address, name=name, password=password, again=password)
        server.search(token, "xyzzyquery vpn")
        server.search(unknown, "xyzzyquery")
        assert server.put_ticket(token, 7, description="xyzzyticket text").status == 201
        server.ask("/api/v1/tickets/mail/xyzzyid", token)
        server.ask("/api/v1/tickets/mail/1", token, method="PUT", body={"title": None, "description": "xyzzybody"})
        lines = b'{"source":"mail","external_id":"xyzzyid","title":"xyzzyticket"}\nxyzzybroken\n'
        assert server.ask("/api/v1/tickets/batch", token, method="POST", body=lines).status == 200
        ticket = {"title": "xyzzyquery", "description": "xyzzyticket"}
        assert server.ask("/api/v1/similar-issues", token, method="POST", body={"ticket": ticket}).status == 200
        server.ask("/api/v1/feedback", token, method="POST", body={"response_id": "xyzzyid"})
        until(lambda: server.readiness()[1]["pending_changes"] == 0)
        assert server.stop() == 0
        logged = server.logged()

    secrets = [token, token.removeprefix("kb_"), unknown, link.rpartition("/")[2], invited.rpartition("/")[2], "xyzzy"]
    secrets += [cookie.value or "" for cookie in cookies]
    assert len(secrets) > 5
    assert [one for one in secrets if one in logged] == []
    assert logged.count("/api/v1/tickets/<source>/<path:external_id>") == 3
    assert "/sign-in/<secret>" in logged
    assert [logged.count(f"{told}") for told in ("sign-in refused", "signed in", "password chosen by a link")] == [
        2,
        2,
        1,
    ]
    assert "$argon2" not in logged
    assert str(home) in logged
    if form == "json":
        told = [json.loads(line) for line in logged.splitlines()]
        assert {"time", "level", "logger", "message"} <= set.intersection(*(set(one) for one in told))
        (started,) = [one for one in told if one["message"] == "started"]
        assert started["address"] == server.address
        assert started["settings"] == {"log_format": "json", "log_level": "debug"}
        assert told[-1]["message"] == "Stopped."


def _fill_in(ask: Callable[..., Any], address: str, **fields: str) -> None:
    """Load a form and send it back filled in."""
    with ask(address) as page:
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.read().decode())
    assert found
    assert _status(ask, address, urlencode({**fields, "csrf_token": found[1]}).encode()) in (200, 422)


def _status(ask: Callable[..., Any], address: str, sent: bytes | None = None) -> int:
    from urllib.error import HTTPError

    try:
        with ask(Request(address, data=sent)) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
