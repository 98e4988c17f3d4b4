"""Exports are read ticket by ticket: each shape of JSON, lines and CSV, a bad ticket harming no other."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from kb.connectors.catalogue import Catalogue
from kb.connectors.exports import MappedRow, read_export
from kb.connectors.mapping import TicketMapping
from kb.errors import NotFound
from kb.importing import import_tickets
from kb.problems import Problem
from kb.protocols.store import TicketUpsert
from tests.conformance.store_samples import START
from tests.fakes.store import MemoryStore

A, B = '{"external_id": "1", "title": "a"}', '{"external_id": "2", "title": "b"}'
DEEP = "[" * 200 + "]" * 200


@pytest.fixture(scope="module")
def generic() -> TicketMapping:
    return Catalogue(Path("none")).mapping("generic")


def read(path: Path, mapping: TicketMapping, content: str | bytes) -> list[str]:
    """Return `place id` of every ticket and `place message` of every problem."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [
        f"{item.line} {item.delivery.id}" if isinstance(item, MappedRow) else f"{item.line} {item.message}"  # type: ignore[union-attr]
        for item in read_export(path, mapping)
    ]


@pytest.mark.parametrize(
    "content",
    [
        f"[{A}, {B}]",
        f" \n[\n{A}\n,{B}\n]\n",
        f'{{"count": 2, "nested": {{"tickets": [1]}}, "tickets": [{A}, {B}], "next": null}}',
        f'{{"tickets": [{A}]}}\n{{"tickets": [{B}], "x": [1, {{"y": []}}]}}',
        f"{A}\n\n{B}\n",
        f'{{"ticket": {A}}}\n{{"ticket": {B}}}',
        f"\ufeff[{A}, {B}]",
        f"\ufeff{A}\n{B}",
    ],
)
def test_tickets_are_found_in_every_shape_of_json(tmp_path: Path, generic: TicketMapping, content: str) -> None:
    found = read(tmp_path / "export.json", generic, content)

    assert [line.split()[1] for line in found] == ["generic:1", "generic:2"]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("e.json", f'[{A}, {{"title": "no id"}}, 7, {B}]',
         ["1 generic:1", "2 the mapping", "3 the mapping", "4 generic:2"]),
        ("e.json", f"[{A}, {DEEP}, {B}]", ["1 generic:1", "2 the ticket is nested more than 100", "3 generic:2"]),
        ("e.json", f"[{A}, {B}", ["1 generic:1", "2 generic:2", "3 the file is not valid JSON from here on"]),
        ("e.json", f'[{A}, {{"title": NaN}}, {B}]', ["1 generic:1", "2 the file is not valid JSON from here on"]),
        ("e.json", f'[{A}, "\udcff"]'.encode("utf-8", "surrogateescape"),
         ["1 generic:1", "2 the file is not valid JSON"]),
        ("e.json", "[" * 100_000, ["1 the file is not valid JSON from here on"]),
        ("e.json", "[]", ["None the file holds no ticket"]),
        ("e.json", "", ["None the file is empty"]),
        ("e.json", "\ufeff", ["None the file is empty"]),
        ("e.json", A.encode("utf-16"), ["1 the file is UTF-16"]),
        ("e.jsonl", f"{A}\nbroken\n{DEEP}\n{B}",
         ["1 generic:1", "2 the line is not valid JSON", "3 the line must", "4 generic:2"]),
        ("e.csv", "external_id,title\n1,a\n,b\n3\n4,d,e\n", ["2 generic:1", "3 the mapping", "4 generic:3",
         "5 the row has 3"]),
        ("e.tsv", "external_id\ttitle\n1\t\"a\nb\"\n2\tc\n", ["2 generic:1", "4 generic:2"]),
        ("e.csv", 'external_id,title\n1,"a"b\n2,c\n', ["2 the row is not valid CSV", "3 generic:2"]),
        ("e.csv", "external_id,title\n1,\0\n", ["1 the file is no text"]),
        ("e.csv", "external_id;title\n1;Büro\n".encode("cp1252"), ["None the file is not UTF-8", "2 generic:1"]),
        ("e.csv", "\n", ["None the file is empty"]),
    ],
)  # fmt: skip
def test_bad_ticket_is_told_with_its_place_and_harms_no_other(
    tmp_path: Path, generic: TicketMapping, name: str, content: str | bytes, found: list[str]
) -> None:
    told = read(tmp_path / name, generic, content)

    assert len(told) == len(found), told
    assert [line for line, start in zip(told, found, strict=True) if not line.startswith(start)] == []


