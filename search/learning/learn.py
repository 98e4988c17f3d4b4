"""Learn a ranker from linked tickets, and say whether it is worth adopting.

Questions are split by time into blocks. A candidate is fitted to the first block and answers the second, one fitted to
the first two answers the third, and so on: every answer comes from a ranker that has seen earlier questions alone, and
all but the first block count. (Rolling origin; Tashman, "Out-of-sample tests of forecasting accuracy", 2000.) Of
several kinds of candidate the one that gains most is taken, and only when its answers beat those of the active ranker,
one that is fitted to all questions is handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from kb.protocols.vector import VectorSearch
from kb.reporting import Progress
from search.adapter import Adapter
from search.evaluation import K, scores_of
from search.learning.adapting import whitening
from search.learning.candidate import fitted_ranker
from search.learning.collecting import Collected
from search.ranker import Ranker

FEWEST = 30
"""Questions below which nothing is learned."""
MOST = 1_500
"""Questions that are looked at, the newest ones: asking them takes minutes, and keeping them memory."""
BLOCKS = 4
"""Into which questions are split by time: the first quarter only teaches."""
LEAST_GAIN = 0.01
"""MRR@10 that a candidate must gain on later questions to be worth a change of order. Of thirteen candidates
learned from answers that were called right by chance one gained 0.012, the others at most 0.008
(`tests.quality.learning --shuffled`); from titanium's true links 0.022 are gained.
"""
LEAST_SURE = 0.9
"""Share of bootstrap samples of the later questions in which the candidate must gain at all."""
_SAMPLES = 4_000
_VECTORS_FROM = 20_000
"""Documents whose passages the whitening is computed from."""
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Kind:
    """What a candidate learns."""

    name: str
    adapts: bool
    moves_weights: bool


WEIGHTS = Kind("weights", adapts=False, moves_weights=True)
KINDS = (Kind("adapter", adapts=True, moves_weights=False), Kind("adapter and weights", True, True), WEIGHTS)


@dataclass(frozen=True, slots=True)
class Comparison:
    """MRR@10 of the active ranker and of the candidate on later questions.

    `low` and `high` bound the gain at 95 %, by a paired bootstrap over problems; `sure` is the share of its samples
    with any gain.
    """

    questions: int
    before: float
    after: float
    low: float
    high: float
    sure: float

    @property
    def gain(self) -> float:
        """Return by how much the candidate is better."""
        return self.after - self.before

    @property
    def is_won(self) -> bool:
        """Say whether the candidate is better by more than chance explains."""
        return self.gain >= LEAST_GAIN and self.sure >= LEAST_SURE


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of it: how many questions there are, how they compare, and the ranker to adopt if it won."""

    questions: int
    kind: str = ""
    comparison: Comparison | None = None
    ranker: Ranker | None = None

    @property
    def reason(self) -> str:
        """Return in a sentence why the candidate won or not."""
        told = self.comparison
        if told is None:
            return f"{self.questions} linked tickets are too few to learn from; {FEWEST} are needed."
        verdict = "wins" if told.is_won else "does not win by enough"
        return (
            f"On {told.questions} later tickets the best candidate ({self.kind}) {verdict}: "
            f"MRR@10 {told.before:.3f} → {told.after:.3f}, "
            f"gain {told.gain:+.3f} (95 % {told.low:+.3f} to {told.high:+.3f}), above zero in {told.sure:.0%} of the "
            f"samples; {LEAST_GAIN} and {LEAST_SURE:.0%} are needed."
        )


def learn(
    active: Ranker,
    shipped: Ranker,
    questions: Sequence[Collected],
    adapter: Adapter | None,
    name: str,
    fitting: Progress = lambda done, total: None,
) -> Learned:
    """Return what is learned from questions ordered by time; the ranker is called `name`. Pure; the same questions give
    the same ranker.

    `adapter` is where the candidate's begins, `None` without vectors.
    """
    usable = [one for one in questions if one.is_right.any()]
    blocks = blocks_by_time(usable)
    if len(usable) < FEWEST or len(blocks) < 2:
        return Learned(len(usable))
    later = [one for block in blocks[1:] for one in block]
    groups = [one.example.group for one in later]
    before = [reciprocal_rank(active, one) for one in later]
    best: tuple[Comparison, Kind] | None = None
    kinds = KINDS if adapter is not None else (WEIGHTS,)
    for number, kind in enumerate(kinds):
        fitting(number, len(kinds) + 1)
        told = compared(before, _answered(shipped, kind, adapter, blocks, name), groups)
        if best is None or told.gain > best[0].gain:
            best = told, kind
    fitting(len(kinds), len(kinds) + 1)
    if best is None:
        return Learned(len(usable))
    told, kind = best
    ranker = _fitted(shipped, kind, adapter, usable, name) if told.is_won else None
    fitting(len(kinds) + 1, len(kinds) + 1)
    return Learned(len(usable), kind.name, told, ranker)


