"""Requests become filters, tickets and addresses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kb.errors import InvalidInput
from web.addresses import document_url
from web.asked_ticket import asked_ticket
from web.bodies import filter_of, types_of
from web.site.filters import marked


def test_a_filter_takes_values_of_one_field_as_alternatives() -> None:
    where = filter_of({"service": ["vpn", "email"], "kind": ["post-mortem"]})

    assert where.values == {"service": frozenset({"vpn", "email"}), "type": frozenset({"post-mortem"})}


def test_a_filter_takes_a_day_as_its_midnight_in_utc() -> None:
    where = filter_of({"after": ["2025-01-31"], "before": ["2025-02-01T12:00:00+02:00"]})

    assert where.after == datetime(2025, 1, 31, tzinfo=UTC)
    assert where.before == datetime(2025, 2, 1, 10, tzinfo=UTC)


def test_a_filter_takes_type_and_kind_as_one_field_whatever_their_case() -> None:
    where = filter_of({"type": ["Ticket", " "], "kind": ["how-to"], "tier": ["l2"], "audience": ["group:Board"]})

    assert where.values == {
        "type": frozenset({"ticket", "how-to"}),
        "tier": frozenset({"L2"}),
        "audience": frozenset({"group:board"}),
    }


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"colour": ["red"]}, "colour"),
        ({"after": ["soon"]}, "after"),
        ({"before": ["9999-12-31T23:59:59-14:00"]}, "before"),
        ({"after": ["0001-01-01T00:00:00+14:00"]}, "after"),
        ({"type": ["ticket", "poem"]}, "type"),
        ({"kind": ["poem"]}, "kind"),
        ({"state": ["done"]}, "state"),
        ({"confidence": ["sure"]}, "confidence"),
        ({"tier": ["L4"]}, "tier"),
        ({"status": ["closed"]}, "status"),
        ({"audience": ["everybody"]}, "audience"),
    ],
)
@pytest.mark.parametrize("within", ["", "filters."])
def test_a_filter_names_the_field_that_it_refuses(values: dict[str, list[str]], field: str, within: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        filter_of(values, within=within)

    assert refusal.value.field == within + field


def test_types_are_those_of_documents_or_article_for_every_kind() -> None:
    assert types_of(["article", "Ticket"]) == {"article", "ticket"}
    with pytest.raises(InvalidInput) as refusal:
        types_of(["poem"])
    assert refusal.value.field == "types"


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
