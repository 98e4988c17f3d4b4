"""The laws of fusion."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.fusion import COVERED_FIRST, Candidate, Fused, fused_search, fused_similar, recency, reordered

_UNIT = st.integers(0, 64).map(lambda number: number / 64)
"""Few values, so that ties are common, and exact in binary, so that arithmetic is."""
_CANDIDATE = st.builds(
    Candidate,
    document_id=st.text("abcdef", min_size=1, max_size=3),
    semantic=st.none() | _UNIT,
    keyword=st.just(0.0) | st.integers(1, 40).map(float),
    title=st.just(0.0) | st.integers(1, 40).map(float),
    body=st.just(0.0) | st.integers(1, 40).map(float),
    is_exact=st.booleans(),
    component=st.sampled_from([0.0, 1.0]),
    recency=_UNIT,
)
_CANDIDATES = st.lists(_CANDIDATE, min_size=1, max_size=6, unique_by=lambda one: one.document_id)
Fuse = Callable[[Sequence[Candidate]], list[Fused]]
_FUSIONS: list[Fuse] = [fused_search, lambda candidates: fused_search(candidates, is_lookup=True), fused_similar]
fusions = pytest.mark.parametrize("fuse", _FUSIONS, ids=["search", "lookup", "similar"])


def _ids(fused: Sequence[Fused]) -> list[str]:
    return [one.candidate.document_id for one in fused]


def test_fusion_adds_the_cosine_and_the_share_of_the_best_bm25() -> None:
    fused = fused_search(
        [
            Candidate(document_id="a", semantic=0.5, keyword=10.0),
            Candidate(document_id="b", semantic=0.8, keyword=2.0),
            Candidate(document_id="c", semantic=0.4, keyword=1.0),
        ]
    )
    assert _ids(fused) == ["b", "a", "c"]
    assert [one.value for one in fused] == pytest.approx([0.65, 0.625, 0.325])


def test_fusion_of_tickets_adds_each_feature_by_its_weight() -> None:
    fused = fused_similar(
        [
            Candidate(document_id="a", semantic=0.5, title=10.0, body=2.0, component=1.0, recency=1.0),
            Candidate(document_id="b", semantic=0.5, title=5.0, body=4.0, recency=0.0),
        ]
    )
    assert _ids(fused) == ["a", "b"]
    assert [one.value for one in fused] == pytest.approx([0.5 + 0.19 + 0.045 + 0.13 + 0.21, 0.5 + 0.095 + 0.09])


def test_fusion_ranks_by_keywords_alone_when_no_similarity_is_known() -> None:
    fused = fused_search([Candidate(document_id="a", keyword=1.0), Candidate(document_id="b", keyword=2.0)])
    assert _ids(fused) == ["b", "a"]


def test_fusion_ranks_by_similarity_alone_when_no_keyword_score_is_known() -> None:
    fused = fused_search([Candidate(document_id="a", semantic=0.1), Candidate(document_id="b", semantic=0.2)])
    assert _ids(fused) == ["b", "a"]


def test_fusion_places_an_exact_match_before_a_purely_semantic_one() -> None:
    exact = Candidate(document_id="exact", semantic=0.1, keyword=1.0, is_exact=True)
    words = Candidate(document_id="words", semantic=0.9, keyword=9.0)
    meaning = Candidate(document_id="meaning", semantic=0.99)
    assert _ids(fused_search([exact, words, meaning])) == ["words", "exact", "meaning"]
    assert _ids(fused_search([replace(exact, is_exact=False), words, meaning])) == ["words", "meaning", "exact"]


def test_fusion_places_exact_matches_first_when_the_query_is_a_lookup() -> None:
    exact = Candidate(document_id="exact", semantic=0.1, keyword=1.0, is_exact=True)
    words = Candidate(document_id="words", semantic=0.9, keyword=9.0)
    assert _ids(fused_search([exact, words], is_lookup=True)) == ["exact", "words"]


def test_fusion_prefers_what_covers_more_of_the_query() -> None:
    first = fused_search(
        [Candidate(document_id="a", semantic=0.6, keyword=5.0), Candidate(document_id="b", semantic=0.5, keyword=5.0)]
    )
    assert _ids(reordered(first, {"a": 0.3, "b": 1.0})) == ["b", "a"]
    assert _ids(reordered(first, {"a": 0.3, "b": 0.5})) == ["a", "b"]
    assert _ids(reordered(first, {})) == ["a", "b"]


def test_fusion_looks_at_the_coverage_of_the_first_only() -> None:
    many = [Candidate(document_id=f"{at:02}", semantic=1 - at / 100) for at in range(COVERED_FIRST + 1)]
    order = _ids(reordered(fused_search(many), {f"{COVERED_FIRST:02}": 1.0, f"{COVERED_FIRST - 1:02}": 1.0}))
    assert order[-1] == f"{COVERED_FIRST:02}"
    assert order.index(f"{COVERED_FIRST - 1:02}") < COVERED_FIRST - 1


@given(candidates=_CANDIDATES, shares=st.dictionaries(st.text("abcdef", min_size=1, max_size=3), _UNIT))
def test_fusion_keeps_exact_matches_before_purely_semantic_ones_whatever_is_covered(
    candidates: list[Candidate], shares: dict[str, float]
) -> None:
    order = [one.candidate for one in reordered(fused_search(candidates), shares)]
    assert len(order) == len(candidates)
    last_exact = max((at for at, one in enumerate(order) if one.is_exact), default=0)
    assert not any(one.is_only_semantic for one in order[:last_exact])


def test_fusion_of_nothing_is_nothing() -> None:
    assert reordered([], {}) == []
    assert fused_search([]) == []
    assert fused_similar([]) == []


@fusions
@given(candidates=_CANDIDATES)
def test_fusion_never_places_a_purely_semantic_candidate_before_an_exact_one(
    fuse: Fuse, candidates: list[Candidate]
) -> None:
    order = [one.candidate for one in fuse(candidates)]
    last_exact = max((at for at, one in enumerate(order) if one.is_exact), default=0)
    assert not any(one.is_only_semantic for one in order[:last_exact])


@fusions
@given(candidates=_CANDIDATES, seed=st.integers())
def test_fusion_does_not_depend_on_the_order_of_candidates(fuse: Fuse, candidates: list[Candidate], seed: int) -> None:
    shuffled = random.Random(seed).sample(candidates, len(candidates))
    assert fuse(shuffled) == fuse(candidates)


@fusions
@given(candidates=_CANDIDATES, exponent=st.integers(-8, 8))
def test_fusion_does_not_depend_on_the_scale_of_bm25(fuse: Fuse, candidates: list[Candidate], exponent: int) -> None:
    scale = 2.0**exponent
    scaled = [
        replace(one, keyword=one.keyword * scale, title=one.title * scale, body=one.body * scale) for one in candidates
    ]
    assert _ids(fuse(scaled)) == _ids(fuse(candidates))


@fusions
@given(
    candidates=_CANDIDATES,
    at=st.integers(0, 5),
    feature=st.sampled_from(["semantic", "keyword", "title", "body", "component", "recency"]),
    more=st.integers(1, 64).map(lambda number: number / 64),
)
def test_fusion_never_lowers_a_candidate_when_a_feature_grows(
    fuse: Fuse, candidates: list[Candidate], at: int, feature: str, more: float
) -> None:
    one = candidates[at % len(candidates)]
    grown = replace(one, **{feature: (getattr(one, feature) or 0.0) + more})
    if getattr(one, feature) is None:
        return
    before = _ids(fuse(candidates)).index(one.document_id)
    after = _ids(fuse([grown if other is one else other for other in candidates])).index(one.document_id)
    assert after <= before


@fusions
@given(candidates=_CANDIDATES)
def test_fusion_orders_equals_by_id(fuse: Fuse, candidates: list[Candidate]) -> None:
    twins = [replace(candidates[0], document_id=f"twin {number}") for number in range(3)]
    order = _ids(fuse([*reversed(twins), *candidates]))
    assert [one for one in order if one.startswith("twin")] == ["twin 0", "twin 1", "twin 2"]


@given(st.floats(0, 10_000), st.floats(0, 10_000))
def test_fusion_recency_falls_with_age(one: float, other: float) -> None:
    assert 0 <= recency(max(one, other)) <= recency(min(one, other)) <= 1


def test_fusion_recency_of_an_undated_document_lies_between_new_and_old() -> None:
    assert recency(0) == 1.0
    assert recency(90) == pytest.approx(0.3679, abs=1e-4)
    assert recency(3650) < recency(None) < recency(0)
