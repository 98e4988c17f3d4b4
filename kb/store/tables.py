"""Say which tables hold the store of record.

A document's columns are what the store itself asks by; `content` is the rest of it, as one JSON object (see
`kb.store.rows`), so that a new field needs no migration. Articles and tickets share one table, because they share
one space of ids.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    text,
)

from kb.errors import InvalidInput


def instant_text(moment: datetime) -> str:
    """Return a time in UTC as text of fixed width, so that the order of texts is the order of times.

    Raises InvalidInput when it has no offset, or none of the years 1 to 9999 holds it in UTC.
    """
    if moment.tzinfo is None:
        raise InvalidInput(f"time {moment.isoformat()} has no offset; say which zone it is in")
    try:
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError as error:
        raise InvalidInput(f"time {moment.isoformat()} lies outside the calendar; correct it") from error


class Instant(TypeDecorator[datetime]):
    """An aware time, kept as `instant_text` and returned in UTC."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Return the text to store."""
        return None if value is None else instant_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Return the time that was stored."""
        return None if value is None else datetime.fromisoformat(value)


metadata = MetaData()

document = Table(
    "document",
    metadata,
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("path", Text),
    Column("revision", Integer, nullable=False),
    Column("content", Text, nullable=False),  # last: what lies before it is read without its pages
    Index("document_by_source", "source", "id", "type", "path"),
)

revision = Table(
    "revision",
    metadata,
    Column("document_id", Text, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("recorded_at", Instant, nullable=False),
    Column("author", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("path", Text),
    Column("content", Text, nullable=False),
    Column("comment", Text),  # why, in the words of whoever made it
)

alias = Table(
    "alias",
    metadata,
    Column("alias", Text, primary_key=True),
    Column("document_id", Text, nullable=False),  # no foreign key: the article may move on, or be imported anew
)

link = Table(
    "link",
    metadata,
    Column("ticket_id", Text, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("at", Instant),
    Index("link_by_target", "target"),
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("ticket_id", Text, primary_key=True),
    Column("deleted_at", Instant),  # null once erased: nothing brings that ticket back
)

change = Table(
    "change",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("document_id", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("change_by_document", "document_id", "seq"),
    sqlite_autoincrement=True,  # a number is never given twice, or `done` would forget a newer change
)

indexed = Table(
    "indexed",
    metadata,
    Column("only", Integer, CheckConstraint("only = 1", name="indexed_has_one_row"), primary_key=True),
    Column("through", Instant, nullable=False),
)

vector = Table(
    "vector",
    metadata,
    Column("recipe_id", Text, primary_key=True),
    Column("text_hash", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

document_text = Table(
    "document_text",
    metadata,
    Column("document_id", Text, primary_key=True),
    Column("text_hash", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Which texts a document ever had vectors of, for erasure."""

