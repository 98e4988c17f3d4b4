"""Read one committed state of a Whoosh index as arrays over document numbers.

Whoosh's own matchers cost microseconds for each posting in Python, on every search. Here each posting list is read
once and kept with its segment, and the arithmetic is NumPy's. Only basic calls of Whoosh's readers are used, which all
its variants share.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from whoosh.reading import IndexReader, TermNotFound

from indexer.keyword.readership import Readership
from indexer.keyword.whoosh_schema import DATED_AT, FINGERPRINT, ID, READERS, UNDATED, length_field
from kb.queries import TEXT_FIELDS

KEPT_POSTINGS = 2_000_000
"""Postings kept in memory for each segment: about 24 MB; the least recently used lists go first."""

SegmentMark = tuple[tuple[str, int, int], ...]
"""Names, times and sizes of a segment's files. Whoosh draws the names by `random`, which somebody may have seeded."""
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PostingList:
    """The documents of one term, ascending, and how often each holds it."""

    documents: Numbers
    frequencies: NDArray[np.float64]


NO_POSTINGS = PostingList(np.empty(0, np.int64), np.empty(0, np.float64))


class SegmentPostings:
    """What is kept of one segment, which never changes but for documents that are deleted from it."""

    def __init__(self, reader: IndexReader):
        self.count = count = int(reader.doc_count_all())
        self._postings: OrderedDict[tuple[str, str], PostingList] = OrderedDict()
        self._kept = 0
        self.lengths = {name: _column(reader, length_field(name), count, 0) for name in TEXT_FIELDS}
        self.dated_at = _column(reader, DATED_AT, count, UNDATED)
        self.answers: dict[int, tuple[str, str]] = {}
        """Document number → id and fingerprint, of those asked for so far."""

    def postings(self, reader: IndexReader, field: str, key: str) -> PostingList:
        """Return the postings of a term within this segment."""
        held = self._postings.get((field, key))
        if held is None:
            held = self._postings[field, key] = _read_postings(reader, field, key)
            self._kept += len(held.documents)
            while self._kept > KEPT_POSTINGS and len(self._postings) > 1:
                _, dropped = self._postings.popitem(last=False)
                self._kept -= len(dropped.documents)
        else:
            self._postings.move_to_end((field, key))
        return held


@dataclass(frozen=True, slots=True)
class _Part:
    """One segment within a state: `base` is the number of its first document."""

    kept: SegmentPostings
    reader: IndexReader
    base: int


