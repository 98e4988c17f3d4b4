"""Many documents are prepared by several processes; what comes of it is what one process makes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from indexer.preparing import prepared
from indexer.preparing_processes import MANY, prepared_in_order, wanted_processes
from kb.documents import Article, Document, Link, Ticket
from tests.test_sync import House, article, put, rebuilt

REPOSITORY = Path(__file__).resolve().parents[1]
PATIENCE_S = 60.0


def document(number: int) -> Document:
    """Return one of many documents that differ in kind, language, length and what is unknown of them."""
    if number % 3:
        return Ticket(
            source="desk",
            external_id=str(number),
            title=f"VPN drops, error {number}",
            description="Der Drucker druckt nicht. " * (number % 40),
            language="de" if number % 2 else "en",
            opened_at=datetime(2026, 1, 1, number % 24, tzinfo=UTC),
            links=(Link("related", f"desk:{number + 1}"),),
            extra={"floor": number, "lone": "\ud800"},
        )
    return Article(
        id=f"printers/tray-{number}",
        title=f"Tray {number}",
        body="# Symptoms\n\nPaper jam, 0x80070005.\n" * (number % 20),
        error_signatures=("ORA-12154",),
        attachments={"a.png": "0" * 64},
    )


DOCUMENTS = [document(number) for number in range(700)]


def children() -> set[int | None]:
    return {one.pid for one in multiprocessing.active_children()}


def test_documents_are_prepared_alike_and_in_order_when_other_processes_do_it() -> None:
    before = children()
    read: list[str] = []

    def reading() -> Iterator[Document]:
        for one in DOCUMENTS:
            read.append(one.id)
            yield one

    with closing(prepared_in_order(reading(), 2)) as every:
        first = next(every)
        assert len(children() - before) > 0
        assert len(read) < len(DOCUMENTS)  # no more is read than is under way
        found = [first, *every]
    assert found == [prepared(one) for one in DOCUMENTS]
    assert [one.entry.facts.id for one in found] == read
    assert children() == before


@pytest.mark.parametrize("killed", [1, 2])
def test_documents_are_prepared_here_when_some_processes_are_killed(
    caplog: pytest.LogCaptureFixture, killed: int
) -> None:
    before = children()
    with closing(prepared_in_order(iter(DOCUMENTS), 2)) as every:
        found = [next(every)]
        for one in sorted(one for one in children() - before if one is not None)[:killed]:
            os.kill(one, signal.SIGKILL)
        found.extend(every)
    assert found == [prepared(one) for one in DOCUMENTS]
    assert children() == before
    assert caplog.text.count("prepared here") == 1


def test_documents_are_prepared_here_when_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr("concurrent.futures.process.ProcessPoolExecutor.submit", refuse)
    with closing(prepared_in_order(iter(DOCUMENTS[:50]), 2)) as every:
        assert list(every) == [prepared(one) for one in DOCUMENTS[:50]]


def test_processes_end_when_not_all_is_asked_for() -> None:
    before = children()
    with closing(prepared_in_order(iter(DOCUMENTS), 2)) as every:
        next(every)
    assert children() == before


def test_no_process_is_started_when_documents_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.preparing_processes.cores", lambda: 2)
    assert wanted_processes(MANY) == 2
    assert wanted_processes(MANY - 1) == 0
    before = children()
    with closing(prepared_in_order(iter(DOCUMENTS), wanted_processes(len(DOCUMENTS)))) as every:
        next(every)
        assert children() == before
    monkeypatch.setattr("indexer.preparing_processes.cores", lambda: 1)
    assert wanted_processes(MANY) == 0  # a second would only wait for the first


def test_indexes_equal_those_of_one_process_when_several_prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    house, alone = House(), House()
    for one in (house, alone):
        put(one, *(article(f"a{number:03}", f"Text {number}. " * number) for number in range(100)))
    monkeypatch.setattr("indexer.sync.wanted_processes", lambda documents: 2)
    report = house.sync().fill(list(house.store.all_ids()))
    monkeypatch.setattr("indexer.sync.wanted_processes", lambda documents: 0)
    assert report == alone.sync().fill(list(alone.store.all_ids()))
    assert house.contents() == alone.contents() == rebuilt(house).contents()
    assert house.encoder.texts == alone.encoder.texts


@pytest.mark.skipif(sys.platform != "linux", reason="the processes of a process are read from /proc")
def test_processes_end_when_their_parent_is_killed() -> None:
    program = (
        "from tests.test_sync_processes import DOCUMENTS\n"
        "from indexer.preparing_processes import prepared_in_order\n"
        "if __name__ == '__main__':\n"
        "    every = prepared_in_order(iter(DOCUMENTS), 2)\n"
        "    next(every)\n"
        "    print('ready', flush=True)\n"
        "    input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        started = processes_of(parent.pid)
        assert len(started) >= 2
        parent.kill()
    deadline = time.monotonic() + PATIENCE_S
    while any(map(is_running, started)):
        assert time.monotonic() < deadline, "a process has outlived its parent"
        time.sleep(0.05)


def processes_of(parent: int) -> list[int]:
    """Return the processes that a process has started."""
    tasks = Path(f"/proc/{parent}/task").iterdir()
    return [int(one) for task in tasks for one in (task / "children").read_text().split()]


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
