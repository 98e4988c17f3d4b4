"""Say in words what changed in an article, where it may go, and what is wrong with a link."""

from __future__ import annotations

import json

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from kb.broken_links import BrokenLink
from kb.differences import Difference
from kb.documents import JSON
from kb.revision_changes import RevisionChange
from web.site.words import WORDS, words

_MOVES = {
    "draft": _l("Back to draft"),
    "in_review": _l("Ask for review"),
    "published": _l("Publish"),
    "archived": _l("Archive"),
}
_FIELDS = {
    "title": _l("Title"),
    "kind": _l("Kind"),
    "language": _l("Language"),
    "audience": _l("Audience"),
    "state": _l("State"),
    "confidence": _l("Confidence"),
    "service": _l("Service"),
    "components": _l("Components"),
    "tags": _l("Tags"),
    "owner": _l("Owner"),
    "authors": _l("Authors"),
    "created_at": _l("Created"),
    "review_due": _l("Review due"),
    "error_signatures": _l("Error messages"),
    "related": _l("Related"),
    "translation_of": _l("Translation of"),
    "source": _l("Source"),
    "path": _l("File"),
}
_BROKEN = {
    "not_found": _l("There is nothing there that you may read."),
    "not_published": _l("The article there is not published; its readers do not find it."),
    "archived": _l("The article there is archived."),
    "no_heading": _l("The article there has no such heading."),
    "no_file": _l("There is no such file."),
}


def move_in_words(state: str, before: str) -> str:
    """Return what a button says that sends an article from one state to another."""
    if before == "archived" and state == "draft":
        return str(_("Bring back as a draft"))
    return str(_MOVES[state])


def lines_in_words(change: RevisionChange | Difference) -> str:
    """Return how many lines came and went: `+3 −1 lines`."""
    return str(
        ngettext(
            "+%(added)s −%(removed)s line", "+%(added)s −%(removed)s lines", change.added + change.removed,
            added=change.added, removed=change.removed,
        )
    )  # fmt: skip


def field_in_words(name: str) -> str:
    """Return what a field of an article is called."""
    return str(_FIELDS.get(name) or WORDS.get(name) or name.replace("_", " ").capitalize())


def field_value(value: JSON) -> str:
    """Return a field's value as a person reads it: lists with commas, what is nested as JSON."""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, list) and all(isinstance(one, (str, int, float)) for one in value):
        return ", ".join(str(one) for one in value)
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return words(value) if isinstance(value, str) else str(value)


def broken_in_words(link: BrokenLink) -> str:
    """Return what is wrong with a link, as a sentence."""
    if link.why == "moved":
        return str(_("This is a former id; it leads to %(now)s.", now=link.now))
    return str(_BROKEN[link.why])
