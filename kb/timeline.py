"""Read and write the timeline of a post-mortem: the table of its section, as rows. Pure.

A table that has other columns, or says something else where a row says whether it is a fact, is nobody's rows: it is
left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kb.markdown_tables import Table, first_table, table_text, with_rows
from kb.post_mortem_sections import is_german, section_of, with_section
from kb.written_times import written_moment

FACT, INFERENCE = "fact", "inference"
HEADERS = {"en": ("Time", "Source", "Event", "Kind"), "de": ("Zeit", "Quelle", "Ereignis", "Art")}
KIND_WORDS = {"en": {FACT: "fact", INFERENCE: "inference"}, "de": {FACT: "Tatsache", INFERENCE: "Schlussfolgerung"}}
_KINDS = {word.casefold(): kind for words in KIND_WORDS.values() for kind, word in words.items()}


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One event: its time as written, who or what tells it, what happened, and `fact`, `inference` or nothing."""

    time: str
    source: str = ""
    event: str = ""
    kind: str = ""

    @property
    def at(self) -> datetime | None:
        """Return the time with its zone; `None` for one that cannot be read or names no day or zone."""
        return written_moment(self.time)

    @property
    def is_blank(self) -> bool:
        """Say whether nobody has written anything in it."""
        return not (self.time or self.source or self.event)


def timeline_of(body: str) -> tuple[TimelineRow, ...] | None:
    """Return the rows of a post-mortem's timeline as they stand; `None` where there is no such table."""
    table = timeline_table(body)
    return None if table is None else _rows(table)


def timeline_table(body: str) -> Table | None:
    """Return the table of the timeline, with its place; `None` without one, or when it is an odd one."""
    section = section_of(body, "timeline")
    table = first_table(body, section.text_start, section.end) if section else None
    return table if table is not None and _rows(table) is not None else None


def in_order(rows: Sequence[TimelineRow]) -> tuple[TimelineRow, ...]:
    """Return the rows in the order of their times; one whose time cannot be read stays behind the row before it."""
    keyed: list[tuple[float, TimelineRow]] = []
    last = float("-inf")
    for row in rows:
        moment = row.at
        last = moment.timestamp() if moment is not None else last
        keyed.append((last, row))
    return tuple(row for _, row in sorted(keyed, key=lambda one: one[0]))


def with_timeline(body: str, rows: Sequence[TimelineRow], language: str) -> str:
    """Return the body with these rows as its timeline; the section is made where there is none.

    A table keeps the language of its header, and its lines as far as their rows stay. An odd one stays as it is, and so
    does the whole body.
    """
    section = section_of(body, "timeline")
    if section is None:
        return with_section(body, "timeline", timeline_text(rows, language), language)
    table = first_table(body, section.text_start, section.end)
    if table is None:
        lead = body[: section.own_end].rstrip("\n")
        return f"{lead}\n\n{timeline_text(rows, language)}\n{body[section.own_end :]}"
    before, written = _rows(table), _language(table)
    if before is None:
        return body
    return with_rows(body, table, [_cells(one, written) for one in before], [_cells(one, written) for one in rows])


def timeline_text(rows: Sequence[TimelineRow], language: str) -> str:
    """Return rows as a Markdown table in English or German."""
    code = "de" if is_german(language) else "en"
    return table_text(HEADERS[code], [_cells(row, code) for row in rows])


def _cells(row: TimelineRow, code: str) -> tuple[str, ...]:
    return row.time, row.source, row.event, KIND_WORDS[code].get(row.kind, row.kind)


def _rows(table: Table) -> tuple[TimelineRow, ...] | None:
    if not _language(table):
        return None
    rows: list[TimelineRow] = []
    for cells in table.rows:
        if len(cells) > 4:
            return None
        time, source, event, kind = (*cells, "", "", "", "")[:4]
        kind = kind.strip().casefold()
        if kind and kind not in _KINDS:
            return None
        rows.append(TimelineRow(time, source, event, _KINDS.get(kind, "")))
    return tuple(rows)


def _language(table: Table) -> str:
    header = tuple(cell.strip().casefold() for cell in table.header)
    return next((code for code, names in HEADERS.items() if header == tuple(one.casefold() for one in names)), "")
