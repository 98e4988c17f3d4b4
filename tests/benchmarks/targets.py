"""Say of each limit that Fixlore sets itself whether this run kept it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.freshness import STREAMED
from tests.benchmarks.table import Figure, Row, aligned, shown

_HEAD = ("what must be shown", "passages", "must", "is", "kept")


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of a row and its limit: at most, or with `is_least` at least that much."""

    row: str
    figure: str
    limit: float
    unit: str
    is_least: bool = False

    def is_kept(self, value: float) -> bool:
        """Say whether a value keeps the limit."""
        return value >= self.limit if self.is_least else value <= self.limit


TARGETS = (
    Target("search in process", "p95", 60, "ms"),
    Target("search over HTTP, 1 client", "p95", 60, "ms"),
    Target("similar issues in process", "p95", 120, "ms"),
    Target("similar issues over HTTP, 1 client", "p95", 120, "ms"),
    Target("search over HTTP, 16 clients", "", 40, "a second", is_least=True),
    Target("overhead, search", "", 1.5, "×"),
    Target("overhead, search, one service only", "", 1.5, "×"),
    Target("overhead, similar issues", "", 1.5, "×"),
    Target("overhead, similar issues, one service only", "", 1.5, "×"),
    Target(STREAMED, "slowest", 2, "s"),
    Target("kb --help", "", 0.3, "s"),
    Target("kb serve until a search is answered", "", 5, "s"),
    Target("server, peak of resident memory", "", 1_500, "MB"),
)
"""What 100,000 passages must keep, and 1,000,000 but for the memory; smaller collections keep it more easily."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run found of one target at one size."""

    target: Target
    passages: int | None
    value: float

    @property
    def is_kept(self) -> bool:
        """Say whether the limit was kept."""
        return self.target.is_kept(self.value)


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """Return a verdict for every target at every size that was measured, in the order of the targets."""
    return [
        Verdict(target, row.passages, figure.value)
        for target in TARGETS
        for row in rows
        if row.what == target.row and (figure := _figure(row, target)) is not None
    ]


def verdicts_as_markdown(found: Sequence[Verdict]) -> str:
    """Return one table, columns aligned."""
    return aligned(
        [
            _HEAD,
            *(
                (
                    " ".join(part for part in (one.target.row, one.target.figure) if part),
                    "" if one.passages is None else f"{one.passages:,}",
                    f"{'≥' if one.target.is_least else '≤'} {shown(one.target.limit)} {one.target.unit}",
                    f"{shown(one.value)} {one.target.unit}",
                    "yes" if one.is_kept else "no",
                )
                for one in found
            ),
        ]
    )


def _figure(row: Row, target: Target) -> Figure | None:
    named = (one for one in row.figures if one.name == target.figure and one.unit == target.unit)
    return next(named, None)
