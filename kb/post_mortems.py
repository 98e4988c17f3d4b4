"""Say what makes a post-mortem: its fields and sections, what is missing, and how long each phase took. Pure.

Fields and sections follow published practice (the Google SRE, Atlassian and PagerDuty guides, KCS). The structured
fields stand in an article's `extra`, as written in its front matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from kb.documents import Article
from kb.plain_text import sections

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
_NUMBER = re.compile(r"^\d+[.)]?\s+")


@dataclass(frozen=True, slots=True)
class SectionRule:
    """One section: its name in English and German, and whether a complete post-mortem needs it."""

    key: str
    english: str
    german: str
    is_needed: bool = False


SECTIONS = (
    SectionRule("summary", "Summary", "Zusammenfassung", True),
    SectionRule("symptoms", "Symptoms and environment", "Symptome und Umgebung", True),
    SectionRule("impact", "Impact", "Auswirkung", True),
    SectionRule("detection", "Detection", "Erkennung", True),
    SectionRule("timeline", "Timeline", "Zeitachse", True),
    SectionRule("trigger", "Trigger", "Auslöser"),
    SectionRule("root_cause", "Root cause and contributing factors", "Ursache und beitragende Faktoren", True),
    SectionRule("resolution", "Resolution", "Lösung", True),
    SectionRule("workaround", "Workaround", "Workaround"),
    SectionRule("quick_check", "L1 quick check", "L1-Schnellprüfung", True),
    SectionRule("escalation", "Escalation", "Eskalation"),
    SectionRule("lessons", "Lessons", "Erkenntnisse"),
    SectionRule("action_items", "Action items", "Maßnahmen", True),
    SectionRule("similar", "Similar past incidents", "Ähnliche frühere Vorfälle"),
    SectionRule("external_message", "External message", "Externe Mitteilung"),
    SectionRule("supporting", "Supporting information", "Ergänzende Informationen"),
)
"""In the order in which they are written."""
_KEYS = {name.casefold(): rule.key for rule in SECTIONS for name in (rule.english, rule.german)}
_NEEDED_SECTIONS = tuple(rule for rule in SECTIONS if rule.is_needed)


@dataclass(frozen=True, slots=True)
class Phase:
    """One moment of an incident as its front matter tells it, and how long after the start it was."""

    name: str
    at: datetime
    after: timedelta


def section_key(heading: str) -> str | None:
    """Return which section a heading opens, in either language and with or without a number; `None` for another."""
    return _KEYS.get(_NUMBER.sub("", heading).strip().casefold())


def phases(article: Article) -> tuple[Phase, ...]:
    """Return the moments that are told, from `started_at` on; nothing without a start or when out of order."""
    told = [(name, moment) for name in PHASES if (moment := _moment(article.extra.get(name))) is not None]
    if not told or told[0][0] != "started_at":
        return ()
    start = told[0][1]
    found = tuple(Phase(name, moment, moment - start) for name, moment in told)
    return found if all(a.after <= b.after for a, b in pairwise(found)) else ()


def gaps(article: Article) -> tuple[str, ...]:
    """Return what a post-mortem lacks to be complete: names of fields, then of sections in the article's language."""
    missing = [] if article.authors else ["authors"]
    missing += [] if article.service else ["service"]
    missing += [name for name in _NEEDED_FIELDS if not article.extra.get(name)]
    if article.extra.get("reviewer") in article.authors:
        missing.append("reviewer")
    for name, allowed in (("cause_category", CAUSE_CATEGORIES), ("resolution_kind", RESOLUTION_KINDS)):
        if article.extra.get(name) and article.extra[name] not in allowed:
            missing.append(name)
    written = {
        section_key(name)
        for section in sections(article.body, article.title)
        if section.text.strip()
        for name in section.path
    }
    needed = list(_NEEDED_SECTIONS)
    if article.extra.get("resolution_kind") != "permanent_fix":
        needed += [rule for rule in SECTIONS if rule.key == "workaround"]
    missing += [
        rule.german if article.language.startswith("de") else rule.english for rule in needed if rule.key not in written
    ]
    return tuple(missing)


def _moment(value: object) -> datetime | None:
    """Return a time with the offset it was written with; one without an offset cannot be compared and is left out."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
