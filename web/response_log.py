"""Log which documents an answer held, after it was sent.

A write may have to wait for another process that imports; an answer must not. One thread writes entries in the order
they come; whoever needs one that was just given (feedback) waits for the thread.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from kb.errors import FixloreError
from kb.protocols.store import Store

_LOG = logging.getLogger("fixlore.web")
MOST_WAITING = 10_000
"""Beyond this an entry is dropped with a warning: feedback on it is refused, answers go on."""
FLUSH_S = 5.0


@dataclass(frozen=True, slots=True)
class _Entry:
    response_id: str
    result_ids: tuple[str, ...]
    by: str
    ticket: str | None


class ResponseLog:
    """Writes entries in the background from the first one on, until `close`."""

    def __init__(self, store: Store):
        self._store = store
        self._waiting: queue.Queue[_Entry | threading.Event | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, response_id: str, result_ids: Sequence[str], by: str, ticket: str | None = None) -> None:
        """Note an answer; returns at once."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="response log", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(_Entry(response_id, tuple(result_ids), by, ticket))
        except queue.Full:
            _LOG.warning("an answer was not logged: the store is too slow")

    def flush(self) -> None:
        """Wait until every entry added so far is written, or a few seconds at most."""
        if self._thread is None:
            return
        passed = threading.Event()
        self._waiting.put(passed, timeout=FLUSH_S)
        passed.wait(FLUSH_S)

    def close(self) -> None:
        """Write what is waiting and end. Idempotent."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _run(self) -> None:
        while (entry := self._waiting.get()) is not None:
            if isinstance(entry, threading.Event):
                entry.set()
                continue
            try:
                self._store.log_response(entry.response_id, entry.result_ids, by=entry.by, ticket=entry.ticket)
            except FixloreError as error:
                _LOG.warning("an answer was not logged: %s", error)
