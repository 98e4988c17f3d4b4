"""Ticket systems deliver all at once, while people search: nothing is lost, doubled or refused."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from urllib.parse import urlsplit

import pytest

from tests.homes import filled_home
from tests.serving import Answer, Server, new_token, serving, until
from tests.streaming import SOURCE, streamed

SECONDS, A_SECOND, CLIENTS = 10, 50, 16
FIFTY = 50


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[Server]:
    """A server with the model, at its defaults."""
    place = tmp_path_factory.mktemp("load")
    with serving(filled_home(place / "home", model_home), place / "log") as started:
        yield started


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return new_token(server.home)


def total(server: Server, token: str, query: str) -> int:
    """Return how many documents a search counts."""
    found = server.ask(f"/api/v1/search?{query}&limit=1", token).body["total"]
    assert isinstance(found, int)
    return found


def test_fifty_deliveries_of_one_ticket_at_once_make_one_ticket_that_says_what_the_newest_said(
    server: Server, token: str
) -> None:
    start = Barrier(FIFTY)

    def deliver(number: int) -> Answer:
        body = {
            "title": "Quittenbaum blocks the gate",
            "priority": str(number),
            "status": "closed" if number == FIFTY - 1 else "open",
            f"seen_{number % 5}": number,
            "updated_at": f"2026-11-21T08:00:{number:02}Z",
        }
        start.wait()
        return server.ask("/api/v1/tickets/desk/fifty", token, method="PUT", body=body)

    with ThreadPoolExecutor(FIFTY) as pool:
        answers = list(pool.map(deliver, range(FIFTY)))
    outcomes = [answer.body["outcome"] for answer in answers]
    ticket = server.ask("/api/v1/tickets/desk/fifty", token).body

    assert {answer.status for answer in answers} == {200, 201}
    assert [answer.status for answer in answers].count(201) == outcomes.count("created") == 1
    assert set(outcomes) <= {"created", "updated", "ignored"}
    assert (ticket["priority"], ticket["status"], ticket["updated_at"]) == ("49", "closed", "2026-11-21T08:00:49Z")
    until(lambda: server.readiness()[1]["pending_changes"] == 0)
    assert total(server, token, "q=quittenbaum&source=desk") == 1
    assert total(server, token, "q=quittenbaum&source=desk&status=resolved") == 1


def test_the_same_fifty_deliveries_in_any_number_of_batches_at_once_are_stored_once_each(
    server: Server, token: str
) -> None:
    lines = b"".join(
        f'{{"source":"twins","external_id":"{number}","title":"Twin {number}","service":"gate"}}\n'.encode()
        for number in range(FIFTY)
    )
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: server.ask("/api/v1/tickets/batch", token, method="POST", body=lines).text, range(8))
        )

    told = [line for text in answers for line in text.splitlines()]
    assert len(told) == 8 * FIFTY
    assert sum('"outcome":"created"' in line for line in told) == FIFTY
    assert sum('"outcome":"unchanged"' in line for line in told) == 7 * FIFTY


def test_a_stream_of_tickets_while_clients_search_is_taken_without_an_error_and_found(
    server: Server, token: str
) -> None:
    report = streamed(server, token, a_second=A_SECOND, seconds=SECONDS, searching=CLIENTS)

    assert report.errors == []
    assert (report.sent, len(report.ticket_s)) == (SECONDS * A_SECOND,) * 2
    assert len(report.search_s) >= CLIENTS
    until(lambda: server.readiness()[1]["pending_changes"] == 0)
    assert total(server, token, f"q=streamed+fault&source={SOURCE}") == report.sent
    for number in (1, report.sent // 2, report.sent):
        found = server.search(token, f"Marke{number} klemmt").body["results"]
        assert found[0]["id"] == f"{SOURCE}:{number}"  # type: ignore[index]
    assert "ERROR" not in server.logged()


@pytest.mark.parametrize(
    ("path", "method", "kind"),
    [
        ("/api/v1/similar-issues", "POST", "application/json"),
        ("/api/v1/tickets/jira/1", "PUT", "application/json"),
        ("/api/v1/tickets/batch", "POST", "application/x-ndjson"),
    ],
)
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(
    server: Server, token: str, path: str, method: str, kind: str
) -> None:
    place = urlsplit(server.address)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: kb\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: 1000000000\r\n\r\n{{"
    )
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        connection.sendall(head.encode())  # and not one more byte of the gigabyte
        answer = b""
        while part := connection.recv(65536):
            answer += part

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Content-Type: application/problem+json" in answer
    assert b'"status": 413' in answer


def test_a_body_without_an_announced_length_is_cut_off_at_the_limit(server: Server, token: str) -> None:
    place = urlsplit(server.address)
    head = (
        f"POST /api/v1/tickets/batch HTTP/1.1\r\nHost: kb\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"100000\r\n" + b" " * 2**20 + b"\r\n"
    answer, sent = b"", 0
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        connection.sendall(head.encode())
        try:
            for _ in range(64):
                connection.sendall(chunk)
                sent += 1
        except OSError:
            pass  # it was refused, and the connection with it
        try:
            while part := connection.recv(65536):
                answer += part
        except OSError:
            pass

    assert sent < 64 or answer.startswith(b"HTTP/1.1 413 ")
    assert server.readiness()[0] == 200


def test_a_server_answers_pages_that_are_too_large_in_plain_words(server: Server) -> None:
    place = urlsplit(server.address)
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        connection.sendall(b"POST /similar HTTP/1.1\r\nHost: kb\r\nContent-Length: 1000000000\r\n\r\n")
        answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"text/plain" in answer
