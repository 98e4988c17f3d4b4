"""Prepare many documents in several processes: analysis is Python, which uses one core in each.

The processes are started for a long queue alone and end with it. Whatever goes wrong with them, this process prepares
the documents itself: the result is the same.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice

from indexer.preparing import Prepared, prepared
from kb.documents import Document
from kb.processes import cores, interrupts_held

_LOG = logging.getLogger(__name__)
MANY = 10_000
"""Documents from which on processes pay: each takes a second or two to start and to learn the words that come most."""
MOST_PROCESSES = 4
"""More would wait for this one, which writes both indexes in half the time that the others need together."""
_PART = 32
"""Documents that are sent at once."""
_UNDER_WAY = 20
"""Parts that are being prepared, or wait for their turn to be written: enough to go on meanwhile, and all the memory
that this takes.
"""
_GIVE_WAY = 5
"""By how much they give way to what answers and to what people do (`nice`)."""


def wanted_processes(documents: int) -> int:
    """Return how many processes are to prepare so many documents, 0 when this one does."""
    return min(cores(), MOST_PROCESSES) if documents >= MANY and cores() > 1 else 0


def prepared_in_order(documents: Iterable[Document], processes: int) -> Generator[Prepared, None, None]:
    """Yield what both indexes take of each document, in their order; close the iterator to end the processes.

    `documents` is read only as far as processes can be kept busy.
    """
    if not processes:
        yield from map(prepared, documents)
        return
    every = iter(documents)
    waiting: deque[tuple[Sequence[Document], Future[list[Prepared]] | None]] = deque()
    received = _Receiving()
    # Not forked: threads of this process may hold locks of the libraries at any moment.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin)
    try:
        while part := list(islice(every, _PART)):
            waiting.append((part, _sent(pool, part)))
            if len(waiting) >= _UNDER_WAY:
                yield from received(*waiting.popleft())
        while waiting:
            yield from received(*waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _sent(pool: ProcessPoolExecutor, part: Sequence[Document]) -> Future[list[Prepared]] | None:
    try:
        with interrupts_held():
            return pool.submit(_prepared, part)
    except (OSError, RuntimeError) as error:  # none can be started, or one of them has ended
        _LOG.debug("documents are not prepared by other processes: %s", error)
        return None


class _Receiving:
    """Receives what was prepared, or prepares it here, and warns of that once."""

    def __init__(self) -> None:
        self._level = logging.WARNING

    def __call__(self, part: Sequence[Document], future: Future[list[Prepared]] | None) -> list[Prepared]:
        if future is not None:
            try:
                return future.result()
            except Exception as error:
                why = error or type(error).__name__
                _LOG.log(self._level, "documents are prepared here, not by another process: %s", why)
                self._level = logging.DEBUG
        return _prepared(part)


def _prepared(part: Sequence[Document]) -> list[Prepared]:
    return [prepared(one) for one in part]


def _begin() -> None:
    """Begin in a process that prepares: it ends when its parent says so, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # not SIGTERM: the pool ends by it what is left when one has ended
    if hasattr(os, "nice"):
        os.nice(_GIVE_WAY)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
