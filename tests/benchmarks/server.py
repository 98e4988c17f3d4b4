"""Run `kb serve` in a process of its own, and ask it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from kb.settings import Settings
from tests.command_line import start
from web.api.tokens import new_secret, secret_hash
from web.wiring import opened_store

PATIENCE_S = 300.0
"""Far more than any start takes."""
_POLL_S = 0.005


@dataclass(frozen=True, slots=True)
class Server:
    """A server at work, since `began` by the performance counter."""

    process: subprocess.Popen[str]
    port: int
    token: str
    began: float
    log: Path

    def connect(self) -> HTTPConnection:
        """Return a connection, to be kept for many requests and closed."""
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def asked(self, connection: HTTPConnection, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Send one request and return status and body of the answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def process_ids(self) -> list[int]:
        """Return the server's own process and those that it has started, as far as the system tells."""
        own = self.process.pid
        tasks = Path(f"/proc/{own}/task")
        if not tasks.is_dir():
            return [own]
        return [own, *(int(one) for task in tasks.iterdir() for one in (task / "children").read_text().split())]

    def cpu_seconds(self) -> float:
        """Return the processor time that all its processes have taken so far, 0 where the system does not tell."""
        ticks = 0
        for pid in self.process_ids():
            told = Path(f"/proc/{pid}/stat")
            if told.is_file():
                numbers = told.read_text().rpartition(")")[2].split()  # from field 3 on; source: proc_pid_stat(5)
                ticks += int(numbers[11]) + int(numbers[12])
        return ticks / os.sysconf("SC_CLK_TCK") if ticks else 0.0

    def wait_for_processes(self, wanted: int) -> None:
        """Wait until as many processes answer; there must be enough to do meanwhile."""
        deadline = time.perf_counter() + PATIENCE_S
        connection = self.connect()
        try:
            while True:
                _, told = self.asked(connection, "GET", "/metrics")
                found = re.search(rb"^fixlore_answering_processes (\d+)", told, re.MULTILINE)
                if found and int(found[1]) >= wanted:
                    return
                if time.perf_counter() > deadline:
                    raise SystemExit(f"not all processes answer: {self.log.read_text()}")
                time.sleep(_POLL_S)
        finally:
            connection.close()

    def seconds_until(self, path: str) -> float:
        """Return the seconds from the start of the process to the first 200 for a path."""
        status = 0
        while status != 200:
            connection = self.connect()
            try:
                status, _ = self.asked(connection, "GET", path)
            except (OSError, HTTPException):
                status = 0
            finally:
                connection.close()
            if status != 200:
                if time.perf_counter() - self.began > PATIENCE_S or self.process.poll() is not None:
                    raise SystemExit(f"the server does not answer {path}: {self.log.read_text()}")
                time.sleep(_POLL_S)
        return time.perf_counter() - self.began


def search_path(text: str) -> str:
    """Return the path and query of a search."""
    return "/api/v1/search?" + urlencode({"q": text})


@contextmanager
def serving(settings: Settings) -> Iterator[Server]:
    """Serve a home on a free port for the length of a `with` block."""
    token = new_secret()
    with opened_store(settings) as store:
        store.create_token(f"benchmark-{time.time_ns()}", ["read", "tickets:write"], secret_hash(token))
    log = settings.home / "benchmark.log"
    began = time.perf_counter()
    process = start("--home", settings.home, "serve", "--port", "0", environment={"KB_RATE_LIMIT": "0"}, errors=log)
    try:
        assert process.stdout is not None
        told = process.stdout.readline()
        address = re.search(r":(\d+)$", told.strip())
        if address is None:
            raise SystemExit(f"the server did not start: {told}{log.read_text()}")
        yield Server(process, int(address[1]), token, began, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
