"""Keep learned rankers in the store, and have searches use the one that is active at once.

The settings of the store hold them, so that a backup does too: `ranker` names the active one, `ranker:NAME` is one of
the last few, `ranker_history` says what was done.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kb.documents import JSON
from kb.errors import FixloreError, InvalidInput, NotFound, StaleEdit
from kb.protocols.store import Store
from kb.recipe import Recipe
from search.learning.learn import Comparison
from search.ranker import Ranker, read_ranker, shipped_ranker

ACTIVE = "ranker"
BODY = "ranker:"
HISTORY = "ranker_history"
KEPT = 3
"""Learned rankers that can be returned to, the active one included."""
MOST_RECORDS = 100
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that was done: `adopted`, `kept` (the candidate did not win, or there were too few questions),
    `undone` or `reset`. `active` is the ranker from then on, `text` says it in a sentence.
    """

    at: datetime
    outcome: str
    active: str
    text: str
    questions: int = 0
    kind: str = ""
    comparison: Comparison | None = None

    def as_json(self) -> dict[str, JSON]:
        """Return it as an object; figures are rounded to four decimals."""
        told: dict[str, JSON] = {
            "at": self.at.isoformat(),
            "outcome": self.outcome,
            "active": self.active,
            "text": self.text,
            "questions": self.questions,
            "kind": self.kind or None,
            "comparison": None,
        }
        if self.comparison is not None:
            one = self.comparison
            told["comparison"] = {
                "questions": one.questions,
                "before": round(one.before, 4),
                "after": round(one.after, 4),
                "gain": round(one.gain, 4),
                "low": round(one.low, 4),
                "high": round(one.high, 4),
                "sure": round(one.sure, 4),
            }
        return told


@dataclass(frozen=True, slots=True)
class Active:
    """The ranker in use: since when, and what is wrong with the one that should be; both empty for the shipped one."""

    ranker: Ranker
    since: datetime | None = None
    problem: str = ""


