"""What is known of each candidate, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.access import SHELL
from kb.documents import MANUAL_SOURCE, Article, Document
from kb.queries import Filter
from search.evidence import Evidence
from search.features import RECENCY_DAYS, RECENT_DAYS, UNDATED, at_hand, decay, earned, looked_up, shares_of_best
from search.lanes import LANES, Lane, Lanes
from search.ordering import ticket_features
from search.prior import PriorFeedback
from search.query_terms import search_terms
from search.syntax import parse
from tests.library import TODAY, BrokenKeywordIndex, Library
from tests.test_similar import EARLIER, OPENED, RUNBOOK

DAYS = st.floats(-1_000, 100_000)
SCALE = st.sampled_from([RECENCY_DAYS, RECENT_DAYS])
COUNTS = st.integers(0, 100)
SCORES = st.dictionaries(st.text("abc", max_size=2), st.just(0.0) | st.floats(1e-6, 1e6))


# Age


def test_age_falls_to_one_over_e_after_its_days() -> None:
    assert decay(0, RECENCY_DAYS) == 1.0
    assert decay(RECENCY_DAYS, RECENCY_DAYS) == pytest.approx(0.3679, abs=1e-4)
    assert decay(RECENT_DAYS, RECENT_DAYS) == pytest.approx(0.3679, abs=1e-4)
    assert decay(10, RECENT_DAYS) < decay(10, RECENCY_DAYS)


def test_age_that_is_not_known_lies_between_new_and_old() -> None:
    assert decay(None, RECENCY_DAYS) == UNDATED
    assert decay(3650, RECENCY_DAYS) < UNDATED < decay(1, RECENCY_DAYS)


@given(one=DAYS, other=DAYS, scale=SCALE)
def test_age_never_makes_a_document_newer(one: float, other: float, scale: float) -> None:
    assert 0 <= decay(max(one, other), scale) <= decay(min(one, other), scale) <= 1


def test_age_in_the_future_is_none() -> None:
    assert decay(-5, RECENT_DAYS) == 1.0


# Shares of the best


def test_shares_are_of_the_best_score() -> None:
    assert shares_of_best({"a": 8.0, "b": 2.0, "c": 0.0}) == {"a": 1.0, "b": 0.25, "c": 0.0}
    assert shares_of_best({"a": 0.0, "b": 0.0}) == {"a": 0.0, "b": 0.0}
    assert shares_of_best({}) == {}


@given(scores=SCORES, exponent=st.integers(-8, 8))
def test_shares_keep_the_order_and_do_not_depend_on_the_scale(scores: dict[str, float], exponent: int) -> None:
    shares = shares_of_best(scores)
    assert all(0 <= share <= 1 for share in shares.values())
    assert sorted(scores, key=lambda one: (scores[one], one)) == sorted(
        scores, key=lambda one: (shares[one], scores[one], one)
    )
    assert shares_of_best({one: score * 2.0**exponent for one, score in scores.items()}) == pytest.approx(shares)


# What was made of it


def test_prior_feedback_earns_the_less_the_fewer_have_spoken() -> None:
    assert earned(None) == earned(PriorFeedback()) == 0.0
    one, many = PriorFeedback(helpful=1), PriorFeedback(helpful=30)
    assert earned(one) == 0.25
    assert 0 < earned(one) < earned(many) < 1
    assert earned(PriorFeedback(not_helpful=1)) == -earned(one)
    assert earned(PriorFeedback(helpful=4, not_helpful=4)) == 0.0
    assert earned(PriorFeedback(resolved_by=2)) == earned(PriorFeedback(helpful=2))


@given(helpful=COUNTS, not_helpful=COUNTS, resolved_by=COUNTS)
def test_prior_feedback_earns_more_for_good_words_and_less_for_bad_ones(
    helpful: int, not_helpful: int, resolved_by: int
) -> None:
    prior = PriorFeedback(helpful, not_helpful, resolved_by)
    assert -1 < earned(prior) < 1
    assert earned(replace(prior, helpful=helpful + 1)) > earned(prior)
    assert earned(replace(prior, resolved_by=resolved_by + 1)) > earned(prior)
    assert earned(replace(prior, not_helpful=not_helpful + 1)) < earned(prior)


# What the lanes told


def evidence(keyword: dict[str, float], semantic: dict[str, float], ids: Sequence[str]) -> Evidence:
    return Evidence(tuple(ids), keyword, semantic, {}, frozenset(), {}, {}, frozenset(ids))


def test_a_cosine_that_is_unknown_is_the_least_of_the_candidates() -> None:
    known = at_hand(evidence({"a": 4.0, "b": 1.0}, {"a": 0.7, "c": 0.5}, "abc"), ["a", "b", "c"])
    assert known == {
        "a": {"semantic": 0.7, "keyword": 1.0},
        "b": {"semantic": 0.5, "keyword": 0.25},
        "c": {"semantic": 0.5, "keyword": 0.0},
    }


def test_features_of_lanes_that_know_nothing_are_zero() -> None:
    assert at_hand(evidence({}, {}, "a"), ["a"]) == {"a": {"semantic": 0.0, "keyword": 0.0}}
    assert at_hand(evidence({}, {}, ""), []) == {}


def test_shares_are_among_the_candidates_that_are_asked_for() -> None:
    found = evidence({"a": 4.0, "b": 1.0}, {"a": 0.7, "b": 0.2}, "ab")
    assert at_hand(found, ["b"]) == {"b": {"semantic": 0.2, "keyword": 1.0}}


# What is looked up

TUNNEL = Article(id="vpn/tunnel-drops", title="VPN drops", body="The tunnel drops every ten minutes.")
HANDBOOK = Article(id="manual/searching", title="Searching", body="Say what drops.", source=MANUAL_SOURCE)


def lanes(library: Library, wanted: Sequence[Lane] = LANES) -> Lanes:
    return Lanes(library.keyword, library.vectors, library.encoder_source, wanted, Filter(), SHELL)


def test_features_that_are_looked_up_are_there_for_every_document() -> None:
    library = Library(TUNNEL, HANDBOOK)
    documents: list[Document] = [TUNNEL, HANDBOOK]
    found = looked_up(lanes(library), search_terms(parse("tunnel drops")), documents)
    assert found.keys() == {TUNNEL.id, HANDBOOK.id}
    first, other = found[TUNNEL.id], found[HANDBOOK.id]
    assert first.keys() == other.keys() == {"coverage", "pairs", "naming", "manual"}
    assert (first["coverage"], first["pairs"]) == pytest.approx((1.0, 1.0))
    assert (other["pairs"], other["naming"]) == (0.0, 0.0)
    assert 0 < other["coverage"] < 0.5
    assert (first["manual"], other["manual"]) == (0.0, -1.0)


def test_features_that_are_looked_up_are_zero_when_the_keyword_index_is_damaged() -> None:
    library = Library(TUNNEL)
    broken = Lanes(BrokenKeywordIndex(), library.vectors, library.encoder_source, LANES, Filter(), SHELL)
    found = looked_up(broken, search_terms(parse("tunnel drops")), [TUNNEL])
    assert found == {TUNNEL.id: {"coverage": 0.0, "pairs": 0.0, "naming": 0.0, "manual": 0.0}}


def test_features_that_are_looked_up_are_zero_without_the_keyword_lane() -> None:
    found = looked_up(lanes(Library(TUNNEL), ("semantic",)), search_terms(parse("tunnel drops")), [TUNNEL])
    assert found == {TUNNEL.id: {"coverage": 0.0, "pairs": 0.0, "naming": 0.0, "manual": 0.0}}


# What only a ticket asks for


def test_features_of_a_ticket_tell_its_age_when_it_is_asked() -> None:
    features = ticket_features(EARLIER, TODAY, component=1.0, signature=0.0, prior=PriorFeedback(helpful=1))
    days = (TODAY - OPENED).total_seconds() / 86_400
    assert features == {
        "component": 1.0,
        "signature": 0.0,
        "recency": decay(days, RECENCY_DAYS),
        "recent": decay(days, RECENT_DAYS),
        "prior": 0.25,
    }


def test_features_of_an_article_and_of_a_ticket_without_a_date_know_no_age() -> None:
    for document in (replace(RUNBOOK, created_at=OPENED), replace(EARLIER, opened_at=None)):
        features = ticket_features(document, TODAY, component=0.0, signature=1.0, prior=None)
        assert (features["recency"], features["recent"]) == (UNDATED, UNDATED)
        assert (features["signature"], features["prior"]) == (1.0, 0.0)
