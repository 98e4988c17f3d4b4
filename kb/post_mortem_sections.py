"""Name the sections of a post-mortem, say where they stand in a text, and which of them somebody has written. Pure.

They follow published practice (the Google SRE, Atlassian and PagerDuty guides, KCS).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.markdown_tables import first_table
from kb.plain_text import inline_text, whole_lines, without_comments
from kb.section_places import PlacedSection, placed_sections

_NUMBER = re.compile(r"^\d+[.)]?\s+")
_LABEL = re.compile(r"[^:]{1,60}:")
_UNWRITTEN = re.compile(r"\W*(?:(?:todo|tbd|tbc|fixme|xxx|lorem ipsum|noch (?:offen|zu ergänzen))\b.*|)", re.IGNORECASE)
_MARKS = re.compile(r"[ \t]*(?:(?:>|[-*+]|\d{1,9}[.)]|\[[ xX]\])[ \t]+)*")


@dataclass(frozen=True, slots=True)
class SectionRule:
    """One section: its name in English and German, and whether a complete post-mortem needs it."""

    key: str
    english: str
    german: str
    is_needed: bool = False

    def name(self, language: str) -> str:
        """Return its heading in the language of an article."""
        return self.german if is_german(language) else self.english


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
_ORDER = {rule.key: number for number, rule in enumerate(SECTIONS)}
_KEYS = {name.casefold(): rule.key for rule in SECTIONS for name in (rule.english, rule.german)}


def is_german(language: str) -> bool:
    """Say whether a language (BCP 47) is German; everything else is told in English."""
    return language.casefold().startswith("de")


def section_key(heading: str) -> str | None:
    """Return which section a heading opens, in either language and with or without a number; `None` for another."""
    return _KEYS.get(_NUMBER.sub("", heading).strip().casefold())


def section_of(body: str, key: str) -> PlacedSection | None:
    """Return the first section of this key with its place in the body, `None` without one."""
    return next((one for one in placed_sections(body) if section_key(one.heading) == key), None)


def with_section(body: str, key: str, text: str, language: str) -> str:
    """Return the body with one section more, before those that come after it in `SECTIONS`."""
    known = [(one, found) for one in placed_sections(body) if (found := section_key(one.heading)) is not None]
    level = known[0][0].level if known else 2
    rule = SECTIONS[_ORDER[key]]
    at = next((one.start for one, found in known if _ORDER[found] > _ORDER[key]), len(body))
    before, after = body[:at].rstrip("\n"), body[at:]
    made = f"{'#' * level} {rule.name(language)}\n\n{text.strip()}\n"
    return f"{before}\n\n{made}\n{after}".rstrip("\n") + "\n" if before else f"{made}\n{after}".rstrip("\n") + "\n"


def written_keys(body: str) -> frozenset[str]:
    """Return the keys of the sections in which somebody has written something.

    What a template holds does not count: comments, headings, the header of a table without rows, labels with nothing
    behind them (`- Recognise it:`), `TODO`.
    """
    text = without_comments(body)
    found = [(section_key(one.heading), text[one.text_start : one.end]) for one in placed_sections(body)]
    return frozenset(key for key, content in found if key is not None and is_written(content))


def is_written(markdown: str) -> bool:
    """Say whether a section's text, comments blanked out, holds anything that its author wrote."""
    table = first_table(markdown)
    if table is not None:
        if any(cell.strip() for row in table.rows for cell in row):
            return True
        markdown = markdown[: table.start] + markdown[table.end :]
    headings = {line for one in placed_sections(markdown) for line in range(one.start, one.text_start)}
    at = 0
    for line in whole_lines(markdown):
        told = inline_text(_MARKS.sub("", line, count=1))
        if at not in headings and not _UNWRITTEN.fullmatch(told) and not _LABEL.fullmatch(told):
            return True
        at += len(line)
    return False
