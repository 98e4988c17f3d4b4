"""Say who may read what. Pure; both indexes and the store apply these rules."""

from __future__ import annotations

import re

from kb.documents import Document, Ticket
from kb.errors import InvalidInput
from kb.queries import Facts, Viewer

_AUDIENCE = re.compile(r"public|internal|group:[^\s:,]+")
ADMINISTRATOR = Viewer(name="administrator", audiences=None, may_edit=True, role="administrator")
"""Reads everything, drafts included: the person at the machine's own shell."""
SHELL = Viewer(name="shell", audiences=None, may_edit=False)
"""The command line: every audience, published articles only."""
MEMBER = Viewer(name="member")
"""A signed-in user without groups."""


def checked_audience(value: str) -> str:
    """Return `value` as an audience.

    Raises InvalidInput for anything but `public`, `internal` or `group:NAME`: an unknown value is never widened.
    """
    audience = value.strip()
    if not _AUDIENCE.fullmatch(audience):
        raise InvalidInput(f"audience {value!r} is unknown; use public, internal or group:NAME", field="audience")
    return audience.casefold()


def narrower(first: str, second: str) -> str:
    """Return the audience of the two that fewer people belong to; of two groups the second."""
    order = {"public": 0, "internal": 1}
    return first if order.get(first, 2) > order.get(second, 2) else second


def all_may_read(audience: str, other: str) -> bool:
    """Say whether whoever belongs to an audience may read what is for another one, as far as audiences tell."""
    return other in ("public", audience) or (other == "internal" and audience != "public")


def may_read(viewer: Viewer, document: Document) -> bool:
    """Say whether `viewer` may see that `document` exists."""
    if viewer.audiences is not None and document.audience not in viewer.audiences:
        return False
    return isinstance(document, Ticket) or document.state == "published" or viewer.may_edit


def may_read_as(viewer: Viewer, audience: str, state: str) -> bool:
    """Say the same of one revision of an article: an earlier one may have been a draft, or for others."""
    if viewer.audiences is not None and audience not in viewer.audiences:
        return False
    return state == "published" or viewer.may_edit


def may_read_facts(viewer: Viewer, facts: Facts) -> bool:
    """Say the same from a document's facts, as an index holds them."""
    if viewer.audiences is not None and not (facts.values.get("audience", frozenset()) & viewer.audiences):
        return False
    return viewer.may_edit or facts.values.get("state", frozenset({"published"})) == {"published"}
