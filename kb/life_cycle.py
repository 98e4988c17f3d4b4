"""Say which way an article may go from draft to archive, who may send it there, and what an edit does to trust. Pure.

    draft ⇄ in_review → published → archived → draft
      └────────────────────┘

An article is used before it is validated (KCS): authors publish, and a reviewer validates what proved right. Only
what a review was asked for, and a post-mortem, waits for a reviewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from kb.documents import Article
from kb.errors import InvalidInput, NotAllowed
from kb.post_mortems import gaps
from kb.queries import Viewer
from kb.roles import LEAST_ROLE, Action, require

MOVES: Mapping[tuple[str, str], Action] = MappingProxyType(
    {
        ("draft", "in_review"): "write",
        ("draft", "published"): "write",
        ("draft", "archived"): "write",
        ("in_review", "draft"): "write",
        ("in_review", "published"): "review",
        ("in_review", "archived"): "write",
        ("published", "draft"): "review",
        ("published", "in_review"): "review",
        ("published", "archived"): "review",
        ("archived", "draft"): "review",
        ("archived", "in_review"): "review",
        ("archived", "published"): "review",
    }
)
"""(state, next state) → what it takes. Nothing is deleted: archiving is how an article ends."""
REVIEW_DUE_AFTER = timedelta(days=180)
"""When a validated article is looked at again, unless it names a day: the default of the post-mortems' rules."""

PROGRAM = "token:"
"""How the name of whoever comes with a token begins."""


def next_states(state: str, by: Viewer, kind: str = "reference") -> tuple[str, ...]:
    """Return the states that `by` may send an article of this kind and state to, in the order of `MOVES`."""
    return tuple(after for before, after in MOVES if before == state and by.may(_needed(before, after, kind)))


def begun(article: Article) -> Article:
    """Return a new article that names no state in its first one: a post-mortem that lacks something is a draft."""
    is_incomplete = article.kind == "post-mortem" and bool(gaps(article))
    return replace(article, state="draft") if is_incomplete else article


def looked_at(article: Article, by: Viewer, at: datetime) -> Article:
    """Return an article that was found to be still right at `at`: it is due again after `REVIEW_DUE_AFTER`.

    Raises NotAllowed when `by` may not review.
    """
    require(by.role, "review")
    return replace(article, review_due=(at + REVIEW_DUE_AFTER).date())


def settled(before: Article | None, after: Article, by: Viewer, at: datetime) -> Article:
    """Return what becomes of an edit by `by` at `at`: `after`, with trust as it may be.

    `before` is `None` for a new article, which comes from nowhere to its first state as a draft would. Who may not
    review takes the validation off what they edit. A validated article gets a `review_due` if it has none. A
    post-mortem is completed when it becomes published, and when what is published becomes one. The person who
    completes it is named as the reviewer unless it names one; a program is no person.

    Raises NotAllowed for what the role of `by` does not allow, InvalidInput for a post-mortem that is published but
    lacks something, with what, and for one that an author of it completes. One that was published incomplete, as
    imports may be, can still be edited.
    """
    state = before.state if before is not None else "draft"
    if not by.may("write"):
        raise NotAllowed(f"editing takes the role {LEAST_ROLE['write']!r}; yours is {by.role!r}")
    if after == before:
        return after  # whoever only looked at it and saved takes nothing off
    if after.state != state:
        _refuse_move(state, after, by)
    was_validated = before is not None and before.confidence == "validated"
    if after.confidence == "validated" and not by.may("review"):
        if not was_validated:
            raise NotAllowed(f"validating takes the role {LEAST_ROLE['review']!r}; yours is {by.role!r}")
        after = replace(after, confidence="not_validated")
    if after.confidence == "validated" and not was_validated and after.review_due is None:
        after = replace(after, review_due=(at + REVIEW_DUE_AFTER).date())
    if after.kind == "post-mortem" and after.state == "published":
        after = _complete(before, after, by)
    return after


def _needed(before: str, after: str, kind: str) -> Action:
    return "review" if kind == "post-mortem" and after == "published" else MOVES[before, after]


def _refuse_move(state: str, after: Article, by: Viewer) -> None:
    needed = _needed(state, after.state, after.kind)
    if not by.may(needed):
        raise NotAllowed(
            f"{state.replace('_', ' ')} → {after.state.replace('_', ' ')} takes the role {LEAST_ROLE[needed]!r}; "
            f"yours is {by.role!r}"
        )


def _complete(before: Article | None, after: Article, by: Viewer) -> Article:
    was_published = before is not None and before.kind == "post-mortem" and before.state == "published"
    if before is not None and was_published:
        missing = gaps(after)
        if missing and not gaps(before):
            raise _incomplete(missing)
        return after
    require(by.role, "review")
    is_author = by.name.strip().casefold() in {name.strip().casefold() for name in after.authors}
    if not after.extra.get("reviewer") and not is_author and not by.name.startswith(PROGRAM):
        after = replace(after, extra=MappingProxyType({**after.extra, "reviewer": by.name}))
    if missing := gaps(after):
        raise _incomplete(missing)
    if is_author:
        raise InvalidInput("a post-mortem is completed by somebody who did not write it", field="state")
    return after


def _incomplete(missing: tuple[str, ...]) -> InvalidInput:
    return InvalidInput(f"the post-mortem is not complete; it lacks {', '.join(missing)}", field="state")
