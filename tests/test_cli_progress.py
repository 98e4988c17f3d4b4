"""Whoever waits sees that it goes on: a bar on a terminal, a line now and then in a pipe, nothing for short work."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr

import pytest

from web.cli import progress
from web.cli.progress import LINE_EVERY_S, progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class SetTime:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetTime:
    clock = SetTime()
    monkeypatch.setattr(progress.time, "monotonic", clock.monotonic)
    return clock


def test_a_pipe_gets_a_line_every_few_seconds_with_the_time_that_is_left(clock: SetTime) -> None:
    with redirect_stderr(io.StringIO()) as errors, progress_bar("Indexing") as move:
        for done in range(5):
            move(done * 10, 100)
            clock.now += LINE_EVERY_S / 2

    assert errors.getvalue() == (
        "Indexing: 20 of 100, about 20 s left\n"
        "Indexing: 40 of 100, about 15 s left\n"
    )  # fmt: skip


def test_a_pipe_gets_nothing_of_work_that_is_done_soon(clock: SetTime) -> None:
    with redirect_stderr(io.StringIO()) as errors, progress_bar("Indexing") as move:
        move(1, 2)
        clock.now += LINE_EVERY_S / 2
        move(1, 2)
        clock.now += LINE_EVERY_S
        move(2, 2)

    assert errors.getvalue() == ""


@pytest.mark.parametrize("columns", ["30", "100"])
def test_a_terminal_gets_a_bar_that_fits_it(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar("Indexing") as move:
        move(1, 4)
        move(4, 4)

    drawn = terminal.getvalue().replace("\x1b[?25l", "").replace("\x1b[?25h", "").replace("\n", "\r").split("\r")
    assert any("25%" in one for one in drawn)
    assert any("100%" in one for one in drawn)
    assert max(len(one.rstrip()) for one in drawn) <= int(columns)


def test_a_log_gets_the_lines_itself_and_no_bar_though_a_terminal_shows_it(
    clock: SetTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    logged: list[str] = []
    with progress_bar("Indexing", logged.append) as move:
        move(1, 4)
        clock.now += LINE_EVERY_S
        move(2, 4)
        move(4, 4)

    assert logged == ["Indexing: 2 of 4, about 5 s left"]
    assert terminal.getvalue() == ""


def test_a_pipe_gets_no_line_twice_while_nothing_moves(clock: SetTime) -> None:
    with redirect_stderr(io.StringIO()) as errors, progress_bar("Waiting") as move:
        for done in (0, 0, 0, 1, 1):
            move(done, 2)
            clock.now += LINE_EVERY_S

    assert errors.getvalue().count("\n") == 2
