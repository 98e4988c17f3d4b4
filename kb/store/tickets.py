"""Keep tickets, their links, and tombstones of those that were deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)

from kb.documents import Document, Link, Ticket
from kb.errors import InvalidInput
from kb.language import detect_language
from kb.protocols.store import InvalidTicket, Outcome, TicketUpsert
from kb.store.articles import conflict
from kb.store.changes import record_changes
from kb.store.documents import documents_by_id
from kb.store.erasure import forget_document
from kb.store.incidents import note_open_tickets
from kb.store.links import replace_links
from kb.store.lookup import Lookup, one_of
from kb.store.part import Part
from kb.store.rows import DocumentRow, document_from, is_storable, row_of
from kb.store.sqlite import chunks, refuse_too_many
from kb.store.tables import document, document_text, instant_text, link, tombstone
from kb.tickets import merged


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a deleted ticket; without a time it was erased, and nothing brings it back."""

    deleted_at: datetime | None

    def admits(self, upsert: TicketUpsert) -> bool:
        """Say whether a delivery is newer than the deletion, and so makes the ticket anew."""
        updated_at = upsert.fields.get("updated_at")
        return self.deleted_at is not None and isinstance(updated_at, datetime) and updated_at > self.deleted_at


class Languages(dict[str, str]):
    """Text → its language, detected when first asked for."""

    def __missing__(self, text: str) -> str:
        language = self[text] = detect_language(text)
        return language


@dataclass(slots=True)
class _Batch:
    """The documents that one batch touches, as they are after each delivery."""

    held: dict[str, Document]
    buried: Mapping[str, Tombstone]
    languages: Languages
    changed: dict[str, tuple[Ticket, DocumentRow]] = field(default_factory=dict)

    def outcome(self, upsert: TicketUpsert) -> Outcome:
        """Merge one delivery. Raises InvalidInput, and then nothing has changed."""
        stored = self.held.get(upsert.id)
        if stored is not None and (not isinstance(stored, Ticket) or stored.source != upsert.source):
            raise conflict(stored, upsert.source)
        if stored is None and upsert.id in self.buried and not self.buried[upsert.id].admits(upsert):
            return "ignored"
        outcome, ticket = merged(stored, upsert, self.languages.__getitem__)
        if outcome in ("created", "updated"):
            self.changed[ticket.id] = ticket, row_of(ticket)
            self.held[ticket.id] = ticket
        return outcome


