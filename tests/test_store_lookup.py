"""What is remembered between reads of documents, and what statements that are compiled once find."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.documents import Article, Link
from kb.protocols.store import TicketUpsert
from kb.queries import Viewer
from kb.store.decoded import DecodedDocuments, Row
from kb.store.open_store import open_store
from kb.store.store import SqlStore

MEMBER = Viewer(name="member")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(tmp_path / "fixlore.db")
    yield opened
    opened.close()


@pytest.fixture
def other(tmp_path: Path, store: SqlStore) -> Iterator[SqlStore]:
    """Another process's view of the same file."""
    opened = open_store(tmp_path / "fixlore.db")
    yield opened
    opened.close()


def article(**fields: str) -> Article:
    return replace(Article(id="vpn", title="VPN fails", body="Restart it."), **fields)  # type: ignore[arg-type]


def ticket(**fields: object) -> TicketUpsert:
    return TicketUpsert("zammad", "1", {"title": "VPN fails", **fields}, {})


def test_a_document_is_the_same_object_when_nothing_of_it_has_changed(store: SqlStore) -> None:
    store.put_articles([article()], "somebody")
    assert store.documents(["vpn"])["vpn"] is store.documents(["vpn"])["vpn"]


def test_a_read_document_is_the_new_one_when_another_process_has_changed_it(store: SqlStore, other: SqlStore) -> None:
    store.put_articles([article()], "somebody")
    store.upsert_tickets([ticket(status="open")])
    assert store.documents(["vpn", "zammad:1"])["vpn"].title == "VPN fails"
    other.put_articles([article(title="VPN works")], "somebody")
    other.upsert_tickets([ticket(status="closed")])
    read = store.documents(["vpn", "zammad:1"])
    assert (read["vpn"].title, read["zammad:1"].status) == ("VPN works", "closed")  # type: ignore[union-attr]


def test_a_read_document_is_gone_when_another_process_has_closed_or_deleted_it(
    store: SqlStore, other: SqlStore
) -> None:
    store.put_articles([article()], "somebody")
    store.upsert_tickets([ticket()])
    assert store.documents(["vpn", "zammad:1"], MEMBER).keys() == {"vpn", "zammad:1"}
    other.put_articles([article(audience="group:board")], "somebody")
    other.delete_ticket("zammad:1")
    assert not store.documents(["vpn", "zammad:1"], MEMBER)
    assert store.documents(["vpn"], replace(MEMBER, audiences=frozenset({"group:board"}))).keys() == {"vpn"}


def test_nothing_is_remembered_of_a_ticket_that_was_erased(store: SqlStore) -> None:
    store.upsert_tickets([ticket()])
    store.documents(["zammad:1"])
    assert store.erase_ticket("zammad:1")
    assert not store.documents(["zammad:1"])
    assert not store._decoded._held


def row(number: int) -> Row:
    return (f"z:{number}", "ticket", "z", None, 1, f'{{"external_id":"{number}","title":"{"x" * 100}"}}')


def test_the_rows_read_last_are_remembered_when_there_are_more_than_fit() -> None:
    decoded = DecodedDocuments(most_characters=500)
    first = decoded.of([row(1)])[0]
    for number in range(2, 4):
        decoded.of([row(number)])
        assert decoded.of([row(1)])[0] is first
    for number in range(4, 40):
        decoded.of([row(number)])
    assert decoded.of([row(1)])[0] is not first
    assert sum(len(held[-1]) for held in decoded._held) == decoded._characters <= 500


def test_every_thread_gets_the_documents_that_it_asked_for() -> None:
    decoded = DecodedDocuments(most_characters=2_000)

    def ask(start: int) -> bool:
        asked = [row(number % 40) for number in range(start, start + 60)]
        return [one.id for one in decoded.of(asked)] == [asked_row[0] for asked_row in asked]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(200)))
    assert sum(len(held[-1]) for held in decoded._held) == decoded._characters <= 2_000


def test_a_setting_read_before_is_the_new_one_when_another_process_has_changed_it(
    store: SqlStore, other: SqlStore
) -> None:
    for value in ("one", "two", None):
        other.put_setting("ranker", value)
        assert store.setting("ranker") == value


@pytest.mark.parametrize("count", [1, 2, 3, 499, 500, 501, 1_100])
def test_every_document_is_found_however_many_are_asked_for(store: SqlStore, count: int) -> None:
    for start in range(0, count, 500):
        store.upsert_tickets(
            [TicketUpsert("z", str(one), {"title": "t"}, {}) for one in range(start, min(start + 500, count))]
        )
    ids = [f"z:{one}" for one in range(count)]
    assert list(store.documents([*ids, "z:none"])) == ids
    assert store.sources(ids, MEMBER).keys() == store.sources(ids).keys() == set(ids)


def test_links_without_a_time_come_last_and_none_of_an_empty_list(store: SqlStore) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for number, moment in enumerate((None, at, at.replace(month=4))):
        store.upsert_tickets(
            [TicketUpsert("z", str(number), {"title": "t", "links": (Link("resolved_by", "vpn", moment),)}, {})]
        )
    found = store.links_to_each(["vpn"], ("resolved_by",), 5)["vpn"]
    assert [(one, link.at) for one, link in found] == [("z:2", at.replace(month=4)), ("z:1", at), ("z:0", None)]
    assert [one for one, _ in store.links_to_each(["vpn"], ("resolved_by",), 5, at)["vpn"]] == ["z:0"]
    assert not store.links_to_each(["vpn"], (), 5)
    assert not store.links_to_each([], ("resolved_by",), 5)
