"""Read and write the timeline of a post-mortem: the table of its section, as rows. Pure.

A table that has other columns, or says something else where a row says whether it is a fact, is nobody's rows: it is
left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kb.markdown_tables import Table
from kb.section_tables import SectionTable
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
    return _TABLE.rows(body)


def timeline_table(body: str) -> Table | None:
    """Return the table of the timeline, with its place; `None` without one, or when it is an odd one."""
    return _TABLE.table(body)


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
    """Return the body with these rows as its timeline (`SectionTable.put`)."""
    return _TABLE.put(body, rows, language)


def timeline_text(rows: Sequence[TimelineRow], language: str) -> str:
    """Return rows as a Markdown table in English or German."""
    return _TABLE.text(rows, language)


def _row(cells: Sequence[str]) -> TimelineRow | None:
    time, source, event, kind = cells
    kind = kind.strip().casefold()
    return None if kind and kind not in _KINDS else TimelineRow(time, source, event, _KINDS.get(kind, ""))


def _cells(row: TimelineRow, code: str) -> tuple[str, ...]:
    return row.time, row.source, row.event, KIND_WORDS[code].get(row.kind, row.kind)


_TABLE = SectionTable("timeline", HEADERS, _row, _cells)
