"""State what a keyword index must do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from kb.queries import Facts, Filter, Hit, KeywordQuery, Matches, Viewer, WordGroup

MAX_TERM_BYTES = 200
"""A longer index term is not indexed and found by no query: it is base64 or a minified line, and nobody types it."""
MAX_WORD_GROUPS = 200
"""Word groups that are looked up: of more, the heaviest, the earlier of equally heavy ones."""

SHORTEST_SPELLED = 4
"""Letters of a word that may be a misspelling, and of the words it may be one of."""
MOST_SPELLINGS = 24
"""Words looked at for each that may be misspelled, the nearest, of equally near ones the most frequent."""
_LONG = 8
"""Letters of a word in which two slips count as one does in a shorter one."""

MOST_EQUALLY_OLD = 5_000
"""Documents of one moment, or without any, that are put in order: whoever browses pages through a thousand at most."""


@dataclass(frozen=True, slots=True)
class KeywordEntry:
    """One document as the keyword index takes it.

    `terms`: text field → index terms in order. `surfaces`: text field → folded whole words in order, for phrases.
    `identifiers`: canonical forms. `fingerprint` names the content that all this was made from.
    """

    facts: Facts
    fingerprint: str
    terms: Mapping[str, tuple[str, ...]]
    surfaces: Mapping[str, tuple[str, ...]]
    identifiers: tuple[str, ...]


class Spelling(NamedTuple):
    """A word as folded, how many mistakes away it is, and how many documents hold it."""

    surface: str
    mistakes: int
    documents: int


def most_mistakes(word: str) -> int:
    """Return how many mistakes (letters added, left out, changed, or two exchanged) a word of this length may have."""
    return 1 if len(word) < _LONG else 2


class KeywordSearch(Protocol):
    """The read side of a keyword index: scores by BM25 over `TEXT_FIELDS` and identifiers.

    Every answer is over one consistent, committed state, and holds only documents that `where.admits` and
    `may_read_facts` admit.
    The score of a document is the sum over word groups of weight * the best of the group's terms, a term being worth
    its share in the group * the sum over `query.fields` of field weight * BM25 (k1 1.2, b 0.75, idf ln(1 + (N - n +
    0.5) / (n + 0.5)), with the statistics of that field over all documents), plus the idf of every identifier of the
    query that it holds. Phrases add nothing to that; in a query of phrases alone each is worth the
    `DEFAULT_FIELD_WEIGHTS` of the best field that holds it. Groups, terms and fields whose weight or share is not
    positive, empty texts, and what is given twice are not looked at.
    Scores are positive and rounded to four significant digits, so that they do not depend on how the index is
    cut into segments; equal scores are ordered by id, also where `depth` cuts. An engine may keep field lengths roughly
    (within 5 % of the score), and statistics may still count replaced and deleted documents.
    """

    def search(self, query: KeywordQuery, where: Filter, viewer: Viewer, depth: int) -> Sequence[Hit]:
        """Return at most `depth` matching documents, best first.

        An empty query finds nothing. Raises IndexUnavailable.
        """
        ...

    def newest(self, where: Filter, viewer: Viewer, depth: int) -> Sequence[str]:
        """Return the ids of at most `depth` documents that filter and viewer admit, the newest by `dated_at` first.

        Equally old ones are ordered by id, undated ones come last, by id too; of more than `MOST_EQUALLY_OLD` of either
        an engine may choose which it puts in order. Raises IndexUnavailable.
        """
        ...

    def score(self, query: KeywordQuery, ids: Sequence[str]) -> Mapping[str, float]:
        """Return the score of those of `ids` that match, without regard to filter or viewer.

        Raises IndexUnavailable.
        """
        ...

    def matches(
        self, query: KeywordQuery, where: Filter, viewer: Viewer, facets: Sequence[str], also: Sequence[str] = ()
    ) -> Matches:
        """Count documents that match or are among `also`, and their values of each field in `facets` (of
        FILTER_FIELDS).

        An empty query without `also` counts everything that filter and viewer admit. Raises IndexUnavailable.
        """
        ...

    def holding(
        self, identifiers: Sequence[str], phrases: Sequence[tuple[str, ...]], ids: Sequence[str]
    ) -> frozenset[str]:
        """Return those of `ids` that hold at least one of the identifiers or phrases. Raises IndexUnavailable."""
        ...

    def weight_held(
        self, words: Sequence[WordGroup], phrases: Sequence[tuple[tuple[str, ...], float]], ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Return the sum of the weights of those word groups and (phrase, weight) that each of `ids` holds.

        Any term in any text field is enough to hold a group, however often; left out is who holds none. At most
        `MAX_WORD_GROUPS` groups are looked up, and those with a positive weight. Raises IndexUnavailable.
        """
        ...

    def document_frequency(self, terms: Sequence[str]) -> Mapping[str, int]:
        """Return in how many documents each term occurs in any text field (deleted documents may still count until
        merged).
        """
        ...

    def spellings(self, surface: str, where: Filter, viewer: Viewer, most: int) -> Sequence[Spelling]:
        """Return at most `most` words that are spelled almost like `surface`, with the documents that filter and viewer
        admit: none that only others hold.

        Both have at least `SHORTEST_SPELLED` letters and nothing but letters; they begin with the same letter, or with
        the first two exchanged, and are at most `most_mistakes` apart, but not equal. The nearest come first, then
        those in most documents, then by alphabet; of all words of the index the first `MOST_SPELLINGS` are looked at.
        Raises IndexUnavailable.
        """
        ...

    def refresh(self) -> None:
        """See what has been committed since, by this or another process. Cheap when nothing was."""
        ...

    @property
    def size(self) -> int:
        """Return the number of documents."""
        ...


class KeywordIndex(KeywordSearch, Protocol):
    """Both sides of a keyword index kept in one directory."""

    def fingerprints(self, ids: Sequence[str] | None = None) -> Mapping[str, str]:
        """Return id → fingerprint of the documents held, all of them when `ids` is None, as of the last `refresh`.

        What is held under the same fingerprint need not be applied again, and should not be: until an engine has
        merged replaced documents away, they count in its statistics.
        """
        ...

    def apply(self, upserts: Sequence[KeywordEntry], deletes: Sequence[str]) -> None:
        """Remove and replace documents in one commit; durable on return, seen after `refresh`. Order of
        adding is kept; of two entries of one document the later counts.

        Raises IndexLocked while another process writes, IndexUnavailable when it cannot.
        """
        ...

    def filling(self) -> AbstractContextManager[Callable[[Sequence[KeywordEntry]], None]]:
        """Lend what adds documents, each once, to an index that is empty.

        All are committed together at the end, none when the block fails. Order and errors are those of `apply`; memory
        does not grow with their number. Only the thread that fills may use the index meanwhile. Raises IndexUnavailable
        at once when the index holds something.
        """
        ...

    def clear(self) -> None:
        """Remove every document, as one commit. Raises as `apply` does."""
        ...

    def close(self) -> None:
        """Free locks and files. Idempotent."""
        ...
