"""Keep a keyword index with Tantivy: the default engine.

Readers hold one committed state until `refresh`. One thread writes, so that documents lie in the order in which they
were added; merging goes on in threads of Tantivy's own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import tantivy
from tantivy import Occur, Query

from indexer.keyword.exact_text import exact_key, index_terms
from indexer.keyword.index_stamp import (
    LOCK_NAME,
    REMEDY,
    Stamp,
    check_stamp,
    filled,
    read_stamp,
    unusable,
    write_stamp,
)
from indexer.keyword.query_plan import QueryPlan, plan_of
from indexer.keyword.spelling import beginnings, by_nearness, is_spelled, nearly_spelled
from indexer.keyword.tantivy_query import TantivyQueries
from indexer.keyword.tantivy_ranking import (
    MOST_SCORINGS,
    CommittedState,
    best_hits,
    committed_state,
    newest_ids,
    number_of,
    scores_of,
)
from indexer.keyword.tantivy_schema import (
    ANY_TEXT,
    FINGERPRINT,
    ID,
    KEY,
    READERS,
    SCHEMA_VERSION,
    fact_field,
    keyword_schema,
    stored_text,
    tantivy_document,
)
from indexer.lock import FileLock
from kb.errors import IndexLocked, IndexUnavailable
from kb.protocols.keyword import KeywordEntry, Spelling
from kb.queries import FILTER_FIELDS, Filter, Hit, KeywordQuery, Matches, Viewer, WordGroup

STAMP = Stamp("tantivy", SCHEMA_VERSION)
WRITER_BYTES = 128_000_000
"""Memory for documents before a segment is written."""
MOST_VALUES = 2_000
"""Values of a facet that are counted together with the other facets; Tantivy refuses more than 65,000 in all."""
_META_NAME = "meta.json"
_CLOSED = "the keyword index has been closed; open it again"


class TantivyIndex:
    """A KeywordIndex in one directory. Safe to search from several threads, also while one applies."""

    def __init__(self, directory: Path, *, write: bool = True):
        """Open the index of `directory`; with `write`, make it where there is none.

        Raises IndexUnavailable when it is missing, damaged or of another engine or version.
        """
        self._directory = directory
        self._may_write = write
        self._lock = threading.RLock()
        self._writer: tuple[tantivy.IndexWriter, FileLock] | None = None
        self._state: CommittedState | None = None
        self._is_closed = False
        schema = keyword_schema()
        self._queries = TantivyQueries(schema)
        with self._translated():
            if write and read_stamp(directory) is None:
                directory.mkdir(parents=True, exist_ok=True)
                tantivy.Index(schema, str(directory))
                write_stamp(directory, STAMP)
            check_stamp(directory, STAMP)
            self._index = tantivy.Index.open(str(directory))
            self._index.config_reader("manual", 0)
        self.refresh()

    def search(self, query: KeywordQuery, where: Filter, viewer: Viewer, depth: int) -> Sequence[Hit]:
        """Return at most `depth` matching documents, best first; equal scores are ordered by id."""
        plan = plan_of(query)
        if depth <= 0 or plan.finds_nothing:
            return ()
        state = self._open_state()
        with self._translated():
            scoring = self._scoring(state, plan)
            if scoring is None:
                return ()
            bounds = self._queries.within(where, viewer, state.readership)
            return best_hits(state, Query.boolean_query([(Occur.Must, scoring), *bounds]), depth)

    def newest(self, where: Filter, viewer: Viewer, depth: int) -> Sequence[str]:
        """Return the ids of at most `depth` admitted documents, the newest first, undated ones last."""
        if depth <= 0:
            return ()
        state = self._open_state()
        with self._translated():
            return newest_ids(state, self._queries.by_date(where, viewer, state.readership), depth)

    def score(self, query: KeywordQuery, ids: Sequence[str]) -> Mapping[str, float]:
        """Return the score of those of `ids` that match."""
        plan = plan_of(query)
        if not ids or plan.finds_nothing:
            return {}
        state = self._open_state()
        with self._translated():
            scoring = self._scoring(state, plan)
            if scoring is None:
                return {}
            wanted = Query.boolean_query([(Occur.Must, scoring), self._queries.only(ids)])
            return scores_of(state, wanted, len(ids))

    def matches(
        self, query: KeywordQuery, where: Filter, viewer: Viewer, facets: Sequence[str], also: Sequence[str] = ()
    ) -> Matches:
        """Count documents that match or are among `also`, and their values of each field in `facets`."""
        plan = plan_of(query)
        state = self._open_state()
        with self._translated():
            clauses = self._queries.within(where, viewer, state.readership)
            counted = [] if plan.finds_nothing else [self._queries.matching(plan)]
            if also:
                counted.append(self._queries.among(also))
            if counted:
                clauses.append((Occur.Must, Query.boolean_query([(Occur.Should, one) for one in counted])))
            elif not query.is_empty:
                return Matches(0, {name: {} for name in facets})
            else:
                clauses.append((Occur.Must, Query.all_query()))
            return self._counts(state, Query.boolean_query(clauses), facets)

    def holding(
        self, identifiers: Sequence[str], phrases: Sequence[tuple[str, ...]], ids: Sequence[str]
    ) -> frozenset[str]:
        """Return those of `ids` that hold at least one of the identifiers or phrases."""
        if not ids:
            return frozenset()
        state = self._open_state()
        with self._translated():
            wanted = Query.boolean_query(
                [(Occur.Must, self._queries.among(ids)), (Occur.Must, self._queries.holding(identifiers, phrases))]
            )
            hits = state.searcher.search(wanted, limit=len(ids), count=False).hits
            return frozenset(state.id_at(address) for _, address in hits)

    def weight_held(
        self, words: Sequence[WordGroup], phrases: Sequence[tuple[tuple[str, ...], float]], ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Return the sum of the weights of those word groups and phrases that each of `ids` holds."""
        if not ids:
            return {}
        state = self._open_state()
        with self._translated():
            weights = self._queries.weights(words, phrases)
            if not weights:
                return {}
            # As many as the ids are found in any case, with or without a weight.
            held = scores_of(state, Query.boolean_query([self._queries.only(ids), *weights]), len(ids))
            return {one: weight for one, weight in held.items() if weight > 0}

    def document_frequency(self, terms: Sequence[str]) -> Mapping[str, int]:
        """Return in how many documents each term occurs; deleted ones count until Tantivy merges them away."""
        state = self._open_state()
        with self._translated():
            return {term: state.frequency(ANY_TEXT, keys[0]) if (keys := index_terms([term])) else 0 for term in terms}

    def spellings(self, surface: str, where: Filter, viewer: Viewer, most: int) -> Sequence[Spelling]:
        """Return words that are spelled almost like `surface`, the nearest first."""
        if most <= 0 or not is_spelled(surface):
            return ()
        state = self._open_state()
        with self._translated():
            words: dict[str, int] = {}
            for beginning in beginnings(surface):
                words.update(state.words_from(beginning))
            bounds = self._queries.within(where, viewer, state.readership)
            found = []
            for word, mistakes in nearly_spelled(surface, words, words.__getitem__):
                wanted = Query.boolean_query([(Occur.Must, self._queries.holding((), [(word,)])), *bounds])
                if count := number_of(state, wanted):
                    found.append(Spelling(word, mistakes, count))
        return sorted(found, key=by_nearness)[:most]

    def refresh(self) -> None:
        """See what has been committed since, by this or another process."""
        with self._lock, self._translated():
            self._refuse_when_closed()
            mark = self._mark()
            if self._state is None or mark != self._state.mark:
                self._index.reload()
                self._state = committed_state(self._index.searcher(), mark)

    @property
    def size(self) -> int:
        """Return the number of documents."""
        return self._open_state().searcher.num_docs

    def fingerprints(self, ids: Sequence[str] | None = None) -> Mapping[str, str]:
        """Return id → fingerprint of the documents held, ordered by id."""
        state = self._open_state()
        if ids is not None and not ids:
            return {}
        with self._translated():
            wanted = Query.all_query() if ids is None else self._queries.among(ids)
            limit = max(state.searcher.num_docs if ids is None else len(ids), 1)
            found: dict[str, str] = {}
            for _, address in state.searcher.search(wanted, limit=limit, count=False).hits:
                document = state.searcher.doc(address)
                found[stored_text(document, ID)] = stored_text(document, FINGERPRINT)
            return dict(sorted(found.items()))

    def apply(self, upserts: Sequence[KeywordEntry], deletes: Sequence[str]) -> None:
        """Replace and remove documents in one commit. Of two upserts of one document the later counts."""
        if not upserts and not deletes:
            return
        latest = {entry.facts.id: entry for entry in upserts}
        with self._committing() as writer, self._translated():
            for one in dict.fromkeys((*deletes, *latest)):
                writer.delete_documents_by_term(KEY, exact_key(one))
            for entry in latest.values():
                writer.add_document(tantivy_document(entry))

    @contextmanager
    def filling(self) -> Iterator[Callable[[Sequence[KeywordEntry]], None]]:
        """Lend what adds documents to the empty index; all are committed at the end, none on failure.

        Without a commit for each batch, few and large segments come about, and hardly anything is merged.
        """
        self.refresh()
        if self.size:
            raise filled(self._directory)
        with self._committing() as writer:

            def add(entries: Sequence[KeywordEntry]) -> None:
                with self._translated():
                    for entry in entries:
                        writer.add_document(tantivy_document(entry))

            yield add

    def clear(self) -> None:
        """Remove every document."""
        with self._committing() as writer, self._translated():
            writer.delete_all_documents()

    def close(self) -> None:
        """Free locks and files. Idempotent."""
        with self._lock:
            self._state = None
            self._is_closed = True
            if self._writer is not None:
                writer, lock = self._writer
                self._writer = None
                try:
                    with self._translated():
                        writer.wait_merging_threads()
                finally:
                    lock.release()

    def _scoring(self, state: CommittedState, plan: QueryPlan) -> Query | None:
        try:
            return state.scoring[plan]
        except KeyError:
            if len(state.scoring) >= MOST_SCORINGS:
                state.scoring.clear()
            scoring = self._queries.scoring(plan, state.frequency, state.readership.total)
            state.scoring[plan] = scoring
            return scoring

    def _counts(self, state: CommittedState, wanted: Query, facets: Sequence[str]) -> Matches:
        if not facets:
            return Matches(number_of(state, wanted), {})
        wishes: dict[str, object] = {"total": {"value_count": {"field": READERS}}}
        for name in facets:
            if name in FILTER_FIELDS:
                wishes[name] = {"terms": {"field": fact_field(name), "size": MOST_VALUES}}
        counted = state.searcher.aggregate(wanted, wishes)
        spread: dict[str, dict[str, int]] = {name: {} for name in facets}
        for name in spread.keys() & wishes.keys():
            if counted[name]["sum_other_doc_count"]:
                pairs = state.searcher.terms_with_prefix(fact_field(name), "", filter_query=wanted)
                spread[name] = {value: count for value, count in pairs if count}
            else:
                spread[name] = {str(one["key"]): int(one["doc_count"]) for one in counted[name]["buckets"]}
        return Matches(int(counted["total"]["value"]), spread)

    def _open_state(self) -> CommittedState:
        state = self._state
        if state is None:
            raise IndexUnavailable(_CLOSED)
        return state

    def _refuse_when_closed(self) -> None:
        if self._is_closed:
            raise IndexUnavailable(_CLOSED)

    def _mark(self) -> tuple[int, int, int]:
        status = (self._directory / _META_NAME).stat()
        return status.st_mtime_ns, status.st_ino, status.st_size

    @contextmanager
    def _committing(self) -> Iterator[tantivy.IndexWriter]:
        """Lend the writer and commit afterwards; on any failure nothing of it is kept."""
        with self._lock:
            self._open_state()
            if not self._may_write:
                raise IndexUnavailable("the keyword index was opened for reading only")
            writer = self._opened_writer()
            try:
                yield writer
                with self._translated():
                    writer.commit()
            except BaseException:
                self._roll_back()
                raise

    def _opened_writer(self) -> tantivy.IndexWriter:
        if self._writer is None:
            with self._translated():
                lock = FileLock(self._directory / LOCK_NAME)
                lock.acquire()
                try:
                    writer = self._index.writer(WRITER_BYTES, 1)
                    # A process killed just before a commit leaves a file under the very name the next one takes.
                    writer.garbage_collect_files()
                    self._writer = writer, lock
                except BaseException:
                    lock.release()
                    raise
        return self._writer[0]

    def _roll_back(self) -> None:
        """Forget what is not committed; a writer that cannot even do that is given up."""
        if self._writer is not None:
            writer, lock = self._writer
            try:
                writer.rollback()
            except (ValueError, OSError):
                self._writer = None
                lock.release()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the engine's errors into ours; Rust panics arrive as a BaseException of their own."""
        try:
            yield
        except IndexUnavailable:
            raise
        except (ValueError, OSError) as error:
            if "LockBusy" in str(error):
                raise IndexLocked("another process is writing the keyword index; try again when it ends") from error
            raise unusable(self._directory, error) from error
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            raise IndexUnavailable(f"the keyword index in {self._directory} is damaged; {REMEDY}") from error
