"""Name what the vocabularies call by a code, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from flask_babel import lazy_gettext as _l

TYPE_WORDS = {
    "ticket": _l("Ticket"),
    "article": _l("Article"),
    "how-to": _l("How-to"),
    "troubleshooting": _l("Troubleshooting"),
    "known-error": _l("Known error"),
    "post-mortem": _l("Post-mortem"),
    "runbook": _l("Runbook"),
    "reference": _l("Reference"),
}
KIND_USES = {
    "how-to": _l("a task, step by step"),
    "troubleshooting": _l("a problem with causes to tell apart"),
    "known-error": _l("the cause is known, the fix is not there yet"),
    "post-mortem": _l("what one incident taught"),
    "runbook": _l("what to do when an alert comes"),
    "reference": _l("facts to look up"),
}
"""What each kind of article is for."""
FACET_WORDS = {
    "type": _l("Type"),
    "service": _l("Service"),
    "language": _l("Language"),
    "status": _l("Status"),
    "confidence": _l("Confidence"),
    "source": _l("Source"),
    "tags": _l("Tag"),
}
BAND_WORDS = {
    "high": _l("Likely fits"),
    "medium": _l("May fit"),
    "low": _l("Unlikely to fit"),
}
"""How sure a result is, as somebody at the service desk reads it."""
LANE_WORDS = {"identifier": _l("codes"), "keyword": _l("words"), "semantic": _l("meaning")}
PLACE_WORDS = {
    "title": _l("in the title"),
    "error_signatures": _l("in the error messages"),
    "body": _l("in the text"),
    "symptoms": _l("in the symptoms"),
    "summary": _l("in the summary"),
    "root_cause": _l("in the root cause"),
    "resolution": _l("in the resolution"),
    "workaround": _l("in the workaround"),
    "description": _l("in the description"),
    "environment": _l("in the environment"),
}
"""Where an identifier was found."""
_FIX_WORDS = {
    "permanent_fix": _l("Permanent fix"),
    "workaround": _l("Workaround"),
    "configuration_change": _l("Configuration change"),
    "none": _l("No fix"),
}
_STATE_WORDS = {
    "open": _l("Open"),
    "resolved": _l("Resolved"),
    "closed": _l("Closed"),
    "done": _l("Done"),
    "solved": _l("Solved"),
    "draft": _l("Draft"),
    "in_review": _l("In review"),
    "published": _l("Published"),
    "archived": _l("Archived"),
    "wip": _l("Work in progress"),
    "not_validated": _l("Not validated"),
    "validated": _l("Validated"),
}
_AUDIENCE_WORDS = {"public": _l("Public"), "internal": _l("Internal")}
_LINK_WORDS = {
    "duplicate_of": _l("Duplicate of"),
    "related": _l("Related"),
    "caused_by": _l("Caused by"),
    "resolved_by": _l("Resolved by"),
}
_POST_MORTEM_WORDS = {
    "started": _l("Started"),
    "detected": _l("Detected"),
    "acknowledged": _l("Acknowledged"),
    "mitigated": _l("Mitigated"),
    "change": _l("Change"),
    "capacity": _l("Capacity"),
    "dependency": _l("Dependency"),
    "configuration": _l("Configuration"),
    "hardware": _l("Hardware"),
    "security": _l("Security"),
    "human_process": _l("Human process"),
    "unknown": _l("Unknown"),
    "authors": _l("Authors"),
    "service": _l("Service"),
    "owner_team": _l("Team"),
    "severity": _l("Severity"),
    "source_tickets": _l("Tickets"),
    "started_at": _l("Started"),
    "detected_at": _l("Detected"),
    "resolved_at": _l("Resolved"),
    "cause_category": _l("Cause"),
    "root_cause": _l("Root cause"),
    "resolution_kind": _l("Fixed by"),
    "reviewer": _l("Reviewer"),
}
_ACTION_WORDS = {
    "prevent": _l("Prevent"),
    "detect": _l("Detect"),
    "mitigate": _l("Mitigate"),
    "document": _l("Document"),
    "train": _l("Train"),
    "in_progress": _l("In progress"),
    "dropped": _l("Dropped"),
    "title": _l("Title"),
    "owner": _l("Owner"),
    "components": _l("Components"),
    "tags": _l("Tags"),
    "error_signatures": _l("Error messages"),
    "configuration_items": _l("Configuration items"),
    "problem_id": _l("Problem"),
    "language": _l("Language"),
    "audience": _l("Audience"),
    "acknowledged_at": _l("Acknowledged"),
    "mitigated_at": _l("Mitigated"),
}
LANGUAGE_WORDS = {"en": _l("English"), "de": _l("German")}
WORDS: Mapping[str, object] = MappingProxyType(
    {
        **_POST_MORTEM_WORDS,
        **_ACTION_WORDS,
        **TYPE_WORDS,
        **_FIX_WORDS,
        **_STATE_WORDS,
        **_LINK_WORDS,
        **_AUDIENCE_WORDS,
        **LANGUAGE_WORDS,
    }
)


_CODE = re.compile(r"[a-z]+(?:[_-][a-z]+)+")
"""What reads as one of a system's codes; any other text was written by a person and stays as it is."""
_LANGUAGE = re.compile(r"(?<=^[a-z]{2})-[A-Za-z0-9-]+$")
"""What follows the language in a tag such as `de-AT`."""


def words(value: str | None) -> str:
    """Return a code in words: `known-error` as `Known error`; a code that is not known as it reads."""
    text = str(value or "")
    known = WORDS.get(text.casefold()) or LANGUAGE_WORDS.get(_LANGUAGE.sub("", text))
    if known is not None:
        return str(known)
    return text.replace("_", " ").replace("-", " ").capitalize() if _CODE.fullmatch(text) else text


def facet_value(value: str, facet: str) -> str:
    """Return a facet's value as a person reads it; names of services, sources and tags stay as they are."""
    if facet in ("after", "before"):
        return f"{facet}:{value}"
    return value if facet in ("service", "source", "tags") else words(value)
