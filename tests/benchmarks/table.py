"""Say what one line of the table holds, and write the table as Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

_HEAD = ("what", "passages", "figures", "spread", "ratios")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `name` tells several figures of a row apart (`p95`) and may be empty."""

    value: float
    unit: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as much as something else measured in the same run."""

    value: float
    of: str


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured at which size.

    The first figure is the one that ratios and spread are about; `spread` is its lowest and highest value in
    repetitions. `passages` is the size of the collection, `None` where it plays no part. A row without ratios is what
    other rows are compared with.
    """

    stage: str
    what: str
    passages: int | None
    figures: tuple[Figure, ...]
    ratios: tuple[Ratio, ...] = ()
    spread: tuple[float, float] | None = None

    @property
    def value(self) -> float:
        """Return the first figure's number."""
        return self.figures[0].value


def compared(row: Row, *others: Row | None) -> tuple[Ratio, ...]:
    """Return the ratios of a row's value to those of other rows, without those that were not measured."""
    return tuple(Ratio(row.value / other.value, named(other)) for other in others if other is not None)


def named(row: Row) -> str:
    """Return how ratios call a row."""
    return row.what if row.passages is None else f"{row.what} at {row.passages:,}"


def as_markdown(rows: Sequence[Row]) -> str:
    """Return one table, columns aligned."""
    return aligned([_HEAD, *(_cells(row) for row in rows)])


def aligned(cells: Sequence[tuple[str, ...]]) -> str:
    """Return the lines of a table, the first of which names its columns."""
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def as_json(rows: Sequence[Row], notes: Sequence[str], limits: Sequence[dict[str, object]]) -> str:
    """Return rows, notes and limits as one JSON object."""
    return json.dumps({"rows": [asdict(row) for row in rows], "limits": limits, "notes": list(notes)}, indent=1)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        "" if row.passages is None else f"{row.passages:,}",
        ", ".join(f"{one.name} {shown(one.value)} {one.unit}".strip() for one in row.figures),
        "" if row.spread is None else " to ".join(map(shown, row.spread)),
        "; ".join(f"{shown(one.value)} × {one.of}" for one in row.ratios) or "(compared with)",
    )


def shown(value: float) -> str:
    """Return a number with three digits that count, and all digits before the point."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"
