"""A store of record in memory, by the definitions of its Protocol: for tests that need a store, not a database."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kb.access import may_read
from kb.documents import FEEDBACK, Article, Document, Link, Ticket, type_of
from kb.errors import IdConflict, InvalidInput, NotFound, StaleEdit
from kb.language import detect_language
from kb.protocols.store import Change, InvalidTicket, Outcome, Revision, RevisionLine, Store, TicketUpsert
from kb.queries import Viewer
from kb.reporting import Clock
from kb.store.links import with_link_back
from kb.store.rows import article_from, row_of, same_content, ticket_from
from kb.tickets import merged
from tests.fakes.store_access import ERASED
from tests.fakes.store_action_items import MemoryActionItems
from tests.fakes.store_attachments import MemoryAttachments
from tests.fakes.store_connectors import MemoryConnectors
from tests.fakes.store_drafts import MemoryDrafts
from tests.fakes.store_incidents import MemoryIncidents
from tests.fakes.store_people import MemoryPeople
from tests.fakes.store_requests import MemoryRequests
from tests.fakes.store_upkeep import MemoryUpkeep

TICK = timedelta(microseconds=1)


def now() -> datetime:
    return datetime.now(UTC)


class MemoryStore(
    MemoryConnectors,
    MemoryIncidents,
    MemoryAttachments,
    MemoryDrafts,
    MemoryUpkeep,
    MemoryActionItems,
    MemoryPeople,
    MemoryRequests,
    Store,
):
    """A Store: dictionaries under one lock. `backup` writes ids and contents, enough to see that it did."""

    def __init__(self, clock: Clock = now):
        super().__init__(clock)
        self._documents: dict[str, Document] = {}
        self._revisions: dict[str, list[Revision]] = {}
        self._aliases: dict[str, str] = {}
        self._changes: list[Change] = []
        self._last_seq = 0
        self._through: datetime | None = None
        self._decisions = []
        self._files = {}
        self._drafts = {}
        self._people, self._hashes, self._links = {}, {}, {}
        self._requests = {}
        self._askers = {}
        self._last_request = 0

    # articles

    def put_articles(self, articles: Sequence[Article], author: str) -> Sequence[Outcome]:
        with self._open():
            _refuse_many(articles)
            held, history, outcomes = dict(self._documents), list[Article](), list[Outcome]()
            for article in map(_stored_article, articles):
                before = held.get(article.id)
                if before is not None and (not isinstance(before, Article) or before.source != article.source):
                    raise _conflict(before, article.source)
                if isinstance(before, Article) and same_content(before, article):
                    outcomes.append("unchanged" if before.path == article.path else "updated")
                    held[article.id] = replace(before, path=article.path)
                else:
                    outcomes.append("updated" if before else "created")
                    after = replace(article, revision=before.revision + 1 if before else 1)
                    held[article.id] = after
                    history.append(after)
            changed = [article.id for article in articles if held[article.id] != self._documents.get(article.id)]
            self._documents = held
            self._remember(history, author)
            self._record(dict.fromkeys(changed))
            self._link_sources(changed)
            return outcomes

    def create_article(self, article: Article, author: str, comment: str = "") -> Article:
        with self._open():
            if article.id in self._documents:
                raise _conflict(self._documents[article.id], article.source)
            if self.article(article.id) is not None:
                raise IdConflict(f"id {article.id!r} is a former id", field="id")
            created = self._documents[article.id] = replace(_stored_article(article), revision=1)
            self._remember([created], author, comment)
            self._record([created.id])
            self._link_sources([created.id])
            return created

    def update_article(self, article: Article, author: str, expected_revision: int, comment: str = "") -> Article:
        with self._open():
            before = self._documents.get(article.id)
            if not isinstance(before, Article):
                raise NotFound(f"there is no article {article.id!r}")
            if before.revision != expected_revision:
                raise StaleEdit(f"article {article.id!r} is at revision {before.revision}; read it again")
            after = replace(_stored_article(article), revision=before.revision + 1)
            if (before.source, before.path) == (after.source, after.path) and same_content(before, after):
                return before
            self._documents[after.id] = after
            self._remember([after], author, comment)
            self._record([after.id])
            self._link_sources([after.id])
            return after

    def _link_sources(self, article_ids: Sequence[str]) -> None:
        for article in [one for key in article_ids if isinstance(one := self._documents[key], Article)]:
            for ticket in [one for one in self._documents.values() if isinstance(one, Ticket)]:
                if article.source == "site" and article.state == "published":
                    after = with_link_back(ticket, article, self._clock())
                    if after is not ticket:
                        self._documents[ticket.id] = after
                        self._record([ticket.id])

    def article(self, article_id: str) -> Article | None:
        with self._open():
            seen: set[str] = set()
            while article_id not in self._documents:
                if article_id in seen or article_id not in self._aliases:
                    return None
                seen.add(article_id)
                article_id = self._aliases[article_id]
            found = self._documents[article_id]
            return found if isinstance(found, Article) else None

    def delete_articles(self, ids: Sequence[str]) -> int:
        with self._open():
            there = [one for one in sorted(set(ids)) if isinstance(self._documents.get(one), Article)]
            for one in there:
                del self._documents[one], self._revisions[one]
                self._texts.pop(one, None)
            self._record(there)
            return len(there)

    def article_ids(self, source: str | None = None, kind: str | None = None) -> Mapping[str, str | None]:
        with self._open():
            return {
                key: one.path
                for key, one in sorted(self._documents.items())
                if isinstance(one, Article) and source in (None, one.source) and kind in (None, one.kind)
            }

    def add_alias(self, alias: str, article_id: str) -> None:
        with self._open():
            self._aliases[alias] = article_id

    def aliases(self) -> Mapping[str, str]:
        with self._open():
            return dict(sorted(self._aliases.items()))

    def revisions(self, article_id: str) -> Sequence[Revision]:
        with self._open():
            if article_id not in self._revisions:
                raise NotFound(f"there is no article {article_id!r}")
            return list(reversed(self._revisions[article_id]))

    def revision(self, article_id: str, number: int) -> Revision | None:
        with self._open():
            return next((one for one in self._revisions.get(article_id, ()) if one.number == number), None)

    def history(self, article_id: str, limit: int, before: int | None = None) -> Sequence[RevisionLine]:
        with self._open():
            found = [
                RevisionLine(
                    one.number,
                    one.recorded_at,
                    one.author,
                    one.comment,
                    one.article.title,
                    one.article.state,
                    one.article.audience,
                )
                for one in reversed(self._revisions.get(article_id, ()))
                if before is None or one.number < before
            ]
            return found[:limit]

    def _remember(self, history: Sequence[Article], author: str, comment: str = "") -> None:
        for one in history:
            made = Revision(one.revision, one, self._clock(), author, comment)
            self._revisions.setdefault(one.id, []).append(made)

    # tickets

    def upsert_tickets(self, upserts: Sequence[TicketUpsert]) -> Sequence[Outcome | InvalidTicket]:
        with self._open():
            _refuse_many(upserts)
            outcomes: list[Outcome | InvalidTicket] = []
            changed: dict[str, None] = {}
            for upsert in upserts:
                try:
                    outcomes.append(self._upsert(upsert))
                except InvalidInput as error:
                    outcomes.append(InvalidTicket(str(error), error.field))
                if outcomes[-1] in ("created", "updated"):
                    changed[upsert.id] = None
            self._record(changed)
            return outcomes

    def _upsert(self, upsert: TicketUpsert) -> Outcome:
        before = self._documents.get(upsert.id)
        if before is not None and (not isinstance(before, Ticket) or before.source != upsert.source):
            raise _conflict(before, upsert.source)
        if before is None and upsert.id in self._graves:
            deleted_at, updated_at = self._graves[upsert.id], upsert.fields.get("updated_at")
            if deleted_at is ERASED or not isinstance(updated_at, datetime) or updated_at <= deleted_at:
                return "ignored"
        outcome, ticket = merged(before, upsert, detect_language)
        if outcome in ("created", "updated"):
            self._documents[ticket.id] = _stored_ticket(ticket)
            self._graves.pop(ticket.id, None)
        return outcome

    def ticket(self, ticket_id: str) -> Ticket | None:
        with self._open():
            found = self._documents.get(ticket_id)
            return found if isinstance(found, Ticket) else None

    def delete_ticket(self, ticket_id: str, at: datetime | None = None) -> bool:
        with self._open():
            found = self._documents.get(ticket_id)
            if isinstance(found, Article):
                return False
            buried = self._graves.get(ticket_id, at or self._clock())
            if buried is not ERASED:
                moments = [at or self._clock(), buried, found.updated_at if found else None]
                buried = max(moment for moment in moments if moment is not None)
            self._graves[ticket_id] = buried
            if found is not None:
                del self._documents[ticket_id]
                self._forget_decisions(ticket_id)
                self._record([ticket_id])
            return found is not None

    def ticket_ids(self, source: str | None = None) -> Sequence[str]:
        with self._open():
            return sorted(
                key for key, one in self._documents.items() if isinstance(one, Ticket) and source in (None, one.source)
            )

    def _add_link(self, ticket_id: str, made: Link) -> bool:
        ticket = self._documents.get(ticket_id)
        if not isinstance(ticket, Ticket) or any(
            (one.type, one.target) == (made.type, made.target) for one in ticket.links
        ):
            return False
        self._documents[ticket_id] = replace(ticket, links=(*ticket.links, made))
        self._record([ticket_id])
        return True

    def _remove_link(self, ticket_id: str, target: str) -> None:
        ticket = self._documents.get(ticket_id)
        if isinstance(ticket, Ticket):
            kept = tuple(one for one in ticket.links if (one.target, one.by) != (target, FEEDBACK))
            if kept != ticket.links:
                self._documents[ticket_id] = replace(ticket, links=kept)
                self._record([ticket_id])

    def resolved_tickets(self, since: datetime, before: datetime) -> Sequence[str]:
        with self._open():
            tickets = [one for one in self._documents.values() if isinstance(one, Ticket) and one.resolved_at]
            return sorted(one.id for one in tickets if one.resolved_at and since <= one.resolved_at < before)

    def links_to(self, document_id: str, types: Sequence[str] = ()) -> Sequence[tuple[str, Link]]:
        with self._open():
            return [
                (key, replace(link, by=None))
                for key, one in sorted(self._documents.items())
                if isinstance(one, Ticket)
                for link in one.links
                if link.target == document_id and (not types or link.type in types)
            ]

    def links_to_each(
        self, document_ids: Sequence[str], types: Sequence[str], most: int, before: datetime | None = None
    ) -> Mapping[str, Sequence[tuple[str, Link]]]:
        def age(pair: tuple[str, Link]) -> float:
            return -pair[1].at.timestamp() if pair[1].at else math.inf

        found: dict[str, Sequence[tuple[str, Link]]] = {}
        for one in document_ids:
            links = self.links_to(one, types) if types else []
            early = [pair for pair in links if before is None or pair[1].at is None or pair[1].at < before]
            if early:
                found[one] = sorted(early, key=age)[:most]
        return found

    def knows_ticket(self, ticket_id: str) -> bool:
        with self._open():
            if ticket_id in self._documents:
                return isinstance(self._documents[ticket_id], Ticket)
            return ticket_id in self._graves or ticket_id in self._texts

    def erase_ticket(self, ticket_id: str) -> bool:
        with self._open():
            if isinstance(self._documents.get(ticket_id), Article):
                return False
            was_there = self.delete_ticket(ticket_id)
            self._graves[ticket_id] = ERASED
            self._drafts = {key: one for key, one in self._drafts.items() if one.value("from") != ticket_id}
            self._forget(ticket_id)
            for one, _ in self.links_to(ticket_id):
                self._remove_link(one, ticket_id)
            return was_there

    # both

    def documents(self, ids: Sequence[str], viewer: Viewer | None = None) -> Mapping[str, Document]:
        with self._open():
            found = {one: self._documents[one] for one in ids if one in self._documents}
            return {key: one for key, one in found.items() if viewer is None or may_read(viewer, one)}

    def sources(self, ids: Sequence[str], viewer: Viewer | None = None) -> Mapping[str, str]:
        return {key: one.source for key, one in self.documents(ids, viewer).items()}

    def all_ids(self) -> Iterator[str]:
        with self._open():
            return iter(sorted(self._documents))

    def counts(self) -> Mapping[str, int]:
        with self._open():
            types = [type_of(one) for one in self._documents.values()]
            return {one: types.count(one) for one in sorted(set(types))}

    # changes

    def _record(self, ids: Iterable[str]) -> None:
        times = [self._clock(), *(one.at for one in self._changes), *([self._through + TICK] if self._through else [])]
        for one in ids:
            self._last_seq += 1
            self._changes.append(Change(self._last_seq, one, max(times)))

    def pending(self, limit: int) -> Sequence[Change]:
        with self._open():
            newest = {one.document_id: one for one in self._changes}
            return sorted(newest.values(), key=lambda one: one.seq)[:limit]

    def newest_pending(self, limit: int) -> Sequence[Change]:
        return list(reversed(self.pending(len(self._changes))))[:limit]

    def pending_count(self) -> int:
        with self._open():
            return len({one.document_id for one in self._changes})

    def done(self, changes: Sequence[Change]) -> None:
        with self._open():
            through = {one.document_id: one.seq for one in sorted(changes, key=lambda one: one.seq)}
            self._changes = [one for one in self._changes if one.seq > through.get(one.document_id, 0)]
            times = [one.at for one in changes] + ([self._through] if self._through else [])
            self._through = max(times, default=None)

    def enqueue_all(self) -> int:
        with self._open():
            self._record(sorted(self._documents))
            return len(self._documents)

    def indexed_through(self) -> datetime | None:
        with self._open():
            return self._changes[0].at - TICK if self._changes else self._through

    def backup(self, target: str) -> None:
        with self._open():
            if Path(target).exists():
                raise InvalidInput(f"{target} is there already; name a new file", source=target)
            Path(target).write_text(json.dumps([row_of(one) for one in self._documents.values()]), encoding="utf-8")


def _stored_article(article: Article) -> Article:
    """Return the article as it comes back from storage: times in UTC, nothing shared with the caller."""
    row = row_of(article)
    return article_from(row["id"], row["source"], row["path"], row["revision"], row["content"])


def _stored_ticket(ticket: Ticket) -> Ticket:
    row = row_of(ticket)
    return ticket_from(row["source"], row["content"])


def _refuse_many(given: Sequence[object]) -> None:
    if len(given) > 500:
        raise InvalidInput("give at most 500 at a time")


def _conflict(stored: Document, source: str) -> IdConflict:
    return IdConflict(f"id {stored.id!r} of source {stored.source!r} was given by source {source!r}", field="id")
