"""The laws of the ranker, on models made by hand, and what the shipped one is."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.documents import Article, Ticket
from kb.errors import InvalidInput
from search import features as described
from search.ranker import (
    EVIDENCE,
    Bands,
    Calibration,
    Candidate,
    Features,
    Model,
    Ranked,
    Ranker,
    evidence_of,
    judged,
    ordered,
    read_ranker,
    shipped_ranker,
)
from tests.library import Library

MODEL = Model(
    weights={"semantic": 1.0, "keyword": 0.25, "coverage": 0.5, "manual": 0.125},
    calibration=Calibration(-2.0, {"value": 1.5, "lead": 3.0, "semantic": 1.0, "exact": 0.5}),
    bands=Bands(0.1, 0.4, 0.8),
)
UNCALIBRATED = replace(MODEL, calibration=None)
CONTRARY = replace(MODEL, calibration=Calibration(0.5, {"value": -2.0, "exact": -3.0, "semantic": 4.0}))
"""Its evidence says otherwise than its order."""
MODELS = pytest.mark.parametrize("model", [MODEL, UNCALIBRATED, CONTRARY], ids=["fitted", "uncalibrated", "contrary"])
CALIBRATED = pytest.mark.parametrize("model", [MODEL, CONTRARY], ids=["fitted", "contrary"])

_NAMES = ("semantic", "keyword", "coverage", "manual", "unheard of")
_UNIT = st.integers(-16, 64).map(lambda number: number / 64)
"""Few values, so that ties are common, and exact in binary, so that arithmetic is."""
_CANDIDATES = st.lists(
    st.builds(
        Candidate,
        document_id=st.text("abcdef", min_size=1, max_size=3),
        features=st.dictionaries(st.sampled_from(_NAMES), _UNIT),
        tier=st.integers(0, 2),
        problem=st.sampled_from(["", "a", "flood"]),
    ),
    max_size=7,
    unique_by=lambda one: one.document_id,
)
_SOME = _CANDIDATES.filter(bool)
_NUMBER = st.floats(allow_nan=False, allow_infinity=False)
_NUMBERS = st.dictionaries(st.text(max_size=6), _NUMBER, max_size=4)
_MODEL = st.builds(
    Model,
    weights=_NUMBERS,
    calibration=st.none() | st.builds(Calibration, intercept=_NUMBER, slopes=_NUMBERS),
    bands=st.builds(Bands, possible=_NUMBER, medium=_NUMBER, high=_NUMBER),
)
_RANKER = st.builds(Ranker, name=st.text(max_size=8), source=st.text(max_size=8), search=_MODEL, similar=_MODEL)


def ids(ranked: Sequence[Ranked]) -> list[str]:
    return [one.candidate.document_id for one in ranked]


def answered(model: Model, candidates: Sequence[Candidate]) -> list[Ranked]:
    return judged(model, ordered(model, candidates))


# Order


def test_a_value_is_the_sum_of_the_features_by_their_weights() -> None:
    ranked = ordered(
        MODEL,
        [
            Candidate("a", {"semantic": 0.5, "keyword": 1.0}),
            Candidate("b", {"semantic": 0.5, "coverage": 1.0, "keyword": 0.5}),
            Candidate("c", {"manual": -1.0, "unheard of": 9.0}),
            Candidate("d"),
        ],
    )
    assert [(one.candidate.document_id, one.value) for one in ranked] == [
        ("b", 1.125),
        ("a", 0.75),
        ("d", 0.0),
        ("c", -0.125),
    ]


def test_a_tier_goes_before_every_value() -> None:
    holds, best = Candidate("holds", {"semantic": 0.1}, tier=1), Candidate("best", {"semantic": 1.0, "coverage": 1.0})
    assert ids(ordered(MODEL, [best, holds])) == ["holds", "best"]
    assert ids(ordered(MODEL, [best, replace(holds, tier=0)])) == ["best", "holds"]


def test_nothing_is_ordered_as_nothing() -> None:
    assert ordered(MODEL, []) == []
    assert judged(MODEL, []) == []
    assert evidence_of([]) == []


@MODELS
@given(candidates=_CANDIDATES)
def test_every_candidate_comes_back_once_by_tier_then_value_then_id(model: Model, candidates: list[Candidate]) -> None:
    ranked = answered(model, candidates)
    assert sorted(ids(ranked)) == sorted(one.document_id for one in candidates)
    for one, after in pairwise(ranked):
        assert one.candidate.tier >= after.candidate.tier
        if one.candidate.tier == after.candidate.tier:
            assert one.value >= after.value
            if one.value == after.value:
                assert one.candidate.document_id < after.candidate.document_id


@MODELS
@given(candidates=_CANDIDATES, seed=st.integers())
def test_the_order_of_the_candidates_changes_nothing(model: Model, candidates: list[Candidate], seed: int) -> None:
    shuffled = random.Random(seed).sample(candidates, len(candidates))
    assert answered(model, shuffled) == answered(model, candidates)


@MODELS
@given(
    candidates=_SOME,
    at=st.integers(0, 6),
    feature=st.sampled_from(_NAMES),
    more=st.integers(1, 64).map(lambda number: number / 64),
)
def test_more_of_any_feature_never_lowers_a_document(
    model: Model, candidates: list[Candidate], at: int, feature: str, more: float
) -> None:
    one = candidates[at % len(candidates)]
    grown = replace(one, features={**one.features, feature: one.features.get(feature, 0.0) + more})
    before = ids(answered(model, candidates)).index(one.document_id)
    after = ids(answered(model, [grown if other is one else other for other in candidates])).index(one.document_id)
    assert after <= before


@MODELS
@given(candidates=_SOME)
def test_equals_are_ordered_by_id(model: Model, candidates: list[Candidate]) -> None:
    twins = [replace(candidates[0], document_id=f"twin {number}") for number in range(3)]
    order = ids(answered(model, [*reversed(twins), *candidates]))
    assert [one for one in order if one.startswith("twin")] == ["twin 0", "twin 1", "twin 2"]


# Probability and band


def test_a_probability_is_logistic_in_the_evidence() -> None:
    model = replace(MODEL, calibration=Calibration(-1.0, {"value": 2.0, "semantic": 0.5}))
    first, second = answered(model, [Candidate("a", {"semantic": 1.0}), Candidate("b", {"semantic": 0.25})])
    assert (first.probability, first.band) == (0.8176, "high")  # 1 / (1 + e^-1.5)
    assert (second.probability, second.band) == (0.4073, "medium")  # 1 / (1 + e^0.375)


def test_a_probability_is_told_by_no_model_without_calibration() -> None:
    (one,) = answered(UNCALIBRATED, [Candidate("a", {"semantic": 1.0})])
    assert (one.probability, one.band) == (None, None)


def test_a_probability_holds_whatever_the_numbers_are() -> None:
    huge = replace(MODEL, calibration=Calibration(0.0, {"value": 1e300}))
    ranked = answered(huge, [Candidate("a", {"semantic": 9.0}), Candidate("b", {"semantic": -9.0})])
    assert [one.probability for one in ranked] == [1.0, 0.0]


@CALIBRATED
@given(candidates=_CANDIDATES)
def test_a_probability_never_rises_with_the_rank(model: Model, candidates: list[Candidate]) -> None:
    told = [one.probability for one in answered(model, candidates)]
    assert all(one is not None and 0 <= one <= 1 for one in told)
    assert told == sorted(told, key=lambda one: -(one or 0.0))


@CALIBRATED
@given(candidates=_CANDIDATES)
def test_a_band_is_cut_from_the_probability_that_is_told(model: Model, candidates: list[Candidate]) -> None:
    for one in answered(model, candidates):
        assert one.probability is not None
        assert one.band == model.bands.of(one.probability)


def test_a_band_is_that_of_the_rounded_probability_when_it_lies_at_the_border() -> None:
    # 1 / (1 + e^-1.386) is 0.79995, which is told as 0.8.
    for intercept, told in ((1.386, (0.8, "high")), (1.3858, (0.7999, "medium"))):
        model = replace(MODEL, calibration=Calibration(intercept, {}))
        (one,) = answered(model, [Candidate("a")])
        assert (one.probability, one.band) == told


@given(one=st.floats(0, 1), other=st.floats(0, 1))
def test_a_band_is_never_better_for_a_lower_probability(one: float, other: float) -> None:
    bands = ("low", "medium", "high")
    assert bands.index(MODEL.bands.of(min(one, other))) <= bands.index(MODEL.bands.of(max(one, other)))


def test_a_band_begins_at_its_probability() -> None:
    bands = Bands(0.1, 0.4, 0.8)
    assert [bands.of(one) for one in (0.0, 0.3999, 0.4, 0.7999, 0.8, 1.0)] == [
        "low", "low", "medium", "medium", "high", "high",
    ]  # fmt: skip


def test_the_evidence_says_how_far_a_value_stands_out() -> None:
    ranked = ordered(
        MODEL, [Candidate(name, {"semantic": value}) for name, value in (("a", 1.0), ("b", 0.75), ("c", 0.0))]
    )
    assert [one["lead"] for one in evidence_of(ranked)] == [0.25, -0.25, -1.0]
    twins = ordered(MODEL, [Candidate(name, {"semantic": 1.0}) for name in "ab"])
    assert [one["lead"] for one in evidence_of(twins)] == [0.0, 0.0]


def test_the_evidence_of_a_single_candidate_is_that_it_stands_out_from_nothing() -> None:
    assert [one["lead"] for one in evidence_of(ordered(MODEL, [Candidate("a", {"semantic": 0.5})]))] == [0.5]


def test_the_evidence_tells_similarity_and_identifier_once_more() -> None:
    ranked = ordered(MODEL, [Candidate("a", {"coverage": 1.0}), Candidate("b", {"semantic": 0.25}, tier=2)])
    assert [(one["semantic"], one["exact"]) for one in evidence_of(ranked)] == [(0.25, 1.0), (0.0, 0.0)]


def test_the_evidence_counts_candidates_of_one_problem_as_no_rivals() -> None:
    both = [
        Candidate("de/flood", {"semantic": 0.75}, problem="flood"),
        Candidate("flood", {"semantic": 1.0}, problem="flood"),
    ]
    other = Candidate("fire", {"semantic": 0.25})
    assert [one["lead"] for one in evidence_of(ordered(MODEL, [*both, other]))] == [0.75, 0.5, -0.75]
    assert [one["lead"] for one in evidence_of(ordered(MODEL, both))] == [1.0, 0.75]
    strangers = [replace(one, problem="") for one in both]
    assert [one["lead"] for one in evidence_of(ordered(MODEL, [*strangers, other]))] == [0.25, -0.25, -0.75]


def test_the_evidence_joins_a_candidate_without_a_problem_to_those_that_are_named_after_it() -> None:
    ranked = ordered(
        MODEL, [Candidate("ticket", {"semantic": 1.0}, problem="flood"), Candidate("flood", {"semantic": 0.5})]
    )
    assert [one["lead"] for one in evidence_of(ranked)] == [1.0, 0.5]


@given(candidates=_SOME)
def test_the_evidence_of_one_problem_leads_and_every_other_is_behind(candidates: list[Candidate]) -> None:
    ranked = ordered(MODEL, candidates)
    leading = {
        one.candidate.problem or one.candidate.document_id
        for one, evidence in zip(ranked, evidence_of(ranked), strict=True)
        if evidence["lead"] > 0 and one.value > 0
    }
    assert len(leading) <= 1


def test_the_evidence_of_what_comes_first_by_its_tier_alone_is_behind() -> None:
    ranked = ordered(MODEL, [Candidate("holds", {"semantic": 0.5}, tier=1), Candidate("best", {"semantic": 1.0})])
    assert [(one["value"], one["lead"]) for one in evidence_of(ranked)] == [(0.5, -0.5), (1.0, 0.5)]


@given(candidates=_SOME)
def test_the_evidence_has_every_name_that_a_calibration_may_use(candidates: list[Candidate]) -> None:
    for one in evidence_of(ordered(MODEL, candidates)):
        assert tuple(sorted(one)) == tuple(sorted(EVIDENCE))


# As JSON


@given(ranker=_RANKER)
def test_a_ranker_reads_back_as_it_was_written(ranker: Ranker) -> None:
    again = read_ranker(ranker.to_json())
    assert again == ranker
    assert again.to_json() == ranker.to_json()


GOOD = Ranker("fitted", "by hand", MODEL, UNCALIBRATED).to_json()
MODEL_PARTS = ("weights", "calibration", "bands")


def damaged(*path: str, value: object = None) -> str:
    """Return the JSON with the value at a path replaced, or taken out when it is `...`."""
    held = json.loads(GOOD)
    inner = held
    for name in path[:-1]:
        inner = inner[name]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(held)


BAD = {
    "nothing": "",
    "no JSON": "{",
    "cut off": GOOD[: len(GOOD) // 2],
    "a list": "[]",
    "null": "null",
    "a number": "1",
    "too deep": "[" * 200_000,
    **{f"without {name}": damaged(name, value=...) for name in ("name", "source", "search", "similar")},
    **{f"a model without {name}": damaged("search", name, value=...) for name in MODEL_PARTS},
    "weights in a list": damaged("search", "weights", value=[1.0]),
    "a weight in words": damaged("search", "weights", "semantic", value="much"),
    "a weight in digits": damaged("search", "weights", "semantic", value="1.0"),
    "a weight that is none": damaged("search", "weights", "semantic", value=None),
    "a weight that is true": damaged("search", "weights", "semantic", value=True),
    "a weight that is not a number": damaged("search", "weights", "semantic", value=float("nan")),
    "a weight without end": damaged("search", "weights", "semantic", value=float("inf")),
    "a weight that is too large": damaged("search", "weights", "semantic", value=10**400),
    "a calibration in words": damaged("search", "calibration", value="sure"),
    "no intercept": damaged("search", "calibration", "intercept", value=...),
    "no slopes": damaged("search", "calibration", "slopes", value=...),
    **{f"no {band} band": damaged("similar", "bands", band, value=...) for band in ("possible", "medium", "high")},
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_ranker_that_is_damaged_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"the ranker cannot be read .* run `kb learn --reset`"):
        read_ranker(text)


@given(cut=st.integers(0, len(GOOD) - 2))
def test_a_ranker_that_was_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(InvalidInput):
        read_ranker(GOOD[:cut])


# The shipped one

KNOWN = {
    name.strip(" `")
    for line in (described.__doc__ or "").splitlines()
    if line.startswith("| `")
    for name in line.split("|")[1].split(",")
}
"""The features of the table in `search.features`."""


@pytest.mark.parametrize("task", ["search", "similar"])
def test_the_shipped_ranker_weighs_only_known_features_and_none_negatively(task: str) -> None:
    model: Model = getattr(shipped_ranker(), task)
    assert model.weights
    assert set(model.weights) <= KNOWN
    assert all(weight >= 0 for weight in model.weights.values()), model.weights
    assert model.value(dict.fromkeys(model.weights, 1.0)) > 0
    assert 0 < model.bands.possible < model.bands.medium < model.bands.high < 1
    assert model.calibration is not None
    assert set(model.calibration.slopes) <= set(EVIDENCE)
    assert all(slope >= 0 for slope in model.calibration.slopes.values()), model.calibration


def test_the_shipped_ranker_reads_back_as_it_was_written() -> None:
    assert read_ranker(shipped_ranker().to_json()) == shipped_ranker()
    assert shipped_ranker().name and shipped_ranker().source


class _Noting(Model):
    """A model that notes the features it is given, by document."""

    given: list[set[str]]

    def value(self, features: Features) -> float:
        self.given.append(set(features))
        return super().value(features)


def noting(task: str) -> _Noting:
    """Return the shipped model of a task, which notes."""
    shipped: Model = getattr(shipped_ranker(), task)
    model = _Noting(shipped.weights)
    object.__setattr__(model, "given", [])
    return model


def test_every_candidate_has_every_feature_that_is_weighed_and_all_of_them_are_described() -> None:
    library = Library(
        Article(id="vpn/tunnel-drops", title="VPN drops", body="The tunnel drops every ten minutes."),
        Article(id="mail/late", title="Mail is late", body="The tunnel is not to blame."),
        Ticket(source="desk", external_id="1", title="The tunnel drops", description="Every ten minutes."),
    )
    search, similar = noting("search"), noting("similar")
    library.ranker = replace(shipped_ranker(), search=search, similar=similar)
    assert len(library.search("tunnel drops").results) == 3
    asked = Ticket(source="desk", external_id="9", title="The tunnel drops", description="Since this morning.")
    assert len(library.similar(asked).results) == 3
    for model in (search, similar):
        last = model.given[-3:]  # the first order has only what is at hand
        assert all(set(model.weights) <= given <= KNOWN for given in last), last
    assert set().union(*search.given, *similar.given) == KNOWN - {"adapted"}  # which only a learned ranker has