class StoredRanker:
    """The rankers of one store; may be used by several threads at once."""

    def __init__(self, store: Store, recipe: Callable[[], Recipe]):
        """`recipe` tells that of the vector index; it may raise a FixloreError while there is none."""
        self._store = store
        self._recipe = recipe
        self._lock = threading.Lock()
        self._read: tuple[str | None, Active] = (None, Active(shipped_ranker()))
        self._warned = ""

    def ranker(self) -> Ranker:
        """Return the active ranker; one that was adopted since, by any process, is read. Raises StoreError.

        What cannot be used is told in the log, once, and the shipped ranker stands in.
        """
        active = self.active()
        if active.problem != self._warned:
            self._warned = active.problem
            if active.problem:
                _LOG.warning("the shipped ranker stands in: %s", active.problem)
        return active.ranker

    def active(self) -> Active:
        """Return the active ranker and its state. Raises StoreError."""
        named = self._store.setting(ACTIVE)
        held, active = self._read
        if held != named:
            with self._lock:
                active = self._opened(named)
                self._read = named, active
        return self._fitting(active)

    def history(self) -> Sequence[Record]:
        """Return what was done, the latest first; nothing when the record cannot be read."""
        try:
            return [_record(one) for one in reversed(json.loads(self._store.setting(HISTORY) or "[]"))]
        except (ValueError, KeyError, TypeError, AttributeError):
            return []

    def next_name(self) -> str:
        """Return the name of the next learned ranker."""
        numbers = [int(one.active.partition("-")[2]) for one in self.history() if one.active.startswith("learned-")]
        return f"learned-{max(numbers, default=0) + 1}"

    def adopt(self, ranker: Ranker, expected: str, record: Record) -> None:
        """Make a learned ranker the active one and keep the one before.

        Raises StaleEdit when the active one is no longer `expected`: what it was compared with; StoreError.
        """
        kept = self._kept()
        self._check(expected)
        self._store.put_setting(BODY + ranker.name, ranker.to_json())
        chain = [*kept, ranker.name]
        self._point_to(chain[-KEPT:], record)
        for name in chain[:-KEPT]:
            self._store.put_setting(BODY + name, None)

    def note(self, record: Record) -> None:
        """Write down what was done without a change of the ranker. Raises StoreError."""
        self._write(record)

    def undo(self, now: datetime) -> Record:
        """Return to the ranker before the active one. Raises NotFound when the shipped one is active; StoreError."""
        kept = self._kept()
        if not kept:
            raise NotFound("the shipped ranker is active; there is nothing to undo")
        back = kept[-2] if len(kept) > 1 else shipped_ranker().name
        record = Record(now, "undone", back, f"Returned from {kept[-1]} to {back}.")
        self._point_to(kept[:-1], record)
        self._store.put_setting(BODY + kept[-1], None)
        return record

    def reset(self, now: datetime) -> Record:
        """Return to the shipped ranker and drop every learned one. Raises StoreError."""
        kept = self._kept()
        name = shipped_ranker().name
        record = Record(now, "reset", name, f"Returned to {name}, the ranker that is shipped.")
        self._point_to([], record)
        for one in kept:
            self._store.put_setting(BODY + one, None)
        return record

    def _kept(self) -> list[str]:
        """Return the names of the learned rankers, the active one last."""
        return (self._store.setting(ACTIVE) or "").split()

    def _check(self, expected: str) -> None:
        kept = self._kept()
        if (kept[-1] if kept else shipped_ranker().name) != expected:
            raise StaleEdit("another ranker was adopted meanwhile; run `kb learn` again to compare with that one")

    def _point_to(self, names: Sequence[str], record: Record) -> None:
        self._store.put_setting(ACTIVE, " ".join(names) or None)
        self._write(record)

    def _write(self, record: Record) -> None:
        records = [one.as_json() for one in reversed(self.history())]
        kept = [*records, record.as_json()][-MOST_RECORDS:]
        self._store.put_setting(HISTORY, json.dumps(kept, ensure_ascii=False))

    def _opened(self, named: str | None) -> Active:
        if not named or not named.split():
            return Active(shipped_ranker())
        name = named.split()[-1]
        text = self._store.setting(BODY + name)
        if text is None:
            problem = f"the learned ranker {name} is missing; run `kb learn --undo` or `kb learn --reset`"
            return Active(shipped_ranker(), problem=problem)
        try:
            ranker = read_ranker(text)
        except InvalidInput as error:
            return Active(shipped_ranker(), problem=str(error))
        since = next((one.at for one in self.history() if one.active == name), None)
        return Active(ranker, since)

    def _fitting(self, active: Active) -> Active:
        """Return the shipped ranker instead of one whose adapter was made for another model."""
        adapter = active.ranker.adapter
        if adapter is None:
            return active
        try:
            recipe = self._recipe()
        except FixloreError:
            return active  # without vectors there is nothing to adapt, and nothing to tell by
        if adapter.fits(recipe):
            return active
        name = active.ranker.name
        problem = f"the learned ranker {name} was made with another model; run `kb learn` again or `kb learn --reset`"
        return Active(shipped_ranker(), problem=problem)


def now_utc() -> datetime:
    """Return the time now."""
    return datetime.now(UTC)


def _record(held: dict[str, JSON]) -> Record:
    told = held["comparison"]
    comparison = None
    if isinstance(told, dict):
        numbers = {name: _number(told[name]) for name in ("before", "after", "low", "high", "sure")}
        comparison = Comparison(questions=int(_number(told["questions"])), **numbers)
    return Record(
        datetime.fromisoformat(str(held["at"])),
        str(held["outcome"]),
        str(held["active"]),
        str(held["text"]),
        int(_number(held["questions"])),
        str(held["kind"] or ""),
        comparison,
    )


def _number(value: JSON) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    raise TypeError("a figure of the history is no number")
