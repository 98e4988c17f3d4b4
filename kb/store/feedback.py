"""Keep logged answers, and what people made of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Column, ColumnElement, Connection, delete, insert, select, update

from kb.documents import FEEDBACK, Link
from kb.protocols.feedback import RESOLVED_BY, TAKES_BACK, Feedback, GivenAnswer
from kb.store import sqlite, tables
from kb.store.links import add_link, remove_link
from kb.store.lookup import Lookup, one_of
from kb.store.part import Part
from kb.store.rows import json_text
from kb.store.sqlite import MOST, chunks
from kb.store.tables import response

RESPONSES_KEPT = timedelta(days=90)
TICK = timedelta(microseconds=1)
"""The least by which a word comes after the one that it takes back, whatever the clock says."""
_GIVEN = tables.feedback
_COLUMNS = (
    _GIVEN.c.response_id,
    _GIVEN.c.result_id,
    _GIVEN.c.action,
    _GIVEN.c.given_by,
    _GIVEN.c.at,
    _GIVEN.c.ticket,
)


def _given_by(column: Column[str]) -> Lookup:
    return Lookup(
        lambda size: select(*_COLUMNS).where(one_of(column, "values", size), one_of(_GIVEN.c.action, "actions", size))
    )


_ON_RESULTS = _given_by(_GIVEN.c.result_id)
_ON_TICKETS = _given_by(_GIVEN.c.ticket)


class SqlFeedback(Part):
    """Answers and feedback (`kb.protocols.feedback.FeedbackStore`)."""

    def log_response(self, response_id: str, result_ids: Sequence[str], by: str, ticket: str | None = None) -> None:
        """Keep which documents an answer held, and drop answers that are too old."""
        results = json_text(list(result_ids), "response")
        with self._database.write() as connection:
            now = self._clock()
            row = {"id": response_id, "at": now, "asked_by": by, "ticket": ticket, "results": results}
            connection.execute(sqlite.insert(response).on_conflict_do_nothing(), [row])
            # More leave at once than come in, so a long backlog shrinks without one long transaction.
            old = select(response.c.id).where(response.c.at < now - RESPONSES_KEPT).order_by(response.c.at).limit(MOST)
            connection.execute(delete(response).where(response.c.id.in_(old)))

    def answer_given(self, response_id: str) -> GivenAnswer | None:
        """Return a logged answer."""
        query = select(response.c.results, response.c.asked_by, response.c.ticket).where(
            response.c.id == response_id, response.c.at >= self._clock() - RESPONSES_KEPT
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else GivenAnswer(tuple(json.loads(row.results)), row.asked_by, row.ticket)

    def add_feedback(self, feedback: Feedback) -> bool:
        """Record it, link its ticket, unlink what it takes back, and say whether anything was new."""
        with self._database.write() as connection:
            of_person = _of_person(feedback)
            query = select(_GIVEN.c.action, _GIVEN.c.at, _GIVEN.c.ticket).where(of_person)
            words = {action: (at, ticket) for action, at, ticket in connection.execute(query)}
            contrary = [words[one][0] for one in TAKES_BACK.get(feedback.action, ()) if one in words]
            said_at, ticket = words.get(feedback.action, (None, None))
            stands = said_at is not None and all(said_at > at for at in contrary)
            if stands and not (feedback.action == RESOLVED_BY and feedback.ticket not in (None, ticket)):
                return self._link(connection, feedback)
            values = {"at": max([feedback.at, *(at + TICK for at in contrary)]), "ticket": feedback.ticket or ticket}
            if said_at is None:
                values |= {"response_id": feedback.response_id, "result_id": feedback.result_id}
                connection.execute(insert(_GIVEN).values(action=feedback.action, given_by=feedback.by, **values))
            else:
                connection.execute(update(_GIVEN).where(of_person, _GIVEN.c.action == feedback.action).values(values))
            for gone in (ticket, words.get(RESOLVED_BY, (None, None))[1]):
                self._unlink_unless_said(connection, gone, feedback.result_id)
            self._link(connection, feedback)
            return True

    def feedback_given(self, result_ids: Sequence[str], actions: Sequence[str]) -> Sequence[Feedback]:
        """Return all feedback of these actions on these results, ordered by time."""
        return self._feedback(_ON_RESULTS, result_ids, actions)

    def feedback_on(self, tickets: Sequence[str], actions: Sequence[str]) -> Sequence[Feedback]:
        """Return all feedback of these actions that names one of these tickets, ordered by time."""
        return self._feedback(_ON_TICKETS, tickets, actions)

    def _feedback(self, lookup: Lookup, values: Sequence[str], actions: Sequence[str]) -> Sequence[Feedback]:
        found: list[Feedback] = []
        with self._database.look() as connection:
            for some in chunks(sorted(set(values))):
                found += [Feedback(*row) for row in lookup.rows(connection, {"values": some, "actions": actions})]
        return sorted(found, key=lambda one: (one.at, one.response_id, one.result_id, one.action, one.by))

    def _link(self, connection: Connection, feedback: Feedback) -> bool:
        if feedback.action != RESOLVED_BY or feedback.ticket is None:
            return False
        made = Link(RESOLVED_BY, feedback.result_id, feedback.at, FEEDBACK)
        return add_link(connection, feedback.ticket, made, self._clock())

    def _unlink_unless_said(self, connection: Connection, ticket: str | None, result_id: str) -> None:
        """Remove the link that people made from a ticket to a result once no word stands that it resolved it."""
        if ticket is None:
            return
        other = _GIVEN.alias()
        taken_back = (
            select(other.c.at)
            .where(
                other.c.response_id == _GIVEN.c.response_id,
                other.c.result_id == _GIVEN.c.result_id,
                other.c.given_by == _GIVEN.c.given_by,
                other.c.action.in_(TAKES_BACK[RESOLVED_BY]),
                other.c.at > _GIVEN.c.at,
            )
            .exists()
        )
        of_both = (_GIVEN.c.ticket == ticket) & (_GIVEN.c.result_id == result_id) & (_GIVEN.c.action == RESOLVED_BY)
        if connection.scalar(select(_GIVEN.c.at).where(of_both, ~taken_back).limit(1)) is None:
            remove_link(connection, ticket, result_id, self._clock())


def _of_person(feedback: Feedback) -> ColumnElement[bool]:
    """Return what picks the words that the same person said on the same result of the same answer."""
    same = (_GIVEN.c.response_id == feedback.response_id) & (_GIVEN.c.result_id == feedback.result_id)
    return same & (_GIVEN.c.given_by == feedback.by)
