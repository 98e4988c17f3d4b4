"""The log of answers cannot be written: answers go on, feedback is refused, the end of the server is not held up."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence

import pytest

import web.response_log
from kb.errors import StoreError
from tests.fakes.store import MemoryStore
from tests.said import results
from web.response_log import ResponseLog


class Failing(MemoryStore):
    """A store whose disk is full until there is room."""

    has_room = False

    def log_response(self, response_id: str, result_ids: Sequence[str], by: str, ticket: str | None = None) -> None:
        if not self.has_room:
            raise StoreError("no room")
        super().log_response(response_id, result_ids, by, ticket)


class Hanging(MemoryStore):
    """A store that another process holds."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.go_on = threading.Event()

    def log_response(self, response_id: str, result_ids: Sequence[str], by: str, ticket: str | None = None) -> None:
        self.writes.put(response_id)
        self.go_on.wait()


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "fixlore.web"]


def test_answers_that_cannot_be_logged_are_told_once_and_counted_when_it_works_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "fixlore.web")
    store = Failing()
    log = ResponseLog(store)
    for number in range(30):
        log.add(f"lost-{number}", ["a"], "desk")
    log.flush()
    assert warnings_of(caplog) == ["answers that were not logged, so that feedback on them is refused: 1; no room"]

    store.has_room = True
    log.add("kept", ["a"], "desk")
    log.close()
    assert results(store, "lost-1") is None
    assert results(store, "kept") == ["a"]
    assert warnings_of(caplog)[1:] == ["answers are logged again; 30 were not"]


def test_neither_feedback_nor_the_end_waits_for_ever_for_a_store_that_hangs(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.response_log, "MOST_WAITING", 2)
    monkeypatch.setattr(web.response_log, "FLUSH_S", 0.05)
    monkeypatch.setattr(web.response_log, "CLOSE_S", 0.05)
    store = Hanging()
    log = ResponseLog(store)
    log.add("0", ["a"], "desk")
    assert store.writes.get(timeout=60) == "0"
    for number in range(1, 4):
        log.add(str(number), ["a"], "desk")
    log.flush()
    log.close()
    try:
        assert warnings_of(caplog) == [
            "answers that were not logged, so that feedback on them is refused: 1; the store is too slow",
            "answers that were not logged: 2; the store is too slow",
        ]
    finally:
        store.go_on.set()
        # The thread says what was lost once it can write: before the next test listens.
        assert [store.writes.get(timeout=60), store.writes.get(timeout=60)] == ["1", "2"]


def test_the_log_goes_on_after_an_error_that_nobody_foresaw(caplog: pytest.LogCaptureFixture) -> None:
    class Strange(MemoryStore):
        def log_response(self, response_id: str, result_ids: Sequence[str], by: str, ticket: str | None = None) -> None:
            if response_id == "strange":
                raise RuntimeError("odd")
            super().log_response(response_id, result_ids, by, ticket)

    store = Strange()
    log = ResponseLog(store)
    for name in ("strange", "kept"):
        log.add(name, ["a"], "desk")
    log.close()

    assert results(store, "kept") == ["a"]
    assert warnings_of(caplog) == ["an answer was not logged"]
