"""Read exports of ticket systems, one ticket after the other: JSON, JSON lines and CSV. A bad ticket harms no other.

Of a JSON document only the ticket at work is in memory where the tickets lie in a list at its top, or in one below a
plain name of `body.tickets`; any other document is read as a whole. Of JSON lines it is one line, of CSV one row.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import ijson
from ijson.common import ObjectBuilder

from kb.article_files import FALLBACK_ENCODING, megabytes
from kb.connectors.mapping import DEEPEST, Delivery, TicketMapping
from kb.documents import JSON
from kb.errors import InvalidInput, NotFound
from kb.problems import Problem, problem_of
from kb.ticket_files import (
    MAX_LINE_BYTES,
    UTF8_MARK,
    UTF16_MARKS,
    Lines,
    LineTooLong,
    csv_delimiter,
    encoding_of,
    parse_json_line,
    skip_line,
)

_LOOKED_AT = 256 * 1024
"""Bytes of a file that are looked at to tell lines of JSON from one document."""
_LINES = (".jsonl", ".ndjson")
_LEVELS = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}
_CSV = (".csv", ".tsv")


@dataclass(frozen=True, slots=True)
class MappedRow:
    """What one ticket of an export says, and its place: the line, in a JSON document its number, counted from 1."""

    line: int
    delivery: Delivery


Item: TypeAlias = MappedRow | Problem
Read: TypeAlias = Callable[[JSON], Sequence[Delivery]]


def read_export(path: Path, mapping: TicketMapping) -> Iterator[Item]:
    """Read the tickets of a file in order, with a problem in the place of each that cannot be used.

    The file's ending tells JSON lines (`.jsonl`, `.ndjson`) and CSV (`.csv`, `.tsv`); else its content tells whether it
    is one JSON document or one on each line. Raises NotFound when there is no such file, InvalidInput when it cannot be
    opened, and nothing because of what it holds.
    """
    if not path.is_file():
        raise NotFound(f"file {path} does not exist; check the path")
    name = str(path)
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if not start.removeprefix(UTF8_MARK).strip():
                yield Problem(name, None, "the file is empty; nothing was read", is_error=False)
            elif path.suffix.casefold() in _CSV:
                yield from _read_csv(path, file, mapping)
            elif start.startswith(UTF16_MARKS):
                yield Problem(name, 1, "the file is UTF-16; save it as UTF-8")
            elif path.suffix.casefold() in _LINES or _has_lines(file):
                yield from _read_lines(file, name, mapping)
            else:
                yield from _read_document(file, name, mapping)
    except OSError as error:
        raise InvalidInput(f"file {path} cannot be read: {error.strerror}; check its rights") from error


def _has_lines(file: BinaryIO) -> bool:
    """Say whether the first line is an object of its own and another follows."""
    first = file.readline(_LOOKED_AT).removeprefix(UTF8_MARK)
    second = file.readline(2)
    file.seek(0)
    if not first.lstrip().startswith(b"{") or not second.strip():
        return False
    try:
        parse_json_line(first)
    except InvalidInput:
        return False
    return True


def _read_lines(file: BinaryIO, name: str, mapping: TicketMapping) -> Iterator[Item]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            skip_line(file, line)
        line = line.removeprefix(UTF8_MARK) if number == 1 else line
        if not line.strip():
            continue
        try:
            value = parse_json_line(line)
        except InvalidInput as error:
            yield problem_of(error, name, number)
        else:
            yield from _mapped(value, name, number, mapping)


def _read_document(file: BinaryIO, name: str, mapping: TicketMapping) -> Iterator[Item]:
    names = {one for path in mapping.tickets if (one := path.name()) is not None}
    number = 0
    try:
        for value in _values(file, names):
            number += 1
            if isinstance(value, InvalidInput):
                yield problem_of(value, name, number)
            else:
                yield from _mapped(value, name, number, mapping)
    except ijson.JSONError as error:
        told = " ".join(str(error.args[0] if error.args else error).split("\n", 1)[0].split())
        yield Problem(name, number + 1, f"the file is not valid JSON from here on: {told}; reading ended")
    else:
        if number == 0:
            yield Problem(name, None, "the file holds no ticket; nothing was read", is_error=False)


def _values(file: BinaryIO, names: set[str]) -> Iterator[JSON | InvalidInput]:
    """Yield the items of a list at the top, or below one of `names` in an object at the top, else the object itself.

    Works on events without their paths: those of a document of many levels alone would fill the memory.
    """
    if file.read(len(UTF8_MARK)) != UTF8_MARK:
        file.seek(0)
    value = _Value()
    in_list = in_object = False
    for event, read in ijson.basic_parse(file, use_float=True, multiple_values=True):
        if value.level == 0 and in_list and event == "end_array":
            in_list = False
        elif value.level == 0 and in_object and not in_list:
            in_object = not value.skipped(event)
        elif value.level == 0 and not in_list and event == "start_array":
            in_list = True
        elif value.level == 1 and not in_list and event == "start_array" and value.key in names:
            value, in_list, in_object = _Value(), True, True  # what else the object holds is passed over
        elif value.take(event, read):
            yield value.finished()
            value = _Value()


class _Value:
    """One value on its way from events."""

    def __init__(self) -> None:
        self._builder: Any = ObjectBuilder()
        self._passed = 0
        self.level = 0
        self.key = ""
        """The key read last in the object itself, which is at level 1."""

    def take(self, event: str, read: Any) -> bool:
        """Add an event and say whether the value is complete."""
        self.level += _LEVELS.get(event, 0)
        if self._builder is not None and self.level > DEEPEST:
            self._builder = None
        if self._builder is not None:
            self._builder.event(event, read)
        if self.level == 1 and event == "map_key":
            self.key = read
        return self.level == 0

    def skipped(self, event: str) -> bool:
        """Pass over an event of the object around a list, and say whether that object has ended."""
        self._passed += _LEVELS.get(event, 0)
        return self._passed < 0

    def finished(self) -> JSON | InvalidInput:
        """Return the value, or why it cannot be had."""
        if self._builder is None:
            return InvalidInput(f"the ticket is nested more than {DEEPEST} levels deep; flatten it")
        found: JSON = self._builder.value
        return found


def _mapped(value: JSON, name: str, number: int, mapping: TicketMapping) -> Iterator[Item]:
    try:
        deliveries = mapping.deliveries(value)
    except InvalidInput as error:
        yield problem_of(error, name, number)
        return
    for delivery in deliveries:
        yield MappedRow(number, delivery)


def _read_csv(path: Path, file: BinaryIO, mapping: TicketMapping) -> Iterator[Item]:
    name = str(path)
    encoding = encoding_of(file)
    if encoding is None:
        yield Problem(name, 1, "the file is no text (it holds NUL bytes); save it as UTF-8")
        return
    if encoding == FALLBACK_ENCODING:
        message = "the file is not UTF-8 and was read as Windows-1252; save it as UTF-8"
        yield Problem(name, None, message, is_error=False)
    csv.field_size_limit(MAX_LINE_BYTES)
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        lines = Lines(text)
        try:
            yield from _read_rows(lines, name, mapping)
        except LineTooLong as error:
            yield Problem(name, error.line, f"the line is longer than {megabytes(MAX_LINE_BYTES)}; reading ended")


def _read_rows(lines: Lines, name: str, mapping: TicketMapping) -> Iterator[Item]:
    header = next((line for line in lines if line.strip()), "")
    delimiter = csv_delimiter(header)
    names = [cell.strip() for cell in next(csv.reader([header], delimiter=delimiter), [])]
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = lines.read + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(name, start, f"the row is not valid CSV: {error}; check its quotes")
            continue
        if any(cell.strip() for cell in row[len(names) :]):
            told = f"the row has {len(row)} cells, the first row {len(names)}; check quotes and separators"
            yield Problem(name, start, told)
        elif any(cell.strip() for cell in row):
            yield from _mapped(_record(names, row), name, start, mapping)


def _record(names: Sequence[str], row: Sequence[str]) -> JSON:
    """Return a row as an object; columns of one name, as Jira writes lists, become a list of what is in them."""
    record: dict[str, JSON] = {}
    for name, cell in zip(names, row, strict=False):
        if not name:
            continue
        held = record.get(name)
        if name not in record:
            record[name] = cell
        elif isinstance(held, list):
            held.append(cell)
        else:
            record[name] = [held, cell]
    return {
        name: [one for one in held if str(one).strip()] if isinstance(held, list) else held
        for name, held in record.items()
    }
