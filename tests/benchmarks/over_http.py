"""How long does an answer take over HTTP, with one client and with several, from a warm server and from a cold one?

Clients are threads of this process and share the cores with the server: what they take themselves is told.
"""

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
from tests.benchmarks.forgetting import forget_files
from tests.benchmarks.latency import Round, latency_of
from tests.benchmarks.queries import SEARCH, SIMILAR
from tests.benchmarks.questions import questions, tickets
from tests.benchmarks.server import Server, search_path, serving
from tests.benchmarks.table import Figure, Ratio, Row, compared
from tests.benchmarks.workbench import MeasuredHome, Workbench
from web.answer_processes import wanted_processes

STAGE, COLD_STAGE = "http", "cold"
FIRST = 20
"""Questions that a cold server is asked."""
_COLD_STARTS = 3
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
        for clients in bench.clients:
            bench.say(f"asking over HTTP, {home.passages:,} passages, {name}, {clients} clients")
            row = _measured(bench, home, server, _what(name, clients), task, clients)
            against = (
                compared(row, inside.get(inner)) if alone is None else (_throughput(row, alone), *compared(row, alone))
            )
            alone = alone or replace(row, passages=None)
            rows.append(replace(row, ratios=(*against, *compared(row, before.get(row.what)))))
    return rows


def cold_rows(bench: Workbench, home: MeasuredHome, warm: Sequence[Row], smaller: Sequence[Row]) -> list[Row]:
    """Return the latency of the first questions that new servers get, whose files the system has forgotten.

    It is compared with that of the same clients warm and of a smaller collection.
    """
    before = {row.what: row for row in smaller}
    held = {row.what: replace(row, passages=None) for row in warm if row.passages == home.passages}
    rows: list[Row] = []
    for name, task in (("search", searches), ("similar issues", similar_issues)):
        for clients in bench.clients:
            what = _what(name, clients)
            bench.say(f"asking new servers over HTTP, {home.passages:,} passages, {name}, {clients} clients")
            rounds = []
            for start in range(min(bench.runs, _COLD_STARTS)):
                forget_files(home.settings.home, bench.drops_caches)
                with serving(home.settings) as server:
                    server.seconds_until("/readyz")
                    rounds.append(_asked(server, task(bench, server, start)[:FIRST], clients)[0])
            latency = latency_of(rounds)
            row = Row(COLD_STAGE, f"{what}, cold", home.passages, latency.figures, spread=latency.spread)
            rows.append(replace(row, ratios=compared(row, held.get(what), before.get(row.what))))
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
    if clients > 1:
        server.wait_for_processes(wanted_processes(home.settings))
    serving_before = server.cpu_seconds()
    asked = [_asked(server, task(bench, server, number), clients) for number in range(bench.rounds)]
    serving = server.cpu_seconds() - serving_before
    latency = latency_of([taken for taken, _ in asked])
    requests = bench.queries * bench.rounds
    figures = (
        *latency.figures,
        Figure(sum(cpu for _, cpu in asked) * 1000 / requests, "ms", "CPU of the client"),
        *([Figure(serving * 1000 / requests, "ms", "CPU of the server")] if serving else []),
    )
    return Row(STAGE, what, home.passages, figures, spread=latency.spread)


def _what(name: str, clients: int) -> str:
    return f"{name} over HTTP, {clients} client{'s' * (clients > 1)}"


def _asked(server: Server, asks: Sequence[Ask], clients: int) -> tuple[Round, float]:
    """Return a round, and the processor time that this process spent on it."""
    began = time.process_time()
    taken = asked_by(server, asks, clients)
    return taken, time.process_time() - began


def _throughput(row: Row, alone: Row) -> Ratio:
    per_second = [next(one.value for one in each.figures if one.unit == "a second") for each in (row, alone)]
    return Ratio(per_second[0] / per_second[1], f"the requests a second of {alone.what}")


def _asking(server: Server, method: str, path: str, body: str | None) -> Ask:
    def ask(connection: HTTPConnection) -> None:
        status, answer = server.asked(connection, method, path, body)
        assert status == 200, answer[:300]

    return ask


def _told(ticket: Ticket) -> dict[str, object]:
    return {name: value for name, value in ticket_object(ticket).items() if name not in ("resolution", "resolved_at")}
