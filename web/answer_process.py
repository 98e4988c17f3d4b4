"""Answer questions and tickets in a process of its own, for the server that started it."""

from __future__ import annotations

import gc
import logging
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from indexer.current import CurrentIndexes
from kb.documents import Ticket
from kb.errors import FixloreError
from kb.protocols.encoder import Vector
from kb.queries import Viewer
from kb.settings import Settings
from search.answers import SearchAnswer, SimilarAnswer
from search.searcher import Searcher, SearchRequest
from search.similar import SimilarRequest
from web.logs import REQUEST_ID, start_logging

_LOG = logging.getLogger("fixlore.server")
READY = "ready"
"""Is sent over every connection once, when everything is in memory."""
_LOOK_EVERY_S = 1.0


Request = TypeVar("Request", SearchRequest, SimilarRequest)
Answer = TypeVar("Answer", SearchAnswer, SimilarAnswer)


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent to a process, with the id of the request that it belongs to."""

    request: SearchRequest | SimilarRequest
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Reply(Generic[Answer]):
    """What comes back. `vectors` are those of a ticket for which its incident is to be looked up."""

    answer: Answer
    vectors: tuple[Vector, ...] | None = None


def answer_requests(settings: Settings, connections: Sequence[Connection]) -> None:
    """Answer what comes over each of the connections, one after the other, until they are closed.

    What cannot be answered gets `None`: the server tries by itself, and tells what is wrong.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the server ends this process, when its last answer is out
    start_logging(settings.log_format, settings.log_level)
    from web.wiring import open_services

    noted = threading.local()

    def note(ticket: Ticket, vectors: Sequence[Vector], viewer: Viewer) -> None:
        noted.vectors = tuple(vectors)

    with _told(), open_services(settings, lambda line: _LOG.info("%s", line)) as services:
        searcher = services.plain_searcher(note)
        warm(searcher)
        threads = [
            threading.Thread(target=_answer, args=(searcher, services.indexes, connection, noted), daemon=True)
            for connection in connections
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


@contextmanager
def _told() -> Iterator[None]:
    """Log an error in one line: the process ends with it, and the server goes on alone."""
    try:
        yield
    except FixloreError as error:
        _LOG.warning("a process that was to answer cannot: %s", error)


def warm(searcher: Searcher) -> None:
    """Ask one question, so that the first of a person finds vocabulary, model and vectors in memory.

    What is there then stays until the end: the garbage collector need not look at it again, which takes a tenth of a
    second each time and comes in the middle of some answer.
    """
    with suppress(FixloreError):
        searcher.ranked_search(SearchRequest(text="Has anyone fixed this before?"))
    gc.collect()
    gc.freeze()


def _answer(searcher: Searcher, indexes: CurrentIndexes, connection: Connection, noted: threading.local) -> None:
    # However this ends, the server sees that the connection does, and answers by itself.
    with connection, suppress(EOFError, OSError):  # the server has closed it, or is gone
        connection.send(READY)
        while True:
            while not connection.poll(_LOOK_EVERY_S):
                indexes.refresh()  # else an index that was replaced would keep its files until the next question
            question: Question = connection.recv()
            REQUEST_ID.set(question.request_id)
            noted.vectors = None
            _send(connection, _reply(searcher, question.request, noted))


def _send(connection: Connection, reply: Reply[SearchAnswer] | Reply[SimilarAnswer] | None) -> None:
    try:
        connection.send(reply)
    except OSError:
        raise
    except Exception:  # what cannot be sent: nothing was, and the server waits
        _LOG.exception("an answer could not be sent; the server makes it by itself")
        connection.send(None)


def _reply(
    searcher: Searcher, request: SearchRequest | SimilarRequest, noted: threading.local
) -> Reply[SearchAnswer] | Reply[SimilarAnswer] | None:
    try:
        if isinstance(request, SearchRequest):
            return Reply(searcher.search(request))
        return Reply(searcher.similar(request), noted.vectors)
    except FixloreError:
        return None  # the server meets the same and tells it
    except Exception:
        _LOG.exception("a question failed; the server answers it by itself")
        return None
