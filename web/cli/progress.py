"""Show progress of anything that takes longer than a second: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from kb.reporting import Progress


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """Yield a function that takes (done, total) and moves a bar on standard error."""
    bar: click._termui_impl.ProgressBar[int] | None = None

    def move(done: int, total: int) -> None:
        nonlocal bar
        if total <= 0:
            return
        if bar is None:
            bar = click.progressbar(length=total, label=label, file=click.get_text_stream("stderr"), width=32)
            bar.__enter__()
        bar.length = total
        bar.update(max(0, done - bar.pos))

    try:
        yield move
    finally:
        if bar is not None:
            bar.__exit__(None, None, None)


def say(line: str) -> None:
    """Tell a person one line on standard error, so that standard output stays data."""
    click.echo(line, err=True)
