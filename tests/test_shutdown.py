"""A server that is told to stop finishes what is under way, and loses nothing that it has acknowledged."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from kb.store.open_store import open_store
from tests.command_line import home_with_model, run, start
from tests.serving import PATIENCE_S, Server, new_token, serving, until


@pytest.fixture(scope="module")
def quiet_home(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    """A home that was used before and holds no examples, so that a server starts at once."""
    home = home_with_model(tmp_path_factory.mktemp("shutdown") / "home", model_home)
    assert run("--home", home, "token", "create", "first", "--scope", "read").code == 0
    with closing(open_store(home / "fixlore.db")) as store:
        store.put_setting("examples", "loaded")
    return home


@pytest.fixture
def server(quiet_home: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(quiet_home, tmp_path / "log") as server:
        yield server


def batch(source: str, count: int) -> bytes:
    return b"".join(
        json.dumps({"source": source, "external_id": str(number), "title": f"Printer {number}"}).encode() + b"\n"
        for number in range(count)
    )


def stored_of(home: Path, source: str) -> list[str]:
    with closing(open_store(home / "fixlore.db")) as store:
        return [one for one in store.ticket_ids() if one.startswith(f"{source}:")]


def connected(server: Server) -> socket.socket:
    host, port = server.address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_S)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
def test_a_batch_under_way_is_answered_whole_and_stored_when_the_server_is_told_to_stop(
    server: Server, number: signal.Signals
) -> None:
    source = f"batch-{number.name}"
    token = new_token(server.home)
    answers: list[tuple[int, str]] = []

    def send() -> None:
        answer = server.ask("/api/v1/tickets/batch", token, method="POST", body=batch(source, 3000))
        answers.append((answer.status, answer.text))

    sender = threading.Thread(target=send)
    sender.start()
    until(lambda: stored_of(server.home, source))  # at work: some of its transactions are done
    code = server.stop(number)
    sender.join()

    assert code == 0, server.logged()
    (status, text), *_ = answers
    lines = [json.loads(line) for line in text.splitlines()]
    assert (status, len(lines)) == (200, 3000)
    assert {line["outcome"] for line in lines} == {"created"}
    assert sorted(stored_of(server.home, source)) == sorted(line["id"] for line in lines)
    assert "Traceback" not in server.logged()


def test_every_ticket_that_was_acknowledged_is_there_when_clients_write_while_the_server_stops(
    server: Server,
) -> None:
    token = new_token(server.home)
    acknowledged: list[str] = []
    cut: list[str] = []

    def write(writer: int) -> None:
        for count in range(100_000):
            one = f"{writer}-{count}"
            try:
                answer = server.ask(
                    f"/api/v1/tickets/storm/{one}", token, method="PUT", body={"title": f"Router {one} restarts"}
                )
            except OSError:
                cut.append(f"storm:{one}")
                return
            assert answer.status == 201, answer
            acknowledged.append(f"storm:{one}")

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    until(lambda: len(acknowledged) > 30)
    code = server.stop()
    for writer in writers:
        writer.join()

    assert code == 0, server.logged()
    assert len(cut) == 6
    kept = set(stored_of(server.home, "storm"))
    assert set(acknowledged) <= kept <= {*acknowledged, *cut}
    assert run("--home", server.home, "index").code == 0
    assert run("--home", server.home, "doctor").code == 0


def test_an_upload_that_has_begun_is_waited_for_and_its_answer_sent(server: Server) -> None:
    token = new_token(server.home)
    body = json.dumps({"title": "Badge reader offline"}).encode()
    head = (
        f"PUT /api/v1/tickets/slow/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with connected(server) as connection:
        connection.sendall(head + body[:5])
        until(lambda: server.ask("/healthz").status == 200)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: _is_refused(server))
        connection.sendall(body[5:])
        answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 201"), answer
    assert server.process.wait(PATIENCE_S) == 0
    assert stored_of(server.home, "slow") == ["slow:1"]


def test_an_idle_connection_does_not_hold_the_server_up(server: Server) -> None:
    host, port = server.address.removeprefix("http://").split(":")
    idle = HTTPConnection(host, int(port), timeout=PATIENCE_S)
    idle.request("GET", "/healthz")
    assert idle.getresponse().read() == b"ok\n"

    assert server.stop() == 0
    assert "cut off" not in server.logged()
    idle.close()


def test_a_request_that_never_ends_is_cut_off_after_a_while_and_told(server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(b"PUT /api/v1/tickets/x/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        until(lambda: server.ask("/healthz").status == 200)
        assert server.stop() == 0
    assert re.search(r"WARNING 1 requests took longer than 10 s and were cut off", server.logged())


def test_a_second_signal_ends_the_server_at_once(server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(b"PUT /api/v1/tickets/x/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        until(lambda: server.ask("/healthz").status == 200)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: _is_refused(server))
        assert server.stop() == 128 + signal.SIGTERM
    assert "cut off" not in server.logged()


def test_answers_given_before_the_end_can_still_be_judged_after_a_restart(
    server: Server, quiet_home: Path, tmp_path: Path
) -> None:
    token = new_token(server.home)
    found = server.search(token, "searching for exact words in the manual").body
    assert server.stop() == 0

    with serving(quiet_home, tmp_path / "log-2") as again:
        results = found["results"]
        assert isinstance(results, list)
        word = {"response_id": found["response_id"], "result_id": results[0]["id"], "action": "helpful"}
        answer = again.ask("/api/v1/feedback", token, method="POST", body=word)
    assert (answer.status, answer.body) == (200, {"recorded": True})


def test_what_was_written_just_before_the_end_is_indexed_by_the_next_server(
    server: Server, quiet_home: Path, tmp_path: Path
) -> None:
    token = new_token(server.home)
    assert server.ask("/api/v1/tickets/batch", token, method="POST", body=batch("late", 300)).status == 200
    assert server.stop() == 0

    with serving(quiet_home, tmp_path / "log-2") as again:
        until(lambda: again.readiness()[1]["pending_changes"] == 0)
        assert again.readiness()[1]["down"] == {}
    assert run("--home", quiet_home, "doctor").code == 0


def test_two_signals_end_a_first_run_at_once_or_in_order_but_never_with_a_traceback(
    tmp_path: Path, model_home: Path
) -> None:
    home = home_with_model(tmp_path / "home", model_home)
    with start("--home", home, "serve", "--port", "0") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "Loading the shipped articles and example tickets.\n"
        process.terminate()
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)

    assert process.returncode in (0, 128 + signal.SIGTERM)
    assert errors in ("", "Stopped.\n")


def _is_refused(server: Server) -> bool:
    try:
        with connected(server):
            return False
    except (ConnectionRefusedError, ConnectionResetError):  # reset: it was waiting to be accepted
        return True
