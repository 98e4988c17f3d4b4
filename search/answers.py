"""Say what an answer holds. The endpoints and `--json` print these fields under the same names.

Times are aware datetimes in UTC. Lists are in the order in which they are to be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

Relationship = Literal["duplicate", "same_problem", "related"]
Band = Literal["low", "medium", "high"]
ProblemState = Literal["open", "resolved"]
Status = Literal["ok", "degraded", "no_confident_match"]
Mode = Literal["hybrid", "keyword", "semantic", "none"]


@dataclass(frozen=True, slots=True)
class LaneScores:
    """What the lanes thought of a result: cosine and BM25, `None` where unknown; ranks from 1, `None` where not found.

    Scores of the two lanes are not comparable.
    """

    semantic: float | None = None
    keyword: float | None = None
    rank_semantic: int | None = None
    rank_keyword: int | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a result is there.

    `type` is `identifier` or `phrase` (`value`, and the `field` that holds it), `matched_words` (`value`),
    `translated_words`, `synonym` or `corrected_word` (`value` is "word of the query → word of the document"),
    `similar_passage` (`passage`, `similarity`), `same_service` or `same_component` (`value`), or `prior_feedback`: how
    many found it `helpful` or `not_helpful`, and how many problems were `resolved_by` it.
    """

    type: str
    value: str | None = None
    field: str | None = None
    passage: str | None = None
    similarity: float | None = None
    helpful: int | None = None
    not_helpful: int | None = None
    resolved_by: int | None = None


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of the document's text; highlights are half-open ranges of code points, in order, not overlapping."""

    text: str = ""
    highlights: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """What fixed it. `kind` is `permanent_fix`, `workaround`, `configuration_change` or `none`.

    `markdown` is the whole section as an article writes it, for pages; empty for tickets and for very long sections.
    """

    kind: str
    summary: str
    steps: tuple[str, ...] = ()
    markdown: str = field(default="", compare=False)
    attachments: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Those of the article (`Article.attachments`): what relative paths in `markdown` lead to."""


@dataclass(frozen=True, slots=True)
class FixedBy:
    """The document that a ticket's links lead to and whose fix is shown in place of its own; `url` as of a result."""

    id: str
    type: str
    title: str
    language: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One document that answers.

    `url` is where the document lives outside (a ticket system), `None` where it lives here. `band` and `score` stay
    `None` while answers are not calibrated. `state` is an article's state, so that a draft can be marked as one.
    `stale`: its review was due before today. `fixed_by`: where resolution, root cause and workaround come from when the
    ticket tells no fix and is linked to what does. `source` is the ticket system, the imported folder, or `site`; that
    of shipped example content is `example`.
    """

    rank: int
    id: str
    type: str
    title: str
    language: str
    url: str | None = None
    relationship: Relationship | None = None
    band: Band | None = None
    score: float | None = None
    scores: LaneScores = field(default_factory=LaneScores)
    reasons: tuple[Reason, ...] = ()
    snippet: Snippet = field(default_factory=Snippet)
    resolution: Resolution | None = None
    fixed_by: FixedBy | None = None
    root_cause: str | None = None
    workaround: str | None = None
    known_error: bool = False
    confidence: str | None = None
    status: ProblemState | None = None
    resolved_at: datetime | None = None
    stale: bool = False
    state: str | None = None
    service: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """How the answer was found.

    `mode` names the lanes that answered, `degraded` those that are down (`identifier`, `keyword`, `semantic`). Every
    write up to `indexed_through` was taken into account. `model` is `name@revision`.
    """

    mode: Mode
    degraded: tuple[str, ...] = ()
    model: str | None = None
    calibrated: bool = False
    indexed_through: datetime | None = None
    took_ms: int = 0


@dataclass(frozen=True, slots=True)
class AskedQuery:
    """How the question was understood: its language, its identifiers as written, whether its end was cut off.

    `problems` are sentences about what looked like query syntax but was searched as plain words.
    """

    language: str
    identifiers: tuple[str, ...] = ()
    truncated: bool = False
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet and how many of the counted documents have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """The answer to a search. `facets`: field → values, the most frequent first, then by value.

    `did_you_mean` is the query with misspelled words corrected; it finds something for the same reader and filter.
    """

    status: Status
    retrieval: Retrieval
    query: AskedQuery
    total: int
    results: tuple[Result, ...]
    facets: Mapping[str, tuple[FacetValue, ...]]
    did_you_mean: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A value that similar resolved tickets had.

    `confidence` is the calibrated probability that it is right. `support` of the `voters`, the similar tickets that
    have any value, have this one.
    """

    value: str
    confidence: float
    support: int
    voters: int


IncidentState = Literal["candidate", "confirmed", "dismissed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A burst of similar open tickets, or that there is none.

    `candidate` says whether one is under way and nobody has dismissed it; else `size` is 0 and `tickets` is empty.
    `size` counts its open tickets that the reader may read, and the ticket that was asked about, stored or not;
    `tickets` are the stored ones in order of time. `id` is that of the first; every ticket of it leads to it as well.
    `title` is that of the ticket which the others resemble most, `similarity` how much they do on average, `since` and
    `latest` are when the first and the last were opened. `identifiers`, `words` and `services` are what several share,
    the most frequent first. `decided_by` and `decided_at` tell who confirmed or dismissed it; `grown` that as many
    tickets as were dismissed have come since. `explanation` says all this in English.
    """

    candidate: bool
    size: int
    window_minutes: int
    tickets: tuple[str, ...] = ()
    id: str | None = None
    state: IncidentState | None = None
    title: str | None = None
    language: str | None = None
    since: datetime | None = None
    latest: datetime | None = None
    similarity: float | None = None
    identifiers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    decided_by: str | None = None
    decided_at: datetime | None = None
    grown: bool = False
    explanation: str | None = None


_NO_SUGGESTIONS: Mapping[str, tuple[Suggestion, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SimilarAnswer:
    """The answer to a ticket.

    `suggestions`: `assignment_group` and `tier` → values, the most probable first; a field for which nothing can be
    suggested is not there. `incident` is `None` where nobody watches for incidents.
    """

    status: Status
    retrieval: Retrieval
    query: AskedQuery
    results: tuple[Result, ...]
    suggestions: Mapping[str, tuple[Suggestion, ...]] = field(default_factory=lambda: _NO_SUGGESTIONS)
    incident: Incident | None = None
