"""Take in what somebody says of a result, whether the API or a page hands it on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from kb.access import may_read
from kb.documents import Document, Ticket
from kb.errors import InvalidInput, NotFound
from kb.protocols.feedback import RESOLVED_BY, Feedback, GivenAnswer
from kb.queries import Viewer
from web.wiring import Services

SEPARATOR = "\t"
"""Stands between who got the answer and the person behind them; neither can hold it."""


@dataclass(frozen=True, slots=True)
class Word:
    """What is said of one result of one answer; `person` is an id that the caller has for who says it."""

    response_id: str
    result_id: str
    action: str
    ticket: str | None = None
    person: str | None = None


def record_feedback(services: Services, word: Word, viewer: Viewer) -> tuple[bool, str | None]:
    """Record it and return whether it was new, and which stored ticket it linked with the result.

    Only who got the answer may speak of it, or an administrator, who reads everything. Raises NotFound for any other
    answer as for one that is not logged; InvalidInput for a result that it did not hold or that is not to be read any
    more, and for `resolved_by` with a ticket that is not stored or not to be read.
    """
    services.responses.flush()
    answer = given_answer(services, word.response_id, viewer)
    if answer is None:
        raise NotFound(f"You were given no answer {word.response_id!r}; answers are kept for 90 days.")
    if word.result_id not in answer.results or result_now(services, word.result_id, viewer) is None:
        raise InvalidInput(f"The answer {word.response_id!r} holds no result {word.result_id!r}.", field="result_id")
    ticket = _ticket(services, word, answer, viewer)
    by = viewer.name if word.person is None else f"{viewer.name}{SEPARATOR}{word.person}"
    given = Feedback(word.response_id, word.result_id, word.action, by, datetime.now(UTC), ticket)
    is_new = services.store.add_feedback(given)
    links = word.action == RESOLVED_BY and ticket is not None
    if is_new and links:
        services.wake()
    return is_new, ticket if links else None


def result_now(services: Services, result_id: str, viewer: Viewer) -> Document | None:
    """Return what an answer held under this id, also an article that has moved since; `None` when not to be read."""
    found = services.store.documents([result_id], viewer).get(result_id)
    if found is not None:
        return found
    moved = services.store.article(result_id)
    return moved if moved is not None and may_read(viewer, moved) else None


def given_answer(services: Services, response_id: str, viewer: Viewer) -> GivenAnswer | None:
    """Return an answer that the viewer may speak of, `None` when there is none or somebody else got it."""
    answer = services.store.answer_given(response_id)
    if answer is None or (answer.asked_by != viewer.name and viewer.audiences is not None):
        return None
    return answer


def _ticket(services: Services, word: Word, answer: GivenAnswer, viewer: Viewer) -> str | None:
    """Return the ticket that the word is about: the one it names, else that of the question if it is stored."""
    named = word.ticket or answer.ticket
    if named is None:
        return None
    is_stored = isinstance(services.store.documents([named], viewer).get(named), Ticket)
    if word.ticket is None:
        return named if is_stored and named != word.result_id else None
    if word.action == RESOLVED_BY:
        if not is_stored:
            raise InvalidInput(
                f"There is no ticket {named!r} here; leave it out, or send the ticket first.", field="ticket"
            )
        if named == word.result_id:
            raise InvalidInput(f"A ticket is not resolved by itself; name another than {named!r}.", field="ticket")
    return named
