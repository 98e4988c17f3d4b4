"""Answer over HTTP until told to stop, and then finish what is under way.

`waitress` ends its loop on a signal: whoever waits for an answer that is being worked out gets none, since nobody sends
it any more. So the loop is run here, one turn at a time, and goes on for a while after the listening socket is closed.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask

from web.problems import TITLES

PATIENCE_S = 10.0
"""How long requests under way may take once the server was told to stop."""
_LEAVE_S = 0.5
"""How long worker threads get to see that nothing is left for them."""


class Server:
    """One listening socket and the threads that answer."""

    def __init__(self, app: Any, listening: socket.socket, *, threads: int, max_body: int, behind_proxy: bool):
        """`max_body` is in bytes; `behind_proxy` lets the headers of a proxy through to the application."""
        self._map: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._map,
            sockets=[listening],
            threads=threads,
            ident=None,
            max_request_body_size=max_body,
            clear_untrusted_proxy_headers=not behind_proxy,
        )
        self._server.channel_class = _Channel
        self._stopping = False

    def stop(self) -> None:
        """Have `run` end; safe in a signal handler and in any thread."""
        self._stopping = True
        self._server.pull_trigger()

    def run(self, patience_s: float = PATIENCE_S) -> int:
        """Answer until `stop`, then take no more and finish what is under way, for at most `patience_s`.

        Returns the number of connections that were cut off because their time was up.
        """
        while not self._stopping:
            self._turn(1.0)
        wasyncore.dispatcher.close(self._server)  # the listening socket alone; the trigger goes on waking this loop
        deadline = time.monotonic() + patience_s
        while (left := self._close_idle()) and time.monotonic() < deadline:
            self._turn(0.1)
        self._server.task_dispatcher.shutdown(timeout=_LEAVE_S)
        wasyncore.close_all(self._map)
        return left

    def _turn(self, timeout_s: float) -> None:
        wasyncore.loop(timeout=timeout_s, use_poll=True, map=self._map, count=1)

    def _close_idle(self) -> int:
        """Close every connection that nothing is under way on, and return how many others there are."""
        left = 0
        for channel in list(self._server.active_channels.values()):
            # In this order: an answer is put into the buffer before its request is taken off the list.
            if channel.requests or channel.request is not None or channel.total_outbufs_len:
                left += 1
            else:
                channel.handle_close()
        return left


class _Refusal(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """Answers a request that is refused before the application sees it, such as one whose body is too large to read."""

    def execute(self) -> None:
        """Send the answer and close: programs are told as the application tells them, others in plain text."""
        if not str(getattr(self.request, "path", "")).startswith("/api/"):
            super().execute()
            return
        error = self.request.error
        problem = {"type": "about:blank", "title": TITLES.get(error.code, error.reason), "status": error.code}
        body = json.dumps({**problem, "detail": f"{error.reason}: {error.body}."}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/problem+json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]
    error_task_class = _Refusal
