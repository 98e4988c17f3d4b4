"""Follow the links of tickets without a fix of their own to what fixed their problem.

Most repeats of a problem are closed as its duplicate: the fix stands where the link leads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kb.documents import Document, Link, Ticket
from kb.protocols.store import DocumentStore
from kb.queries import Viewer
from search.fix_side import FixSide

LEADS_TO_A_FIX = ("resolved_by", "duplicate_of", "caused_by")
"""The surest first: what people say resolved it, then the same problem, then what lies behind it."""
MOST_STEPS = 3
"""A duplicate of a duplicate is common; a longer chain leads elsewhere."""


@dataclass(frozen=True, slots=True)
class LinkedFix:
    """The document that a link leads to, and its fix side."""

    document: Document
    fix: FixSide


def has_fix(fix: FixSide) -> bool:
    """Say whether this tells how the problem is solved or avoided."""
    resolution = fix.resolution
    return resolution is not None and resolution.kind != "none" and bool(resolution.summary or resolution.steps)


def linked_fixes(
    store: DocumentStore,
    shown: Sequence[Document],
    fix_of: Callable[[Document], FixSide],
    viewer: Viewer,
    as_of: datetime | None = None,
    asked: str | None = None,
) -> Mapping[str, LinkedFix]:
    """Return ticket id → what fixed it, for those shown tickets that tell no fix and whose links lead to one.

    Links are followed over a few documents, none of which the viewer may not read; one that is known only from `as_of`
    on is not. `asked` is the ticket that is asked about: it never fixes itself. Raises StoreError.
    """
    # Asked ticket → where its search for a fix stands: the documents to look at, best first.
    ahead = {one.id: _targets(one, as_of) for one in shown if isinstance(one, Ticket) and not has_fix(fix_of(one))}
    found: dict[str, LinkedFix] = {}
    seen = {one: {one, asked} for one in ahead}
    for _ in range(MOST_STEPS):
        ahead = {one: [id for id in ids if id not in seen[one]] for one, ids in ahead.items() if one not in found}
        wanted = list(dict.fromkeys(id for ids in ahead.values() for id in ids))
        if not wanted:
            break
        held = store.documents(wanted, viewer)
        for one, ids in ahead.items():
            seen[one].update(ids)
            reached = [held[id] for id in ids if id in held]
            fixed = next((document for document in reached if has_fix(fix_of(document))), None)
            if fixed is not None:
                found[one] = LinkedFix(fixed, fix_of(fixed))
            ahead[one] = [id for document in reached for id in _targets(document, as_of)]
    return found


def _targets(document: Document, as_of: datetime | None) -> list[str]:
    if not isinstance(document, Ticket):
        return []
    return [link.target for kind in LEADS_TO_A_FIX for link in _known(document.links, kind, as_of)]


def _known(links: Sequence[Link], kind: str, as_of: datetime | None) -> Iterator[Link]:
    for link in links:
        if link.type == kind and (as_of is None or (link.at is not None and link.at < as_of)):
            yield link
