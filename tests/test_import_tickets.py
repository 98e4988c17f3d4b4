"""Files of tickets go in line by line: what can be read is merged, what cannot is named by its number."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import ticket_files
from kb.documents import Link
from kb.errors import InvalidInput, NotFound
from kb.importing import ImportReport, import_tickets
from kb.protocols.store import Store
from kb.store.open_store import open_store
from kb.ticket_files import TicketRow, format_of, parse_json_line, read_tickets
from tests.fakes.store import MemoryStore


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else open_store(tmp_path / "home" / "fixlore.db")
    yield opened
    opened.close()


def line(number: int, **fields: object) -> str:
    return json.dumps({"source": "zammad", "external_id": str(number), "title": f"Ticket {number}", **fields})


def saved(tmp_path: Path, content: str | bytes, name: str = "tickets.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def told(report: ImportReport, path: Path) -> list[str]:
    return [str(problem).replace(str(path), path.name) for problem in report.problems]


def test_tickets_are_created_then_unchanged_then_updated(store: Store, tmp_path: Path) -> None:
    path = saved(tmp_path, f"{line(1)}\n\n{line(2)}\r\n   \n{line(3)}")
    assert import_tickets(store, path) == ImportReport(created=3)
    assert import_tickets(store, path) == ImportReport(unchanged=3)
    links = '{"source": "zammad", "external_id": "2", "links": [{"type": "duplicate_of", "target": "zammad:1"}]}\n'
    assert import_tickets(store, saved(tmp_path, links)) == ImportReport(updated=1)
    stored = store.ticket("zammad:2")
    assert stored is not None and (stored.title, stored.links) == ("Ticket 2", (Link("duplicate_of", "zammad:1"),))


def test_later_lines_of_a_file_go_on_from_earlier_ones(store: Store, tmp_path: Path) -> None:
    lines = [line(1, updated_at="2026-01-02"), line(1, title="Old", updated_at="2026-01-01"), line(1, tags=["a"])]
    assert import_tickets(store, saved(tmp_path, "\n".join(lines))) == ImportReport(created=1, ignored=1, updated=1)


def test_a_line_of_a_reserved_source_is_refused_unless_the_caller_admits_it(store: Store, tmp_path: Path) -> None:
    path = saved(tmp_path, "\n".join([line(1, source="Decision"), line(2), line(3, source="example")]))
    report = import_tickets(store, path)
    assert (report.created, report.errors) == (1, 2)
    assert [problem.split(";")[0] for problem in told(report, path)] == [
        "tickets.jsonl:1: source 'Decision' is kept for Fixlore's own content",
        "tickets.jsonl:3: source 'example' is kept for Fixlore's own content",
    ]
    assert import_tickets(store, path, source="example").created == 1
    assert store.ticket_ids() == ["example:3", "zammad:2"]


BROKEN = [
    ("{", "the line is not valid JSON"),
    ("nonsense", "the line is not valid JSON"),
    ('{"source": "z", "external_id": "1", "title": "x"} {}', "the line is not valid JSON: Extra data"),
    ("[1, 2]", "the line must be one JSON object"),
    ('"text"', "the line must be one JSON object"),
    ("null", "the line must be one JSON object"),
    (line(5, load=float("nan")), "the line is not valid JSON: NaN is no JSON number"),
    (line(5, load=float("-inf")), "the line is not valid JSON: -Infinity is no JSON number"),
    ('{"source": "z", "external_id": "1", "title": "x", "n": 1e999}', "n holds a number, which JSON cannot express"),
    ('{"a": ' * 100_000 + "1" + "}" * 100_000, "the line is nested too deeply"),
    (line(5, deep=json.loads("[" * 70 + "]" * 70)), "deep is nested more than 50 levels deep"),
    ('{"source": "z", "external_id": ' + "9" * 5000 + "}", "the line is not valid JSON"),
    (b'{"source": "z", "title": "\xff"}', "the line is not valid UTF-8 (byte 27)"),
    ('{"external_id": "1", "title": "x"}', "source is missing"),
    ('{"source": "z", "title": "x"}', "external_id is missing"),
    ('{"source": "z", "external_id": "1"}', "z:1 has no title"),
    (line(5, opened_at="2026-02-30"), "opened_at '2026-02-30' is no time"),
    (line(5, audience="everyone"), "audience 'everyone' is unknown"),
    (line(5, title=["a"]), "title must be text, not a list"),
]


@pytest.mark.parametrize(("broken", "words"), BROKEN, ids=range(len(BROKEN)))
def test_broken_line_is_named_by_its_number_and_the_rest_goes_in(
    store: Store, tmp_path: Path, broken: str | bytes, words: str
) -> None:
    raw = broken if isinstance(broken, bytes) else broken.encode()
    path = saved(tmp_path, b"\n".join([line(1).encode(), b"", raw, line(2).encode()]))
    report = import_tickets(store, path)
    assert (report.created, report.errors) == (2, 1)
    assert told(report, path)[0].startswith(f"tickets.jsonl:3: {words}")
    assert store.ticket_ids() == ["zammad:1", "zammad:2"]


@pytest.mark.parametrize("end", [b"\n", b"", b"x" * 5000 + b"\n"])
def test_line_that_is_too_long_is_skipped_to_its_end(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes
) -> None:
    monkeypatch.setattr(ticket_files, "MAX_LINE_BYTES", 1000)
    long = line(1, description="x" * 990).encode() + end
    report = import_tickets(store, saved(tmp_path, long + (line(2).encode() if end else b"")))
    assert store.ticket_ids() == (["zammad:2"] if end else [])
    assert [(problem.line, problem.message) for problem in report.problems] == [
        (1, "the line is longer than 0.0 MiB; shorten the ticket's texts")
    ]


def test_surrogates_become_characters_in_pairs_and_are_replaced_alone(store: Store, tmp_path: Path) -> None:
    path = saved(tmp_path, r'{"source": "z", "external_id": "1", "title": "\ud83d\ude00 \ud83d", "\udc00": 1}')
    assert import_tickets(store, path).created == 1
    stored = store.ticket("z:1")
    assert stored is not None and (stored.title, dict(stored.extra)) == ("😀 \ufffd", {"\ufffd": 1})


def test_byte_order_mark_is_no_part_of_the_first_line(store: Store, tmp_path: Path) -> None:
    assert import_tickets(store, saved(tmp_path, codecs.BOM_UTF8 + line(1).encode())) == ImportReport(created=1)


def test_file_in_another_encoding_is_named(store: Store, tmp_path: Path) -> None:
    path = saved(tmp_path, line(1).encode("utf-16"))
    assert told(import_tickets(store, path), path) == ["tickets.jsonl:1: the file is UTF-16; save it as UTF-8"]


@pytest.mark.parametrize(("name", "content"), [("t.jsonl", b""), ("t.csv", b""), ("t.jsonl", codecs.BOM_UTF8)])
def test_empty_file_is_pointed_out_without_failing(store: Store, tmp_path: Path, name: str, content: bytes) -> None:
    path = saved(tmp_path, content, name)
    report = import_tickets(store, path)
    assert (report.errors, told(report, path)) == (0, [f"{name}: the file is empty; nothing was read"])


def test_source_stands_in_where_a_line_names_none(store: Store, tmp_path: Path) -> None:
    path = saved(tmp_path, f'{line(1)}\n{{"external_id": 2, "title": "x"}}\n')
    import_tickets(store, path, "jira")
    assert store.ticket_ids() == ["jira:2", "zammad:1"]


def test_deleted_ticket_does_not_come_back_with_a_late_delivery(store: Store, tmp_path: Path) -> None:
    path = saved(tmp_path, line(1))
    import_tickets(store, path)
    store.delete_ticket("zammad:1")
    assert import_tickets(store, path) == ImportReport(ignored=1)
    assert store.ticket_ids() == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_whatever_its_delimiter(store: Store, tmp_path: Path, delimiter: str) -> None:
    rows = [
        ["External ID", "source", "title", "description", "components", "opened_at", "sla", "links"],
        ["1", "zammad", "VPN, drops; often\t!", 'two\n"lines"', "gateway; client | router", "2026-01-01", "4h", ""],
        ["2", "zammad", "Mail", "", "", "", "", '[{"type": "related", "target": "zammad:1"}]'],
        ["", "", "", "", "", "", "", ""],
    ]
    text = "\n".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    report = import_tickets(store, saved(tmp_path, text, "tickets.csv"))
    assert report == ImportReport(created=2)
    first, second = store.ticket("zammad:1"), store.ticket("zammad:2")
    assert first is not None and second is not None
    assert (first.title, first.description) == ("VPN, drops; often !", 'two\n"lines"')
    assert (first.components, dict(first.extra)) == (("gateway", "client", "router"), {"sla": "4h"})
    assert (second.description, second.links) == ("", (Link("related", "zammad:1"),))


def test_csv_cell_that_is_empty_keeps_what_is_stored(store: Store, tmp_path: Path) -> None:
    import_tickets(store, saved(tmp_path, "source,external_id,title,service\nz,1,VPN,vpn\n", "a.csv"))
    report = import_tickets(store, saved(tmp_path, "source,external_id,title,service\nz,1,VPN drops,\n", "b.csv"))
    stored = store.ticket("z:1")
    assert stored is not None and (report.updated, stored.title, stored.service) == (1, "VPN drops", "vpn")


def test_csv_rows_are_named_by_the_line_on_which_they_begin(store: Store, tmp_path: Path) -> None:
    text = (
        "external_id,title,opened_at\n"
        '1,"two\nlines",2026-01-01\n'
        '2,"three\n\nlines",01.02.2026\n'
        "3,x,2026-01-01,left over\n"
        '4,"x"y,2026-01-01\n'
        ",no id,\n"
        '5,x,2026-01-01\n6,"never closed\n'
    )
    path = saved(tmp_path, text, "t.csv")
    report = import_tickets(store, path, "z")
    assert store.ticket_ids() == ["z:1", "z:5"]
    assert [message.split(";")[0] for message in told(report, path)] == [
        "t.csv:4: opened_at '01.02.2026' is no time",
        "t.csv:7: the row has 4 cells, the first row 3",
        "t.csv:8: the row is not valid CSV: ',' expected after '\"'",
        "t.csv:9: external_id is missing",
        "t.csv:11: the row is not valid CSV: unexpected end of data",
    ]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("title,source", "the first row must name the fields and lacks external_id"),
        ("external_id,title", "the first row must name the fields and lacks source"),
        ("external_id,source,Title,title", "the first row names title twice"),
        ("1,zammad,VPN drops", "the first row must name the fields"),
    ],
)
def test_csv_is_refused_at_its_first_row_when_that_names_no_fields(
    store: Store, tmp_path: Path, header: str, words: str
) -> None:
    path = saved(tmp_path, f"\n{header}\n1,2,3\n4,5,6\n", "t.csv")
    report = import_tickets(store, path)
    assert told(report, path)[0].startswith(f"t.csv:2: {words}")
    assert report.errors == 1


@pytest.mark.parametrize(("encoding", "warnings"), [("utf-8", 0), ("utf-8-sig", 0), ("utf-16", 0), ("cp1252", 1)])
def test_csv_encodings_are_told_apart(store: Store, tmp_path: Path, encoding: str, warnings: int) -> None:
    path = saved(tmp_path, "external_id;source;title\n1;z;Drucker für Büro\n".encode(encoding), "t.csv")
    report = import_tickets(store, path)
    stored = store.ticket("z:1")
    assert stored is not None and stored.title == "Drucker für Büro"
    assert (report.errors, len(report.problems)) == (0, warnings)


def test_csv_is_named_when_it_is_no_text(store: Store, tmp_path: Path) -> None:
    path = saved(tmp_path, b"PK\x03\x04\x00\x00", "t.csv")
    assert told(import_tickets(store, path), path) == [
        "t.csv:1: the file is no text (it holds NUL bytes); save it as UTF-8"
    ]


def test_csv_reading_ends_at_a_line_that_never_does(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_files, "MAX_LINE_BYTES", 100)
    path = saved(tmp_path, f"external_id,source,title\n1,z,x\n2,z,{'x' * 200}\n", "t.csv")
    report = import_tickets(store, path)
    assert (report.created, told(report, path)) == (1, ["t.csv:3: the line is longer than 0.0 MiB; reading ended"])


def test_csv_takes_a_field_as_long_as_a_log(store: Store, tmp_path: Path) -> None:
    path = saved(tmp_path, f"external_id,source,title,description\n1,z,x,{'log ' * 100_000}\n", "t.csv")
    assert import_tickets(store, path).created == 1


def test_format_follows_from_the_name_unless_it_is_given(tmp_path: Path) -> None:
    assert [format_of(Path(f"t.{suffix}")) for suffix in ("jsonl", "NDJSON", "json", "csv", "tsv")] == [
        "jsonl", "jsonl", "jsonl", "csv", "csv"
    ]  # fmt: skip
    assert format_of(Path("t.txt"), "csv") == "csv"
    for path, wanted in (("t.xlsx", None), ("t.csv", "xml")):
        with pytest.raises(InvalidInput, match="jsonl, csv"):
            format_of(Path(path), wanted)


def test_missing_file_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        import_tickets(store, tmp_path / "none.jsonl")


def test_more_tickets_than_a_batch_go_in_and_progress_reaches_the_end(store: Store, tmp_path: Path) -> None:
    path = saved(tmp_path, "".join(f"{line(number)}\n" for number in range(1203)))
    seen: list[tuple[int, int]] = []
    report = import_tickets(store, path, progress=lambda done, of: seen.append((done, of)))
    assert report == ImportReport(created=1203)
    assert seen == [(500, 1203), (1000, 1203), (1203, 1203)]


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(st.sampled_from('{}[]":,\\u0dE1 \n'), max_size=60).map(str.encode))
def test_any_line_is_an_object_or_refused(raw: bytes) -> None:
    try:
        assert isinstance(parse_json_line(raw), dict)
    except InvalidInput as error:
        assert str(error)


@settings(deadline=None)
@given(st.text(st.sampled_from('ab,;"\n\r\t\0é'), max_size=80), st.sampled_from(["utf-8", "cp1252", "utf-16"]))
def test_any_csv_gives_rows_and_problems_with_lines_that_exist(
    tmp_path_factory: pytest.TempPathFactory, text: str, encoding: str
) -> None:
    path = saved(tmp_path_factory.getbasetemp(), f"external_id,title\n{text}".encode(encoding), "any.csv")
    last = 0
    for found in read_tickets(path, source="z"):
        assert found.line is None or last <= found.line <= text.count("\n") + text.count("\r") + 2
        last = found.line or last
        assert isinstance(found, TicketRow) or found.message
