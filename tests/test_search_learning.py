"""Fitting finds the weights that made-up data were made with, and calibration says how often a result is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.learning.calibrating import FIRST, Judged, calibrated, calibration_error, first_results, lower_bound
from search.learning.fitting import Array, Question, fitted_listwise, fitted_logistic, probability
from search.ranker import EVIDENCE, Bands, Calibration, Candidate, Model, judged, ordered


def picked(weights: Sequence[float], count: int, scale: float = 1.0) -> list[Question]:
    """Return questions of six candidates, whose right one was picked with the probability softmax(weights * features).

    The features are `scale` times as large and worth that much less.
    """
    chance = np.random.default_rng(7)
    questions = []
    for _ in range(count):
        features = chance.random((6, len(weights)))
        odds = np.exp(features @ np.asarray(weights))
        right = chance.choice(6, p=odds / odds.sum())
        questions.append(Question(features * scale, np.arange(6) == right))
    return questions


def results(intercept: float, slopes: Sequence[float], count: int) -> tuple[Array, Array, Array]:
    """Return features, rightness and equal weights of results that are right with the logistic probability."""
    chance = np.random.default_rng(11)
    features = chance.random((count, len(slopes)))
    right = chance.random(count) < probability(intercept + features @ np.asarray(slopes))
    return features, right, np.ones(count)


# Listwise


def test_listwise_weights_are_those_that_the_data_were_made_with() -> None:
    assert fitted_listwise(picked([3.0, 1.5, 0.0], 3000), l2=0.01) == pytest.approx([3.0, 1.5, 0.0], abs=0.2)


def test_listwise_weights_are_for_the_features_as_they_are() -> None:
    plain, larger = (
        fitted_listwise(picked([2.0, 1.0], 300), l2=1.0),
        fitted_listwise(picked([2.0, 1.0], 300, 8), l2=1.0),
    )
    assert larger * 8 == pytest.approx(plain, rel=1e-3)


def test_listwise_weights_are_never_negative_unless_they_may_be() -> None:
    questions = picked([2.0, -1.5], 2000)
    assert fitted_listwise(questions, l2=0.01)[1] == 0.0
    assert fitted_listwise(questions, l2=0.01)[0] > 0
    assert fitted_listwise(questions, l2=0.01, positive=False) == pytest.approx([2.0, -1.5], abs=0.25)


def test_listwise_weights_are_smaller_the_more_they_are_held_down() -> None:
    questions = picked([3.0, 1.5], 200)
    sizes = [float(np.abs(fitted_listwise(questions, l2=l2)).sum()) for l2 in (0.01, 10.0, 1000.0)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[2] < 0.3 * sizes[0]


def test_listwise_weights_are_zero_when_nothing_teaches() -> None:
    untold = [replace(one, is_right=np.zeros(6, dtype=bool)) for one in picked([1.0, 1.0], 5)]
    assert fitted_listwise(untold, l2=1.0).tolist() == [0.0, 0.0]
    assert fitted_listwise([], l2=1.0).tolist() == []


def test_listwise_weights_do_not_heed_questions_without_a_right_candidate() -> None:
    questions = picked([2.0, 1.0], 100)
    untold = [Question(one.features * 50, np.zeros(6, dtype=bool)) for one in questions]
    assert fitted_listwise([*questions, *untold], l2=1.0).tolist() == fitted_listwise(questions, l2=1.0).tolist()


def test_listwise_weights_of_a_feature_that_never_differs_are_zero() -> None:
    constant = [replace(one, features=np.hstack([one.features, np.ones((6, 1))])) for one in picked([2.0], 100)]
    weights = fitted_listwise(constant, l2=1.0)
    assert weights[0] > 0
    assert weights[1] == pytest.approx(0.0, abs=1e-9)


def test_a_question_that_counts_twice_teaches_as_two() -> None:
    questions = picked([2.0, 1.0], 100)
    twice = [replace(one, weight=2.0) for one in questions]
    assert fitted_listwise(twice, l2=1.0) == pytest.approx(fitted_listwise([*questions, *questions], l2=1.0), rel=1e-4)


def test_the_same_questions_give_the_same_weights() -> None:
    one, other = (fitted_listwise(picked([2.0, 1.0, 0.5], 100), l2=1.0).tolist() for _ in range(2))
    assert one == other


# Logistic


def test_logistic_weights_are_those_that_the_data_were_made_with() -> None:
    intercept, slopes = fitted_logistic(*results(-2.0, [3.0, 1.0], 20_000), l2=0.01)
    assert intercept == pytest.approx(-2.0, abs=0.15)
    assert slopes == pytest.approx([3.0, 1.0], abs=0.2)


def test_logistic_weights_are_never_negative() -> None:
    _, slopes = fitted_logistic(*results(0.0, [2.0, -2.0], 5000), l2=0.01)
    assert slopes[0] == pytest.approx(2.0, abs=0.3)
    assert slopes[1] == 0.0


@pytest.mark.parametrize("slopes", [[3.0, 1.0], [2.0, -2.0]], ids=["positive", "negative"])
@pytest.mark.parametrize("l2", [0.01, 100.0])
def test_the_mean_probability_is_the_share_of_right_results(slopes: list[float], l2: float) -> None:
    features, right, weights = results(-1.0, slopes, 500)
    weights[:100] = 5.0
    intercept, found = fitted_logistic(features, right, weights, l2=l2)
    told = probability(intercept + features @ found)
    assert np.average(told, weights=weights) == pytest.approx(np.average(right, weights=weights), abs=1e-5)


@pytest.mark.parametrize("is_right", [True, False])
def test_logistic_weights_are_finite_when_all_or_none_is_right(is_right: bool) -> None:
    features, _, weights = results(0.0, [1.0], 50)
    intercept, slopes = fitted_logistic(features, np.full(50, is_right), weights, l2=1.0)
    assert np.isfinite([intercept, *slopes]).all()
    assert probability(intercept + features @ slopes) == pytest.approx(np.full(50, float(is_right)), abs=1e-3)


def test_a_probability_is_that_of_the_logistic_function_and_overflows_nowhere() -> None:
    assert probability(np.array([0.0, 1.5, -1e9, 1e9])) == pytest.approx([0.5, 0.8176, 0.0, 1.0], abs=1e-4)


# Calibration

MODEL = Model({"semantic": 1.0, "coverage": 0.5}, bands=Bands(0.1, 0.3, 0.8))


def asked(count: int, right_first: float = 0.5) -> list[Judged]:
    """Return questions of seven candidates; the first is right more often the more it stands out."""
    chance = np.random.default_rng(3)
    questions = []
    for _ in range(count):
        names = [f"d{at}" for at in range(7)]
        features = chance.random((7, 2))
        ranked = ordered(
            MODEL,
            [
                Candidate(name, {"semantic": float(one[0]), "coverage": float(one[1])})
                for name, one in zip(names, features, strict=True)
            ],
        )
        stands_out = ranked[0].value - ranked[1].value > 0.15
        right = chance.random() < right_first + (0.35 if stands_out else -0.35)
        questions.append(Judged(ranked, [bool(right), *[False] * 6]))
    return questions


def test_a_calibrated_model_tells_how_often_the_first_results_are_right() -> None:
    questions = asked(600)
    model = calibrated(MODEL, questions)
    told = [one.probability or 0.0 for question in questions for one in judged(model, question.ranked)[:FIRST]]
    right = [one for question in questions for one in question.is_right[:FIRST]]
    assert np.mean(told) == pytest.approx(np.mean(right), abs=0.01)
    chances, is_right = first_results(model, questions)
    assert len(chances) == len(is_right) == 600
    assert chances[is_right].mean() > chances[~is_right].mean() + 0.2


def test_a_calibrated_model_orders_as_before_and_knows_all_evidence() -> None:
    model = calibrated(MODEL, asked(100))
    assert (model.weights, model.bands) == (MODEL.weights, MODEL.bands)
    assert model.calibration is not None
    assert tuple(model.calibration.slopes) == EVIDENCE
    assert all(slope >= 0 for slope in model.calibration.slopes.values())
    assert model == calibrated(MODEL, asked(100))


def test_a_calibration_looks_at_no_result_after_the_first_page() -> None:
    questions = asked(100)
    otherwise = [replace(one, is_right=[*one.is_right[:FIRST], True, True]) for one in questions]
    assert calibrated(MODEL, questions) == calibrated(MODEL, otherwise)


def test_a_calibration_heeds_what_a_question_counts() -> None:
    questions = asked(200)
    trusting = [replace(one, weight=10.0 if one.is_right[0] else 1.0) for one in questions]
    plain, more = (first_results(calibrated(MODEL, of), questions)[0].mean() for of in (questions, trusting))
    assert more > plain + 0.1


def test_first_results_leave_out_questions_that_found_nothing() -> None:
    model = replace(MODEL, calibration=Calibration(0.0, {}))
    chances, right = first_results(model, [Judged([], []), Judged(ordered(MODEL, [Candidate("a")]), [True])])
    assert (chances.tolist(), right.tolist()) == ([0.5], [True])
    assert [len(one) for one in first_results(model, [])] == [0, 0]


# How sure a share is


def test_the_lower_bound_is_that_of_wilson() -> None:
    # 90 of 100 at 95 %: 0.8256; 1 of 1: 1 / (1 + z²) = 0.2065.
    assert lower_bound(90, 100) == pytest.approx(0.8256, abs=1e-4)
    assert lower_bound(1, 1) == pytest.approx(0.2065, abs=1e-4)
    assert lower_bound(90, 100, z=0.0) == pytest.approx(0.9)
    assert lower_bound(0, 0) == 0.0


@given(hits=st.integers(0, 500), misses=st.integers(0, 500))
def test_the_lower_bound_lies_below_the_share_and_nearer_the_more_is_known(hits: int, misses: int) -> None:
    count = hits + misses
    bound = lower_bound(hits, count)
    assert -1e-9 <= bound <= (hits / count if count else 0.0) + 1e-9
    assert bound <= lower_bound(4 * hits, 4 * count) + 1e-9


def test_the_calibration_error_of_what_always_comes_true_is_nothing() -> None:
    right = np.array([True, False] * 20)
    assert calibration_error(right.astype(np.float64), right) == 0.0


def test_the_calibration_error_of_a_constant_is_its_distance_from_the_share() -> None:
    right = np.array([True, False] * 50)  # in each of ten bins five are right
    assert calibration_error(np.full(100, 0.5), right) == pytest.approx(0.0)
    assert calibration_error(np.full(100, 0.8), right) == pytest.approx(0.3)


def test_the_calibration_error_is_that_of_bins_of_equal_mass() -> None:
    chances, right = np.array([0.9, 0.1, 0.2, 0.8]), np.array([True, False, True, False])
    assert calibration_error(chances, right, bins=2) == pytest.approx(0.35)  # |0.5 - 0.15| and |0.5 - 0.85|
    assert calibration_error(chances, right, bins=1) == pytest.approx(0.0)
    assert calibration_error(chances, right, bins=10) == pytest.approx((0.1 + 0.1 + 0.8 + 0.8) / 4)


def test_the_calibration_error_of_nothing_is_nothing() -> None:
    assert calibration_error(np.zeros(0), np.zeros(0, dtype=bool)) == 0.0