open_ticket = Table(
    "open_ticket",
    metadata,
    Column("ticket_id", Text, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("opened_at", Instant, nullable=False),
    Column("audience", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Index("open_ticket_by_time", "opened_at", "ticket_id"),
)
"""The tickets of which a burst can be made; a hash of their content tells when one has changed."""

incident_decision = Table(
    "incident_decision",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("size", Integer, nullable=False),
)

incident_ticket = Table(
    "incident_ticket",
    metadata,
    Column(
        "decision",
        Integer,
        ForeignKey("incident_decision.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("ticket_id", Text, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Index("incident_ticket_by_ticket", "ticket_id"),
)

token = Table(
    "token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("secret_hash", Text, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
    Column("expires_at", Instant),
    Column("audiences", Text, nullable=False),
    Index(
        "token_by_live_name",
        "name",
        unique=True,
        sqlite_where=text("revoked_at IS NULL"),
        postgresql_where=text("revoked_at IS NULL"),
    ),
)

response = Table(
    "response",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("ticket", Text),
    Column("results", Text, nullable=False),
    Index("response_by_time", "at"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("response_id", Text, primary_key=True),
    Column("result_id", Text, primary_key=True),
    Column("action", Text, primary_key=True),
    Column("given_by", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("ticket", Text),
    Index("feedback_by_result", "result_id", "action", "given_by"),
    Index("feedback_by_ticket", "ticket"),
)

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

connector = Table(
    "connector",
    metadata,
    Column("name", Text, primary_key=True),
    Column("secret", Text),  # null while it is off; in clear, since an HMAC cannot be checked with less
    Column("changed_at", Instant, nullable=False),
)

connector_outcome = Table(
    "connector_outcome",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("connector", Text, primary_key=True),
    Column("mark", Text, primary_key=True),
    Column("until", Instant, nullable=False),
    Index("delivery_by_end", "until"),
)
"""What was delivered of late, by its id and by the digest of what was signed."""

attachment = Table(
    "attachment",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("content_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("put_at", Instant, nullable=False),
    Column("put_by", Text),  # null when it came with an import
    Column("unused_since", Instant),
    Column("content", LargeBinary, nullable=False),  # last: what lies before it is read without its pages
    Index("attachment_unused", "unused_since"),
)

attachment_sender = Table(
    "attachment_sender",
    metadata,
    Column("sha256", Text, ForeignKey("attachment.sha256", ondelete="CASCADE"), primary_key=True),
    Column("person", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Everybody who sent a file, and so has it anyway."""

attachment_use = Table(
    "attachment_use",
    metadata,
    Column("sha256", Text, primary_key=True),  # no foreign key: a file may have been lost, its article goes on
    Column("document_id", Text, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Index("attachment_use_by_document", "document_id"),
    sqlite_with_rowid=False,
)
"""Which revisions of which articles hold a file."""

draft = Table(
    "draft",
    metadata,
    Column("person", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("article_id", Text),  # no foreign key: what somebody wrote stays theirs when the article goes
    Column("revision", Integer),
    Column("version", Integer, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("content", Text, nullable=False),
)
"""What one person is still writing, by the fields of the editor; never a document."""

reference = Table(
    "reference",
    metadata,
    Column("article_id", Text, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("anchor", Text, primary_key=True),
    Column("is_path", Integer, primary_key=True, autoincrement=False),
    Index("reference_by_target", "target", "is_path"),
    sqlite_with_rowid=False,
)
"""What articles name, by links in their text and by fields (`kb.links_in_text`)."""

article_standing = Table(
    "article_standing",
    metadata,
    Column("article_id", Text, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("source", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("owner", Text),
    Column("service", Text),
    Column("authors", Text, nullable=False),
    Column("review_due", Text),
    Column("touched_at", Instant),
    Index("article_standing_by_state", "state", "review_due"),
    sqlite_with_rowid=False,
)
"""What is asked of all articles at once: whose they are, and what waits for whom."""

action_item = Table(
    "action_item",
    metadata,
    Column("article_id", Text, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("action", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("due", Text, nullable=False),
    Column("tracker", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("service", Text),
    Column("revision", Integer, nullable=False),
    Column("began", Text),
    Column("audience", Text, nullable=False),
    Column("article_state", Text, nullable=False),
    Index("action_item_by_state", "state"),
    sqlite_with_rowid=False,
)
"""The action items of post-mortems, as their texts hold them."""

person = Table(
    "person",
    metadata,
    Column("name_key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant),
    Column("disabled_at", Instant),
    Column("password_hash", Text),  # null until the person has chosen one
    Column("session_mark", Text, nullable=False),
    Column("link_hash", Text, unique=True),
    Column("link_expires_at", Instant),
)

article_request = Table(
    "article_request",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("query", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("taken_by", Text),
    Column("taken_at", Instant),
    Column("article_id", Text),  # no foreign key: a deleted article leaves the request open
    sqlite_autoincrement=True,  # an address of a dismissed request never shows another one
)
"""Articles that people miss."""

article_request_person = Table(
    "article_request_person",
    metadata,
    Column(
        "request",
        Integer,
        ForeignKey("article_request.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("person", Text, primary_key=True),
)
