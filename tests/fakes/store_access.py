"""The part of the store in memory that knows no documents: vectors, tokens, answers, feedback, settings."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kb.documents import FEEDBACK, Link
from kb.errors import InvalidInput, NotFound, StoreError
from kb.protocols.feedback import RESOLVED_BY, TAKES_BACK, Feedback, GivenAnswer, standing
from kb.protocols.store import Token
from kb.reporting import Clock

KEPT = timedelta(days=90)
ERASED = None


class MemoryAccess:
    """A VectorStore and an AccessStore: dictionaries under one lock."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._lock = threading.RLock()
        self._closed = False
        self._graves: dict[str, datetime | None] = {}
        self._vectors: dict[tuple[str, str], NDArray[np.float16]] = {}
        self._texts: dict[str, set[str]] = {}
        self._tokens: list[tuple[str, Token]] = []
        self._responses: dict[str, tuple[datetime, GivenAnswer]] = {}
        self._feedback: dict[tuple[str, str, str, str], Feedback] = {}
        self._settings: dict[str, str] = {}

    @contextmanager
    def _open(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise StoreError("the store is closed; open it again")
            yield

    def close(self) -> None:
        self._closed = True

    def vectors(self, recipe_id: str, text_hashes: Sequence[str]) -> Mapping[str, NDArray[np.float16]]:
        with self._open():
            return {one: self._vectors[recipe_id, one] for one in text_hashes if (recipe_id, one) in self._vectors}

    def put_vectors(
        self,
        recipe_id: str,
        vectors: Mapping[str, NDArray[np.float16]],
        documents: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        with self._open():
            if any(one.ndim != 1 or not np.isfinite(one).all() for one in vectors.values()):
                raise InvalidInput("a vector is not one row of finite numbers")
            sources = documents or {}
            erased = {one for one in sources if self._graves.get(one, self._clock()) is ERASED}
            kept = {text for one, texts in sources.items() if one not in erased for text in texts}
            forgotten = {text for one in erased for text in sources[one]} - kept
            for one, texts in sources.items():
                if one not in erased:
                    self._texts.setdefault(one, set()).update(texts)
            for text, vector in vectors.items():
                if text not in forgotten:
                    self._vectors.setdefault((recipe_id, text), vector.astype(np.float16))

    def forget_vectors(self, text_hashes: Sequence[str]) -> None:
        with self._open():
            self._vectors = {key: one for key, one in self._vectors.items() if key[1] not in set(text_hashes)}

    def create_token(
        self,
        name: str,
        scopes: Sequence[str],
        secret_hash: str,
        expires_at: datetime | None = None,
        audiences: Sequence[str] = (),
    ) -> None:
        with self._open():
            if any(one.name == name and one.revoked_at is None for _, one in self._tokens):
                raise InvalidInput(f"token name {name!r} is taken", field="name")
            if any(known == secret_hash for known, _ in self._tokens):
                raise InvalidInput("this secret was given out before", field="secret")
            self._tokens.append(
                (secret_hash, Token(name, tuple(scopes), self._clock(), None, None, expires_at, tuple(audiences)))
            )

    def token(self, secret_hash: str) -> Token | None:
        with self._open():
            for at, (known, one) in enumerate(self._tokens):
                if known == secret_hash and one.revoked_at is None and not self._is_expired(one):
                    if one.last_used_at is None or self._clock() - one.last_used_at >= timedelta(minutes=1):
                        one = replace(one, last_used_at=self._clock())
                        self._tokens[at] = known, one
                    return one
            return None

    def has_expired(self, secret_hash: str) -> bool:
        with self._open():
            return any(
                known == secret_hash and one.revoked_at is None and self._is_expired(one) for known, one in self._tokens
            )

    def _is_expired(self, token: Token) -> bool:
        return token.expires_at is not None and token.expires_at <= self._clock()

    def tokens(self) -> Sequence[Token]:
        with self._open():
            return sorted((one for _, one in self._tokens), key=lambda one: (one.name, one.created_at))

    def revoke_token(self, name: str) -> None:
        with self._open():
            for at, (known, one) in enumerate(self._tokens):
                if one.name == name and one.revoked_at is None:
                    self._tokens[at] = known, replace(one, revoked_at=self._clock())
                    return
            raise NotFound(f"there is no live token named {name!r}")

    def log_response(self, response_id: str, result_ids: Sequence[str], by: str, ticket: str | None = None) -> None:
        with self._open():
            oldest = self._clock() - KEPT
            self._responses = {key: one for key, one in self._responses.items() if one[0] >= oldest}
            self._responses.setdefault(response_id, (self._clock(), GivenAnswer(tuple(result_ids), by, ticket)))

    def answer_given(self, response_id: str) -> GivenAnswer | None:
        with self._open():
            found = self._responses.get(response_id)
            return found[1] if found is not None and found[0] >= self._clock() - KEPT else None

    def add_feedback(self, feedback: Feedback) -> bool:
        with self._open():
            of_person = (feedback.response_id, feedback.result_id, feedback.by)
            words = {one.action: one for key, one in self._feedback.items() if key[:3] == of_person}
            contrary = [words[one] for one in TAKES_BACK.get(feedback.action, ()) if one in words]
            before = words.get(feedback.action)
            stands = before in standing(sorted(words.values(), key=lambda one: one.at))
            if before and stands and (feedback.action != RESOLVED_BY or feedback.ticket in (None, before.ticket)):
                return self._link(feedback)
            at = max([feedback.at, *(one.at + timedelta(microseconds=1) for one in contrary)])
            ticket = feedback.ticket or (before.ticket if before else None)
            self._feedback[*of_person, feedback.action] = replace(feedback, at=at, ticket=ticket)
            for one in (before, words.get(RESOLVED_BY)):
                if one is not None and one.ticket is not None:
                    self._unlink_unless_said(one.ticket, one.result_id)
            self._link(feedback)
            return True

    def _unlink_unless_said(self, ticket: str, result_id: str) -> None:
        words = standing(sorted(self._feedback.values(), key=lambda one: one.at))
        if all((one.ticket, one.result_id, one.action) != (ticket, result_id, RESOLVED_BY) for one in words):
            self._remove_link(ticket, result_id)

    def _link(self, feedback: Feedback) -> bool:
        if feedback.action != RESOLVED_BY or feedback.ticket is None:
            return False
        return self._add_link(feedback.ticket, Link(RESOLVED_BY, feedback.result_id, feedback.at, FEEDBACK))

    @abstractmethod
    def _add_link(self, ticket_id: str, made: Link) -> bool: ...

    @abstractmethod
    def _remove_link(self, ticket_id: str, target: str) -> None: ...

    def feedback_given(self, result_ids: Sequence[str], actions: Sequence[str]) -> Sequence[Feedback]:
        with self._open():
            found = [one for one in self._feedback.values() if one.result_id in result_ids and one.action in actions]
            return sorted(found, key=lambda one: (one.at, one.response_id, one.result_id, one.action, one.by))

    def feedback_on(self, tickets: Sequence[str], actions: Sequence[str]) -> Sequence[Feedback]:
        with self._open():
            found = [one for one in self._feedback.values() if one.ticket in tickets and one.action in actions]
            return sorted(found, key=lambda one: (one.at, one.response_id, one.result_id, one.action, one.by))

    def setting(self, name: str) -> str | None:
        with self._open():
            return self._settings.get(name)

    def check_writing(self) -> None:
        with self._open():
            pass

    def put_setting(self, name: str, value: str | None) -> None:
        with self._open():
            if value is None:
                self._settings.pop(name, None)
            else:
                self._settings[name] = value

    def take_setting(self, name: str, value: str) -> bool:
        with self._open():
            if self._settings.get(name) != value:
                return False
            del self._settings[name]
            return True

    def _forget(self, ticket_id: str) -> None:
        """Remove vectors of its texts and every mention of it."""
        self.forget_vectors(sorted(self._texts.pop(ticket_id, ())))
        self._responses = {
            key: (
                at,
                GivenAnswer(
                    tuple(one for one in given.results if one != ticket_id),
                    given.asked_by,
                    None if given.ticket == ticket_id else given.ticket,
                ),
            )
            for key, (at, given) in self._responses.items()
        }
        self._feedback = {
            key: replace(one, ticket=None) if one.ticket == ticket_id else one
            for key, one in self._feedback.items()
            if one.result_id != ticket_id
        }
