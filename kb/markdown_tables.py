"""Read and write Markdown tables without loss. Pure.

A cell is its Markdown on one line, without the white space around it. A bar in a cell is written `\\|`, but in code as
it is: so the renderer reads it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.code_spans import code_spans
from kb.plain_text import without_comments

_RULE = re.compile(r"[ \t]*+(?:\|[ \t]*+)?+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+(?:\|[ \t]*+)?+$")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")


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
    lines = text[start:].splitlines(keepends=True)
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
    text = line.strip()
    coded = dict(code_spans(text))
    cells: list[str] = []
    cell: list[str] = []
    at = 0
    while at < len(text):
        code = coded.get(at)
        if code is not None:
            cell.append(text[at:code])
            at = code
        elif text.startswith("\\|", at):
            cell.append("|")
            at += 2
        elif text[at] == "|":
            cells.append("".join(cell).strip())
            cell = []
            at += 1
        else:
            cell.append(text[at])
            at += 1
    last = "".join(cell).strip()
    if text.startswith("|"):
        cells = cells[1:]
    return (*cells, last) if last or not text.endswith("|") else tuple(cells)


def table_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as Markdown, each line with its end."""
    lines = [_line(header), _line(["---"] * len(header)), *map(_line, rows)]
    return "".join(f"{line}\n" for line in lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_written(cell) for cell in cells) + " |"


def _written(cell: str) -> str:
    """Return a cell on one line, its bars escaped but in code."""
    text = " ".join(cell.split())
    parts: list[str] = []
    at = 0
    for begin, end in code_spans(text):
        parts += [text[at:begin].replace("|", "\\|"), text[begin:end]]
        at = end
    return "".join(parts) + text[at:].replace("|", "\\|")
