"""`kb serve` on an empty home: one process from nothing to answers, which indexes what others import meanwhile."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pytest

from indexer.lock import is_locked
from kb.store.open_store import open_store
from tests.command_line import SAMPLES, home_with_model, run, start

PATIENCE_S = 120.0


@dataclass(frozen=True)
class Served:
    """A server at work."""

    home: Path
    process: subprocess.Popen[str]
    address: str
    link: str
    log: Path

    def get(self, path: str, token: str = "", browser: OpenerDirector | None = None) -> tuple[int, str]:
        """Return status and body."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with (browser or build_opener()).open(Request(self.address + path, headers=headers), timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def found(self, text: str, token: str) -> list[str]:
        """Return the ids that the endpoint finds, best first."""
        status, body = self.get(f"/api/v1/search?limit=100&q={quote(text)}", token)
        assert status == 200, (body, self.log.read_text())
        return [result["id"] for result in json.loads(body)["results"]]


def serve(home: Path, log: Path) -> Served:
    """Start a server on a free port and return when it has printed its link."""
    process = start("--home", home, "serve", "--port", "0", errors=log)
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(2)]
    address = re.fullmatch(r"Fixlore is at (http://127\.0\.0\.1:\d+)\n", told[0])
    assert address, (told, log.read_text())
    link = re.fullmatch(rf"Sign in once with ({re.escape(address[1])}/sign-in/\S+)\n", told[1])
    assert link, told
    return Served(home, process, address[1], link[1], log)


def stop(served: Served, number: signal.Signals = signal.SIGTERM) -> int:
    """Tell a server to end, and return its exit code."""
    served.process.send_signal(number)
    try:
        code = served.process.wait(timeout=PATIENCE_S)
    finally:
        served.process.kill()
        assert served.process.stdout is not None
        served.process.stdout.close()
    return code


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[Served]:
    """A server that was started on an empty home."""
    place = tmp_path_factory.mktemp("served")
    opened = serve(home_with_model(place / "home", model_home), place / "log")
    try:
        yield opened
    finally:
        code = stop(opened)
    assert code == 0, (place / "log").read_text()
    assert not re.search("Traceback|Warning", (place / "log").read_text())


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    """A token that another process made while the server ran."""
    return run("--home", served.home, "token", "create", "reader", "--scope", "read").out.strip()


def test_a_server_on_an_empty_home_is_ready_with_the_shipped_content(served: Served, token: str) -> None:
    assert served.get("/healthz") == (200, "ok\n")
    status, report = served.get("/readyz")
    assert (status, json.loads(report)["down"], json.loads(report)["pending_changes"]) == (200, {}, 0)
    assert served.found("ORA-12154", token)[0] == "database/oracle-ora-12154"


def test_the_link_signs_in_once_and_the_site_finds_something(served: Served) -> None:
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    path = served.link.removeprefix(served.address)

    assert "database/oracle-ora-12154" not in served.get("/?q=ORA-12154")[1]
    assert served.get(path, browser=browser)[0] == 200
    assert "database/oracle-ora-12154" in served.get("/?q=ORA-12154", browser=browser)[1]
    assert served.get(path)[0] == 403


def test_the_shell_prints_the_body_that_the_endpoint_answers(served: Served, token: str) -> None:
    def same(body: dict[str, object]) -> dict[str, object]:
        retrieval = body["retrieval"]
        assert isinstance(retrieval, dict)
        results = body["results"]
        assert isinstance(results, list)
        # Without `base_url` only the endpoint knows an address at which the server is.
        local = [{**result, "url": result["url"].removeprefix(served.address)} for result in results]
        varying = {"response_id": "", "retrieval": {**retrieval, "took_ms": 0, "indexed_through": ""}}
        return {**body, **varying, "results": local}

    status, answered = served.get("/api/v1/search?limit=5&type=article&q=vpn%20809", token)
    printed = run("--home", served.home, "search", "vpn 809", "--type", "article", "--limit", "5", "--json")

    assert status == 200
    assert same(json.loads(printed.out)) == same(json.loads(answered))


def test_what_another_process_imports_is_indexed_by_the_server_before_the_command_ends(
    served: Served, token: str, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "barrier.md").write_text("# Parking barrier stays open\n\nReset controller PB-7731.\n")
    assert "barrier" not in served.found("PB-7731", token)

    told = run("--home", served.home, "import", "articles", tmp_path / "mine")

    assert (told.code, told.out) == (0, "1 created\nThe server has indexed everything.\n")
    assert served.found("PB-7731", token)[0] == "barrier"


def test_an_import_that_does_not_wait_returns_at_once_and_is_found_later(served: Served, token: str) -> None:
    told = run("--home", served.home, "import", "tickets", SAMPLES / "tickets.jsonl", "--no-wait")

    assert told.code == 0
    assert re.fullmatch(r"4 created\nA server indexes \d changed documents\.\n", told.out)
    deadline = time.monotonic() + PATIENCE_S
    while "mail:1" not in served.found("vpn error 809 router replaced", token):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_new_link_leads_to_where_the_server_listens(served: Served) -> None:
    told = run("--home", served.home, "user", "link")
    elsewhere = run("--home", served.home, "user", "link", "--host", "kb.example.org", "--port", "80")

    assert told.out.startswith(f"{served.address}/sign-in/")
    assert elsewhere.out.startswith("http://kb.example.org:80/sign-in/")


def test_a_rebuild_is_done_by_the_server(served: Served, token: str) -> None:
    generation = (served.home / "index" / "CURRENT").read_text()

    told = run("--home", served.home, "index", "--rebuild")

    assert (told.code, told.out) == (0, "The server has indexed everything.\n")
    assert (served.home / "index" / "CURRENT").read_text() != generation
    assert served.found("ORA-12154", token)[0] == "database/oracle-ora-12154"


