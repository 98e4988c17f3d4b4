"""State what the store must keep of articles that people miss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kb.article_requests import ArticleRequest


class RequestStore(Protocol):
    """Requests for articles. Their words may hold personal data: a dismissed one is forgotten whole."""

    def ask_for_article(self, query: str, key: str, by: str) -> ArticleRequest:
        """Count that `by` misses an article, and return the request of this key; the first question names it.

        Asked again by the same person it is one time more, and the same number of people.
        """
        ...

    def article_requests(self, limit: int) -> Sequence[ArticleRequest]:
        """Return requests, those of most people first, then the most often asked, then the latest asked; at most
        `limit`. Those that an article was begun for are among them.
        """
        ...

    def article_request(self, number: int) -> ArticleRequest | None:
        """Return one request, `None` when there is none or it was dismissed."""
        ...

    def request_of_key(self, key: str) -> ArticleRequest | None:
        """Return the request of a key."""
        ...

    def take_request(self, number: int, by: str) -> ArticleRequest:
        """Note that `by` is on it; taken again by the same person it stays as it is.

        Raises NotFound, and StaleEdit when somebody else is on it.
        """
        ...

    def release_request(self, number: int) -> ArticleRequest:
        """Note that nobody is on it. Raises NotFound."""
        ...

    def answer_request(self, number: int, article_id: str) -> ArticleRequest:
        """Note which article was begun for it. Raises NotFound."""
        ...

    def dismiss_request(self, number: int) -> bool:
        """Forget a request with who asked, and say whether there was one."""
        ...
