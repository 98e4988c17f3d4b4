"""Order candidates by their features, and say how probable it is that one is the same problem.

A value is a weighted sum of features, so every order can be explained. A probability comes from the value and from how
far it stands out among the candidates, by logistic calibration; a band is cut from the probability. The weights are
data (`ranker.json` is shipped, `kb learn` makes others), this is what they mean.

Laws, tested as properties: more of any feature never lowers a document; the order of the candidates changes nothing;
ties are ordered by document id; of one answer a better rank never has a lower probability.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache
from heapq import nlargest
from types import MappingProxyType

from kb.errors import InvalidInput
from search.adapter import Adapter, read_adapter
from search.answers import Band

_NO_RIVALS = ((0.0, ""), (0.0, ""))
Features = Mapping[str, float]
"""Name → value; a name that is missing counts 0."""

EVIDENCE = ("value", "lead", "semantic", "exact")
"""What a probability is made from: the value, how far it lies before the best other candidate (behind it: negative),
the similarity once more, and whether an identifier puts the candidate first. All other features, taken by themselves,
tell nothing more on the `tune` splits.
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One document as it is ordered.

    `tier` goes before every value: 0, and more for what certainly holds what was asked for. Candidates with the same
    `problem` tell of one problem (a translation, a ticket that the article resolved) and are no rivals.
    """

    document_id: str
    features: Features = field(default_factory=dict)
    tier: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Intercept and slopes of the logistic model; a name of `EVIDENCE` that is missing has slope 0."""

    intercept: float
    slopes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Bands:
    """From which probability on a band begins; below `possible` not even the first result is likely to fit."""

    possible: float
    medium: float
    high: float

    def of(self, probability: float) -> Band:
        """Return the band of a probability."""
        return "high" if probability >= self.high else "medium" if probability >= self.medium else "low"


@dataclass(frozen=True, slots=True)
class Model:
    """How the candidates of one task are valued. `calibration` is `None` while probabilities are not known."""

    weights: Mapping[str, float]
    calibration: Calibration | None = None
    bands: Bands = Bands(0.1, 0.3, 0.8)

    def value(self, features: Features) -> float:
        """Return the weighted sum."""
        return sum([weight * features.get(name, 0.0) for name, weight in self.weights.items()])


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate in its place; `probability` and `band` are `None` while the model is not calibrated."""

    candidate: Candidate
    value: float
    probability: float | None = None
    band: Band | None = None


@dataclass(frozen=True, slots=True)
class Ranker:
    """The models of both tasks. `name` tells one from another, `source` says what it was fitted on."""

    name: str
    source: str
    search: Model
    similar: Model
    adapter: Adapter | None = None
    """What turns the vector of a ticket for the feature `adapted`, which is nothing without it."""

    def to_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps(self, indent=1, sort_keys=True, default=_plain)


def ordered(model: Model, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Return the candidates, best first: by tier, then by value, then by id."""
    valued = [(one, model.value(one.features)) for one in candidates]
    valued.sort(key=lambda pair: (-pair[0].tier, -pair[1], pair[0].document_id))
    return [Ranked(one, value) for one, value in valued]


def judged(model: Model, ranked: Sequence[Ranked], most: float = 1.0) -> list[Ranked]:
    """Return ranked candidates with probability, `most` at most, and band."""
    return list(_judgements(model, ranked, most))


class Judgements:
    """Ranked candidates by id with probability and band, judged as far as they are asked for: a page shows few of them.

    To be used by one thread.
    """

    def __init__(self, model: Model, ranked: Sequence[Ranked], most: float = 1.0):
        """`most` is the highest probability that any may get."""
        self._held: dict[str, Ranked] = {}
        self._others = _judgements(model, ranked, most)

    def get(self, document_id: str) -> Ranked | None:
        """Return a candidate, `None` when it is none."""
        while document_id not in self._held:
            following = next(self._others, None)
            if following is None:
                return None
            self._held[following.candidate.document_id] = following
        return self._held[document_id]


def _judgements(model: Model, ranked: Sequence[Ranked], most: float) -> Iterator[Ranked]:
    calibration = model.calibration
    if calibration is None:
        yield from ranked
        return
    least = most
    slopes = list(calibration.slopes.items())
    for one, evidence in zip(ranked, _evidence(ranked), strict=True):
        logit = calibration.intercept
        logit += sum([slope * evidence[name] for name, slope in slopes])
        # A later result is never the likelier one: its own evidence must not say otherwise than the order.
        # Rounded before the band is cut, so that the band is that of the number which is shown.
        least = min(least, round(1 / (1 + math.exp(-max(-50.0, min(50.0, logit)))), 4))
        yield Ranked(one.candidate, one.value, least, model.bands.of(least))


def evidence_of(ranked: Sequence[Ranked]) -> list[dict[str, float]]:
    """Return what the probability of each is made from (`EVIDENCE`)."""
    return list(_evidence(ranked))


def _evidence(ranked: Sequence[Ranked]) -> Iterator[dict[str, float]]:
    best: dict[str, float] = {}
    for one in ranked:
        problem = one.candidate.problem or one.candidate.document_id
        best[problem] = max(one.value, best.get(problem, one.value))
    first, second = (*nlargest(2, ((value, problem) for problem, value in best.items())), *_NO_RIVALS)[:2]
    for one in ranked:
        problem = one.candidate.problem or one.candidate.document_id
        yield {
            "value": one.value,
            "lead": one.value - (second[0] if problem == first[1] else first[0]),
            "semantic": one.candidate.features.get("semantic", 0.0),
            "exact": float(one.candidate.tier > 0),
        }


def read_ranker(text: str) -> Ranker:
    """Read what `Ranker.to_json` wrote. Raises InvalidInput for anything else."""
    try:
        held = json.loads(text)
        adapter = None if held.get("adapter") is None else read_adapter(held["adapter"])
        models = _model(held["search"]), _model(held["similar"])
        return Ranker(str(held["name"]), str(held["source"]), *models, adapter)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InvalidInput(
            f"the ranker cannot be read ({error}); run `kb learn --reset` to return to the shipped one"
        ) from error


def _model(held: Mapping[str, object]) -> Model:
    calibration, bands = held["calibration"], _numbers(held["bands"])
    known = None
    if calibration is not None:
        if not isinstance(calibration, dict):
            raise TypeError("a calibration must be intercept and slopes, or null")
        known = Calibration(_number(calibration["intercept"]), _numbers(calibration["slopes"]))
    return Model(_numbers(held["weights"]), known, Bands(bands["possible"], bands["medium"], bands["high"]))


def _numbers(held: object) -> Mapping[str, float]:
    if not isinstance(held, dict):
        raise TypeError("weights must be numbers by name")
    return MappingProxyType({str(name): _number(number) for name, number in held.items()})


def _number(held: object) -> float:
    # What is no number at all, or not a finite one, would silently spoil every order.
    if not isinstance(held, int | float) or isinstance(held, bool) or not math.isfinite(held):
        raise TypeError(f"{held!r} is not a number"[:80])
    return float(held)


def _plain(held: object) -> object:
    if isinstance(held, Adapter):
        return held.stored()
    if is_dataclass(held) and not isinstance(held, type):
        return {one.name: getattr(held, one.name) for one in fields(held)}
    if isinstance(held, Mapping):
        return dict(held)
    raise TypeError(f"{held!r} cannot be written as JSON")


@lru_cache(maxsize=1)
def shipped_ranker() -> Ranker:
    """Return the ranker that is part of the package."""
    from importlib.resources import files

    return read_ranker(files("search").joinpath("ranker.json").read_text(encoding="utf-8"))
