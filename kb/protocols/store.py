"""State what the store of record must do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from kb.documents import JSON, Article, Document, Link, Ticket
from kb.protocols.action_items import ActionItemStore
from kb.protocols.attachments import AttachmentStore
from kb.protocols.connectors import ConnectorStore
from kb.protocols.drafts import DraftStore
from kb.protocols.feedback import Feedback as Feedback
from kb.protocols.feedback import FeedbackStore
from kb.protocols.incidents import IncidentStore
from kb.protocols.people import PeopleStore
from kb.protocols.requests import RequestStore
from kb.protocols.upkeep import UpkeepStore
from kb.queries import Viewer

Outcome = Literal["created", "updated", "unchanged", "ignored"]


@dataclass(frozen=True, slots=True)
class Change:
    """One document to look at again; `seq` grows with every write."""

    seq: int
    document_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketUpsert:
    """The fields one delivery carries, checked and normalised; a field that is present and `None` is to be cleared.

    `fields` maps names of `Ticket` attributes (but source, external_id, extra) to their values; `extra` holds
    unknown fields.
    """

    source: str
    external_id: str
    fields: Mapping[str, object]
    extra: Mapping[str, JSON]

    @property
    def id(self) -> str:
        """Return `SOURCE:EXTERNAL_ID`."""
        return f"{self.source}:{self.external_id}"


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of an article's history."""

    number: int
    article: Article
    recorded_at: datetime
    author: str
    comment: str = ""
    """Why, in one line, in the words of whoever made it; empty when nothing was said."""


