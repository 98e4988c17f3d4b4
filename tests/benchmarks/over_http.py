"""How long does an answer take over HTTP, with one client and with several, and when is a saved document found?"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from http.client import HTTPConnection

from kb.documents import Ticket
from kb.tickets import ticket_object
from tests.benchmarks.latency import Round, latency_of, median_of
from tests.benchmarks.queries import SEARCH, SIMILAR
from tests.benchmarks.questions import questions, tickets
from tests.benchmarks.server import PATIENCE_S, Server, search_path
from tests.benchmarks.table import Figure, Ratio, Row, compared
from tests.benchmarks.variation import SOURCE
from tests.benchmarks.workbench import MeasuredHome, Workbench

STAGE = "http"
CLIENTS = (1, 16)
_SAVES = 5
_POLL_S = 0.01
Ask = Callable[[HTTPConnection], None]


def http_rows(
    bench: Workbench, home: MeasuredHome, server: Server, in_process: Sequence[Row], smaller: Sequence[Row]
) -> list[Row]:
    """Return latencies over HTTP, compared with those in process, of one client, and of a smaller collection."""
    rows: list[Row] = []
    before = {row.what: row for row in smaller}
    inside = {row.what: replace(row, passages=None) for row in in_process if row.passages == home.passages}
    for name, task, inner in (("search", searches, SEARCH), ("similar issues", similar_issues, SIMILAR)):
        alone: Row | None = None
        for clients in CLIENTS:
            bench.say(f"asking over HTTP, {home.passages:,} passages, {name}, {clients} clients")
            row = _measured(
                bench, home, server, f"{name} over HTTP, {clients} client{'s' * (clients > 1)}", task, clients
            )
            against = (
                compared(row, inside.get(inner)) if alone is None else (_throughput(row, alone), *compared(row, alone))
            )
            alone = alone or replace(row, passages=None)
            rows.append(replace(row, ratios=(*against, *compared(row, before.get(row.what)))))
    saved = _saved(home, server)
    rows.append(replace(saved, ratios=compared(saved, before.get(saved.what))))
    return rows


def warm_up(bench: Workbench, server: Server) -> None:
    """Ask a few questions of either kind."""
    for task in (searches, similar_issues):
        asked_by(server, task(bench, server, -1), 1)


def searches(bench: Workbench, server: Server, number: int) -> list[Ask]:
    """Return the searches of a round."""
    return [_asking(server, "GET", search_path(text), None) for text in questions(bench, number)]


def similar_issues(bench: Workbench, server: Server, number: int) -> list[Ask]:
    """Return the requests for similar issues of a round."""
    bodies = (json.dumps({"ticket": _told(ticket)}) for ticket in tickets(bench, number))
    return [_asking(server, "POST", "/api/v1/similar-issues", body) for body in bodies]


def asked_by(server: Server, asks: Sequence[Ask], clients: int) -> Round:
    """Share the requests out among clients, each of which sends its next when it has its answer."""
    waiting: queue.SimpleQueue[Ask] = queue.SimpleQueue()
    for ask in asks:
        waiting.put(ask)
    took: list[float] = []
    failures: list[Exception] = []

    def work() -> None:
        connection = server.connect()
        try:
            while True:
                ask = waiting.get_nowait()
                began = time.perf_counter()
                ask(connection)
                took.append(time.perf_counter() - began)
        except queue.Empty:
            pass
        except Exception as failure:  # told by the thread that waits for all
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if failures:
        raise failures[0]
    return Round(tuple(took), seconds)


def _measured(
    bench: Workbench,
    home: MeasuredHome,
    server: Server,
    what: str,
    task: Callable[[Workbench, Server, int], list[Ask]],
    clients: int,
) -> Row:
    asked_by(server, task(bench, server, -1), clients)
    latency = latency_of([asked_by(server, task(bench, server, number), clients) for number in range(bench.rounds)])
    return Row(STAGE, what, home.passages, latency.figures, spread=latency.spread)


def _throughput(row: Row, alone: Row) -> Ratio:
    per_second = [next(one.value for one in each.figures if one.unit == "a second") for each in (row, alone)]
    return Ratio(per_second[0] / per_second[1], "the requests a second of 1 client")


def _asking(server: Server, method: str, path: str, body: str | None) -> Ask:
    def ask(connection: HTTPConnection) -> None:
        status, answer = server.asked(connection, method, path, body)
        assert status == 200, answer[:300]

    return ask


def _told(ticket: Ticket) -> dict[str, object]:
    return {name: value for name, value in ticket_object(ticket).items() if name not in ("resolution", "resolved_at")}


def _saved(home: MeasuredHome, server: Server) -> Row:
    """Save tickets and look for each until it is found; remove them afterwards."""
    connection = server.connect()
    seconds = []
    for _ in range(_SAVES):
        word = f"saved{time.time_ns()}"
        path = f"/api/v1/tickets/{SOURCE}/{word}"
        body = json.dumps({"title": f"Printer on floor 3 says {word}", "status": "open"})
        began = time.perf_counter()
        status, answer = server.asked(connection, "PUT", path, body)
        assert status in (200, 201), answer[:300]
        while f'"{SOURCE}:{word}"'.encode() not in server.asked(connection, "GET", search_path(word))[1]:
            if time.perf_counter() - began > PATIENCE_S:
                raise SystemExit(f"a saved ticket is not found: {server.log.read_text()}")
            time.sleep(_POLL_S)
        seconds.append(time.perf_counter() - began)
        assert server.asked(connection, "DELETE", path)[0] in (200, 204)
    connection.close()
    median, spread = median_of(seconds)
    return Row(STAGE, "saved ticket is found", home.passages, (Figure(median, "s"),), spread=spread)
