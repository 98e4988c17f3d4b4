"""Batch runs: TREC lines, the same bytes each time, bad lines named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.access import SHELL
from kb.documents import Article, Ticket
from kb.errors import InvalidInput, NotFound
from kb.queries import Filter
from search.batch import run_searches, run_similar
from search.evaluation import run_of
from search.lanes import LANES
from tests.library import Library

VPN = Article(id="vpn/809", title="VPN error 809", body="The tunnel drops.")
MAIL = Article(id="mail/late", title="Mail is late", body='The queue is "long".')
TICKET = Ticket(
    source="desk",
    external_id="1",
    title="VPN drops",
    description="The tunnel drops.",
    opened_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(VPN, MAIL, TICKET)


def _file(folder: Path, *queries: object) -> Path:
    path = folder / "queries.jsonl"
    path.write_text("".join(f"{json.dumps(query)}\n" for query in queries), encoding="utf-8")
    return path


def _searched(library: Library, path: Path, limit: int = 100) -> list[str]:
    return list(run_searches(library.searcher(), path, Filter(), limit, SHELL, LANES))


def _similar(library: Library, path: Path, as_of: bool, limit: int = 100) -> list[str]:
    return list(run_similar(library.searcher(), path, limit, SHELL, as_of, LANES))


def test_batch_writes_every_document_as_a_run(library: Library, tmp_path: Path) -> None:
    path = _file(tmp_path, {"id": "q1", "text": "vpn error 809"}, {"id": "q2", "title": "Mail", "text": "is late"})
    lines = _searched(library, path)
    assert lines[0] == "q1 Q0 vpn/809 1 1.000000 fixlore"
    run = run_of(lines)
    assert run["q1"][0] == VPN.id
    assert run["q2"][0] == MAIL.id
    assert sorted(run["q1"]) == sorted([VPN.id, MAIL.id, TICKET.id])
    assert _searched(library, path) == lines


def test_batch_holds_no_more_lines_than_its_limit(library: Library, tmp_path: Path) -> None:
    assert len(_searched(library, _file(tmp_path, {"id": "q1", "text": "vpn"}), limit=2)) == 2


def test_batch_reads_no_query_syntax(library: Library, tmp_path: Path) -> None:
    run = run_of(_searched(library, _file(tmp_path, {"id": "q", "text": 'mail -late type:runbook "no such phrase"'})))
    assert run["q"][0] == MAIL.id


def test_batch_encodes_a_query_id_with_white_space(library: Library, tmp_path: Path) -> None:
    assert _searched(library, _file(tmp_path, {"id": "a b", "text": "vpn"}), limit=1)[0].startswith("a%20b Q0 ")


def test_batch_tells_its_progress(library: Library, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    path = _file(tmp_path, {"id": "q1", "text": "vpn"}, {"id": "q2", "text": "mail"})
    list(run_searches(library.searcher(), path, Filter(), 1, SHELL, LANES, progress))
    assert told == [(1, 2), (2, 2)]


def test_batch_of_tickets_answers_as_of_when_each_was_opened(library: Library, tmp_path: Path) -> None:
    asked = {"id": "t", "source": "desk", "external_id": "5", "title": "VPN drops", "opened_at": "2025-12-31T00:00:00Z"}
    path = _file(tmp_path, asked)
    assert TICKET.id in run_of(_similar(library, path, False))["t"]
    early = run_of(_similar(library, path, True))["t"]
    assert TICKET.id not in early
    assert VPN.id in early


def test_batch_leaves_out_the_ticket_itself(library: Library, tmp_path: Path) -> None:
    path = _file(tmp_path, {"id": "1", "source": "desk", "title": "VPN drops"})
    assert TICKET.id not in run_of(_similar(library, path, False))["1"]
    other = _file(tmp_path, {"id": "2", "source": "desk", "title": "VPN drops"})
    assert TICKET.id in run_of(_similar(library, other, False))["2"]


@pytest.mark.parametrize(
    "bad",
    ["{", "[]", '{"text": "x"}', '{"id": " ", "text": "x"}', '{"id": "q"}', '{"id": "q", "text": 5}', '{"id": 5}'],
)
def test_batch_names_the_line_of_a_bad_query_before_it_answers(library: Library, tmp_path: Path, bad: str) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text(f'{{"id": "ok", "text": "vpn"}}\n\n{bad}\n', encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        next(run_searches(library.searcher(), path, Filter(), 10, SHELL, LANES))
    assert (caught.value.line, caught.value.source) == (3, str(path))


@pytest.mark.parametrize("bad", [{"id": "t", "title": ""}, {"id": "t"}, {"id": "t", "title": "x", "opened_at": "soon"}])
def test_batch_names_the_line_of_a_bad_ticket(library: Library, tmp_path: Path, bad: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        _similar(library, _file(tmp_path, {"id": "ok", "title": "fine"}, bad), False)
    assert caught.value.line == 2


def test_batch_needs_the_time_of_a_ticket_to_answer_as_of_it(library: Library, tmp_path: Path) -> None:
    path = _file(tmp_path, {"id": "t", "title": "VPN drops"})
    assert _similar(library, path, False) != []
    with pytest.raises(InvalidInput, match="opened_at"):
        _similar(library, path, True)


@pytest.mark.parametrize("queries", [[{"id": "q", "text": "a"}, {"id": "q", "text": "b"}]])
def test_batch_refuses_a_query_id_that_occurs_twice(
    library: Library, tmp_path: Path, queries: Sequence[dict[str, str]]
) -> None:
    with pytest.raises(InvalidInput, match="twice"):
        _searched(library, _file(tmp_path, *queries))


def test_batch_says_so_when_the_file_is_missing(library: Library, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        _searched(library, tmp_path / "none.jsonl")