def _answered(
    shipped: Ranker, kind: Kind, adapter: Adapter | None, blocks: Sequence[Sequence[Collected]], name: str
) -> list[float]:
    """Return the reciprocal ranks of all blocks but the first, each by what is learned from those before it."""
    found: list[float] = []
    for number in range(1, len(blocks)):
        earlier = [one for block in blocks[:number] for one in block]
        candidate = _fitted(shipped, kind, adapter, earlier, name)
        found += [reciprocal_rank(candidate, one) for one in blocks[number]]
    return found


def _fitted(shipped: Ranker, kind: Kind, adapter: Adapter | None, questions: Sequence[Collected], name: str) -> Ranker:
    used = adapter if kind.adapts else None
    return fitted_ranker(shipped, used, questions, name, moves_weights=kind.moves_weights)


def blocks_by_time(questions: Sequence[Collected]) -> list[list[Collected]]:
    """Return at most `BLOCKS` blocks of about as many questions each, the earliest first, none empty.

    All questions of one problem stand where its first one does.
    """
    begun: dict[str, int] = {}
    for place, one in enumerate(questions):
        begun.setdefault(one.example.group, place)
    blocks: list[list[Collected]] = [[] for _ in range(BLOCKS)]
    done = 0
    for group, _ in sorted(begun.items(), key=lambda item: item[1]):
        members = [one for one in questions if one.example.group == group]
        blocks[min(BLOCKS - 1, done * BLOCKS // len(questions))] += members
        done += len(members)
    return [block for block in blocks if block]


def compared(before: Sequence[float], after: Sequence[float], groups: Sequence[str]) -> Comparison:
    """Compare the reciprocal ranks of two rankers on the same questions; `groups` are their problems."""
    old, new = np.array(before), np.array(after)
    gains = bootstrap_gains(old, new, groups)
    low, high = np.quantile(gains, (0.025, 0.975))
    return Comparison(
        len(old), float(old.mean()), float(new.mean()), float(low), float(high), float(np.mean(gains > 0))
    )


def reciprocal_rank(ranker: Ranker, question: Collected) -> float:
    """Return 1 / rank of the first right answer among the first ten, else 0."""
    values = question.values(ranker.similar.weights, ranker.adapter)
    ids = [question.ids[place] for place in question.best_first(values)[:K]]
    return scores_of(ids, dict.fromkeys(question.example.right, 1)).mrr_10


def bootstrap_gains(
    before: NDArray[np.float64], after: NDArray[np.float64], groups: Sequence[str]
) -> NDArray[np.float64]:
    """Return the mean gain of each of `_SAMPLES` samples, drawn from whole groups with a fixed seed."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    member = np.array([numbers[group] for group in groups])
    gained = np.bincount(member, after - before)
    counted = np.bincount(member).astype(float)
    drawn = np.random.default_rng(0).integers(0, len(numbers), (_SAMPLES, len(numbers)))
    return np.asarray(gained[drawn].sum(axis=1) / counted[drawn].sum(axis=1))


def starting_adapter(vectors: VectorSearch, ids: Callable[[], Iterator[str]], documents: int) -> Adapter | None:
    """Return the whitening of the index, from the passages of at most `_VECTORS_FROM` of its `documents`.

    Raises IndexUnavailable.
    """
    step = max(1, -(-documents // _VECTORS_FROM))
    chosen = islice(ids(), 0, None, step)
    rows = []
    while some := list(islice(chosen, _CHUNK)):
        rows += [held for held in vectors.vectors(some).values() if len(held)]
    return whitening(np.concatenate(rows), vectors.recipe) if rows else None
