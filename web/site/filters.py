"""Show values on pages: times, words for types and states, text with highlights, links to documents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask import Flask
from markupsafe import Markup, escape

from web.addresses import document_url

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
    app.jinja_env.filters.update(marked=marked, day=day, moment=moment, words=words, facet_value=facet_value)
    app.jinja_env.globals.update(document_url=document_url, FACET_NAMES=FACET_NAMES)
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


def words(value: str | None) -> str:
    """Return a code of one of the vocabularies in words: `known-error` as `Known error`."""
    known = {**TYPE_NAMES, **RESOLUTION_NAMES, **LANGUAGE_NAMES}
    text = str(value or "")
    return known.get(text) or text.replace("_", " ").replace("-", " ").capitalize()


def facet_value(value: str, facet: str) -> str:
    """Return a facet's value as a person reads it; names of services and tags stay as they are."""
    return value if facet in ("service", "source", "tags") else words(value)
