"""Say what an article, a ticket and a link are.

A *document* is either, as search sees it. Times are aware datetimes in UTC. Ids hold no white space.
"""

from __future__ import annotations

import copyreg
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

KINDS = ("how-to", "troubleshooting", "known-error", "post-mortem", "runbook", "reference")
TYPES = (*KINDS, "ticket")
STATES = ("draft", "in_review", "published", "archived")
ARCHIVED = "archived"
"""The state of what is kept, but answers nothing unless asked for."""
CONFIDENCES = ("wip", "not_validated", "validated")
TIERS = ("L1", "L2", "L3")
LINK_TYPES = ("duplicate_of", "related", "caused_by", "resolved_by")
CLOSED_STATUSES = frozenset({"resolved", "closed", "done", "solved"})

EXAMPLE_SOURCE = "example"
"""Shipped content: removed by one command, never counted in routing, feedback or calibration."""
MANUAL_SOURCE = "manual"
DECISION_SOURCE = "decision"
"""Decision records: shipped, searchable, but only when asked for (`source:decision`)."""
SITE_SOURCE = "site"
"""Articles owned by the site. Every other source of an article is a folder that was imported under that name."""


def _mapping(held: dict[object, object]) -> MappingProxyType[object, object]:
    return MappingProxyType(held)


# Documents are sent to other processes, and Python cannot send a read-only mapping by itself.
copyreg.pickle(MappingProxyType, lambda held: (_mapping, (dict(held),)))

_NOTHING: Mapping[str, JSON] = MappingProxyType({})
_NO_ATTACHMENTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One Markdown article of any kind, at one revision.

    `body` is Markdown without front matter, as written. `extra` keeps every other front matter field in its order:
    those of POSTMORTEM and unknown ones alike, as plain JSON values (dates as ISO strings).
    `path` is the file below the imported folder, `None` for an article that the site owns.
    """

    id: str
    title: str
    body: str
    kind: str = "reference"
    language: str = "en"
    audience: str = "internal"
    state: str = "published"
    confidence: str = "not_validated"
    service: str | None = None
    components: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    owner: str | None = None
    authors: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    review_due: date | None = None
    error_signatures: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    translation_of: str | None = None
    extra: Mapping[str, JSON] = field(default_factory=lambda: _NOTHING)
    attachments: Mapping[str, str] = field(default_factory=lambda: _NO_ATTACHMENTS, repr=False)
    """Relative path, as the body names it with percent-encoding undone → sha256 of the file. Derived, never front
    matter; part of the content: another picture is another revision."""
    source: str = SITE_SOURCE
    path: str | None = None
    revision: int = 1
    """Counted from 1 by the store; ignored when two articles are compared for change."""


FEEDBACK = "feedback"
"""Who made a link that people made here, by saying that a document resolved a ticket."""
ARTICLE = "article"
"""Who made a link that a ticket got because an article was written from it."""
MADE_HERE = (FEEDBACK, ARTICLE)


@dataclass(frozen=True, slots=True)
class Link:
    """A directed link from one ticket to a ticket or article; `target` need not exist yet.

    `by` is one of `MADE_HERE` when people made it here, `None` when the ticket's own system told it.
    """

    type: str
    target: str
    at: datetime | None = None
    by: str | None = field(default=None, repr=False)  # no index holds it: without it, fingerprints stay as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket as its system last told it. `extra` keeps unknown fields."""

    source: str
    external_id: str
    title: str
    description: str = ""
    environment: str = ""
    resolution: str = ""
    resolution_code: str | None = None
    status: str | None = None
    priority: str | None = None
    category: str | None = None
    service: str | None = None
    components: tuple[str, ...] = ()
    configuration_item: str | None = None
    assignment_group: str | None = None
    tier: str | None = None
    tags: tuple[str, ...] = ()
    language: str = "en"
    audience: str = "internal"
    url: str | None = None
    opened_at: datetime | None = None
    resolved_at: datetime | None = None
    updated_at: datetime | None = None
    links: tuple[Link, ...] = ()
    extra: Mapping[str, JSON] = field(default_factory=lambda: _NOTHING)

    @property
    def id(self) -> str:
        """Return `SOURCE:EXTERNAL_ID`."""
        return f"{self.source}:{self.external_id}"

    @property
    def is_open(self) -> bool:
        """Say whether the problem is still open: anything but resolved, closed, done, solved."""
        return (self.status or "").strip().casefold() not in CLOSED_STATUSES


Document: TypeAlias = Article | Ticket


def type_of(document: Document) -> str:
    """Return `ticket` or the article's kind."""
    return "ticket" if isinstance(document, Ticket) else document.kind


def dated_at(document: Document) -> datetime | None:
    """Return when the document came to be: opened (ticket) or created (article); `None` where unknown."""
    return document.opened_at if isinstance(document, Ticket) else document.created_at
