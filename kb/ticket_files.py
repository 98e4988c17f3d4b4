"""Read files of tickets, one delivery after the other, in constant memory. A bad line harms no other.

JSONL: one object a line, as the contract has it. CSV: a first row of field names; an empty cell is a field that the row
does not carry; lists are cut at `;` and `|`, and `links` is JSON.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn, TextIO

from kb.article_files import FALLBACK_ENCODING, MAX_FILE_BYTES, megabytes
from kb.documents import JSON
from kb.errors import InvalidInput, NotFound
from kb.problems import Problem, problem_of
from kb.protocols.store import TicketUpsert
from kb.tickets import FIELDS, LIST_FIELDS, parse_upsert

FORMATS = ("jsonl", "csv")
MAX_LINE_BYTES = MAX_FILE_BYTES
"""Longest line of JSONL and longest row of CSV."""
_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv"}
_DELIMITERS = ",;\t"
_LIST_CUT = re.compile(r"[;|]")
UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One delivery and the line on which it begins, counted from 1."""

    line: int
    upsert: TicketUpsert

    @property
    def source(self) -> str:
        """Return the ticket system that the ticket is of."""
        return self.upsert.source


def format_of(path: Path, wanted: str | None = None) -> str:
    """Return `wanted`, else the format that the file's name tells. Raises InvalidInput for others."""
    name = wanted or _SUFFIXES.get(path.suffix.casefold(), "")
    if name not in FORMATS:
        unknown = f"format {wanted!r} is unknown" if wanted else f"the name of {path} does not tell its format"
        raise InvalidInput(f"{unknown}; name one of {', '.join(FORMATS)}", field="format")
    return name


def read_tickets(path: Path, format: str | None = None, source: str | None = None) -> Iterator[TicketRow | Problem]:
    """Read the deliveries of a file in order, with a problem in the place of each line that cannot be used.

    `source` stands in where a line names none. Raises NotFound when there is no such file, InvalidInput when it cannot
    be opened or its format is unknown, and nothing because of what a line holds.
    """
    name = format_of(path, format)
    if not path.is_file():
        raise NotFound(f"file {path} does not exist; check the path")
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if not start.removeprefix(UTF8_MARK):
                yield Problem(str(path), None, "the file is empty; nothing was read", is_error=False)
            elif name == "csv":
                yield from _read_csv(path, file, source)
            elif start.startswith(UTF16_MARKS):
                yield Problem(str(path), 1, "the file is UTF-16; save it as UTF-8")
            else:
                yield from _read_jsonl(file, str(path), source)
    except OSError as error:
        raise InvalidInput(f"file {path} cannot be read: {error.strerror}; check its rights") from error


