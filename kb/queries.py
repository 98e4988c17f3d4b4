"""Say what is asked, by whom, within which bounds, and what comes back from an index.

Facts are what a filter can see of a document. The same two functions, `admits` here and `may_read` in
`kb.access`, define filters for every index: an index may use its own machinery, but must agree with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from kb.documents import ARCHIVED, DECISION_SOURCE, KINDS
from kb.roles import Action, Role, allows

FILTER_FIELDS = (
    "type", "service", "language", "audience", "state", "status", "confidence", "source", "components",
    "tags", "owner", "assignment_group", "tier", "priority", "category",
)  # fmt: skip
"""Fields that filters and facets may name. Values are compared case-folded."""

_NONE: Mapping[str, frozenset[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Facts:
    """What filters and facets see of one document.

    `values` maps each of `FILTER_FIELDS` that the document has to its values, case-folded. `status` is the
    state of the
    problem, `open` or `resolved`, and only tickets have it. `dated_at` is when the document came to be (opened
    or created).
    """

    id: str
    values: Mapping[str, frozenset[str]]
    dated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Bounds on what may be answered; the default admits everything but decision records and archived articles.

    `values`: field → the document has at least one of these. `excluded`: field → it has none of these.
    `after` and `before` bound `dated_at`, `after` inclusive, `before` exclusive; an undated document fails either.
    `as_of` hides documents dated at or after it; undated ones stay. `without` are ids that never come back.
    Type `article` means every kind.
    """

    values: Mapping[str, frozenset[str]] = field(default_factory=lambda: _NONE)
    excluded: Mapping[str, frozenset[str]] = field(default_factory=lambda: _NONE)
    after: datetime | None = None
    before: datetime | None = None
    as_of: datetime | None = None
    without: frozenset[str] = frozenset()

    def wanted(self) -> Mapping[str, frozenset[str]]:
        """Return `values` case-folded, with type `article` spelt out as every kind."""
        return {name: _expanded(name, values) for name, values in self.values.items() if values}

    def unwanted(self) -> Mapping[str, frozenset[str]]:
        """Return `excluded` likewise, with decision records added unless `values` names a source, and archived
        articles unless it names a state.
        """
        unwanted = {name: _expanded(name, values) for name, values in self.excluded.items() if values}
        if not self.values.get("source"):
            unwanted["source"] = unwanted.get("source", frozenset()) | {DECISION_SOURCE}
        if not self.values.get("state"):
            unwanted["state"] = unwanted.get("state", frozenset()) | {ARCHIVED}
        return unwanted

    def admits(self, facts: Facts) -> bool:
        """Say whether a document with these facts may be answered."""
        nothing: frozenset[str] = frozenset()
        if facts.id in self.without:
            return False
        if any(not (facts.values.get(name, nothing) & values) for name, values in self.wanted().items()):
            return False
        if any(facts.values.get(name, nothing) & values for name, values in self.unwanted().items()):
            return False
        if facts.dated_at is None:
            return self.after is None and self.before is None
        if self.as_of is not None and facts.dated_at >= self.as_of:
            return False
        if self.after is not None and facts.dated_at < self.after:
            return False
        return self.before is None or facts.dated_at < self.before


def _expanded(name: str, values: frozenset[str]) -> frozenset[str]:
    folded = frozenset(value.casefold() for value in values)
    if name == "type" and "article" in folded:
        return (folded - {"article"}) | frozenset(KINDS)
    return folded


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks.

    `audiences` are those the viewer may read; `None` means all of them. `may_edit` also shows articles that are
    not published (drafts, in review, archived), marked as such; without it only published ones exist. `role` says
    what the viewer may do besides reading (`kb.roles`).
    """

    name: str
    audiences: frozenset[str] | None = frozenset({"public", "internal"})
    may_edit: bool = False
    role: Role = "agent"

    def may(self, action: Action) -> bool:
        """Say whether the viewer's role allows an action."""
        return allows(self.role, action)


@dataclass(frozen=True, slots=True)
class WordGroup:
    """One word of a query: a document holds it if it holds any of `terms`; `weight` scales its share of the score.

    `shares` says what each of the terms counts beside the others, in their order: a translation a little less than the
    word itself. Those beyond its end count 1.
    """

    terms: tuple[str, ...]
    weight: float = 1.0
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class KeywordQuery:
    """A query as terms, with no engine's syntax in it.

    A document *matches* when it holds at least one word group or identifier (or there are none of either, but
    phrases),
    every phrase (its surfaces in order, within one field), and none of the excluded terms and phrases.
    `fields` maps each of `TEXT_FIELDS` to search for words to its weight.
    """

    words: tuple[WordGroup, ...] = ()
    identifiers: tuple[str, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    excluded: tuple[str, ...] = ()
    excluded_phrases: tuple[tuple[str, ...], ...] = ()
    fields: Mapping[str, float] = field(default_factory=lambda: DEFAULT_FIELD_WEIGHTS)

    @property
    def is_empty(self) -> bool:
        """Say whether nothing could match."""
        return not (self.words or self.identifiers or self.phrases)


TEXT_FIELDS = ("title", "body", "fix")
"""Where words are looked up: `body` is the problem side of a ticket or a whole article, `fix` a ticket's
resolution.
"""
DEFAULT_FIELD_WEIGHTS: Mapping[str, float] = MappingProxyType({"title": 3.0, "body": 1.0, "fix": 0.5})
PROBLEM_FIELD_WEIGHTS: Mapping[str, float] = MappingProxyType({"title": 3.0, "body": 1.0})


@dataclass(frozen=True, slots=True)
class Hit:
    """One document that a lane found; higher scores are better, scores of different lanes are not comparable.

    `passage` is the number of the passage that was most similar (semantic lane only; 0 is the title passage).
    """

    document_id: str
    score: float
    passage: int | None = None


@dataclass(frozen=True, slots=True)
class Matches:
    """How many documents match, and how they spread: facet field → value → count."""

    total: int
    facets: Mapping[str, Mapping[str, int]]
