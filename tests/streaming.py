"""Send a stream of tickets to a server while clients search, each over a connection of its own that stays open."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from urllib.parse import quote, urlsplit

from tests.serving import Server

SOURCE = "stream"
SENDERS = 20
"""Connections that share the stream: enough that none waits for the answer to the ticket before."""
QUESTIONS = (
    "vpn error 809",
    "mailbox quota warning",
    "Drucker druckt leere Seiten",
    "badge printer prints blank cards",
    "service:vpn tunnel",
    "0x80070005",
)


@dataclass
class Report:
    """What came of a stream: seconds of each search and each ticket, and whatever was no good answer."""

    search_s: list[float] = field(default_factory=list)
    ticket_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sent: int = 0


def streamed(server: Server, token: str, *, a_second: float, seconds: float, searching: int) -> Report:
    """Send `a_second` new tickets each second, in even steps, while `searching` clients ask without a pause."""
    report = Report()
    numbers = count(1)
    most = round(a_second * seconds)
    began = time.monotonic()
    is_over = threading.Event()

    def send() -> None:
        connection = Connection(server)
        while (number := next(numbers)) <= most:
            time.sleep(max(0.0, began + number / a_second - time.monotonic()))
            body = {
                "title": f"Streamed fault {number} of the gate",
                "description": f"Marke{number} klemmt, code E-{number}",
            }
            path = f"/api/v1/tickets/{SOURCE}/{number}"
            status, text, took_s = connection.ask("PUT", path, token, body)
            report.ticket_s.append(took_s)
            if status != 201:
                report.errors.append(f"ticket {number}: {status} {text}")
        connection.close()

    def search(client: int) -> None:
        connection = Connection(server)
        for turn in count(client):
            if is_over.is_set():
                break
            question = QUESTIONS[turn % len(QUESTIONS)]
            status, text, took_s = connection.ask("GET", f"/api/v1/search?q={quote(question)}", token)
            report.search_s.append(took_s)
            if status != 200 or json.loads(text)["retrieval"]["degraded"]:
                report.errors.append(f"search {question!r}: {status} {text[:300]}")
        connection.close()

    senders = _started([send] * SENDERS)
    searchers = _started([lambda client=client: search(client) for client in range(searching)])  # type: ignore[misc]
    for thread in senders:
        thread.join()
    is_over.set()
    for thread in searchers:
        thread.join()
    report.sent = most
    return report


class Connection:
    """One client's connection; what goes wrong on it is told as status 0."""

    def __init__(self, server: Server):
        self._place = urlsplit(server.address)
        self._connection = HTTPConnection(self._place.hostname or "", self._place.port, timeout=60)

    def ask(self, method: str, path: str, token: str, body: object = None) -> tuple[int, str, float]:
        """Send a request and return status, text and seconds."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        began = time.perf_counter()
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self._connection.getresponse()
            status, text = answer.status, answer.read().decode()
        except (OSError, HTTPException) as error:
            self._connection.close()
            status, text = 0, repr(error)
        return status, text, time.perf_counter() - began

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def percentile(seconds: Sequence[float], share: float) -> float:
    """Return the value below which that share of the values lies, in milliseconds."""
    return 1000 * sorted(seconds)[round(share * (len(seconds) - 1))]


def _started(targets: Sequence[Callable[[], None]]) -> list[threading.Thread]:
    threads = [threading.Thread(target=target, daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    return threads
