"""Requests become filters, tickets and addresses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kb.errors import InvalidInput
from web.addresses import document_url
from web.asked_ticket import asked_ticket
from web.bodies import filter_of
from web.site.filters import marked


def test_a_filter_takes_values_of_one_field_as_alternatives() -> None:
    where = filter_of({"service": ["vpn", "email"], "kind": ["post-mortem"]})

    assert where.values == {"service": frozenset({"vpn", "email"}), "type": frozenset({"post-mortem"})}


def test_a_filter_takes_a_day_as_its_midnight_in_utc() -> None:
    where = filter_of({"after": ["2025-01-31"], "before": ["2025-02-01T12:00:00+02:00"]})

    assert where.after == datetime(2025, 1, 31, tzinfo=UTC)
    assert where.before == datetime(2025, 2, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(("values", "field"), [({"colour": ["red"]}, "filters.colour"), ({"after": ["soon"]}, "after")])
def test_a_filter_names_the_field_that_it_refuses(values: dict[str, list[str]], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        filter_of(values)

    assert refusal.value.field == field


def test_an_asked_ticket_needs_a_title_alone() -> None:
    ticket = asked_ticket({"title": "Der Drucker druckt nicht und zeigt eine Fehlermeldung"})

    assert ticket.title.startswith("Der Drucker")
    assert ticket.language == "de"


@pytest.mark.parametrize(
    ("fields", "field"),
    [({}, "ticket.title"), ({"title": 5}, "ticket.title"), ({"title": "x", "opened_at": "soon"}, "ticket.opened_at")],
)
def test_an_asked_ticket_names_the_field_that_is_wrong(fields: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        asked_ticket(fields)  # type: ignore[arg-type]

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("document_id", "kind", "url"),
    [
        ("vpn/error-809", "known-error", "/articles/vpn/error-809"),
        ("zammad:48213", "ticket", "/tickets/zammad/48213"),
        ("jira:A/B#1?x", "ticket", "/tickets/jira/A/B%231%3Fx"),
        ("büro/größe%20x", "how-to", "/articles/b%C3%BCro/gr%C3%B6%C3%9Fe%2520x"),
    ],
)
def test_a_document_has_an_address_that_leads_back_to_its_id(document_id: str, kind: str, url: str) -> None:
    assert document_url(document_id, kind) == url


def test_marked_text_is_escaped_inside_and_outside_of_highlights() -> None:
    assert marked("<b> & vpn", [(0, 3), (6, 9)]) == "<mark>&lt;b&gt;</mark> &amp; <mark>vpn</mark>"
