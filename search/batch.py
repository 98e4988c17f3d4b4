"""Answer a file of questions as a TREC run: `query-id Q0 document-id rank score tag` a line.

The same questions over the same documents give the same bytes. A run holds as many lines as were asked for, noise that
an answer would leave out included.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from kb.documents import JSON, Ticket
from kb.errors import InvalidInput, NotFound
from kb.ids import encoded_id
from kb.language import detect_language
from kb.queries import Filter, Viewer
from kb.reporting import Progress
from kb.tickets import merged, parse_upsert
from search.answers import Result, SearchAnswer, SimilarAnswer
from search.evidence import EVERYTHING
from search.lanes import Lane
from search.searcher import SearchRequest
from search.similar import SimilarRequest

RUN_TAG = "fixlore"


class Answering(Protocol):
    """What answers; a `Searcher`."""

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Answer a question."""
        ...

    def similar(self, request: SimilarRequest) -> SimilarAnswer:
        """Answer a ticket."""
        ...


def run_searches(
    searcher: Answering,
    queries: Path,
    where: Filter,
    limit: int,
    viewer: Viewer,
    lanes: Collection[Lane],
    progress: Progress = lambda done, total: None,
) -> Iterator[str]:
    """Yield the run of a file of `{"id", "text", "title"?}` lines; title and text together are the query.

    Both are plain text: quotes and minuses in them are not syntax. Raises NotFound, and InvalidInput with the line of
    a query that cannot be read, before anything is answered.
    """
    read = read_searches(queries)
    for done, (query_id, text) in enumerate(read, 1):
        answer = searcher.search(
            SearchRequest(
                text=text,
                filter=where,
                limit=limit,
                viewer=viewer,
                lanes=lanes,
                syntax=False,
                floor=EVERYTHING,
                details=False,
            )
        )
        yield from _lines(query_id, answer.results)
        progress(done, len(read))


def run_similar(
    searcher: Answering,
    queries: Path,
    limit: int,
    viewer: Viewer,
    as_of: bool,
    lanes: Collection[Lane],
    progress: Progress = lambda done, total: None,
) -> Iterator[str]:
    """Yield the run of a file of tickets with an `id`; `as_of` answers each as was possible when it was opened.

    Raises NotFound, and InvalidInput with the line of a ticket that cannot be read, or lacks `opened_at` with `as_of`,
    before anything is answered.
    """
    read = read_tickets(queries, as_of=as_of)
    for done, (query_id, ticket) in enumerate(read, 1):
        answer = searcher.similar(
            SimilarRequest(
                ticket=ticket,
                limit=limit,
                as_of=ticket.opened_at if as_of else None,
                viewer=viewer,
                lanes=lanes,
                floor=EVERYTHING,
                details=False,
            )
        )
        yield from _lines(query_id, answer.results)
        progress(done, len(read))


def read_searches(queries: Path) -> list[tuple[str, str]]:
    """Return (id, text) of each line of a file of questions. Raises NotFound, InvalidInput with the line."""
    read = [(_id(query, queries, number), _text(query, queries, number)) for number, query in _read(queries)]
    _check_unique(queries, [query_id for query_id, _ in read])
    return read


def read_tickets(queries: Path, *, as_of: bool) -> list[tuple[str, Ticket]]:
    """Return (id, ticket) of each line of a file of tickets. Raises NotFound, InvalidInput with the line."""
    read = [(_id(query, queries, number), _ticket(query, queries, number, as_of)) for number, query in _read(queries)]
    _check_unique(queries, [query_id for query_id, _ in read])
    return read


def _lines(query_id: str, results: Sequence[Result]) -> Iterator[str]:
    """Yield a line for each result. The score only falls with rank: programs that sort by it must find our order."""
    for result in results:
        yield f"{query_id} Q0 {result.id} {result.rank} {1 / result.rank:.6f} {RUN_TAG}"


def _read(path: Path) -> Iterator[tuple[int, Mapping[str, JSON]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError as error:
        raise NotFound(f"{path} does not exist; name a file that does") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read as UTF-8 text: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            query = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _bad(path, number, f"the line is no JSON ({error})") from error
        if not isinstance(query, dict):
            raise _bad(path, number, "the line is no JSON object")
        yield number, query


def _id(query: Mapping[str, JSON], path: Path, number: int) -> str:
    query_id = query.get("id")
    if not isinstance(query_id, str) or not query_id.strip():
        raise _bad(path, number, "the query needs an id: text that is not blank")
    return encoded_id(query_id)  # a column of a run holds no white space


def _check_unique(path: Path, ids: Sequence[str]) -> None:
    seen: set[str] = set()
    for query_id in ids:
        if query_id in seen:
            raise InvalidInput(f"the query id {query_id} occurs twice; give each query its own", source=str(path))
        seen.add(query_id)


def _text(query: Mapping[str, JSON], path: Path, number: int) -> str:
    parts = [query.get("title"), query.get("text")]
    if not all(part is None or isinstance(part, str) for part in parts):
        raise _bad(path, number, "title and text must be text")
    text = "\n".join(part for part in parts if isinstance(part, str) and part.strip())
    if not text:
        raise _bad(path, number, "the query has neither title nor text")
    return text


def _ticket(query: Mapping[str, JSON], path: Path, number: int, as_of: bool) -> Ticket:
    fields = {name: value for name, value in query.items() if name != "id"}
    fields.setdefault("external_id", query.get("id"))
    try:
        _, ticket = merged(None, parse_upsert(fields, source="request"), detect=detect_language)
    except InvalidInput as error:
        raise InvalidInput(str(error), field=error.field, source=str(path), line=number) from error
    if as_of and ticket.opened_at is None:
        raise _bad(path, number, "the ticket has no opened_at, which --as-of needs")
    return replace(ticket, links=())


def _bad(path: Path, number: int, what: str) -> InvalidInput:
    return InvalidInput(f"{what}; correct the line", source=str(path), line=number)
