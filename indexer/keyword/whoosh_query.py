"""Evaluate a query over the arrays of one committed state: which documents match, and what they score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.keyword.exact_text import exact_key, exact_keys
from indexer.keyword.query_plan import (
    K1,
    PHRASE_WEIGHTS,
    B,
    QueryPlan,
    idf,
    microseconds,
    planned_phrases,
    planned_weights,
)
from indexer.keyword.whoosh_postings import CommittedState, Mask
from indexer.keyword.whoosh_schema import IDENTIFIERS, KEY, READERS, UNDATED, fact_field, surfaces_field
from kb.queries import FILTER_FIELDS, TEXT_FIELDS, Filter, Viewer, WordGroup

Scores = NDArray[np.float64]


def scores(state: CommittedState, plan: QueryPlan) -> Scores:
    """Return the score of every document, whether it matches or not; unrounded."""
    total: Scores = np.zeros(len(state.alive))
    if not plan.by_words:
        for phrase in plan.phrases:
            best: Scores = np.zeros(len(total))
            for name in TEXT_FIELDS:
                np.maximum(best, PHRASE_WEIGHTS[name] * _with_phrase_in(state, name, phrase, state.alive), out=best)
            total += best
        return total
    averages = {name: state.average_length(name) for name, _ in plan.fields}
    for group in plan.groups:
        best = np.zeros(len(total))
        for term, share in zip(group.terms, group.shares, strict=True):
            worth: Scores = np.zeros(len(total))
            for name, weight in plan.fields:
                postings = state.postings(name, term)
                if len(postings.documents):
                    norm = K1 * (1 - B + B * state.lengths(name)[postings.documents] / averages[name])
                    saturated = postings.frequencies * (K1 + 1) / (postings.frequencies + norm)
                    worth[postings.documents] += weight * idf(state.size, len(postings.documents)) * saturated
            np.maximum(best, share * worth, out=best)
        total += group.weight * best
    for identifier in plan.identifiers:
        documents = state.postings(IDENTIFIERS, identifier).documents
        total[documents] += idf(state.size, len(documents))
    return total


def matching(state: CommittedState, plan: QueryPlan) -> Mask:
    """Return which documents match."""
    if plan.finds_nothing:
        return np.zeros(len(state.alive), np.bool_)
    mask = state.alive.copy()
    if plan.by_words:
        terms = {term for group in plan.groups for term in group.terms}
        held = state.holding_any(IDENTIFIERS, plan.identifiers)
        for name, _ in plan.fields:
            held |= state.holding_any(name, terms)
        mask &= held
    for name in TEXT_FIELDS:
        mask &= ~state.holding_any(name, plan.excluded)
    for phrase in plan.phrases:
        mask = _with_phrase(state, phrase, mask)
    for phrase in plan.excluded_phrases:
        mask &= ~_with_phrase(state, phrase, mask)
    return mask


def holding(state: CommittedState, identifiers: Iterable[str], phrases: Iterable[Sequence[str]], within: Mask) -> Mask:
    """Return which documents of `within` hold any of the identifiers or phrases."""
    mask = within & state.holding_any(IDENTIFIERS, exact_keys(identifiers))
    for phrase in planned_phrases(phrases):
        mask |= _with_phrase(state, phrase, within)
    return mask


def weights_held(
    state: CommittedState, words: Iterable[WordGroup], phrases: Iterable[tuple[tuple[str, ...], float]], within: Mask
) -> Scores:
    """Return the sum of the weights of those word groups and phrases that each document of `within` holds."""
    groups, sequences = planned_weights(words, phrases)
    total: Scores = np.zeros(len(within))
    for group in groups:
        held = np.logical_or.reduce([state.holding_any(name, group.terms) for name in TEXT_FIELDS])
        total[held & within] += group.weight
    for phrase, weight in sequences:
        total[_with_phrase(state, phrase, within)] += weight
    return total


def admitted(state: CommittedState, where: Filter, viewer: Viewer) -> Mask:
    """Return which documents `where.admits` and `may_read_facts` admit."""
    mask = state.alive & state.holding_any(READERS, state.readership.readable(viewer))
    for name, values in where.wanted().items():
        mask &= _with_fact(state, name, values)
    for name, values in where.unwanted().items():
        mask &= ~_with_fact(state, name, values)
    mask &= ~among(state, where.without)
    dated = state.dated_at != UNDATED
    if where.after is not None:
        mask &= dated & (state.dated_at >= microseconds(where.after))
    if where.before is not None:
        mask &= dated & (state.dated_at < microseconds(where.before))
    if where.as_of is not None:
        mask &= ~dated | (state.dated_at < microseconds(where.as_of))
    return mask


def among(state: CommittedState, ids: Iterable[str]) -> Mask:
    """Return which documents have one of the ids."""
    return state.holding_any(KEY, map(exact_key, ids))


def _with_fact(state: CommittedState, name: str, values: Iterable[str]) -> Mask:
    keys = [exact_key(value) for value in values if value] if name in FILTER_FIELDS else []
    return state.holding_any(fact_field(name), keys)


def _with_phrase(state: CommittedState, phrase: Sequence[str], within: Mask) -> Mask:
    mask: Mask = np.zeros(len(within), np.bool_)
    for name in TEXT_FIELDS:
        mask |= _with_phrase_in(state, name, phrase, within)
    return mask


def _with_phrase_in(state: CommittedState, name: str, phrase: Sequence[str], within: Mask) -> Mask:
    field = surfaces_field(name)
    mask = within.copy()
    for word in dict.fromkeys(phrase):
        mask &= state.holding_any(field, (word,))
    if len(phrase) == 1 or not mask.any():
        return mask
    positions = {word: state.positions(field, word, mask) for word in dict.fromkeys(phrase)}
    for document in np.flatnonzero(mask).tolist():
        starts = (
            frozenset(place - offset for place in positions[word][document]) for offset, word in enumerate(phrase)
        )
        mask[document] = bool(frozenset.intersection(*starts))
    return mask
