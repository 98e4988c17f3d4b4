"""A ticket without a fix of its own shows the one that its links lead to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.access import MEMBER
from kb.documents import Article, Document
from kb.protocols.store import Store
from kb.store.open_store import open_store
from kb.tickets import parse_upsert
from search.fix_side import FixSide, fix_side
from search.linked_fix import linked_fixes

FIXED = {"resolution": "Renewed the certificate.", "resolution_code": "fixed", "status": "closed"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / "fixlore.db")) as opened:
        yield opened


def _put(store: Store, number: int, links: dict[str, str] | None = None, **fields: object) -> None:
    linked = [{"type": kind, "target": target} for kind, target in (links or {}).items()]
    given = {"source": "desk", "external_id": str(number), "title": f"Ticket {number}", "links": linked, **fields}
    store.upsert_tickets([parse_upsert(given)])  # type: ignore[arg-type]


def _fixed(store: Store, number: int, as_of: datetime | None = None, asked: str | None = None) -> str | None:
    ticket = store.ticket(f"desk:{number}")
    assert ticket is not None

    def fix_of(document: Document) -> FixSide:
        return fix_side(document, as_of)

    found = linked_fixes(store, [ticket], fix_of, MEMBER, as_of, asked)
    return found[ticket.id].document.id if found else None


def test_a_duplicate_shows_the_fix_of_what_it_repeats(store: Store) -> None:
    _put(store, 1, **FIXED)
    _put(store, 2, {"duplicate_of": "desk:1"}, status="closed", resolution="Duplicate.", resolution_code="duplicate")

    assert _fixed(store, 2) == "desk:1"


def test_a_fix_is_found_behind_a_chain_of_duplicates_and_never_in_a_circle(store: Store) -> None:
    _put(store, 1, **FIXED)
    _put(store, 2, {"duplicate_of": "desk:1"})
    _put(store, 3, {"duplicate_of": "desk:2"})
    _put(store, 4, {"duplicate_of": "desk:5"})
    _put(store, 5, {"duplicate_of": "desk:4"})

    assert _fixed(store, 3) == "desk:1"
    assert _fixed(store, 4) is None


def test_what_people_say_resolved_it_comes_before_what_it_repeats(store: Store) -> None:
    article = Article(id="vpn/certificate", title="Certificate", body="## Resolution\n\nRenew it.\n")
    store.put_articles([article], "network-l3")
    _put(store, 1, **FIXED)
    _put(store, 2, {"duplicate_of": "desk:1", "resolved_by": "vpn/certificate"})

    assert _fixed(store, 2) == "vpn/certificate"


def test_the_ticket_that_is_asked_about_fixes_nothing_though_what_lies_behind_it_may(store: Store) -> None:
    _put(store, 1, **FIXED)
    _put(store, 2, {"duplicate_of": "desk:1"})

    assert _fixed(store, 2) == "desk:1"
    assert _fixed(store, 2, asked="desk:1") is None


def test_a_ticket_with_a_fix_of_its_own_shows_that(store: Store) -> None:
    _put(store, 1, **FIXED)
    _put(store, 2, {"duplicate_of": "desk:1"}, **FIXED)

    assert _fixed(store, 2) is None


def test_a_fix_that_the_viewer_may_not_read_is_not_shown(store: Store) -> None:
    _put(store, 1, audience="group:network", **FIXED)
    _put(store, 2, {"duplicate_of": "desk:1"})

    assert _fixed(store, 2) is None


def test_links_to_nothing_or_to_what_is_not_fixed_lead_nowhere(store: Store) -> None:
    _put(store, 1)
    _put(store, 2, {"duplicate_of": "desk:1", "related": "desk:4", "resolved_by": "gone"})
    _put(store, 4, **FIXED)

    assert _fixed(store, 2) is None


@pytest.mark.parametrize(
    ("at", "expected"), [("2026-02-01T00:00:00Z", "desk:1"), ("2026-04-01T00:00:00Z", None), (None, None)]
)
def test_a_link_counts_only_when_it_was_known_at_the_time_asked_for(
    store: Store, at: str | None, expected: str | None
) -> None:
    _put(store, 1, resolved_at="2026-01-01T00:00:00Z", **FIXED)
    _put(store, 2)
    link = {"type": "duplicate_of", "target": "desk:1", **({"at": at} if at else {})}
    store.upsert_tickets([parse_upsert({"source": "desk", "external_id": "2", "links": [link]})])

    assert _fixed(store, 2, datetime(2026, 3, 1, tzinfo=UTC)) == expected
