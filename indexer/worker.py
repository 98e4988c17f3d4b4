"""Index in the background of a server, for itself and for every other process that writes to the store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from indexer.indexing import Indexing
from kb.errors import FixloreError, IndexLocked, ModelUnavailable

_POLL_S = 1.0
"""How long a change made by another process may wait; changes of this process wake the worker."""
_LONGEST_PAUSE_S = 60.0
_LOG = logging.getLogger(__name__)


class IndexWorker:
    """A thread that drains changes when woken and looks for those of other processes, and for damage, every second.

    It holds the indexing lock while it lives. An error is logged and tried again after a growing pause; nothing ends
    the thread but `stop`.
    """

    def __init__(
        self,
        indexing: Indexing,
        pending_count: Callable[[], int],
        refresh: Callable[[], None] = lambda: None,
        poll_s: float = _POLL_S,
    ):
        """`refresh` lets this process's searches see what was indexed, here or elsewhere."""
        self._indexing = indexing
        self._pending_count = pending_count
        self._refresh = refresh
        self._poll_s = poll_s
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_fresh = False
        self.last_error: str | None = None
        """Why the last attempt failed, `None` when it succeeded."""
        self.failures = 0
        """Attempts that have failed since the start."""
        self.succeeded_at: float | None = None
        """When an attempt last succeeded, also with nothing to do, in seconds since the epoch."""
        self._is_waiting = False

    def start(self) -> None:
        """Begin. Idempotent."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="indexing", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Look for changes now."""
        self._wake.set()

    def stop(self) -> None:
        """End after the commit or chunk under way and free the lock. Idempotent."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        failures = 0
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                try:
                    self._turn()
                    if failures:
                        _LOG.info("indexing works again")
                    failures, self.last_error, self._is_waiting = 0, None, False
                    self.succeeded_at = time.time()
                    pause = self._poll_s
                except IndexLocked:
                    # Another process indexes, as a command does before a server starts: watch what it commits.
                    if not self._is_waiting:
                        self._is_waiting = True
                        _LOG.warning("another process indexes this home; this one shows what it commits")
                    self._see()
                    pause = self._poll_s
                except Exception as error:  # the thread must outlive whatever one document does to an engine
                    failures += 1
                    self.failures += 1
                    is_news = self.last_error != str(error)
                    self.last_error = str(error)
                    pause = min(self._poll_s * 2**failures, _LONGEST_PAUSE_S)
                    if is_news:  # a disk that is full for a day must not fill with one and the same line
                        _LOG.error("indexing failed: %s", error, exc_info=not isinstance(error, FixloreError))
                self._wake.wait(pause)
        finally:
            self._indexing.release()

    def _turn(self) -> None:
        self._indexing.acquire()
        if self._indexing.is_rebuild_wanted():
            try:
                self._indexing.rebuild(self._show, self._keeps_going)
            except ModelUnavailable:
                self._indexing.drain(self._show, self._keeps_going)  # the wish must not keep words from being found
                raise
        elif not self._is_fresh or self._pending_count() or not self._indexing.is_whole():
            # The first turn also makes indexes that are missing and vectors that fell behind.
            self._indexing.drain(self._show, self._keeps_going)
        self._is_fresh = True
        self._refresh()

    def _show(self, done: int, total: int) -> None:
        """Let searches see each batch of a long import, not only its end."""
        self._refresh()

    def _see(self) -> None:
        try:
            self._refresh()
        except FixloreError as error:
            _LOG.warning("the indexes cannot be refreshed: %s", error)

    def _keeps_going(self) -> bool:
        return not self._stopping.is_set()