def test_missing_file_is_refused(tmp_path: Path, generic: TicketMapping) -> None:
    with pytest.raises(NotFound):
        list(read_export(tmp_path / "none.json", generic))


def test_large_document_is_read_in_constant_memory(tmp_path: Path, generic: TicketMapping) -> None:
    path = tmp_path / "export.json"
    ticket = json.dumps({"external_id": "1", "title": "a", "description": "x" * 10_000})
    with path.open("w") as file:
        file.write('{"total": 800, "tickets": [')
        file.write(",".join([ticket] * 800))
        file.write("]}")
    size = path.stat().st_size
    tracemalloc.start()
    count = sum(isinstance(item, MappedRow) for item in read_export(path, generic))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 800
    assert peak < size / 8


def test_import_by_a_mapping_is_idempotent_deletes_and_ignores(tmp_path: Path, generic: TicketMapping) -> None:
    store = MemoryStore(lambda: START)
    path = tmp_path / "export.jsonl"
    path.write_text(f'{A}\n{B}\n{{"external_id": "2", "deleted": true}}\n{{"title": "no id"}}\n')

    first = import_tickets(store, path, mapping=generic)
    again = import_tickets(store, path, mapping=generic)

    assert (first.created, first.deleted, first.errors) == (2, 1, 1)
    assert [(type(one), one.line) for one in first.problems] == [(Problem, 4)]
    assert store.ticket_ids() == ["generic:1"]
    assert (again.created, again.updated, again.deleted, again.ignored, again.unchanged) == (0, 0, 0, 1, 2)
    other = import_tickets(store, path, "mail", mapping=generic)
    assert other.created == 2
    assert store.ticket_ids() == ["generic:1", "mail:1"]


def test_import_deletes_in_order_and_many_in_one_transaction(tmp_path: Path, generic: TicketMapping) -> None:
    store = MemoryStore(lambda: START)
    path = tmp_path / "export.jsonl"
    gone = [json.dumps({"external_id": f"{number}", "deleted": True}) for number in range(501)]
    path.write_text("\n".join([A, B, *gone, '{"external_id": "7", "title": "again", "updated_at": "2999-01-01"}']))
    with mock.patch.object(store, "delete_tickets", wraps=store.delete_tickets) as calls:
        report = import_tickets(store, path, mapping=generic)

    assert [len(one.args[0]) for one in calls.call_args_list] == [500, 1]
    assert (report.created, report.deleted, report.unchanged, report.errors) == (3, 2, 499, 0)
    assert store.ticket_ids() == ["generic:7"]


def test_import_deletes_nothing_of_a_source_that_is_our_own(tmp_path: Path, generic: TicketMapping) -> None:
    store = MemoryStore(lambda: START)
    store.upsert_tickets([TicketUpsert("example", "1", {"title": "ours"}, {})])
    path = tmp_path / "export.jsonl"
    path.write_text('{"external_id": "1", "deleted": true}\n')

    report = import_tickets(store, path, mapping=replace(generic, source="example"))
    assert (report.errors, report.problems[0].line, store.ticket_ids()) == (1, 1, ["example:1"])
    assert "kept for Fixlore" in report.problems[0].message


def test_import_of_a_pull_request_among_issues_leaves_it_out(tmp_path: Path) -> None:
    store = MemoryStore(lambda: START)
    path = tmp_path / "issues.json"
    path.write_text(json.dumps([
        {"html_url": "https://github.com/a/b/pull/1", "title": "x", "pull_request": {"url": "u"}, "state": "open"},
        {"html_url": "https://github.com/a/b/issues/2", "title": "y", "state": "open"},
    ]))  # fmt: skip
    report = import_tickets(store, path, mapping=Catalogue(tmp_path).mapping("github"))

    assert (report.created, report.ignored, report.errors) == (1, 1, 0)
