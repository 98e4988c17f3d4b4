"""Rank what one committed state of a Tantivy index holds, so that the answer does not depend on its segments.

Tantivy adds up 32-bit floats, whose sum depends on the order in its last bits. In 90,000 comparisons of one index cut
into one and into six segments no sum differed, and rounding to four digits would hide nearly all that could. (Nesting
clauses in pairs would force one order, but takes twice as long.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import tantivy
from tantivy import Query

from indexer.keyword.query_plan import QueryPlan, rounded
from indexer.keyword.readership import Readership
from indexer.keyword.spelling import is_spelled
from indexer.keyword.tantivy_query import ByDate
from indexer.keyword.tantivy_schema import DATED_AT, ID, READERS, stored_text, surfaces_field
from kb.protocols.keyword import MOST_EQUALLY_OLD
from kb.queries import TEXT_FIELDS, Hit

SPARE_HITS = 32
"""Hits fetched beyond `depth` at first, since equal scores at the cut are rare but for short queries."""
MOST_TIED = 2_000
"""Hits looked at, at most, to complete the group of equal scores at the cut. In a million passages tens of thousands
hold one code, and to read the ids of all took 0.2 s.
"""
MOST_FREQUENCIES = 50_000
"""Terms whose frequencies are remembered, about 8 MB."""
MOST_SCORINGS = 32
"""Queries that are remembered: one question asks each for its best documents, and again for the scores of others."""
_GROWTH = 8


@dataclass(frozen=True, slots=True)
class CommittedState:
    """One committed state. `mark` tells it from the next; `ids` remembers which document lies where, `words` which
    words begin alike, `frequencies` how many documents hold a term of a field, `scoring` the queries made last.
    """

    searcher: tantivy.Searcher
    mark: tuple[int, int, int]
    readership: Readership
    ids: dict[tuple[int, int], str] = field(default_factory=dict)
    words: dict[str, Mapping[str, int]] = field(default_factory=dict)
    frequencies: dict[tuple[str, str], int] = field(default_factory=dict)
    scoring: dict[QueryPlan, Query | None] = field(default_factory=dict)

    def id_at(self, address: tantivy.DocAddress) -> str:
        """Return the id of a found document."""
        place = (address.segment_ord, address.doc)
        found = self.ids.get(place)
        if found is None:
            found = self.ids[place] = stored_text(self.searcher.doc(address), ID)
        return found

    def frequency(self, name: str, term: str) -> int:
        """Return in how many documents a field holds a term: one question asks for each several times."""
        found = self.frequencies.get((name, term))
        if found is None:
            if len(self.frequencies) >= MOST_FREQUENCIES:
                self.frequencies.clear()
            found = self.frequencies[name, term] = int(self.searcher.doc_freq(name, term))
        return found

    def words_from(self, beginning: str) -> Mapping[str, int]:
        """Return the words that begin so and may be misspelled, with about how many documents hold each."""
        found = self.words.get(beginning)
        if found is None:
            counts: dict[str, int] = {}
            for name in map(surfaces_field, TEXT_FIELDS):
                for word, count in self.searcher.terms_with_prefix(name, beginning):
                    if is_spelled(word):
                        counts[word] = max(count, counts.get(word, 0))
            found = self.words[beginning] = counts
        return found


def committed_state(searcher: tantivy.Searcher, mark: tuple[int, int, int]) -> CommittedState:
    """Return a state with its readership counted."""
    return CommittedState(searcher, mark, Readership(dict(searcher.terms_with_prefix(READERS, ""))))


def best_hits(state: CommittedState, wanted: Query, depth: int) -> list[Hit]:
    """Return the best `depth` documents, equal scores ordered by id, also where the cut runs through them."""
    limit = depth + SPARE_HITS
    while True:
        found = state.searcher.search(wanted, limit=limit, count=False).hits
        lowest = rounded(found[depth - 1][0]) if len(found) >= depth else 0.0
        if len(found) < limit or limit >= depth + MOST_TIED or rounded(found[-1][0]) < lowest:
            break
        limit = min(limit * _GROWTH, depth + MOST_TIED)
    scored = ((rounded(raw), address) for raw, address in found)
    hits = [Hit(state.id_at(address), score) for score, address in scored if score >= lowest]
    return sorted(hits, key=lambda hit: (-hit.score, hit.document_id))[:depth]


def newest_ids(state: CommittedState, wanted: ByDate, depth: int) -> list[str]:
    """Return the ids of the `depth` newest documents, equally old ones by id, then undated ones by id.

    Tantivy orders equally old ones by where they lie, so those of the last moment are all looked up.
    """
    found = state.searcher.search(
        wanted.dated, limit=depth, count=False, order_by_field=DATED_AT, order=tantivy.Order.Desc
    ).hits
    moments = [(int(moment), state.id_at(address)) for moment, address in found]
    if len(moments) == depth:
        last = moments[-1][0]
        moments = [one for one in moments if one[0] > last]
        moments += [(last, one) for one in _all_ids(state, wanted.at(last))]
    ids = [one for _, one in sorted(moments, key=lambda dated: (-dated[0], dated[1]))]
    if len(ids) < depth:
        ids += sorted(_all_ids(state, wanted.undated))
    return ids[:depth]


def _all_ids(state: CommittedState, wanted: Query) -> list[str]:
    found = state.searcher.search(wanted, limit=MOST_EQUALLY_OLD, count=False).hits
    return [state.id_at(address) for _, address in found]


def scores_of(state: CommittedState, wanted: Query, most: int) -> dict[str, float]:
    """Return id → score of every document found, `most` at most."""
    found = state.searcher.search(wanted, limit=most, count=False).hits
    return {state.id_at(address): rounded(raw) for raw, address in found}


def number_of(state: CommittedState, wanted: Query) -> int:
    """Return how many documents are found."""
    return int(state.searcher.search(wanted, limit=1, count=True).count)  # type: ignore[attr-defined]
