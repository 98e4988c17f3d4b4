"""Time calls one by one and sum up what they took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from tests.benchmarks.table import Figure

PERCENTILES = (50, 95, 99)
Call = Callable[[], object]
_Asked = TypeVar("_Asked")


@dataclass(frozen=True, slots=True)
class Round:
    """One repetition: what each call took, and all of them together, in seconds.

    `cpu_seconds` is the processor time of the calling thread, which other work on the machine hardly changes; `None`
    where the work is done elsewhere.
    """

    took: tuple[float, ...]
    seconds: float
    cpu_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """What calls take over all rounds: milliseconds, calls a second, and the p50 of the fastest and slowest round.

    `cpu` is the mean processor time of a call, `None` where it is not known.
    """

    p50: float
    p95: float
    p99: float
    per_second: float
    spread: tuple[float, float]
    cpu: float | None

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Return them for a row, the p50 first."""
        cpu = () if self.cpu is None else (Figure(self.cpu, "ms", "CPU mean"),)
        return (
            Figure(self.p50, "ms", "p50"),
            Figure(self.p95, "ms", "p95"),
            Figure(self.p99, "ms", "p99"),
            *cpu,
            Figure(self.per_second, "a second"),
        )


def each(ask: Callable[[_Asked], object], asked: Iterable[_Asked]) -> list[Call]:
    """Return a call for each thing to ask."""
    return [partial(ask, one) for one in asked]


def timed(calls: Sequence[Call]) -> Round:
    """Make the calls one after another."""
    took = []
    began, cpu = time.perf_counter(), time.thread_time()
    for call in calls:
        before = time.perf_counter()
        call()
        took.append(time.perf_counter() - before)
    return Round(tuple(took), time.perf_counter() - began, time.thread_time() - cpu)


def latency_of(rounds: Sequence[Round]) -> Latency:
    """Return the percentiles of the calls of all rounds."""
    every = np.array([one for each in rounds for one in each.took]) * 1000
    medians = [float(np.median(each.took)) * 1000 for each in rounds]
    p50, p95, p99 = (float(value) for value in np.percentile(every, PERCENTILES))
    seconds = sum(each.seconds for each in rounds)
    cpu = [each.cpu_seconds for each in rounds if each.cpu_seconds is not None]
    mean = sum(cpu) * 1000 / len(every) if len(cpu) == len(rounds) else None
    return Latency(p50, p95, p99, len(every) / seconds, (min(medians), max(medians)), mean)


def median_of(values: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """Return the median of some values, their lowest and their highest."""
    return float(np.median(values)), (min(values), max(values))