def _latest_links(size: int, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return the statement for the latest links to each target, numbered by `place`."""
    order = (link.c.at.desc().nulls_last(), link.c.ticket_id, link.c.position)
    place = func.row_number().over(partition_by=link.c.target, order_by=order).label("place")
    placed = (
        select(link.c.ticket_id, link.c.type, link.c.target, link.c.at, place)
        .where(one_of(link.c.target, "targets", size), one_of(link.c.type, "types", size), *conditions)
        .subquery()
    )
    return select(placed).where(placed.c.place <= bindparam("most")).order_by(placed.c.target, placed.c.place)


_LATEST_LINKS = Lookup(_latest_links)
_LATEST_LINKS_BEFORE = Lookup(
    lambda size: _latest_links(size, or_(link.c.at.is_(None), link.c.at < bindparam("before")))
)


class SqlTickets(Part):
    """Tickets (`kb.protocols.store.TicketStore`)."""

    def upsert_tickets(self, upserts: Sequence[TicketUpsert]) -> Sequence[Outcome | InvalidTicket]:
        """Merge deliveries in order, in one transaction, and return what became of each."""
        refuse_too_many(len(upserts), "tickets")
        languages = self.languages_of(upserts)
        with self._database.write() as connection:
            return self.merge(connection, upserts, languages)

    def ticket(self, ticket_id: str) -> Ticket | None:
        """Return the ticket, `None` when there is none or it was deleted."""
        query = select(document).where(document.c.id == ticket_id, document.c.type == "ticket")
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        found = None if row is None else document_from(row)
        return found if isinstance(found, Ticket) else None

    def delete_ticket(self, ticket_id: str, at: datetime | None = None) -> bool:
        """Delete and leave a tombstone."""
        with self._database.write() as connection:
            return self.bury(connection, ticket_id, at)

    def ticket_ids(self, source: str | None = None) -> Sequence[str]:
        """Return every ticket's id, ordered."""
        query = select(document.c.id).where(document.c.type == "ticket")
        if source is not None:
            query = query.where(document.c.source == source)
        with self._database.read() as connection:
            return connection.scalars(query.order_by(document.c.id)).all()

    def resolved_tickets(self, since: datetime, before: datetime) -> Sequence[str]:
        """Return the ids of tickets whose `resolved_at` lies in a period, ordered."""
        resolved_at = type_coerce(document.c.content, JSON)["resolved_at"].as_string()
        query = select(document.c.id).where(
            document.c.type == "ticket", resolved_at >= instant_text(since), resolved_at < instant_text(before)
        )
        with self._database.read() as connection:
            return connection.scalars(query.order_by(document.c.id)).all()

    def links_to(self, document_id: str, types: Sequence[str] = ()) -> Sequence[tuple[str, Link]]:
        """Return (ticket id, link) of every link to a document, ordered by ticket id, then as the ticket has them."""
        query = select(link.c.ticket_id, link.c.type, link.c.target, link.c.at).where(link.c.target == document_id)
        if types:
            query = query.where(link.c.type.in_(types))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(link.c.ticket_id, link.c.position)).all()
        return [(ticket_id, Link(kind, target, at)) for ticket_id, kind, target, at in rows]

    def links_to_each(
        self, document_ids: Sequence[str], types: Sequence[str], most: int, before: datetime | None = None
    ) -> Mapping[str, Sequence[tuple[str, Link]]]:
        """Return document id → (ticket id, link) of at most `most` links of these types to it, the latest first."""
        lookup = _LATEST_LINKS if before is None else _LATEST_LINKS_BEFORE
        bounds: dict[str, object] = {"most": most} if before is None else {"most": most, "before": before}
        found: dict[str, list[tuple[str, Link]]] = {}
        with self._database.look() as connection:
            for some in chunks(sorted(set(document_ids))):
                for ticket_id, kind, target, at, _ in lookup.rows(
                    connection, {"targets": some, "types": types}, **bounds
                ):
                    found.setdefault(target, []).append((ticket_id, Link(kind, target, at)))
        return found

    def knows_ticket(self, ticket_id: str) -> bool:
        """Say whether there is a ticket, a tombstone or a text of this id."""
        query = union_all(
            select(document.c.id).where(document.c.id == ticket_id, document.c.type == "ticket"),
            select(tombstone.c.ticket_id).where(tombstone.c.ticket_id == ticket_id),
            select(document_text.c.document_id).where(
                document_text.c.document_id == ticket_id,
                document_text.c.document_id.not_in(select(document.c.id)),  # the text of an article is no ticket's
            ),
        )
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def erase_ticket(self, ticket_id: str) -> bool:
        """Delete, and forget the ticket's text everywhere."""
        with self._database.write() as connection:
            was_there = self.bury(connection, ticket_id, None)
            if not _tombstones(connection, [ticket_id]):
                return False  # the id of an article
            connection.execute(update(tombstone).where(tombstone.c.ticket_id == ticket_id).values(deleted_at=None))
            forget_document(connection, ticket_id, self._clock())
        self._decoded.forget()
        self._database.forget_deleted()
        return was_there

    def languages_of(self, upserts: Sequence[TicketUpsert]) -> Languages:
        """Detect the languages of new tickets: milliseconds for each, for which no other writer should wait."""
        ids = _ids(upserts)
        with self._database.read() as connection:
            known = set(connection.scalars(select(document.c.id).where(document.c.id.in_(ids))))
        languages = Languages()
        for upsert in upserts:
            if upsert.id not in known and not upsert.fields.get("language"):
                with suppress(InvalidInput):
                    merged(None, upsert, languages.__getitem__)
        return languages

    def merge(
        self, connection: Connection, upserts: Sequence[TicketUpsert], languages: Languages
    ) -> Sequence[Outcome | InvalidTicket]:
        """Merge deliveries in order, within the caller's transaction, and return what became of each."""
        ids = _ids(upserts)
        outcomes: list[Outcome | InvalidTicket] = []
        stored = documents_by_id(connection, ids)
        batch = _Batch(dict(stored), _tombstones(connection, ids), languages)
        for upsert in upserts:
            try:
                outcomes.append(batch.outcome(upsert))
            except InvalidInput as error:
                outcomes.append(InvalidTicket(str(error), error.field))
        _save(connection, batch, stored, self._clock())
        return outcomes

    def bury(self, connection: Connection, ticket_id: str, at: datetime | None) -> bool:
        """Delete a ticket within the caller's transaction, leave a tombstone, and say whether there was one."""
        stored = documents_by_id(connection, [ticket_id]).get(ticket_id)
        if stored is not None and not isinstance(stored, Ticket):
            return False
        buried = _tombstones(connection, [ticket_id]).get(ticket_id)
        # A ticket can be dated after its deletion, when clocks differ; what was delivered already must stay deleted.
        moments = (at or self._clock(), stored and stored.updated_at, buried and buried.deleted_at)
        deleted_at = max(moment for moment in moments if isinstance(moment, datetime))
        if buried is None:
            connection.execute(insert(tombstone).values(ticket_id=ticket_id, deleted_at=deleted_at))
        elif buried.deleted_at is not None:
            connection.execute(
                update(tombstone).where(tombstone.c.ticket_id == ticket_id).values(deleted_at=deleted_at)
            )
        if stored is None:
            return False
        connection.execute(delete(document).where(document.c.id == ticket_id))
        record_changes(connection, [ticket_id], self._clock())
        return True


