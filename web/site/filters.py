"""Show values on pages: times, words for types and states, text with highlights, links to documents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from flask import Flask
from markupsafe import Markup, escape

from kb.documents import Document, type_of
from search.answers import Resolution
from web.addresses import document_url
from web.rendering import render_excerpt

TYPE_NAMES = {
    "ticket": "Ticket",
    "how-to": "How-to",
    "troubleshooting": "Troubleshooting",
    "known-error": "Known error",
    "post-mortem": "Post-mortem",
    "runbook": "Runbook",
    "reference": "Reference",
}
RESOLUTION_NAMES = {
    "permanent_fix": "Permanent fix",
    "workaround": "Workaround",
    "configuration_change": "Configuration change",
    "none": "No fix",
}
LANGUAGE_NAMES = {"en": "English", "de": "German"}
LANE_NAMES = {"identifier": "codes", "keyword": "words", "semantic": "meaning"}
TELLING = 60
"""Characters from which on a summary says what was done."""
MOST_EXCERPTS = 1_000
"""Rendered fixes that are remembered, since the same ones are shown again and again."""
FACET_NAMES = {
    "type": "Type",
    "service": "Service",
    "language": "Language",
    "status": "Status",
    "confidence": "Confidence",
    "source": "Source",
    "tags": "Tag",
}


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
        excerpt=lru_cache(MOST_EXCERPTS)(lambda markdown: Markup(render_excerpt(markdown))),  # noqa: S704  (sanitised)
    )
    app.jinja_env.globals.update(document_url=document_url, FACET_NAMES=FACET_NAMES, version=_version())
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


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
    """Return a fix in one line: its summary, and its first steps where that says little (`Permanent fix.`)."""
    if len(resolution.summary) >= TELLING or not resolution.steps:
        return resolution.summary
    steps = [step for step in resolution.steps[:2] if step not in resolution.summary]
    return " ".join([resolution.summary, *steps]).strip()


def page_of(document: Document) -> str:
    """Return the page of a document."""
    return document_url(document.id, type_of(document))


def lanes_in_words(lanes: Iterable[str]) -> str:
    """Return a sentence that says which parts of the search are down."""
    names = [LANE_NAMES.get(lane, lane) for lane in lanes]
    told = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"The search by {told} is down."


def _version() -> str:
    try:
        return version("fixlore")
    except PackageNotFoundError:  # run from a tree that was never installed
        return ""


def words(value: str | None) -> str:
    """Return a code of one of the vocabularies in words: `known-error` as `Known error`."""
    known = {**TYPE_NAMES, **RESOLUTION_NAMES, **LANGUAGE_NAMES}
    text = str(value or "")
    return known.get(text) or text.replace("_", " ").replace("-", " ").capitalize()


def facet_value(value: str, facet: str) -> str:
    """Return a facet's value as a person reads it; names of services and tags stay as they are."""
    return value if facet in ("service", "source", "tags") else words(value)
