"""Read and write Markdown tables without loss. Pure.

A cell is its Markdown on one line, without the white space around it. A bar in a cell is written `\\|`, but in code as
it is: so the renderer reads it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.plain_text import whole_lines, without_comments

_RULE = re.compile(r"[ \t]*+(?:\|[ \t]*+)?+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+(?:\|[ \t]*+)?+$")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_TICKS = re.compile(r"\\\\|(\\?)(`+)")
_LINE_END = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Table:
    """A table: where it stands (code points, `end` behind its last line), its header and its rows of cells."""

    start: int
    end: int
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def first_table(markdown: str, start: int = 0, end: int | None = None) -> Table | None:
    """Return the first table between two places, `None` without one. Comments and code blocks hold none."""
    text = without_comments(markdown)[:end]
    at = start
    header_at, header = start, ""
    fence = ""
    lines = whole_lines(text[start:])
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif mark:
            fence = mark.group(1)
        elif "|" in header and "-" in line and _RULE.match(line.rstrip("\r\n")):
            stop = at + len(line)
            rows: list[tuple[str, ...]] = []
            for row in lines[number + 1 :]:
                if "|" not in row or not row.strip():
                    break
                rows.append(cells_of(row))
                stop += len(row)
            return Table(header_at, stop, cells_of(header), tuple(rows))
        header_at, header = at, "" if fence or mark else line
        at += len(line)
    return None


def cells_of(line: str) -> tuple[str, ...]:
    """Return the cells of one line of a table."""
    code = dict(_code_spans(line))
    return tuple(_bars_read(line, start, end, code) for start, end in _cell_places(line, code))


def with_rows(markdown: str, table: Table, before: Sequence[Sequence[str]], after: Sequence[Sequence[str]]) -> str:
    """Return the text with other rows in a table of it; `before` are the rows that its lines are read as.

    A line whose row is still there stays as it is, and of a row in which cells changed everything else does. So do
    header and rule.
    """
    text = markdown[table.start : table.end]
    lines = text.removesuffix("\n").split("\n")
    bare = without_comments(markdown)[table.start : table.end].removesuffix("\n").split("\n")[2:]
    unused: dict[tuple[str, ...], list[int]] = {}
    for number, row in enumerate(before):
        unused.setdefault(tuple(row), []).append(number)
    taken = [places.pop(0) if (places := unused.get(tuple(row))) else None for row in after]
    free = set(range(len(before))) - set(taken)
    written: list[str] = []
    for number, (row, place) in enumerate(zip(after, taken, strict=True)):
        if place is not None:
            written.append(lines[place + 2])
        elif number in free:
            written.append(_changed(lines[number + 2], bare[number], before[number], row))
        else:
            written.append(_line(row))
    end = "\n" if text.endswith("\n") else ""
    return markdown[: table.start] + "\n".join([*lines[:2], *written]) + end + markdown[table.end :]


def table_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as Markdown, each line with its end."""
    lines = [_line(header), _line(["---"] * len(header)), *map(_line, rows)]
    return "".join(f"{line}\n" for line in lines)


def _changed(line: str, bare: str, before: Sequence[str], after: Sequence[str]) -> str:
    """Return a line with the cells that changed; `bare` is the line without its comments, the places the same."""
    code = dict(_code_spans(bare))
    places = _cell_places(bare, code)
    held = [_bars_read(bare, start, end, code) for start, end in places]
    edges = bare.strip(_SPACE)
    if len(places) != len(after) or not (edges.startswith("|") and edges.endswith("|")):
        return _line(after)
    for number in reversed(range(len(after))):
        if before[number] != after[number]:
            start, end = places[number]
            put = _written(after[number])
            line = line[:start] + (put if line[start:end].strip(_SPACE) else f" {put} ") + line[end:]
            held[number] = cells_of(_line([put]))[0]
    # A lone mark of code in a cell that stays would reach into one that changed.
    return line if cells_of(without_comments(line)) == tuple(held) else _line(after)


def _code_spans(line: str) -> list[tuple[int, int]]:
    """Return where code begins and ends, as the renderer pairs its marks: an escaped one opens nothing."""
    marks = [(one.start(), one.end(), len(one[1])) for one in _TICKS.finditer(line) if one[2]]
    ahead: dict[int, list[int]] = {}
    for number in reversed(range(len(marks))):
        start, end, escaped = marks[number]
        ahead.setdefault(end - start - escaped, []).append(number)
    spans: list[tuple[int, int]] = []
    number = 0
    while number < len(marks):
        start, end, escaped = marks[number]
        closers = ahead.get(end - start - 2 * escaped, [])
        while closers and closers[-1] <= number:
            closers.pop()
        if closers:
            spans.append((start, marks[closers[-1]][1]))
            number = closers[-1]
        number += 1
    return spans


def _cell_places(line: str, code: dict[int, int]) -> list[tuple[int, int]]:
    """Return where the cells of a line begin and end, without white space; of an empty one all of it."""
    at, stop = len(line) - len(line.lstrip(_SPACE)), len(line.rstrip(_SPACE))
    is_framed = line.startswith("|", at)
    begin, places = at, []
    while at < stop:
        if at in code:
            at = code[at]
        elif line.startswith("\\|", at):
            at += 2
        else:
            if line[at] == "|":
                places.append((begin, at))
                begin = at + 1
            at += 1
    if begin < stop or not line[:stop].endswith("|"):
        places.append((begin, max(begin, stop)))
    return [_narrowed(line, *place) for place in places[is_framed:]]


def _narrowed(line: str, start: int, end: int) -> tuple[int, int]:
    cell = line[start:end]
    if not cell.strip(_SPACE):
        return start, end
    return start + len(cell) - len(cell.lstrip(_SPACE)), start + len(cell.rstrip(_SPACE))


def _bars_read(line: str, start: int, end: int, code: dict[int, int]) -> str:
    """Return a cell with its escaped bars as bars."""
    cell = line[start:end]
    if "\\|" not in cell:
        return cell.strip(_SPACE)
    parts: list[str] = []
    at = start
    for begin in sorted(one for one in code if start <= one < end):
        parts += [line[at:begin].replace("\\|", "|"), line[begin : code[begin]]]
        at = code[begin]
    return "".join([*parts, line[at:end].replace("\\|", "|")]).strip(_SPACE)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_written(cell) for cell in cells) + " |"


def _written(cell: str) -> str:
    """Return a cell on one line, its bars escaped but in code, and marks of code that nothing closes escaped as well:
    they would reach into the next cell.
    """
    text = _LINE_END.sub(" ", cell).strip(_SPACE)
    parts: list[str] = []
    at = 0
    for start, end in _code_spans(text):
        parts += [_escaped(text[at:start]), text[start:end]]
        at = end
    return "".join([*parts, _escaped(text[at:])])


def _escaped(text: str) -> str:
    lone = _TICKS.sub(lambda one: "\\`" * len(one[2]) if one[2] else one[0], text)
    return lone.replace("|", "\\|")
