"""Show values on pages: times, words for types and states, text with highlights, links to documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from flask import Flask
from flask_babel import format_decimal, format_percent, ngettext
from flask_babel import gettext as _
from markupsafe import Markup, escape

from kb.documents import Document, type_of
from search.answers import Reason, Resolution, Suggestion
from web.addresses import document_url
from web.rendering import render_excerpt
from web.site.changes import broken_in_words, field_in_words, field_value, lines_in_words, move_in_words
from web.site.words import BAND_WORDS, FACET_WORDS, KIND_USES, LANE_WORDS, PLACE_WORDS, facet_value, words
from web.version import running_version

TELLING = 60
"""Characters from which on a summary says what was done."""
_SAYS_THE_KIND = re.compile(
    r"(?:permanent fix|dauerhafte lösung|workaround|umgehung|configuration change|konfigurationsänderung)\.?",
    re.IGNORECASE,
)
MOST_EXCERPTS = 1_000
"""Rendered fixes that are remembered, since the same ones are shown again and again."""


def install_filters(app: Flask) -> None:
    """Make the filters known to templates."""
    app.jinja_env.filters.update(
        marked=marked,
        day=day,
        moment=moment,
        words=words,
        facet_value=facet_value,
        duration=duration,
        offset=offset,
        page_of=page_of,
        lanes_in_words=lanes_in_words,
        gist=gist,
        place=place,
        code=code,
        codes=codes,
        decimal=decimal,
        likelihood=likelihood,
        chance=chance,
        prior_in_words=prior_in_words,
        reused_in_words=reused_in_words,
        suggested_in_words=suggested_in_words,
        move_in_words=move_in_words,
        lines_in_words=lines_in_words,
        broken_in_words=broken_in_words,
        field_in_words=field_in_words,
        field_value=field_value,
        excerpt=excerpt,
    )
    app.jinja_env.globals.update(document_url=document_url, FACET_WORDS=FACET_WORDS, BAND_WORDS=BAND_WORDS)
    app.jinja_env.globals.update(KIND_USES=KIND_USES)
    app.jinja_env.globals.update(version=running_version())
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


@lru_cache(MOST_EXCERPTS)
def _rendered(markdown: str, attachments: tuple[tuple[str, str], ...]) -> Markup:
    return Markup(render_excerpt(markdown, dict(attachments)))  # noqa: S704  (sanitised)


def excerpt(markdown: str, attachments: Mapping[str, str]) -> Markup:
    """Return a piece of an article as HTML; `attachments` are those of the article."""
    return _rendered(markdown, tuple(sorted(attachments.items())))


def marked(text: str, highlights: Iterable[tuple[int, int]]) -> Markup:
    """Return text with `<mark>` around each half-open range of code points."""
    pieces: list[Markup] = []
    at = 0
    for start, end in highlights:
        pieces += [escape(text[at:start]), Markup("<mark>"), escape(text[start:end]), Markup("</mark>")]
        at = end
    pieces.append(escape(text[at:]))
    return Markup("").join(pieces)


def day(value: datetime | str | None) -> str:
    """Return a date as `2026-05-02`."""
    return value.strftime("%Y-%m-%d") if isinstance(value, datetime) else str(value or "")[:10]


def moment(value: datetime | str | None) -> str:
    """Return a time as `2026-05-02 10:00 UTC`."""
    return value.strftime("%Y-%m-%d %H:%M UTC") if isinstance(value, datetime) else str(value or "")


def duration(value: timedelta) -> str:
    """Return a length of time in its two largest units: `24 min`, `1 h 42 min`, `2 d 3 h`."""
    minutes = round(value.total_seconds() / 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    units = [(days, "d"), (hours, "h"), (minutes, "min")]
    told = [f"{count} {unit}" for count, unit in units if count]
    return " ".join(told[:2]) or "0 min"


def offset(value: datetime) -> str:
    """Return the offset of a time from UTC as it was written: `UTC`, `UTC+01:00`."""
    told = value.strftime("%z")
    return "UTC" if not value.utcoffset() else f"UTC{told[:3]}:{told[3:5]}"


def gist(resolution: Resolution) -> str:
    """Return a fix in one line: its summary, and its first steps where that says little.

    A summary that only repeats the kind of fix (`Permanent fix.`) says nothing beside it.
    """
    summary = "" if _SAYS_THE_KIND.fullmatch(resolution.summary) and resolution.steps else resolution.summary
    if len(summary) >= TELLING or not resolution.steps:
        return summary
    return " ".join([summary, *(step for step in resolution.steps[:2] if step not in summary)]).strip()


def page_of(document: Document) -> str:
    """Return the page of a document."""
    return document_url(document.id, type_of(document))


def lanes_in_words(lanes: Iterable[str]) -> str:
    """Return a sentence that says which parts of the search are down."""
    names = [str(LANE_WORDS.get(lane, lane)) for lane in lanes]
    told = _(" and ").join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return str(_("The search by %(parts)s is down.", parts=told))


def place(field: str) -> str:
    """Return where an identifier stands: `in the title`."""
    return str(PLACE_WORDS.get(field) or _("in the text"))


def code(text: str) -> Markup:
    """Return text as code."""
    return Markup("<code>{}</code>").format(text)


def codes(texts: Iterable[str]) -> Markup:
    """Return texts as code, with commas between them."""
    return Markup(", ").join(code(text) for text in texts)


def decimal(value: float) -> str:
    """Return a number with two decimals as the reader writes it."""
    return str(format_decimal(value, "0.00"))


def likelihood(score: float) -> str:
    """Return a calibrated score as a phrase that starts small: `fits with a probability of 87%`; never 0 or 100 %."""
    share = format_percent(min(max(score, 0.01), 0.99))
    return str(_("fits with a probability of %(share)s", share=share if score >= 0.01 else f"< {share}"))


def chance(confidence: float) -> str:
    """Return the confidence of a suggestion as a sentence."""
    return str(_("Right with a probability of %(share)s", share=format_percent(confidence)))


def prior_in_words(reason: Reason) -> str:
    """Return prior feedback as a phrase: `solved 9 tickets; 12 found it helpful, 1 did not`."""
    parts = []
    if count := reason.resolved_by or 0:
        parts.append(ngettext("solved %(num)s ticket", "solved %(num)s tickets", count))
    helpful, not_helpful = reason.helpful or 0, reason.not_helpful or 0
    if helpful:
        found = ngettext("%(num)s found it helpful", "%(num)s found it helpful", helpful)
        parts.append(found + (_(", %(count)s did not", count=not_helpful) if not_helpful else ""))
    elif not_helpful:
        parts.append(ngettext("%(num)s did not find it helpful", "%(num)s did not find it helpful", not_helpful))
    return "; ".join(parts)


def reused_in_words(count: int) -> str:
    """Return how often a document was reused: `reused for 3 problems`."""
    return str(ngettext("reused for %(num)s problem", "reused for %(num)s problems", count))


def suggested_in_words(suggestions: Iterable[Suggestion]) -> str:
    """Return suggestions with their support: `desk-l1 (2 of 8)`."""
    return ", ".join(
        _("%(value)s (%(support)s of %(voters)s)", value=one.value, support=one.support, voters=one.voters)
        for one in suggestions
    )
