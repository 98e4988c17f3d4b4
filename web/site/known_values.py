"""Name the values that fields of articles have so far, for the editor to propose."""

from __future__ import annotations

from dataclasses import dataclass

from kb.errors import FixloreError
from kb.queries import Filter, Viewer
from search.searcher import SearchRequest
from web.site.searching import BY_WORDS
from web.wiring import Services

PROPOSED = ("service", "components", "tags", "owner", "audience")
MOST = 200
EVERYBODY = ("public", "internal")


@dataclass(frozen=True, slots=True)
class KnownValues:
    """Field → values that documents have, the most frequent first; the audiences that the writer may choose.

    `any_audience` says that the writer may name any other audience as well.
    """

    fields: dict[str, tuple[str, ...]]
    audiences: tuple[str, ...]
    any_audience: bool


def known_values(services: Services, viewer: Viewer, present: str) -> KnownValues:
    """Return what the viewer may know of; `present` is the audience that the article has now."""
    asked = SearchRequest(
        text="", filter=Filter(), limit=0, viewer=viewer, facets=PROPOSED, lanes=BY_WORDS, details=False
    )
    try:
        facets = services.searcher().listing(asked).facets
    except FixloreError:
        facets = {}
    fields = {name: tuple(one.value for one in facets.get(name, ()))[:MOST] for name in PROPOSED}
    own = fields.pop("audience") if viewer.audiences is None else tuple(viewer.audiences)
    groups = sorted({present, *own} - set(EVERYBODY))
    mine = [one for one in EVERYBODY if viewer.audiences is None or one in viewer.audiences or one == present]
    return KnownValues(fields, (*mine, *groups), viewer.audiences is None)