class CommittedState:
    """One committed state. A document's number is its place in the arrays. Safe to share between threads."""

    def __init__(self, reader: IndexReader, directory: Path, lock: threading.Lock, earlier: CommittedState | None):
        """Take over a reader of the index in `directory`, and what `earlier` keeps of segments that are still there.

        All states of an index read under one lock: Whoosh's files have one place to read at, and segments are shared.
        """
        self.generation = int(reader.generation() or 0)
        self._lock = lock
        known = earlier.segments if earlier else {}
        self._parts: list[_Part] = []
        self.segments: dict[SegmentMark, SegmentPostings] = {}
        self._facets: dict[str, tuple[list[str], Numbers, Numbers]] = {}
        for leaf, base in reader.leaf_readers():
            if leaf.doc_count_all():
                mark = _mark(directory, str(leaf.segment().segment_id()))
                self.segments[mark] = known.get(mark) or SegmentPostings(leaf)
                self._parts.append(_Part(self.segments[mark], leaf, base))
        self.alive: Mask = np.zeros(int(reader.doc_count_all()), np.bool_)
        self.alive[np.fromiter(reader.all_doc_ids(), np.int64)] = True
        self.size = int(self.alive.sum())
        self.dated_at = self._joined([part.kept.dated_at for part in self._parts])
        self._lengths = {name: self._joined([part.kept.lengths[name] for part in self._parts]) for name in TEXT_FIELDS}
        self.readership = Readership({key: len(self.postings(READERS, key).documents) for key in self.values(READERS)})

    def lengths(self, name: str) -> Numbers:
        """Return the number of terms in a text field, for each document."""
        return self._lengths[name]

    def average_length(self, name: str) -> float:
        """Return the mean over documents that are not deleted, those without the field included."""
        return float(self._lengths[name][self.alive].sum()) / max(self.size, 1)

    def postings(self, field: str, key: str) -> PostingList:
        """Return the postings of a term in documents that are not deleted."""
        with self._lock:
            found = [(part.kept.postings(part.reader, field, key), part.base) for part in self._parts]
        found = [(postings, base) for postings, base in found if len(postings.documents)]
        if not found:
            return NO_POSTINGS
        documents = np.concatenate([postings.documents + base for postings, base in found])
        frequencies = np.concatenate([postings.frequencies for postings, _ in found])
        living = self.alive[documents]
        return PostingList(documents[living], frequencies[living])

    def holding_any(self, field: str, keys: Iterable[str]) -> Mask:
        """Return which documents hold one of the keys in a field."""
        mask: Mask = np.zeros(len(self.alive), np.bool_)
        for key in keys:
            mask[self.postings(field, key).documents] = True
        return mask

    def positions(self, field: str, key: str, wanted: Mask) -> Mapping[int, frozenset[int]]:
        """Return document → positions of a word, for those wanted."""
        found: dict[int, frozenset[int]] = {}
        with self._lock:
            for part in self._parts:
                numbers = np.flatnonzero(wanted[part.base : part.base + part.kept.count]).tolist()
                try:
                    matcher = part.reader.postings(field, key)
                except TermNotFound:
                    continue
                for number in numbers:
                    if matcher.is_active():
                        matcher.skip_to(number)
                    if matcher.is_active() and matcher.id() == number:
                        found[part.base + number] = frozenset(matcher.value_as("positions"))
        return found

    def values(self, field: str) -> list[str]:
        """Return every key of a field, those of deleted documents too, ordered."""
        with self._lock:
            return sorted({key.decode() for part in self._parts for key in part.reader.lexicon(field)})

    def words_from(self, field: str, beginnings: Sequence[str]) -> Iterator[str]:
        """Yield the keys of a field that begin with any of these, those of deleted documents too, some repeatedly."""
        with self._lock:
            for part in self._parts:
                for beginning in beginnings:
                    yield from (key.decode() for key in part.reader.expand_prefix(field, beginning))

    def facet(self, field: str, counted: Mask) -> dict[str, int]:
        """Return value → how many of the documents counted hold it, without values that none holds."""
        if field not in self._facets:
            values = self.values(field)
            held = [self.postings(field, value).documents for value in values]
            which = np.repeat(np.arange(len(values)), [len(documents) for documents in held])
            self._facets[field] = values, which, self._joined(held)
        values, which, documents = self._facets[field]
        counts = np.bincount(which[counted[documents]], minlength=len(values))
        return {value: int(count) for value, count in zip(values, counts.tolist(), strict=True) if count}

    def answers(self, documents: Sequence[int]) -> list[tuple[str, str]]:
        """Return id and fingerprint of each document."""
        with self._lock:
            return [self._answer(document) for document in documents]

    def _answer(self, document: int) -> tuple[str, str]:
        part = next(one for one in reversed(self._parts) if one.base <= document)
        number = document - part.base
        answer = part.kept.answers.get(number)
        if answer is None:
            stored = part.reader.stored_fields(number)
            answer = part.kept.answers[number] = (str(stored[ID]), str(stored[FINGERPRINT]))
        return answer

    def _joined(self, arrays: Sequence[Numbers]) -> Numbers:
        return np.concatenate(arrays) if arrays else np.empty(0, np.int64)


def _mark(directory: Path, segment_id: str) -> SegmentMark:
    files = ((path.name, path.stat()) for path in directory.glob(f"*{segment_id}*"))
    return tuple(sorted((name, status.st_mtime_ns, status.st_size) for name, status in files))


def _read_postings(reader: IndexReader, field: str, key: str) -> PostingList:
    try:
        matcher = reader.postings(field, key)
    except TermNotFound:
        return NO_POSTINGS
    documents, frequencies = [], []
    while matcher.is_active():
        documents.append(matcher.id())
        frequencies.append(matcher.weight())
        matcher.next()
    return PostingList(np.array(documents, np.int64), np.array(frequencies, np.float64))


def _column(reader: IndexReader, field: str, count: int, default: int) -> Numbers:
    if not reader.has_column(field):
        return np.full(count, default, np.int64)
    column = reader.column_reader(field)
    return np.fromiter((column[number] for number in range(count)), np.int64, count)