def parse_json_line(line: bytes) -> dict[str, JSON]:
    """Return the object that one line of JSONL holds.

    Raises InvalidInput for a line that is too long, no UTF-8, no JSON (`NaN` is none) or no object.
    """
    if len(line) > MAX_LINE_BYTES:
        raise InvalidInput(f"the line is longer than {megabytes(MAX_LINE_BYTES)}; shorten the ticket's texts")
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the line is not valid UTF-8 (byte {error.start + 1}); save it as UTF-8") from error
    except RecursionError as error:
        raise InvalidInput("the line is nested too deeply; flatten it") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"the line is not valid JSON: {error.msg} (column {error.colno})") from error
    except ValueError as error:
        raise InvalidInput(f"the line is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidInput('the line must be one JSON object, such as {"source": …, "external_id": …}')
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _read_jsonl(file: BinaryIO, name: str, source: str | None) -> Iterator[TicketRow | Problem]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            skip_line(file, line)
        if number == 1:
            line = line.removeprefix(UTF8_MARK)
        if not line.strip():
            continue
        try:
            yield TicketRow(number, parse_upsert(parse_json_line(line), source=source, is_export=True))
        except InvalidInput as error:
            yield problem_of(error, name, number)


def skip_line(file: BinaryIO, line: bytes) -> None:
    """Read on to the end of a line of which `line` is the beginning."""
    while line and not line.endswith(b"\n"):
        line = file.readline(_CHUNK)


def _read_csv(path: Path, file: BinaryIO, source: str | None) -> Iterator[TicketRow | Problem]:
    encoding = encoding_of(file)
    if encoding is None:
        yield Problem(str(path), 1, "the file is no text (it holds NUL bytes); save it as UTF-8")
        return
    if encoding == FALLBACK_ENCODING:
        message = "the file is not UTF-8 and was read as Windows-1252; save it as UTF-8"
        yield Problem(str(path), None, message, is_error=False)
    # One field may be a whole log; the module's own bound (131,072) would refuse it. The bound is the process's.
    csv.field_size_limit(MAX_LINE_BYTES)
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        try:
            yield from _read_rows(text, str(path), source)
        except LineTooLong as error:
            yield Problem(str(path), error.line, f"the line is longer than {megabytes(MAX_LINE_BYTES)}; reading ended")


class LineTooLong(Exception):
    """A line of CSV goes on beyond the bound, so that where the next row begins is unknown."""

    def __init__(self, line: int):
        super().__init__(line)
        self.line = line


class Lines:
    """The lines of a text, none longer than the bound; `read` counts them."""

    def __init__(self, text: TextIO):
        self._text = text
        self.read = 0

    def __iter__(self) -> Iterator[str]:
        """Return this."""
        return self

    def __next__(self) -> str:
        """Return the next line. Raises LineTooLong."""
        line = self._text.readline(MAX_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        self.read += 1
        if len(line) > MAX_LINE_BYTES:
            raise LineTooLong(self.read)
        return line


def _read_rows(text: TextIO, name: str, source: str | None) -> Iterator[TicketRow | Problem]:
    lines = Lines(text)
    header = next((line for line in lines if line.strip()), "")
    delimiter = csv_delimiter(header)
    names = [_field_name(cell) for cell in next(csv.reader([header], delimiter=delimiter), [])]
    if problem := _header_problem(names, source):
        yield Problem(name, lines.read, problem)
        return
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = lines.read + 1
        try:
            row = next(rows)
            if any(cell.strip() for cell in row):
                yield TicketRow(start, parse_upsert(_fields_of(names, row), source=source, is_export=True))
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(name, start, f"the row is not valid CSV: {error}; check its quotes")
        except InvalidInput as error:
            yield problem_of(error, name, start)


def csv_delimiter(header: str) -> str:
    """Return what separates the cells of a first row: of comma, semicolon and tab what it holds most of."""
    return max(_DELIMITERS, key=header.count)


def _field_name(cell: str) -> str:
    """Return a known field's name whatever its case and however its words are joined; another name as it is."""
    folded = re.sub(r"[\s-]+", "_", cell.strip().casefold())
    return folded if folded in (*FIELDS, "source", "external_id") else cell.strip()


def _header_problem(names: list[str], source: str | None) -> str | None:
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        return f"the first row names {', '.join(repeated)} twice; keep one column of each"
    for needed in ("external_id",) if source else ("external_id", "source"):
        if needed not in names:
            return f"the first row must name the fields and lacks {needed}"
    return None


def _fields_of(names: list[str], row: list[str]) -> Mapping[str, JSON]:
    if any(cell.strip() for cell in row[len(names) :]):
        raise InvalidInput(f"the row has {len(row)} cells, the first row {len(names)}; check quotes and separators")
    carried = {name: cell for name, cell in zip(names, row, strict=False) if name and cell.strip()}
    fields: dict[str, JSON] = {}
    for name, cell in carried.items():
        if name == "links":
            fields[name] = _links_of(cell)
        elif name in LIST_FIELDS:
            fields[name] = [item for item in _LIST_CUT.split(cell) if item.strip()]
        else:
            fields[name] = cell
    return fields


def _links_of(cell: str) -> JSON:
    try:
        return list(json.loads(cell, parse_constant=_refuse_constant))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput('links must be JSON such as [{"type": "related", "target": "zammad:7"}]') from error


def encoding_of(file: BinaryIO) -> str | None:
    """Return the encoding of a text file, `None` when it holds NUL bytes. Reads it through once."""
    start = file.read(4)
    file.seek(0)
    if start.startswith(UTF16_MARKS):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8-sig"
    while chunk := file.read(_CHUNK):
        if b"\0" in chunk:
            return None
        if encoding != FALLBACK_ENCODING:
            try:
                decoder.decode(chunk, final=len(chunk) < _CHUNK)
            except UnicodeDecodeError:
                encoding = FALLBACK_ENCODING
    return encoding
