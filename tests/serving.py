"""Run `kb serve` as a process of its own and talk to it over HTTP."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, build_opener

from prometheus_client.parser import text_string_to_metric_families

from tests.command_line import run, start

PATIENCE_S = 120.0


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers with names in lower case, text."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> dict[str, object]:
        """Return the JSON object that the answer is."""
        body = json.loads(self.text)
        assert isinstance(body, dict)
        return body


@dataclass(frozen=True)
class Server:
    """A server at work on `home`, whose standard error goes to `log`."""

    home: Path
    process: subprocess.Popen[str]
    address: str
    way_in: str
    log: Path

    def ask(
        self, path: str, token: str = "", *, method: str = "GET", body: object = None, headers: Mapping[str, str] = {}
    ) -> Answer:
        """Send a request; a `body` of bytes goes as lines, anything else as JSON."""
        given = dict(headers)
        if token:
            given["Authorization"] = f"Bearer {token}"
        data = None
        if body is not None:
            given["Content-Type"] = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = Request(self.address + path, data=data, headers=given, method=method)
        try:
            with build_opener().open(request, timeout=60) as answer:
                return _answer(answer)
        except HTTPError as error:
            with error:
                return Answer(error.code, _lower(error.headers.items()), error.read().decode())

    def put_ticket(self, token: str, number: int, **fields: str) -> Answer:
        """Upsert the ticket `mail:NUMBER`."""
        return self.ask(f"/api/v1/tickets/mail/{number}", token, method="PUT", body={"title": f"t{number}", **fields})

    def search(self, token: str, text: str) -> Answer:
        """Ask a question."""
        return self.ask(f"/api/v1/search?limit=100&q={quote(text)}", token)

    def readiness(self) -> tuple[int, dict[str, object]]:
        """Return status and body of `/readyz`."""
        answer = self.ask("/readyz")
        return answer.status, answer.body

    def metrics(self) -> dict[str, float]:
        """Return `name{label=value}` → value."""
        answer = self.ask("/metrics")
        assert answer.status == 200, answer
        return {
            sample.name + "".join(f"{{{name}={value}}}" for name, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def logged(self) -> str:
        """Return everything logged so far."""
        return self.log.read_text(encoding="utf-8")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to end and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE_S)


@contextmanager
def serving(home: Path, log: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start a server on a free port, yield it when it answers, and kill it in the end if it still runs."""
    process = start("--home", home, "serve", "--port", "0", *options, environment=environment, errors=log)
    assert process.stdout is not None
    try:
        told = [process.stdout.readline() for _ in range(2)]
        address = re.fullmatch(r"Fixlore is at (http://\S+)\n", told[0])
        assert address, (told, log.read_text())
        yield Server(home, process, address[1], told[1].rstrip("\n"), log)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def refused(home: Path, log: Path, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Start a server that does not come up; return its exit code and what it said on standard error."""
    process = start("--home", home, "serve", "--port", "0", environment=environment, errors=log)
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert out == "", out
    return process.returncode, log.read_text()


def new_token(home: Path, *scopes: str) -> str:
    """Return the secret of a fresh token; an administrator's without scopes."""
    names = [part for name in scopes or ("admin",) for part in ("--scope", name)]
    made = run("--home", home, "token", "create", f"t{time.monotonic_ns()}", *names)
    assert made.code == 0, made
    return made.out.strip()


def until(holds: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until something holds, and fail when it does not."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def _answer(answer: HTTPResponse) -> Answer:
    return Answer(answer.status, _lower(answer.getheaders()), answer.read().decode())


def _lower(headers: object) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}  # type: ignore[attr-defined]
