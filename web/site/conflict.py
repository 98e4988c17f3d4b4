"""Show both versions when somebody saves what another person has changed meanwhile; nothing of either is lost."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from kb.differences import difference
from kb.documents import Article
from kb.merging import merged
from web.api.references import article_as_seen
from web.site.article_form import DRAFT, FIELDS, Values, one_of, values_of
from web.wiring import Services

LABELS = {
    "title": _l("Title"),
    "kind": _l("Kind"),
    "language": _l("Language"),
    "audience": _l("Audience"),
    "service": _l("Service"),
    "owner": _l("Owner"),
    "review_due": _l("Review due"),
    "translation_of": _l("Translation of"),
    "components": _l("Components"),
    "tags": _l("Tags"),
    "error_signatures": _l("Error messages"),
    "related": _l("Related"),
}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that somebody changed: as the others have it, and as it was written here."""

    label: str
    theirs: str
    mine: str


def conflict_page(
    services: Services, stored: Article, began: Article, values: Values, key: str, version: int | None
) -> str:
    """Return the page for an edit that began at `began`, of an article that is `stored` by now; `key` and `version` are
    those of the draft in which it is kept, `version` is `None` where another window's draft stands in its place.
    """
    theirs = article_as_seen(stored, services.store, current_user.viewer)
    (latest,) = services.store.history(stored.id, 1, stored.revision + 1)
    mine, together = one_of(values, "body"), merged(began.body, one_of(values, "body"), stored.body)
    sent = {**values, "revision": (str(stored.revision),), "began": (str(began.revision),)}
    sent[DRAFT] = (str(version or 0),)
    return render_template(
        "editor/conflict.html",
        article=theirs,
        title=one_of(values, "title"),
        author=latest.author,
        at=latest.recorded_at,
        changes=difference(stored.body, mine),
        fields=_fields(theirs, began, values),
        mine=mine,
        together=together if together not in (None, mine) else None,
        sent=[(name, value) for name, held in sent.items() if name != "body" for value in held],
        key=key,
        version=version,
        action=url_for("writing.save", article_id=stored.id),
    )


def _fields(theirs: Article, began: Article, values: Values) -> list[FieldChange]:
    """Return the fields that the two would have differently after one's own changes are saved on top."""
    before, now = values_of(began), values_of(theirs)
    return [
        FieldChange(str(LABELS[name]), now[name][0], one_of(values, name))
        for name in FIELDS
        if name in values and tuple(values[name]) not in (before[name], now[name])
    ]