@dataclass(frozen=True, slots=True)
class RevisionLine:
    """One entry of an article's history without the article: what a list shows, and whether a viewer may see it."""

    number: int
    recorded_at: datetime
    author: str
    comment: str
    title: str
    state: str
    audience: str


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as it is listed; the secret itself is never stored, only its hash."""

    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    expires_at: datetime | None = None
    audiences: tuple[str, ...] = ()
    """Groups (`group:NAME`) that it may read beside what is public or internal."""


class ArticleStore(Protocol):
    """Articles with their history. Every write adds its change rows in the same transaction."""

    def put_articles(self, articles: Sequence[Article], author: str) -> Sequence[Outcome]:
        """Create or update articles, all of them or none, at most 500; an unchanged one gets neither
        revision nor change row.

        A moved article (same id, other path, nothing else) is `updated` and keeps id and revision. Raises
        IdConflict, with both sources named, when an id belongs to another source or to a ticket; InvalidInput for
        more than 500 and for what cannot be stored (lone surrogates, NaN, times without offset; NUL is kept).
        """
        ...

    def create_article(self, article: Article, author: str, comment: str = "") -> Article:
        """Store an article that is new and return it at revision 1: of many who create one id, one succeeds.

        `comment` says why, and stands in the history. Raises IdConflict when a document has the id or
        an alias of that name leads to one, whose links must go on leading there; InvalidInput for what cannot be
        stored.
        """
        ...

    def update_article(self, article: Article, author: str, expected_revision: int, comment: str = "") -> Article:
        """Save an edit and return it with its new revision; one that changes nothing makes none.

        `comment` says why, and stands in the history.
        The edit may name another source and path: that is how the site takes over a folder's article.
        Raises StaleEdit when the stored revision is another, NotFound.
        """
        ...

    def article(self, article_id: str) -> Article | None:
        """Return the article of this id, else of this alias; an alias may lead to another alias."""
        ...

    def delete_articles(self, ids: Sequence[str]) -> int:
        """Remove articles with their history and return how many there were."""
        ...

    def article_ids(self, source: str | None = None, kind: str | None = None) -> Mapping[str, str | None]:
        """Return id → path of every article (of one source, of one kind), ordered by id."""
        ...

    def add_alias(self, alias: str, article_id: str) -> None:
        """Let `alias` lead to an article from now on, also before it is there and after it was deleted. Idempotent.

        An article's own id goes before an alias of that name.
        """
        ...

    def aliases(self) -> Mapping[str, str]:
        """Return every alias → the id it leads to (an article's, or the next alias), ordered by alias."""
        ...

    def revisions(self, article_id: str) -> Sequence[Revision]:
        """Return the history, newest first, each revision with its whole text. Raises NotFound."""
        ...

    def revision(self, article_id: str, number: int) -> Revision | None:
        """Return one revision, `None` when there is none of that number or no such article."""
        ...

    def history(self, article_id: str, limit: int, before: int | None = None) -> Sequence[RevisionLine]:
        """Return at most `limit` lines of the history, newest first, those below number `before` when it is given.

        No text is read: it costs the same for long articles. Nothing for an article that is not there.
        """
        ...


class TicketStore(Protocol):
    """Tickets, their links and tombstones. Every write adds its change rows in the same transaction."""

    def upsert_tickets(self, upserts: Sequence[TicketUpsert]) -> Sequence[Outcome | InvalidTicket]:
        """Merge deliveries in order by `kb.tickets.merged`, at most 500, in one transaction; return what
        became of each.

        One that cannot be merged (a new ticket without a title, an id that belongs to an article) is reported in
        its place and stores nothing; the others go in. A deleted ticket comes back only by an `updated_at` later
        than the deletion, an erased one never; else such a delivery is `ignored`. Raises InvalidInput for more
        than 500.
        """
        ...

    def ticket(self, ticket_id: str) -> Ticket | None:
        """Return the ticket, `None` when there is none or it was deleted."""
        ...

    def delete_ticket(self, ticket_id: str, at: datetime | None = None) -> bool:
        """Delete and leave a tombstone, so that a late delivery does not bring it back; say whether there was one.

        `at` is when it was deleted (default: now); deliveries no newer than what was stored stay out, too. The
        tombstone is left even if the ticket never came. An article's id is left alone.
        """
        ...

    def ticket_ids(self, source: str | None = None) -> Sequence[str]:
        """Return every ticket's id, ordered."""
        ...

    def resolved_tickets(self, since: datetime, before: datetime) -> Sequence[str]:
        """Return the ids of tickets whose `resolved_at` is at or after `since` and earlier than `before`, ordered."""
        ...

    def links_to(self, document_id: str, types: Sequence[str] = ()) -> Sequence[tuple[str, Link]]:
        """Return (ticket id, link) of every link (of these types) to a document, ordered by ticket id, then as
        the ticket has them.
        """
        ...

    def links_to_each(
        self, document_ids: Sequence[str], types: Sequence[str], most: int, before: datetime | None = None
    ) -> Mapping[str, Sequence[tuple[str, Link]]]:
        """Return document id → (ticket id, link) of at most `most` links of these types to it, for those that have any;
        the latest first, then those without a time, ordered by ticket id where equal.

        Links made at or after `before` are left out; those without a time are not.
        """
        ...

    def knows_ticket(self, ticket_id: str) -> bool:
        """Say whether there is anything to erase: the ticket, what it left, or the tombstone of an earlier one."""
        ...

    def erase_ticket(self, ticket_id: str) -> bool:
        """Delete and also forget its text everywhere: vectors, logs, feedback; the tombstone keeps the id alone.

        The links to it that feedback made go as well; those that the tickets' systems told stay.

        A ticket that is deleted already can still be erased. Says whether there was one. What was freed is
        overwritten; backups made earlier are not reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class InvalidTicket:
    """Why one delivery of a batch was refused."""

    message: str
    field: str | None = None


class DocumentStore(Protocol):
    """Articles and tickets together, as search and the indexer read them."""

    def documents(self, ids: Sequence[str], viewer: Viewer | None = None) -> Mapping[str, Document]:
        """Return those of `ids` that exist and, when a viewer is given, that it may read; in one consistent read,
        in the order of `ids`. Aliases are not followed.
        """
        ...

    def sources(self, ids: Sequence[str], viewer: Viewer | None = None) -> Mapping[str, str]:
        """Return id → source of those of `ids` that exist and, when a viewer is given, that it may read: what
        `documents` would return, for a fraction of the work.
        """
        ...

    def all_ids(self) -> Iterator[str]:
        """Return every document id, ordered, without holding all documents in memory.

        Writes may go on meanwhile: a document that is there throughout comes exactly once.
        """
        ...

    def counts(self) -> Mapping[str, int]:
        """Return type → number of documents."""
        ...


class ChangeLog(Protocol):
    """What the indexer has still to look at."""

    def pending(self, limit: int) -> Sequence[Change]:
        """Return the oldest changes not yet done, one for each document at most (its newest), ordered by seq."""
        ...

    def newest_pending(self, limit: int) -> Sequence[Change]:
        """Return the newest changes not yet done, one for each document at most (its newest), newest first."""
        ...

    def pending_count(self) -> int:
        """Return the number of documents with changes not yet done."""
        ...

    def done(self, changes: Sequence[Change]) -> None:
        """Forget these changes; a newer change of the same document stays."""
        ...

    def enqueue_all(self) -> int:
        """Add a change for every document (to rebuild) and return how many."""
        ...

    def indexed_through(self) -> datetime | None:
        """Return the time up to which every write, one at that very time included, is in the indexes: a microsecond
        before the oldest pending change, else the time of the last write done, `None` before the first. It never runs
        backwards.
        """
        ...


class VectorStore(Protocol):
    """Every vector ever made, as float16, under its recipe and the hash of its text, so that text is encoded once."""

    def vectors(self, recipe_id: str, text_hashes: Sequence[str]) -> Mapping[str, NDArray[np.float16]]:
        """Return hash → `(dimension,)` vector for those that are stored; the arrays may be read-only."""
        ...

    def put_vectors(
        self,
        recipe_id: str,
        vectors: Mapping[str, NDArray[np.float16]],
        documents: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Store vectors, in transactions of at most 500. Idempotent; a stored vector is not replaced.

        `documents` maps document ids to the hashes of all their texts, those included whose vectors were stored
        before: `erase_ticket` finds vectors by it. The texts of a ticket that was erased meanwhile are left out.
        Raises InvalidInput for a vector that is not one row of finite numbers.
        """
        ...

    def forget_vectors(self, text_hashes: Sequence[str]) -> None:
        """Remove the vectors of these texts under every recipe (erasure)."""
        ...


class AccessStore(Protocol):
    """API tokens and the store's own settings."""

    def create_token(
        self,
        name: str,
        scopes: Sequence[str],
        secret_hash: str,
        expires_at: datetime | None = None,
        audiences: Sequence[str] = (),
    ) -> None:
        """Store a token, which never expires unless it is told when.

        Raises InvalidInput when a token of the name was not revoked, or any token had the hash.
        """
        ...

    def token(self, secret_hash: str) -> Token | None:
        """Return the token of this hash, neither revoked nor expired, and note that it was used: at most once a minute,
        and not while the store cannot be written.
        """
        ...

    def has_expired(self, secret_hash: str) -> bool:
        """Say whether the token of this hash was not revoked, but has expired."""
        ...

    def tokens(self) -> Sequence[Token]:
        """Return every token, revoked ones too, ordered by name and creation."""
        ...

    def revoke_token(self, name: str) -> None:
        """Revoke the live token of this name. Raises NotFound."""
        ...

    def setting(self, name: str) -> str | None:
        """Return a value kept in the store (session key, first-run mark)."""
        ...

    def put_setting(self, name: str, value: str | None) -> None:
        """Keep a value, or drop it when `None`."""
        ...

    def check_writing(self) -> None:
        """Raise StoreError when the store takes no writes. Cheap: it tries one only when the last one failed."""
        ...

    def take_setting(self, name: str, value: str) -> bool:
        """Drop a value if it is still this one, and say whether it was: of many who try at once, one succeeds."""
        ...


class Store(
    ArticleStore,
    AttachmentStore,
    TicketStore,
    DocumentStore,
    ChangeLog,
    VectorStore,
    IncidentStore,
    RequestStore,
    AccessStore,
    FeedbackStore,
    ConnectorStore,
    DraftStore,
    UpkeepStore,
    ActionItemStore,
    PeopleStore,
    Protocol,
):
    """The store of record. Everything in the indexes can be rebuilt from it.

    A write is durable when the call returns. A write that fails leaves nothing behind. Any number of threads and
    processes may use it at once; a read sees one snapshot. Every method raises StoreBusy and StoreError, also after
    `close`.
    """

    def backup(self, target: str) -> None:
        """Write a consistent copy of everything to a new file while others read and write.

        The file appears when it is complete. Raises InvalidInput when it is there already.
        """
        ...

    def close(self) -> None:
        """Close every connection. Idempotent."""
        ...
