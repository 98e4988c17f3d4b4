"""Say what could be better in a post-mortem while it is written: wording, times, action items, title. Pure.

Nothing here keeps anybody from saving; only what is missing (severity `error`) keeps a post-mortem from being complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

from kb.action_items import ActionItem, action_items_of, action_table, why_none
from kb.blameless import blames
from kb.documents import Article
from kb.markdown_tables import Table
from kb.plain_text import whole_lines, without_comments
from kb.post_mortem_sections import SECTIONS, is_written, section_key, section_of, written_keys
from kb.post_mortems import PHASES, gaps, moment_of
from kb.section_places import placed_sections
from kb.timeline import TimelineRow, timeline_of, timeline_table
from kb.written_times import is_zoneless

Severity = Literal["error", "warning", "hint"]
SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "missing": "Missing to be complete: %(name)s.",
        "blame_counterfactual": "“%(phrase)s” tells what did not happen, as seen from the end.",
        "blame_fault": "“%(phrase)s” says whose fault it was.",
        "blame_omission": "“%(phrase)s” tells what somebody left undone, not why that seemed right.",
        "blame_error": "“%(phrase)s” makes a person the cause and stops asking there.",
        "blame_care": "“%(phrase)s” judges people or asks for more care, which changes nothing.",
        "blame_name": "“%(phrase)s” names a person.",
        "blame_question": "“%(phrase)s” asks for a culprit.",
        "title_opening": "The title begins with “%(phrase)s”; begin with what users see, as they would search for it.",
        "title_short": "The title is short; say what users see and where.",
        "title_long": "The title is long; what users see fits in 120 characters.",
        "time_unread": "%(name)s “%(value)s” is no time with a zone; write it as 2026-02-16T07:00:00+01:00.",
        "time_order": "%(name)s is earlier than %(before)s.",
        "timeline_form": "The timeline is no table of time, source, event and kind, which could be checked.",
        "timeline_zone": "“%(value)s” lacks its zone, such as CET or +01:00.",
        "timeline_time": "“%(value)s” is no day and time with a zone.",
        "timeline_order": "“%(value)s” comes after a later time.",
        "timeline_outside": "“%(value)s” lies outside the incident; say below the table why it is told.",
        "timeline_kind": "“%(value)s” does not say whether it is a fact or an inference.",
        "timeline_source": "“%(value)s” does not say who or what tells it.",
        "action_form": "The action items are no table of action, type, owner, due, tracker and state.",
        "action_vague": "“%(value)s” can be done without anything changing; say what will be different.",
        "action_owner": "“%(value)s” has no owner.",
        "action_due": "“%(value)s” has no day by which it is due.",
        "action_type": "“%(value)s” does not say whether it prevents, detects, mitigates, documents or trains.",
        "action_state": "“%(value)s” does not say how it stands.",
        "action_tracker": "“%(value)s” has no link to where it is tracked.",
        "section_order": "“%(value)s” comes before a section that usually precedes it.",
    }
)
"""Rule → its sentence in English; pages translate it."""
LONGEST_TITLE = 120
"""Characters; a search result shows no more on one line."""
FEWEST_WORDS = 3
_OPENING = re.compile(
    r"(?:post[- ]?mortem|incident(?: report| review)?|outage report|rca|root cause(?: analysis)?|review of|report on"
    r"|störung(?:sbericht)?(?= vom|:)"
    r"|vorfall(?:sbericht)?|ursachenanalyse|nachbetrachtung|nachbereitung|sev[- ]?\d|p[1-5]|prio(?:rity)? ?\d"
    r"|(?:inc|prb|chg|ticket|case|problem)[- #]?\d+|\d{4}-\d\d-\d\d|\d{1,2}\.\d{1,2}\.\d{4})(?=[\s:,–-]|$)",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"(?:improve|investigate|look (?:in)?to|consider|think about|check|review|discuss|monitor|talk (?:to|about)"
    r"|be (?:more )?careful"
    r"|fix (?:it|this)|make sure|try to|raise awareness|verbessern|prüfen|untersuchen|überlegen|diskutieren|besprechen"
    r"|beobachten|sensibilisieren|verbesserung|überprüfung|besser aufpassen)\b",
    re.IGNORECASE,
)
_VAGUE_GERMAN = re.compile(
    r"\b(?:verbessern|prüfen|überprüfen|untersuchen|überlegen|besprechen|beobachten|sensibilisieren)\W*", re.IGNORECASE
)
"""The verb at the end, as German puts it."""
_LOOKED_AT = re.compile(
    r"^(?:check|review|monitor)\b|^(?:prüfen|beobachten)\b|\b(?:über)?prüfen\W*$|\bbeobachten\W*$", re.I
)
_EMPTY = re.compile(
    r"(?:the|an?|our|all|it|this|that|these|more|better|and|der|die|das|den|alles?|es|mehr|besser|und)", re.I
)
_MOST_VAGUE_WORDS = 4
_FEWEST_ACTION_WORDS = 2
_TOLD = re.compile(
    r"\b(?:before the incident|beforehand|earlier|days? before|weeks? before|afterwards|later|follow-?up|background"
    r"|vor(?:her| dem vorfall| der störung)|vorgeschichte|früher|tage? (?:vor|zuvor)|wochen? (?:vor|zuvor)|danach"
    r"|nachträglich|nacharbeit|hintergrund)\b",
    re.IGNORECASE,
)
"""An event with such a word says itself why it lies outside."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at.

    `rule` is a key of `SENTENCES`, `values` fills its sentence, `better` is how to put it instead, in the language of
    the text. `place` is a field's name, a section's key, or `body`; `start` and `end` are code points of the body,
    where it lies in one.
    """

    rule: str
    severity: Severity
    place: str
    start: int | None = None
    end: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    better: str = ""

    @property
    def sentence(self) -> str:
        """Return what is wrong, as one sentence in English."""
        return SENTENCES[self.rule] % self.values


def findings_of(article: Article) -> tuple[Finding, ...]:
    """Return what could be better: what is missing first, then fields, then the text in its order."""
    in_text = [*_wording(article), *_timeline(article), *_action_items(article), *_section_order(article)]
    return (
        *(Finding("missing", "error", _place(name), values={"name": name}) for name in gaps(article)),
        *_title(article),
        *_times(article),
        *sorted(in_text, key=lambda one: one.start if one.start is not None else -1),
    )


def _place(name: str) -> str:
    return section_key(name) or name


def _title(article: Article) -> Iterator[Finding]:
    if opening := _OPENING.match(article.title.strip()):
        yield Finding("title_opening", "warning", "title", values={"phrase": opening.group()})
    elif len(article.title.split()) < FEWEST_WORDS and len(article.title) < 30:
        yield Finding("title_short", "hint", "title")
    if len(article.title) > LONGEST_TITLE:
        yield Finding("title_long", "hint", "title")
    for blame in blames(article.title, article.language):
        yield Finding(f"blame_{blame.why}", "warning", "title", values={"phrase": blame.phrase}, better=blame.better)


def _times(article: Article) -> Iterator[Finding]:
    told: list[tuple[str, datetime]] = []
    for name in PHASES:
        value = article.extra.get(name)
        moment = moment_of(value)
        if moment is not None:
            told.append((name, moment))
        elif value not in (None, ""):
            yield Finding("time_unread", "warning", name, values={"name": name, "value": str(value)})
    for (before, earlier), (name, later) in pairwise(told):
        if later < earlier:
            yield Finding("time_order", "warning", name, values={"name": name, "before": before})


def _wording(article: Article) -> Iterator[Finding]:
    sections = placed_sections(article.body)
    for blame in blames(article.body, article.language):
        place = next((one for one in reversed(sections) if one.start <= blame.start < one.end), None)
        key = section_key(place.heading) if place else None
        yield Finding(
            f"blame_{blame.why}",
            "warning",
            key or "body",
            blame.start,
            blame.end,
            {"phrase": blame.phrase},
            blame.better,
        )


def _timeline(article: Article) -> Iterator[Finding]:
    rows = timeline_of(article.body)
    table = timeline_table(article.body)
    if rows is None or table is None:
        section = section_of(article.body, "timeline")
        if section is not None and "timeline" in written_keys(article.body):
            yield Finding("timeline_form", "hint", "timeline", section.start, section.text_start)
        return
    is_explained = _has_text_beside(article.body, "timeline", table)
    start, end = moment_of(article.extra.get("started_at")), moment_of(article.extra.get("resolved_at"))
    # A cause precedes its effect: one event before the start is what set it off.
    is_explained_before = is_explained or sum(_is_before(row, start) for row in rows) == 1
    latest: datetime | None = None
    for row, (at, to) in zip(rows, _row_places(article.body, table), strict=True):
        if row.is_blank:
            continue
        moment = row.at
        for rule, severity in _row_rules(row):
            named = row.time if rule in ("timeline_zone", "timeline_time") else row.event or row.time
            yield Finding(rule, severity, "timeline", at, to, {"value": named})
        if moment is None:
            continue
        if latest is not None and moment < latest:
            yield Finding("timeline_order", "warning", "timeline", at, to, {"value": row.time})
        latest = moment if latest is None else max(latest, moment)
        is_early = _is_before(row, start) and not is_explained_before
        is_late = end is not None and moment > end and not is_explained
        if (is_early or is_late) and not _TOLD.search(row.event):
            yield Finding("timeline_outside", "warning", "timeline", at, to, {"value": row.time})


def _is_before(row: TimelineRow, start: datetime | None) -> bool:
    return start is not None and row.at is not None and row.at < start


def _row_rules(row: TimelineRow) -> Iterator[tuple[str, Severity]]:
    if row.at is None:
        yield ("timeline_zone" if is_zoneless(row.time) else "timeline_time"), "warning"
    if not row.kind:
        yield "timeline_kind", "warning"
    if not row.source:
        yield "timeline_source", "hint"


def _action_items(article: Article) -> Iterator[Finding]:
    items = action_items_of(article.body)
    table = action_table(article.body)
    if items is None or table is None:
        section = section_of(article.body, "action_items")
        if section is not None and "action_items" in written_keys(article.body) and not why_none(article.body):
            yield Finding("action_form", "hint", "action_items", section.start, section.text_start)
        return
    for item, (at, to) in zip(items, _row_places(article.body, table), strict=True):
        if not item.is_blank:
            for rule, severity in _item_rules(item):
                yield Finding(rule, severity, "action_items", at, to, {"value": item.action or item.owner or item.due})


def _item_rules(item: ActionItem) -> Iterator[tuple[str, Severity]]:
    words = item.action.split()
    is_vague = len(words) <= _MOST_VAGUE_WORDS and bool(
        _VAGUE.match(item.action) or (words and _VAGUE_GERMAN.fullmatch(words[-1]))
    )
    if is_vague and _LOOKED_AT.search(item.action):  # what is checked, and when or for what, makes it one that ends
        is_vague = len([one for one in words if not _EMPTY.fullmatch(one)]) <= _FEWEST_ACTION_WORDS
    if is_vague or len(words) < _FEWEST_ACTION_WORDS:
        yield "action_vague", "warning"
    if not item.owner:
        yield "action_owner", "warning"
    if item.due_on is None:
        yield "action_due", "warning"
    if not item.type:
        yield "action_type", "warning"
    if not item.state:
        yield "action_state", "warning"
    if not item.tracker:
        yield "action_tracker", "hint"


def _section_order(article: Article) -> Iterator[Finding]:
    order = {rule.key: number for number, rule in enumerate(SECTIONS)}
    known = [(one, key) for one in placed_sections(article.body) if (key := section_key(one.heading)) is not None]
    for (one, key), (_, following) in pairwise(known):
        if order[following] < order[key]:
            yield Finding("section_order", "hint", key, one.start, one.text_start, {"value": one.heading})


def _row_places(body: str, table: Table) -> list[tuple[int, int]]:
    """Return where each row of a table stands; behind its header and its rule."""
    at = table.start
    places: list[tuple[int, int]] = []
    for line in whole_lines(body[table.start : table.end]):
        places.append((at, at + len(line.rstrip("\r\n"))))
        at += len(line)
    return places[2:]


def _has_text_beside(body: str, key: str, table: Table) -> bool:
    section = section_of(body, key)
    if section is None:
        return False
    text = without_comments(body)
    return is_written(text[section.text_start : table.start] + "\n" + text[table.end : section.end])