def test_a_port_in_use_is_told_before_anything_is_made(served: Served, home: Path) -> None:
    port = served.address.rpartition(":")[2]

    told = run("--home", home, "serve", "--port", port)

    assert told.code == 1
    assert len(told.error_lines) == 1
    assert f"127.0.0.1:{port} cannot be used" in told.err
    assert "choose another --port" in told.err
    assert not home.exists()


def test_a_backup_made_under_writes_holds_all_that_was_acknowledged_before_it(
    served: Served, tmp_path: Path, model_home: Path
) -> None:
    writer = run("--home", served.home, "token", "create", "writer", "--scope", "tickets:write").out.strip()
    written: list[int] = []
    enough, copied = threading.Event(), threading.Event()

    def write() -> None:
        while not copied.is_set():
            number = len(written)
            body = json.dumps({"title": f"Ticket {number}", "description": f"first line\nline {number}"}).encode()
            headers = {"Authorization": f"Bearer {writer}", "Content-Type": "application/json"}
            address = f"{served.address}/api/v1/tickets/stream/{number}"
            with build_opener().open(Request(address, body, headers, method="PUT"), timeout=30) as answer:
                assert answer.status in (200, 201)
            written.append(number)
            if number == 20:
                enough.set()

    with ThreadPoolExecutor(1) as writing:
        done = writing.submit(write)
        try:
            assert enough.wait(PATIENCE_S)
            before = len(written)
            told = run("--home", served.home, "backup", tmp_path / "copy.db")
            after = len(written) + 1  # one may be stored and not yet acknowledged
        finally:
            copied.set()
        done.result(PATIENCE_S)

    assert told.code == 0
    store = open_store(tmp_path / "copy.db")
    held = [store.ticket(one) for one in store.ticket_ids("stream")]
    store.close()
    assert before <= len(held) <= after
    numbers = {int(ticket.external_id): ticket.description for ticket in held if ticket is not None}
    assert numbers == {number: f"first line\nline {number}" for number in range(len(held))}


def test_a_backup_of_a_server_at_work_comes_back_and_gives_up_its_examples_while_it_is_served(
    served: Served, token: str, tmp_path: Path, model_home: Path
) -> None:
    other = home_with_model(tmp_path / "other", model_home)
    link = [{"type": "resolved_by", "target": "database/oracle-ora-12154"}]
    own = {"source": "desk", "external_id": "1", "title": "ORA-12154 at the till", "links": link}
    (tmp_path / "own.jsonl").write_text(json.dumps(own))

    assert run("--home", served.home, "index").code == 0  # waits until the server has indexed what others wrote
    assert run("--home", served.home, "backup", tmp_path / "copy.db").code == 0
    restored = run("--home", other, "restore", tmp_path / "copy.db")
    imported = run("--home", other, "import", "tickets", tmp_path / "own.jsonl")
    assert (restored.code, imported.code) == (0, 0)
    assert " 0 texts encoded, " in restored.out

    server = serve(other, tmp_path / "log")
    try:
        browser = build_opener(HTTPCookieProcessor(CookieJar()))
        browser.open(server.link, timeout=30).close()
        assert "database/oracle-ora-12154" in server.found("ORA-12154", token)

        removed = run("--home", other, "example", "remove")

        assert re.match(r"Removed \d\d example articles and \d+ example tickets\.\n", removed.out)
        assert "database/oracle-ora-12154" not in server.found("ORA-12154", token)
        assert "desk:1" in server.found("ORA-12154", token)
        assert server.get("/tickets/desk/1", browser=browser)[0] == 200
        assert server.get("/articles/database/oracle-ora-12154", browser=browser)[0] == 404
        assert "manual/searching" in server.found("how do I search for exact words", token)
        assert served.found("ORA-12154", token)[0] == "database/oracle-ora-12154"
    finally:
        code = stop(server, signal.SIGINT)
    assert code == 0
    assert run("--home", other, "example", "remove").out == "Removed 0 example articles and 0 example tickets.\n"
    checked = run("--home", other, "doctor")
    assert (checked.code, checked.err) == (0, "")
    assert "links of tickets to documents that are not here: " in checked.out
    again = serve(other, tmp_path / "log")
    assert "database/oracle-ora-12154" not in again.found("ORA-12154", token)
    assert stop(again) == 0
    assert not re.search("Traceback|Loading the shipped articles", (tmp_path / "log").read_text())


def test_examples_are_marked_in_the_shell(served: Served) -> None:
    told = run("--home", served.home, "search", "ORA-12154", "--limit", "1")
    manual = run("--home", served.home, "search", "source:manual how do I search for exact words", "--limit", "1")

    assert re.search(r"^   database/oracle-ora-12154  \(.*\bexample, ", told.out, re.MULTILINE)
    assert "manual/" in manual.out
    assert "example, " not in manual.out


def test_a_server_that_is_stopped_while_it_loads_ends_cleanly(tmp_path: Path, model_home: Path) -> None:
    home = home_with_model(tmp_path / "home", model_home)
    with start("--home", home, "serve", "--port", "0") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "Loading the shipped articles and example tickets.\n"
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, errors) == (0, "Stopped.\n")


def test_a_server_that_is_stopped_while_the_model_is_prepared_takes_the_exporting_process_along(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with start("--home", home, "serve", "--port", "0") as process:
        assert process.stderr is not None
        for told in process.stderr:
            if told == "loading the original model\n":
                break
        process.terminate()  # this process alone, as a service manager may do
        _, errors = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, errors) == (0, "Stopped.\n")
    assert not is_locked(home / "models" / "export.lock")
