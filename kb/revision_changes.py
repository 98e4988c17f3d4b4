"""Say what changed between two revisions of an article, and what comes back when an earlier one is restored. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from kb.access import narrower
from kb.differences import line_counts
from kb.documents import JSON, Article
from kb.front_matter import front_matter_of

_NOT_TOLD = ("id", "updated_at")
"""An id stays, and every edit sets the time, which the history tells anyway."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of front matter, `source` or `path`: what it was and what it became, `None` where it is not set."""

    name: str
    old: JSON
    new: JSON


@dataclass(frozen=True, slots=True)
class RevisionChange:
    """What one revision changed: fields, and lines of the body that were added and removed."""

    fields: tuple[FieldChange, ...]
    added: int
    removed: int

    @property
    def move(self) -> FieldChange | None:
        """Return the change of state, if there was one."""
        return next((one for one in self.fields if one.name == "state"), None)


def field_changes(old: Article, new: Article) -> tuple[FieldChange, ...]:
    """Return the fields in which two revisions differ, in the order of front matter, then `source` and `path`."""
    before, after = _fields(old), _fields(new)
    names = dict.fromkeys((*before, *after))
    return tuple(
        FieldChange(name, before.get(name), after.get(name))
        for name in names
        if repr(before.get(name)) != repr(after.get(name))  # tells `1` from `true`
    )


def revision_change(old: Article, new: Article) -> RevisionChange:
    """Return what `new` changed, in time that is linear in both texts."""
    return RevisionChange(field_changes(old, new), *line_counts(old.body, new.body))


def restored(present: Article, earlier: Article, at: datetime) -> Article:
    """Return the article with the text and the fields of an earlier revision; the present one where they are the same.

    What says where the article stands stays as it is: state, confidence, review date, who owns its file. Of two
    audiences the narrower one holds, and between two groups that of the earlier text, which was written for it: nobody
    reads what was not meant for them because somebody restored it.
    """
    wanted = replace(
        earlier,
        state=present.state,
        confidence=present.confidence,
        review_due=present.review_due,
        audience=narrower(present.audience, earlier.audience),
        source=present.source,
        path=present.path,
        revision=present.revision,
        updated_at=present.updated_at,
    )
    is_same_text = present.body == wanted.body and present.attachments == wanted.attachments
    if is_same_text and not field_changes(present, wanted):
        return present
    return replace(wanted, updated_at=at.replace(microsecond=0))


def _fields(article: Article) -> dict[str, JSON]:
    fields = {name: value for name, value in front_matter_of(article).items() if name not in _NOT_TOLD}
    return {**fields, "source": article.source, "path": article.path}
