"""Share questions out among this process and others: Python uses one core in each.

The others are started when two questions are under way at once for the first time, so that an installation that few
people use needs no more memory than one process takes. Whatever goes wrong with one of them, this process answers.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from kb.processes import cores, interrupts_held
from kb.settings import Settings
from search.searcher import SearchRequest
from search.similar import SimilarRequest
from web.answer_process import READY, Answer, Question, Reply, Request, answer_requests
from web.logs import REQUEST_ID

_LOG = logging.getLogger("fixlore.server")
MOST_PROCESSES = 4
"""Processes that answer where nothing is set, on machines with as many cores: each takes some 0.5 GB."""
AT_ONCE = 2
"""Questions that a process answers at once: while one waits for native code, the other goes on."""
AGAIN_AFTER_S = 10.0
"""How long after its end a process is started again; twice as long each time, until one lives for ten minutes."""
_LONGEST_PAUSE_S = 600.0
LONGEST_ANSWER_S = 60.0
"""How long an answer may take before the process that makes it is taken to be stuck, and ended."""
_LEAVE_S = 5.0


def wanted_processes(settings: Settings) -> int:
    """Return how many processes answer, the server's own among them."""
    return settings.processes or min(cores(), MOST_PROCESSES)


class _Place:
    """One process that answers, and its connections that nothing is under way on."""

    def __init__(self, process: BaseProcess, connections: list[Connection]):
        self.process = process
        self.free = connections
        self.under_way = 0


class AnswerProcesses:
    """`count` other processes, not yet started. May be used by several threads at once."""

    def __init__(self, settings: Settings, count: int):
        self._settings = settings
        self._count = count
        self._changed = threading.Condition()
        self._here = 0
        self._down_here: tuple[str, ...] = ()
        self._places: list[_Place] = []
        self._processes: set[BaseProcess] = set()
        self._keepers: list[threading.Thread] = []
        self._closing = threading.Event()

    @property
    def running(self) -> int:
        """Return how many other processes are ready."""
        return len(self._places)

    @property
    def under_way(self) -> int:
        """Return how many questions all processes are answering."""
        return self._here + sum(place.under_way for place in self._places)

    def reply(self, request: Request, here: Callable[[Request], Answer]) -> Reply[Answer]:
        """Return the reply of whichever process has least to do; `here` makes it in this one."""
        taken = self._taken()
        if taken is not None:
            reply: Reply[Answer] | None = self._asked(*taken, request)
            # A lane that is down there may be up here; and only this process has a damaged index made anew.
            if reply is not None and reply.answer.retrieval.degraded in ((), self._down_here):
                return reply
            self._taken(only_here=True)
        try:
            answer = here(request)
            self._down_here = answer.retrieval.degraded
            return Reply(answer)
        finally:
            with self._changed:
                self._here -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """End the other processes. Idempotent."""
        self._closing.set()
        with self._changed:
            places, self._places = self._places, []
            unready = self._processes - {place.process for place in places}
        for process in unready:
            process.kill()
        for connection in (one for place in places for one in place.free):
            connection.close()
        deadline = time.monotonic() + _LEAVE_S
        for keeper in self._keepers:
            keeper.join(max(0.0, deadline - time.monotonic()))
        for process in list(self._processes):
            process.kill()
        for keeper in self._keepers:
            keeper.join()

    def _taken(self, *, only_here: bool = False) -> tuple[_Place, Connection] | None:
        """Wait for a turn and return where it is, `None` for here."""
        with self._changed:
            if self._here and self._count and not self._keepers and not self._closing.is_set():
                self._start()
            while True:
                open_places = [place for place in self._places if place.free and not only_here]
                least = min(open_places, key=lambda place: place.under_way, default=None)
                if not self._places or (self._here < AT_ONCE and (least is None or self._here <= least.under_way)):
                    self._here += 1
                    return None
                if least is not None:
                    least.under_way += 1
                    return least, least.free.pop()
                self._changed.wait()

    def _asked(self, place: _Place, connection: Connection, request: SearchRequest | SimilarRequest) -> Any:
        """Return the reply of another process, `None` when it has none or is gone."""
        reply = None
        is_open = True
        try:
            connection.send(Question(request, REQUEST_ID.get()))
            if connection.poll(LONGEST_ANSWER_S):
                reply = connection.recv()
            else:
                _LOG.warning("a process has not answered for %.0f s and is ended", LONGEST_ANSWER_S)
                place.process.kill()
                connection.close()
                is_open = False
        except (EOFError, OSError):
            connection.close()
            is_open = False
        except Exception:  # what cannot be sent, and then nothing was
            _LOG.exception("a question could not be shared with another process")
        finally:
            with self._changed:
                place.under_way -= 1
                if is_open:
                    place.free.append(connection)
                self._changed.notify_all()
        return reply

    def _start(self) -> None:
        for number in range(self._count):
            keeper = threading.Thread(target=self._keep, name=f"answer process {number + 1}", daemon=True)
            self._keepers.append(keeper)
            keeper.start()

    def _keep(self) -> None:
        """Have one process answer until the end, a new one some time after the last has ended."""
        pause_s = AGAIN_AFTER_S
        while True:
            began = time.monotonic()
            try:
                process, connections = _started(self._settings)
            except Exception as error:  # whatever it is, the server goes on alone
                _LOG.warning("no other process that answers could be started: %s", error)
            else:
                self._processes.add(process)
                self._use(process, connections)
                process.join()
                self._processes.discard(process)
                if not self._closing.is_set():
                    _LOG.warning("a process that answers has ended; another is started in %.0f s", pause_s)
            if time.monotonic() - began > _LONGEST_PAUSE_S:
                pause_s = AGAIN_AFTER_S
            if self._closing.wait(pause_s):
                return
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _use(self, process: BaseProcess, connections: list[Connection]) -> None:
        """Have a process answer until it ends."""
        place = _Place(process, connections)
        try:
            is_ready = all([connection.recv() == READY for connection in connections])
        except (EOFError, OSError):
            is_ready = False
        with self._changed:
            if is_ready and not self._closing.is_set():
                self._places.append(place)
                self._changed.notify_all()
        if not is_ready or self._closing.is_set():
            process.kill()
        wait([process.sentinel])
        with self._changed:
            if place in self._places:
                self._places.remove(place)
            self._changed.notify_all()


def _started(settings: Settings) -> tuple[BaseProcess, list[Connection]]:
    # Not forked: threads of this process may hold locks of the libraries at any moment.
    context = multiprocessing.get_context("spawn")
    ends = [context.Pipe() for _ in range(AT_ONCE)]
    theirs = [there for _, there in ends]
    process = context.Process(target=answer_requests, args=(settings, theirs), daemon=True)
    with interrupts_held():
        process.start()
    for end in theirs:
        end.close()  # else its closing by the other process would not be seen
    return process, [here for here, _ in ends]
