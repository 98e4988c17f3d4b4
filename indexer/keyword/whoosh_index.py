"""Keep a keyword index with Whoosh: the second engine, all Python, comfortable to about 25,000 documents.

Its result is exact: lengths and statistics are those of the documents held. Readers hold one committed state until
`refresh`, which opens a new reader, as Whoosh's own refresh is broken in some variants. Nothing is ever optimised.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from whoosh import index as whoosh_engine
from whoosh import writing

from indexer.keyword.exact_text import exact_key, index_terms
from indexer.keyword.index_stamp import LOCK_NAME, Stamp, check_stamp, filled, read_stamp, unusable, write_stamp
from indexer.keyword.query_plan import plan_of, rounded
from indexer.keyword.spelling import beginnings, by_nearness, is_spelled, nearly_spelled
from indexer.keyword.whoosh_merging import merge_few
from indexer.keyword.whoosh_postings import CommittedState
from indexer.keyword.whoosh_query import admitted, among, holding, matching, scores, weights_held
from indexer.keyword.whoosh_schema import (
    KEY,
    SCHEMA_VERSION,
    fact_field,
    keyword_schema,
    surfaces_field,
    whoosh_document,
)
from indexer.lock import FileLock
from kb.errors import FixloreError, IndexLocked, IndexUnavailable
from kb.protocols.keyword import KeywordEntry, Spelling
from kb.queries import FILTER_FIELDS, TEXT_FIELDS, Filter, Hit, KeywordQuery, Matches, Viewer, WordGroup

STAMP = Stamp("whoosh", SCHEMA_VERSION)
WRITER_MB = 128
"""Memory for postings before they are sorted on disk."""
_CLOSED = "the keyword index has been closed; open it again"


class WhooshIndex:
    """A KeywordIndex in one directory. Safe to search from several threads, also while one applies."""

    def __init__(self, directory: Path, *, write: bool = True):
        """Open the index of `directory`; with `write`, make it where there is none.

        Raises IndexUnavailable when it is missing, damaged or of another engine or version.
        """
        self._directory = directory
        self._may_write = write
        self._lock = threading.RLock()
        self._reading = threading.Lock()
        self._write_lock = FileLock(directory / LOCK_NAME)
        self._state: CommittedState | None = None
        self._is_closed = False
        with self._translated():
            if write and read_stamp(directory) is None:
                directory.mkdir(parents=True, exist_ok=True)
                if not whoosh_engine.exists_in(str(directory)):
                    whoosh_engine.create_in(str(directory), keyword_schema())
                write_stamp(directory, STAMP)
            check_stamp(directory, STAMP)
            self._index = whoosh_engine.open_dir(str(directory), schema=keyword_schema())
        self.refresh()

    def search(self, query: KeywordQuery, where: Filter, viewer: Viewer, depth: int) -> Sequence[Hit]:
        """Return at most `depth` matching documents, best first; equal scores are ordered by id."""
        plan = plan_of(query)
        if depth <= 0 or plan.finds_nothing:
            return ()
        state = self._open_state()
        with self._translated():
            documents = np.flatnonzero(matching(state, plan) & admitted(state, where, viewer))
            worth = scores(state, plan)[documents]
            order = np.argsort(-worth, kind="stable")
            chosen: list[tuple[int, float]] = []
            for place in order.tolist():
                score = rounded(float(worth[place]))
                if len(chosen) >= depth and score < chosen[depth - 1][1]:
                    break
                chosen.append((int(documents[place]), score))
            answers = state.answers([document for document, _ in chosen])
        hits = [Hit(one, score) for (one, _), (_, score) in zip(answers, chosen, strict=True)]
        return sorted(hits, key=lambda hit: (-hit.score, hit.document_id))[:depth]

    def newest(self, where: Filter, viewer: Viewer, depth: int) -> Sequence[str]:
        """Return the ids of at most `depth` admitted documents, the newest first, undated ones last."""
        if depth <= 0:
            return ()
        state = self._open_state()
        with self._translated():
            documents = np.flatnonzero(admitted(state, where, viewer))
            moments = state.dated_at[documents].tolist()
            answers = state.answers(documents.tolist())
        dated = sorted(zip(moments, answers, strict=True), key=lambda one: (-one[0], one[1][0]))
        return [document_id for _, (document_id, _) in dated[:depth]]

    def score(self, query: KeywordQuery, ids: Sequence[str]) -> Mapping[str, float]:
        """Return the score of those of `ids` that match."""
        plan = plan_of(query)
        if not ids or plan.finds_nothing:
            return {}
        state = self._open_state()
        with self._translated():
            documents = np.flatnonzero(matching(state, plan) & among(state, ids)).tolist()
            worth = scores(state, plan)
            answers = state.answers(documents)
            return {one: rounded(float(worth[document])) for (one, _), document in zip(answers, documents, strict=True)}

    def matches(
        self, query: KeywordQuery, where: Filter, viewer: Viewer, facets: Sequence[str], also: Sequence[str] = ()
    ) -> Matches:
        """Count documents that match or are among `also`, and their values of each field in `facets`."""
        state = self._open_state()
        with self._translated():
            counted = admitted(state, where, viewer)
            if also or not query.is_empty:
                counted &= matching(state, plan_of(query)) | among(state, also)
            spread = {name: state.facet(fact_field(name), counted) if name in FILTER_FIELDS else {} for name in facets}
            return Matches(int(counted.sum()), spread)

    def holding(
        self, identifiers: Sequence[str], phrases: Sequence[tuple[str, ...]], ids: Sequence[str]
    ) -> frozenset[str]:
        """Return those of `ids` that hold at least one of the identifiers or phrases."""
        state = self._open_state()
        with self._translated():
            mask = holding(state, identifiers, phrases, among(state, ids))
            return frozenset(one for one, _ in state.answers(np.flatnonzero(mask).tolist()))

    def weight_held(
        self, words: Sequence[WordGroup], phrases: Sequence[tuple[tuple[str, ...], float]], ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Return the sum of the weights of those word groups and phrases that each of `ids` holds."""
        state = self._open_state()
        with self._translated():
            wanted = among(state, ids)
            worth = weights_held(state, words, phrases, wanted)
            documents = np.flatnonzero(wanted & (worth > 0)).tolist()
            answers = state.answers(documents)
            return {one: rounded(float(worth[document])) for (one, _), document in zip(answers, documents, strict=True)}

    def document_frequency(self, terms: Sequence[str]) -> Mapping[str, int]:
        """Return in how many documents each term occurs."""
        state = self._open_state()
        with self._translated():
            return {
                term: int(
                    np.logical_or.reduce([state.holding_any(name, index_terms([term])) for name in TEXT_FIELDS]).sum()
                )
                for term in terms
            }

    def spellings(self, surface: str, where: Filter, viewer: Viewer, most: int) -> Sequence[Spelling]:
        """Return words that are spelled almost like `surface`, the nearest first."""
        if most <= 0 or not is_spelled(surface):
            return ()
        state = self._open_state()
        with self._translated():
            fields = [surfaces_field(name) for name in TEXT_FIELDS]
            words = {
                word for name in fields for word in state.words_from(name, beginnings(surface)) if is_spelled(word)
            }

            def documents(word: str) -> int:
                return max(len(state.postings(name, word).documents) for name in fields)

            shown = admitted(state, where, viewer)
            found = []
            for word, mistakes in nearly_spelled(surface, words, documents):
                if count := int(holding(state, (), [(word,)], shown).sum()):
                    found.append(Spelling(word, mistakes, count))
        return sorted(found, key=by_nearness)[:most]

    def refresh(self) -> None:
        """See what has been committed since, by this or another process."""
        with self._lock, self._translated():
            self._refuse_when_closed()
            earlier = self._state
            if earlier is None or self._index.latest_generation() != earlier.generation:
                reader = self._index.reader()
                try:
                    state = CommittedState(reader, self._directory, self._reading, earlier)
                except BaseException:
                    reader.close()
                    raise
                weakref.finalize(state, reader.close)
                self._state = state

    @property
    def size(self) -> int:
        """Return the number of documents."""
        return self._open_state().size

    def fingerprints(self, ids: Sequence[str] | None = None) -> Mapping[str, str]:
        """Return id → fingerprint of the documents held, ordered by id."""
        state = self._open_state()
        with self._translated():
            mask = state.alive if ids is None else among(state, ids)
            return dict(sorted(state.answers(np.flatnonzero(mask).tolist())))

    def apply(self, upserts: Sequence[KeywordEntry], deletes: Sequence[str]) -> None:
        """Remove and replace documents in one commit. Of two entries of one document the later counts."""
        if not upserts and not deletes:
            return
        latest = {entry.facts.id: entry for entry in upserts}
        documents = [whoosh_document(entry) for entry in latest.values()]
        with self._writing() as writer, self._translated():
            for one in dict.fromkeys((*deletes, *latest)):
                writer.delete_by_term(KEY, exact_key(one))
            for document in documents:
                writer.add_document(**document)
            writer.commit(mergetype=merge_few)

    @contextmanager
    def filling(self) -> Iterator[Callable[[Sequence[KeywordEntry]], None]]:
        """Lend what adds documents to the empty index; all are committed at the end, none on failure."""
        self.refresh()
        if self.size:
            raise filled(self._directory)
        with self._writing() as writer:

            def add(entries: Sequence[KeywordEntry]) -> None:
                with self._translated():
                    for entry in entries:
                        writer.add_document(**whoosh_document(entry))

            yield add
            with self._translated():
                writer.commit(mergetype=merge_few)

    def clear(self) -> None:
        """Remove every document."""
        with self._writing() as writer, self._translated():
            writer.commit(mergetype=writing.CLEAR)

    def close(self) -> None:
        """Free locks and files. Idempotent."""
        with self._lock:
            self._write_lock.release()
            self._state = None
            self._is_closed = True

    def _open_state(self) -> CommittedState:
        state = self._state
        if state is None:
            raise IndexUnavailable(_CLOSED)
        return state

    def _refuse_when_closed(self) -> None:
        if self._is_closed:
            raise IndexUnavailable(_CLOSED)

    @contextmanager
    def _writing(self) -> Iterator[writing.IndexWriter]:
        """Lend a writer that the borrower commits; on any failure nothing of it is kept."""
        with self._lock:
            self._open_state()
            if not self._may_write:
                raise IndexUnavailable("the keyword index was opened for reading only")
            self._write_lock.acquire()
            with self._translated():
                writer = self._index.writer(limitmb=WRITER_MB)
            try:
                yield writer
            except BaseException:
                with self._translated():
                    if not writer.is_closed:
                        writer.cancel()
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the engine's errors into ours; a damaged file shows in Whoosh as nearly any exception."""
        try:
            yield
        except FixloreError:
            raise
        except writing.LockError as error:
            raise IndexLocked("another process is writing the keyword index; try again when it ends") from error
        except Exception as error:
            raise unusable(self._directory, error) from error
