"""Say what makes a post-mortem: its fields, what it lacks to be complete, and how long each phase took. Pure.

The structured fields stand in an article's `extra`, as written in its front matter; `kb.post_mortem_sections` names the
sections of its text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from kb.action_items import action_items_of, why_none
from kb.documents import JSON, Article
from kb.post_mortem_sections import SECTIONS as SECTIONS
from kb.post_mortem_sections import SectionRule, written_keys
from kb.post_mortem_sections import section_key as section_key

CAUSE_CATEGORIES = (
    "change", "capacity", "dependency", "configuration", "hardware", "security", "human_process", "unknown",
)  # fmt: skip
RESOLUTION_KINDS = ("permanent_fix", "workaround", "configuration_change", "none")
PHASES = ("started_at", "detected_at", "acknowledged_at", "mitigated_at", "resolved_at")
"""The moments of an incident in the order in which they come."""
_NEEDED_FIELDS = (
    "owner_team", "severity", "source_tickets", "started_at", "detected_at", "resolved_at", "cause_category",
    "root_cause", "resolution_kind", "reviewer",
)  # fmt: skip
_CHOICES = {"cause_category": CAUSE_CATEGORIES, "resolution_kind": RESOLUTION_KINDS}
_UNKNOWN = re.compile(
    r"\W*(?:(?:still |yet |as yet )?(?:unknown|unclear|not (?:yet )?known|tbd|todo|pending|under investigation|none)"
    r"|(?:noch )?(?:unbekannt|unklar|offen|nicht bekannt))"
    r"(?: as yet| yet| so far| for now| bisher| derzeit)?(?=[ \t]*(?:[.,:;!?…\n]|$)|[ \t]+[(–—-])",
    re.IGNORECASE,
)
"""A word that says so and is the whole first clause: "None of the replicas had the index loaded" is a cause."""
_BECAUSE = re.compile(r"\b(?:because|since|due to|weil|da|denn|wegen)\s+\S.{2,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Metrics:
    """How long things took, `None` where no times tell.

    Detecting, mitigating and resolving count from the start, acknowledging from the detection: so Atlassian's and
    PagerDuty's guides define MTTD, MTTA and MTTR.
    """

    to_detect: timedelta | None = None
    to_acknowledge: timedelta | None = None
    to_mitigate: timedelta | None = None
    to_resolve: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a complete post-mortem has: the name of a field, or of a section with its key."""

    name: str
    is_given: bool
    section: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """One moment of an incident as its front matter tells it, and how long after the start it was."""

    name: str
    at: datetime
    after: timedelta


def phases(article: Article) -> tuple[Phase, ...]:
    """Return the moments that are told, from `started_at` on; nothing without a start or when out of order."""
    told = [(name, moment) for name in PHASES if (moment := moment_of(article.extra.get(name))) is not None]
    if not told or told[0][0] != "started_at":
        return ()
    start = told[0][1]
    found = tuple(Phase(name, moment, moment - start) for name, moment in told)
    return found if all(a.after <= b.after for a, b in pairwise(found)) else ()


def needs(article: Article) -> tuple[Need, ...]:
    """Return what a post-mortem needs to be complete, and of each whether it is there: fields, then sections."""
    extra = article.extra
    authors = {name.strip().casefold() for name in article.authors}
    written = written_keys(article.body)
    is_reviewed = _is_given("reviewer", extra) and str(extra.get("reviewer")).strip().casefold() not in authors
    fields = [Need(name, bool(str(getattr(article, name)).strip())) for name in ("title", "language", "audience")]
    fields += [Need("authors", bool(article.authors)), Need("service", bool(article.service))]
    fields += [Need(name, is_reviewed if name == "reviewer" else _is_given(name, extra)) for name in _NEEDED_FIELDS]
    sections = [
        Need(
            rule.name(article.language),
            rule.key in written and (rule.key != "action_items" or _has_actions(article.body)),
            rule.key,
        )
        for rule in SECTIONS
        if rule.is_needed or _needs_workaround(rule, extra)
    ]
    return (*fields, *sections)


def gaps(article: Article) -> tuple[str, ...]:
    """Return what a post-mortem lacks to be complete: names of fields, then of sections in the article's language."""
    return tuple(need.name for need in needs(article) if not need.is_given)


def metrics(article: Article) -> Metrics:
    """Return how long detecting, acknowledging, mitigating and resolving took, as far as the times tell it."""
    at = {phase.name: phase.at for phase in phases(article)}

    def between(first: str, last: str) -> timedelta | None:
        return at[last] - at[first] if first in at and last in at else None

    return Metrics(
        to_detect=between("started_at", "detected_at"),
        to_acknowledge=between("detected_at", "acknowledged_at"),
        to_mitigate=between("started_at", "mitigated_at"),
        to_resolve=between("started_at", "resolved_at"),
    )


def is_unknown(text: str) -> bool:
    """Say whether a root cause says no more than that it is unknown, without the `because …` that makes it one."""
    return _UNKNOWN.match(text) is not None and _BECAUSE.search(text) is None


def _is_given(name: str, extra: Mapping[str, JSON]) -> bool:
    value = extra.get(name)
    if name == "source_tickets":
        return any(isinstance(one, str) and one.strip() for one in value) if isinstance(value, list) else False
    if name in PHASES:
        return moment_of(value) is not None
    if not isinstance(value, (str, int, float)) or isinstance(value, bool) or not str(value).strip():
        return False
    text = str(value).strip()
    if name == "root_cause":
        return not is_unknown(text)
    return text in _CHOICES[name] if name in _CHOICES else True


def _needs_workaround(rule: SectionRule, extra: Mapping[str, JSON]) -> bool:
    return rule.key == "workaround" and extra.get("resolution_kind") != "permanent_fix"


def _has_actions(body: str) -> bool:
    """Say whether there are action items that each tell all they must, or a reason why there are none."""
    items = [one for one in action_items_of(body) or () if not one.is_blank]
    return all(one.is_whole for one in items) if items else bool(why_none(body))


def moment_of(value: object) -> datetime | None:
    """Return a time with the offset it was written with; one without an offset cannot be compared and is left out."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
