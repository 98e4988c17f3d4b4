"""The part of the store in memory that keeps requests for articles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from kb.article_requests import ArticleRequest
from kb.errors import NotFound, StaleEdit
from kb.store.rows import json_text


class MemoryRequests:
    """A RequestStore."""

    _open: Callable[[], AbstractContextManager[None]]
    _clock: Callable[[], datetime]
    _requests: dict[int, ArticleRequest]
    _askers: dict[int, set[str]]
    _last_request: int

    def ask_for_article(self, query: str, key: str, by: str) -> ArticleRequest:
        with self._open():
            json_text([query, key, by], "request")
            now = self._clock()
            found = next((one for one in self._requests.values() if one.key == key), None)
            if found is None:
                self._last_request += 1
                found = ArticleRequest(self._last_request, key, query, 0, 0, now, now)
            askers = self._askers.setdefault(found.number, set())
            askers.add(by)
            made = replace(found, times=found.times + 1, people=len(askers), last_at=now)
            self._requests[made.number] = made
            return made

    def article_requests(self, limit: int) -> Sequence[ArticleRequest]:
        with self._open():
            ordered = sorted(
                self._requests.values(),
                key=lambda one: (-one.people, -one.times, -one.last_at.timestamp(), one.number),
            )
            return ordered[:limit]

    def article_request(self, number: int) -> ArticleRequest | None:
        with self._open():
            return self._requests.get(number)

    def request_of_key(self, key: str) -> ArticleRequest | None:
        with self._open():
            return next((one for one in self._requests.values() if one.key == key), None)

    def take_request(self, number: int, by: str) -> ArticleRequest:
        with self._open():
            found = self._request(number)
            if found.taken_by not in (None, by):
                raise StaleEdit(f"{found.taken_by} is on it already")
            if found.taken_by is None:
                found = self._requests[number] = replace(found, taken_by=by, taken_at=self._clock())
            return found

    def release_request(self, number: int) -> ArticleRequest:
        with self._open():
            self._requests[number] = replace(self._request(number), taken_by=None, taken_at=None)
            return self._requests[number]

    def answer_request(self, number: int, article_id: str) -> ArticleRequest:
        with self._open():
            self._requests[number] = replace(self._request(number), article_id=article_id)
            return self._requests[number]

    def dismiss_request(self, number: int) -> bool:
        with self._open():
            self._askers.pop(number, None)
            return self._requests.pop(number, None) is not None

    def _request(self, number: int) -> ArticleRequest:
        if number not in self._requests:
            raise NotFound(f"there is no request {number}")
        return self._requests[number]
