"""What changed since it was indexed is not counted for those who may not read it, however much waits beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.documents import Article
from kb.queries import Viewer
from search.answers import FacetValue
from search.sources import NEWEST_LOOKED_AT, OLDEST_LOOKED_AT
from tests.library import Library, ids

KEPT = Article(id="vpn/kept", title="VPN drops", body="The tunnel drops.", service="vpn")
GONE = Article(id="vpn/gone", title="VPN drops at night", body="The tunnel drops.", service="vpn")
CLOSED = Article(id="vpn/closed", title="VPN drops for all", body="The tunnel drops.", service="vpn")
READER = Viewer("reader")
IMPORTED = [
    Article(id=f"import/{number}", title="Printer", body="Paper jam.")
    for number in range(OLDEST_LOOKED_AT + NEWEST_LOOKED_AT)
]


def change(library: Library) -> None:
    """Delete one document and close another to most."""
    library.store.delete_articles([GONE.id])
    library.add(replace(CLOSED, audience="group:board"))


@pytest.mark.parametrize("waits", ["nothing", "an import before", "an import after"])
def test_totals_and_facets_leave_out_what_was_deleted_or_closed_when_an_import_waits(waits: str) -> None:
    library = Library(KEPT, GONE, CLOSED)
    before = library.search("vpn drops", viewer=READER, facets=("service",))
    assert (before.total, before.facets["service"]) == (3, (FacetValue("vpn", 3),))
    if waits == "an import before":
        library.add(*IMPORTED)
    change(library)
    if waits == "an import after":
        library.add(*IMPORTED)
    after = library.search("vpn drops", viewer=READER, facets=("service",))
    assert ids(after) == [KEPT.id]
    assert (after.total, after.facets["service"]) == (1, (FacetValue("vpn", 1),))