def _ids(upserts: Sequence[TicketUpsert]) -> list[str]:
    return list(dict.fromkeys(upsert.id for upsert in upserts if is_storable(upsert.id)))


def _save(connection: Connection, batch: _Batch, stored: Mapping[str, Document], now: datetime) -> None:
    """Write the tickets that a batch changed, with their links and changes."""
    changed = [ticket for ticket, _ in batch.changed.values()]
    new = [dict(row) for ticket, row in batch.changed.values() if ticket.id not in stored]
    old = [{"of": one.id, "now": row["content"]} for one, row in batch.changed.values() if one.id in stored]
    if new:
        connection.execute(delete(tombstone).where(tombstone.c.ticket_id.in_([row["id"] for row in new])))
        connection.execute(insert(document), new)
    if old:
        query = update(document).where(document.c.id == bindparam("of")).values(content=bindparam("now"))
        connection.execute(query, old)
    _save_links(connection, changed, stored)
    note_open_tickets(connection, ((ticket, row["content"]) for ticket, row in batch.changed.values()))
    record_changes(connection, [ticket.id for ticket in changed], now)


def _save_links(connection: Connection, tickets: Sequence[Ticket], stored: Mapping[str, Document]) -> None:
    """Replace the links of those tickets whose links are others than before."""
    before = {one.id: one.links for one in stored.values() if isinstance(one, Ticket)}
    relinked = [ticket for ticket in tickets if ticket.links != before.get(ticket.id, ())]
    replace_links(connection, relinked)


def _tombstones(connection: Connection, ids: Sequence[str]) -> Mapping[str, Tombstone]:
    rows = connection.execute(select(tombstone).where(tombstone.c.ticket_id.in_(ids)))
    return {ticket_id: Tombstone(deleted_at) for ticket_id, deleted_at in rows}
