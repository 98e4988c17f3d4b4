"""Watch everything that pages do: what the console says, what fails, what is asked of other hosts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError, WebSocket

WITHIN_THE_PAGE = ("about", "blob", "data")
GIVEN_UP = "net::ERR_ABORTED"
"""What Chromium says of a request that was still under way, such as that for the icon, when the page was left."""
COMPLAINTS = ("error", "warning")


class Watch:
    """What went wrong in one browser context since it was opened; `problems` are sentences, oldest first."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        """Begin to watch `context`; `address` is the only one that may be asked for anything."""
        self.problems: list[str] = []
        self._host = urlsplit(address).netloc
        self._expected: int | None = None
        self._expected_urls: list[str] = []
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)
        context.on("page", self._page)

    @contextmanager
    def expects(self, status: int) -> Iterator[None]:
        """Let answers with `status` pass within the block; one has to come."""
        self._expected, before = status, len(self._expected_urls)
        try:
            yield
        finally:
            self._expected = None
        assert len(self._expected_urls) > before, f"no answer had the status {status}"

    def _page(self, page: Page) -> None:
        page.on("websocket", self._socket)

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium writes a line for each answer of 400 and above, which the response has told already.
        told = message.text.startswith("Failed to load resource") and message.location["url"] in self._expected_urls
        if message.type in COMPLAINTS and not told:
            self.problems.append(f"The console shows a {message.type}: {message.text}")

    def _error(self, error: WebError) -> None:
        self.problems.append(f"A script failed: {error.error}")

    def _request(self, request: Request) -> None:
        self._asked(request.url)

    def _socket(self, socket: WebSocket) -> None:
        self._asked(socket.url)

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in WITHIN_THE_PAGE and parts.netloc != self._host:
            self.problems.append(f"A request leaves the host: {url}")

    def _failed(self, request: Request) -> None:
        if request.failure == GIVEN_UP:
            return
        self.problems.append(f"A request failed: {request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status == self._expected:
            self._expected_urls.append(response.url)
        elif response.status >= 400:
            self.problems.append(f"An answer has the status {response.status}: {response.url}")
