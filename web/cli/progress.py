"""Show progress of anything that takes longer than a second: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click
from click.termui import progressbar

from kb.reporting import Progress

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """Yield a function that takes (done, total) and moves a bar on standard error."""
    with ExitStack() as stack:
        bars: list[ProgressBar[int]] = []

        def move(done: int, total: int) -> None:
            if total <= 0 or not sys.stderr.isatty():
                return
            if not bars:
                bar = progressbar(length=total, label=label, file=sys.stderr, width=32)
                bars.append(stack.enter_context(bar))
            bars[0].length = total
            bars[0].update(max(0, done - bars[0].pos))

        yield move


def say(line: str) -> None:
    """Tell a person one line on standard error, so that standard output stays data."""
    click.echo(line, err=True)
