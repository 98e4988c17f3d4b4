"""Show progress of anything that takes longer than a second: a bar on a terminal, else a line every few seconds."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click
from click.termui import progressbar

from kb.reporting import Progress

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

LINE_EVERY_S = 5.0
"""In a pipe or a log: often enough to see that it goes on, and nothing about work that is done sooner."""
_WIDTH = 32
_NARROW = 60
"""Columns below which label, bar and remaining time would not fit side by side."""


@contextmanager
def progress_bar(label: str, log: Callable[[str], None] | None = None) -> Iterator[Progress]:
    """Yield a function that takes (done, total) and moves a bar on standard error, or tells a line now and then.

    With `log` the lines go there and no bar is drawn: what reads a log takes nothing else.
    """
    began = last_told = 0.0
    told: int | None = None
    with ExitStack() as stack:
        bars: list[ProgressBar[int]] = []

        def move(done: int, total: int) -> None:
            nonlocal began, last_told, told
            if total <= 0:
                return
            if log is not None or not sys.stderr.isatty():
                now = time.monotonic()
                if not began:
                    began = last_told = now
                if done < total and done != told and now - last_told >= LINE_EVERY_S:
                    last_told, told = now, done
                    (log or say)(f"{label}: {done} of {total}{_remaining(now - began, done, total)}")
                return
            if not bars:
                bar = progressbar(length=total, label=label, file=sys.stderr, width=_fitting_width())
                bars.append(stack.enter_context(bar))
            bars[0].length = total
            bars[0].update(max(0, done - bars[0].pos))

        yield move


def say(line: str) -> None:
    """Tell a person one line on standard error, so that standard output stays data."""
    click.echo(line, err=True)


def _remaining(passed_s: float, done: int, total: int) -> str:
    return f", about {passed_s / done * (total - done):.0f} s left" if done else ""


def _fitting_width() -> int:
    columns = shutil.get_terminal_size().columns
    return _WIDTH if columns >= _NARROW else max(4, columns - _NARROW + _WIDTH)
