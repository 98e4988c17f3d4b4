"""Print how fast a server answers over HTTP: `python -m tests.benchmarks.http_latency HOME QUERIES [--task similar]`.

Starts `kb serve` on a free port over an indexed home, asks each query once to warm it up, then again with one client
and with several, and prints p50, p95 and requests a second.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

KB = (sys.executable, "-m", "web.cli.main")
Ask = Callable[[HTTPConnection, dict[str, object]], None]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--task", choices=("search", "similar"), default="search")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--most", type=int, default=300, help="queries used")
    options = parser.parse_args()
    queries = [json.loads(line) for line in options.queries.read_text(encoding="utf-8").splitlines()][: options.most]
    token = subprocess.run(
        [*KB, "--home", str(options.home), "token", "create", f"benchmark-{time.time_ns()}", "--scope", "read"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    server = subprocess.Popen(
        [*KB, "--home", str(options.home), "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = int(re.search(r":(\d+)$", server.stdout.readline().strip())[1])  # type: ignore[index]
        ask = asker(options.task, token)
        timed(ask, queries, 1, port)
        for clients in (1, options.clients):
            took, seconds = timed(ask, queries, clients, port)
            p50, p95, p99 = np.percentile(np.array(took) * 1000, (50, 95, 99))
            print(
                f"{options.task:8} {clients:3} clients  p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  p99 {p99:6.1f} ms"
                f"  {len(took) / seconds:6.1f} a second"
            )
    finally:
        server.terminate()
        server.wait(30)


def asker(task: str, token: str) -> Ask:
    """Return a function that asks one query and reads the whole answer."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(connection: HTTPConnection, query: dict[str, object]) -> None:
        if task == "search":
            text = f"{query.get('title') or ''} {query.get('text') or ''}".strip()[:2000]
            connection.request("GET", "/api/v1/search?" + urlencode({"q": text}), headers=headers)
        else:
            ticket = {name: value for name, value in query.items() if name != "id"}
            connection.request("POST", "/api/v1/similar-issues", json.dumps({"ticket": ticket}), headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body[:300]

    return ask


def timed(ask: Ask, queries: Sequence[dict[str, object]], clients: int, port: int) -> tuple[list[float], float]:
    """Ask every query, spread over clients; return the seconds of each and of all."""
    took: list[list[float]] = [[] for _ in range(clients)]

    def work(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        for query in queries[number::clients]:
            began = time.perf_counter()
            ask(connection, query)
            took[number].append(time.perf_counter() - began)
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [one for each in took for one in each], time.perf_counter() - began


if __name__ == "__main__":
    main()
