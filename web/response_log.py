"""Log which documents an answer held, after it was sent.

A write may have to wait for another process that imports; an answer must not. One thread writes entries in the order
they come; whoever needs one that was just given (feedback) waits for the thread.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from kb.errors import FixloreError
from kb.protocols.store import Store
from web.logs import REQUEST_ID

_LOG = logging.getLogger("fixlore.web")
MOST_WAITING = 10_000
"""Beyond this an entry is dropped with a warning: feedback on it is refused, answers go on."""
FLUSH_S = 5.0
CLOSE_S = 10.0
"""How long `close` waits for a store that another process holds or that fails slowly."""
TELL_EVERY_S = 60.0
"""How often it is told that answers are not logged, while that lasts: a full disk must not fill with its own news."""


@dataclass(frozen=True, slots=True)
class _Entry:
    response_id: str
    result_ids: tuple[str, ...]
    by: str
    ticket: str | None
    request_id: str | None


class ResponseLog:
    """Writes entries in the background from the first one on, until `close`."""

    def __init__(self, store: Store):
        self._store = store
        self._waiting: queue.Queue[_Entry | threading.Event | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._lost = 0
        self._told_at: float | None = None

    def add(self, response_id: str, result_ids: Sequence[str], by: str, ticket: str | None = None) -> None:
        """Note an answer; returns at once."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="response log", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(_Entry(response_id, tuple(result_ids), by, ticket, REQUEST_ID.get()))
        except queue.Full:
            self._tell_lost("the store is too slow")

    def flush(self) -> None:
        """Wait until every entry added so far is written, or a few seconds at most."""
        if self._thread is None:
            return
        passed = threading.Event()
        try:
            self._waiting.put(passed, timeout=FLUSH_S)
        except queue.Full:
            return
        passed.wait(FLUSH_S)

    def close(self) -> None:
        """Write what is waiting, for some seconds at most, and end. Idempotent."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            try:
                self._waiting.put(None, timeout=CLOSE_S)
                thread.join(CLOSE_S)
            except queue.Full:
                pass
            if thread.is_alive():
                _LOG.warning("answers that were not logged: %d; the store is too slow", self._waiting.qsize())

    def _run(self) -> None:
        while (entry := self._waiting.get()) is not None:
            if isinstance(entry, threading.Event):
                entry.set()
                continue
            REQUEST_ID.set(entry.request_id)  # a warning names the request, though this is another thread
            try:
                self._write(entry)
            except Exception:  # the thread must outlive whatever one entry does to the store
                _LOG.exception("an answer was not logged")

    def _write(self, entry: _Entry) -> None:
        try:
            self._store.log_response(entry.response_id, entry.result_ids, by=entry.by, ticket=entry.ticket)
        except FixloreError as error:
            self._tell_lost(str(error))
            return
        with self._lock:
            lost, self._lost, self._told_at = self._lost, 0, None
        if lost:
            _LOG.info("answers are logged again; %d were not", lost)

    def _tell_lost(self, why: str) -> None:
        with self._lock:
            self._lost += 1
            now = time.monotonic()
            if self._told_at is not None and now - self._told_at < TELL_EVERY_S:
                return
            self._told_at, lost = now, self._lost
        _LOG.warning("answers that were not logged, so that feedback on them is refused: %d; %s", lost, why)
