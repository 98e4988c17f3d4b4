"""Bring both indexes up to the store: read changes, plan, act, mark done.

A kill at any moment repeats work and loses none: a change is done only after both indexes have committed it, a
document that is already as wanted is left alone, and no text is encoded twice.

Keyword terms of a batch are committed before its texts are encoded, so that words are found while vectors are made.
When there is no model, the keyword index goes on alone: the batch is done, and a mark in the store says that vectors
are behind. The next drain with a model compares the fingerprints of both indexes and makes what is missing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.entries import keyword_entry, vector_entry
from indexer.plan import Act, Fingerprints, plan, vector_fingerprint, wanted_fingerprints
from indexer.preparing import NamedTexts, Prepared, named_texts
from indexer.preparing_processes import prepared_in_order, wanted_processes
from indexer.text_vectors import TextVectors
from kb.documents import Article, Document
from kb.errors import ModelUnavailable, RecipeMismatch
from kb.facts import facts_of
from kb.protocols.encoder import Encoder
from kb.protocols.keyword import KeywordIndex
from kb.protocols.store import Change, ChangeLog, DocumentStore, VectorStore
from kb.protocols.vector import VectorEntry, VectorIndex
from kb.queries import Facts
from kb.recipe import Recipe
from kb.reporting import Progress, Say

BATCH = 500
"""Documents in one commit of each index, at most."""
LEAST_BATCH = 32
"""Documents in a batch of changes, at least and at first: smaller ones would spend their time on commits."""
_BATCH_S = 0.7
"""How long a batch of changes may take, as far as the one before can tell: what a person saves meanwhile waits for its
end, then for a batch of its own, and is to be found within two seconds.
"""
_NEWEST = 200
"""How many of the newest changes are looked at for what a person saved; fifty tickets a second bring 35 in a batch."""
_NO_VECTORS = "the vector index cannot be opened"
BEHIND = "index.vectors_behind"
"""Setting of the store that says: some document's vectors are not in the index yet."""


class SyncedStore(DocumentStore, ChangeLog, VectorStore, Protocol):
    """The parts of the store that indexing needs."""

    def setting(self, name: str) -> str | None:
        """Return a value kept in the store."""
        ...

    def put_setting(self, name: str, value: str | None) -> None:
        """Keep a value, or drop it when `None`."""
        ...

    def take_setting(self, name: str, value: str) -> bool:
        """Drop a value if it is still this one, and say whether it was."""
        ...


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What was done: documents looked at, written and removed; texts encoded and taken from the store.

    `vectors_behind` says that some vectors are still to be made, `stopped` that work ended early as it was told to.
    """

    documents: int = 0
    written: int = 0
    deleted: int = 0
    encoded: int = 0
    reused: int = 0
    vectors_behind: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the vector index is to hold of a document: facts, its fingerprint there, and the texts to embed."""

    facts: Facts
    fingerprint: str
    texts: NamedTexts


class Sync:
    """Brings one keyword index and one vector index up to one store. Only one may work at a time: see indexer.lock."""

    def __init__(
        self,
        store: SyncedStore,
        keyword_index: KeywordIndex,
        vector_index: VectorIndex | None,
        encoder: Encoder | None,
        *,
        say: Say = lambda line: None,
        progress: Progress = lambda done, total: None,
        keep_going: Callable[[], bool] = lambda: True,
    ):
        """`vector_index` is `None` when it cannot be opened, `encoder` when there is no model.

        `progress` gets documents done of those known to be waiting. Work ends at the next commit or stored chunk after
        `keep_going` says no. Raises RecipeMismatch when the encoder is not the one that the index was made with.
        """
        self._store = store
        self._keyword = keyword_index
        self._vectors = vector_index
        self._say = say
        self._progress = progress
        self._keep_going = keep_going
        self._report = SyncReport()
        self._total = 0
        self._texts: TextVectors | None = None
        if vector_index is not None:
            source = replace(vector_index.recipe, passage_version=0)
            if encoder is not None and encoder.recipe != source:
                raise RecipeMismatch(
                    f"the vector index was made with {source.model_name} (recipe {source.id}), but the model at hand "
                    f"is {encoder.recipe.model_name} (recipe {encoder.recipe.id}); run `kb index --rebuild`"
                )
            # Without the passage version: text that is cut in the same way is not encoded again.
            self._texts = TextVectors(store, source.id, source.dimension, encoder)
        self._has_model = encoder is not None

    def drain(self, limit: int | None = None) -> SyncReport:
        """Do at most `limit` changes and what is left of vectors that were behind.

        The oldest come first, but what people save on the site goes before a queue that is longer than a batch.
        Raises StoreError, IndexUnavailable; what was committed until then stays.
        """
        self._begin(self._store.pending_count())
        try:
            self._catch_up()
            left = sys.maxsize if limit is None else limit
            size = LEAST_BATCH
            while changes := self._next_changes(size)[:left]:
                began = time.monotonic()
                self._bring([one.document_id for one in changes])
                self._store.done(changes)
                self._check()
                left -= len(changes)
                size = _next_size(size, len(changes), time.monotonic() - began)
        except _ToldToStop:
            self._report = replace(self._report, stopped=True)
        return self._report

    def fill(self, ids: Sequence[str]) -> SyncReport:
        """Fill both indexes, which must be empty, with these documents, whatever the change log says, in their order.

        So an index is built beside another one: its changes stay pending until `drain` finds them done. Nothing is
        committed before the end, and nothing when work is stopped; vectors that were made stay in the store.
        Raises likewise.
        """
        self._begin(len(ids))
        try:
            with (
                closing(prepared_in_order(self._stored(ids), wanted_processes(len(ids)))) as every,
                self._keyword.filling() as add_words,
                nullcontext() if self._vectors is None else self._vectors.filling() as add_vectors,
            ):
                while some := list(islice(every, BATCH)):
                    add_words([one.entry for one in some])
                    if self._vectors is None or add_vectors is None:
                        self._fall_behind(_NO_VECTORS)
                    else:
                        recipe = self._vectors.recipe
                        add_vectors(self._vector_entries(recipe, [_wanted_of(one, recipe) for one in some]))
                    self._count(len(some), written=len(some))
                    self._check()
            self._refresh()
        except _ToldToStop:
            self._report = replace(self._report, stopped=True)
        return self._report

    def _refresh(self) -> None:
        self._keyword.refresh()
        if self._vectors is not None:
            self._vectors.refresh()

    def _stored(self, ids: Sequence[str]) -> Iterator[Document]:
        for start in range(0, len(ids), BATCH):
            yield from self._store.documents(ids[start : start + BATCH]).values()

    def _begin(self, total: int) -> None:
        self._report = SyncReport(vectors_behind=self._store.setting(BEHIND) is not None)
        self._total = total
        self._refresh()

    def _next_changes(self, size: int) -> Sequence[Change]:
        oldest = self._store.pending(size)
        if len(oldest) < size:
            return oldest
        newest = self._store.newest_pending(_NEWEST)
        documents = self._store.documents([one.document_id for one in newest])
        return [one for one in newest if _is_from_site(documents.get(one.document_id))][:size] or oldest

    def _catch_up(self) -> None:
        """Make the vectors of documents that the keyword index holds and the vector index lacks or holds otherwise."""
        if self._vectors is None or not self._has_model or not self._report.vectors_behind:
            return
        recipe = self._vectors.recipe
        wanted = {one: vector_fingerprint(held, recipe) for one, held in self._keyword.fingerprints().items()}
        held = self._vectors.fingerprints()
        stale = sorted(one for one in wanted.keys() | held.keys() if wanted.get(one) != held.get(one))
        self._say(f"making the vectors of {len(stale)} documents that were indexed without")
        self._total += len(stale)
        self._report = replace(self._report, vectors_behind=False)
        for start in range(0, len(stale), BATCH):
            self._bring(stale[start : start + BATCH])
            self._check()
        if not self._report.vectors_behind:
            self._store.put_setting(BEHIND, None)

    def _bring(self, ids: Sequence[str]) -> None:
        """Commit one batch to both indexes."""
        documents = self._store.documents(ids)
        recipe = self._vectors.recipe if self._vectors is not None else None
        wanted = {one: wanted_fingerprints(documents.get(one), recipe) for one in ids}
        in_keyword = self._keyword.fingerprints(ids)
        in_vectors = self._vectors.fingerprints(ids) if self._vectors is not None else {}
        plans = {one: plan(wanted[one], Fingerprints(in_keyword.get(one), in_vectors.get(one))) for one in ids}

        written = [documents[one] for one in ids if plans[one].keyword is Act.PUT]
        deleted = [one for one in ids if plans[one].keyword is Act.DELETE]
        if written or deleted:
            self._keyword.apply([keyword_entry(one, wanted[one.id].keyword or "") for one in written], deleted)
            self._keyword.refresh()
        if self._vectors is None:
            self._fall_behind(_NO_VECTORS)
        else:
            embedded = [
                _Wanted(facts_of(documents[one]), wanted[one].vectors or "", named_texts(documents[one]))
                for one in ids
                if plans[one].vectors is Act.PUT
            ]
            removed = [one for one in ids if plans[one].vectors is Act.DELETE]
            entries = self._vector_entries(self._vectors.recipe, embedded)
            if entries or removed:
                self._vectors.apply(entries, removed)
                self._vectors.refresh()
        self._count(len(ids), len(written), len(deleted))

    def _count(self, documents: int, written: int, deleted: int = 0) -> None:
        self._report = replace(
            self._report,
            documents=self._report.documents + documents,
            written=self._report.written + written,
            deleted=self._report.deleted + deleted,
        )
        self._tell(0)

    def _vector_entries(self, recipe: Recipe, embedded: Sequence[_Wanted]) -> list[VectorEntry]:
        """Return those documents of a batch whose vectors are all stored or could be made."""
        if self._texts is None:
            return []
        vectors = self._vectors_of(self._texts, embedded)
        return [
            vector_entry(one.facts, one.fingerprint, [vectors[name] for name, _ in one.texts], recipe.dimension)
            for one in embedded
            if all(name in vectors for name, _ in one.texts)
        ]

    def _vectors_of(self, texts: TextVectors, embedded: Sequence[_Wanted]) -> dict[str, NDArray[np.float16]]:
        """Return the vectors of a batch by the hash of their text; those that could not be made are missing."""
        wanted = {name: text for one in embedded for name, text in one.texts}
        hashes = {one.facts.id: [name for name, _ in one.texts] for one in embedded}
        vectors = texts.stored(wanted)
        missing = {name: text for name, text in wanted.items() if name not in vectors}
        texts.note_sources(hashes)
        self._report = replace(self._report, reused=self._report.reused + len(vectors))

        def encoding(count: int) -> None:
            self._tell(len(embedded) * count // len(missing))

        def told(count: int) -> None:
            encoding(count)
            self._check()

        try:
            made = texts.made(missing, hashes, told, encoding)
        except ModelUnavailable as error:
            self._fall_behind(str(error))
            return vectors
        self._report = replace(self._report, encoded=self._report.encoded + len(made))
        return vectors | made

    def _fall_behind(self, why: str) -> None:
        if not self._report.vectors_behind:
            self._store.put_setting(BEHIND, "yes")
            self._say(f"indexing words only, vectors follow later: {why}")
        self._report = replace(self._report, vectors_behind=True)

    def _tell(self, of_batch: int) -> None:
        done = self._report.documents + of_batch
        self._progress(done, max(done, self._total))

    def _check(self) -> None:
        if not self._keep_going():
            raise _ToldToStop


def _wanted_of(prepared: Prepared, recipe: Recipe) -> _Wanted:
    entry = prepared.entry
    return _Wanted(entry.facts, vector_fingerprint(entry.fingerprint, recipe), prepared.texts)


def _is_from_site(document: Document | None) -> bool:
    return isinstance(document, Article) and document.path is None


def _next_size(size: int, done: int, seconds: float) -> int:
    """Return how many changes fit into one batch when `done` took `seconds`; it grows step by step.

    A batch that was not full, as of a single article, says nothing of how long many would take.
    """
    if done < size and seconds <= _BATCH_S:
        return size
    fitting = int(done * _BATCH_S / seconds) if seconds > 0 else BATCH
    return max(LEAST_BATCH, min(fitting, 4 * size, BATCH))


class _ToldToStop(Exception):
    """Unwinds to the caller of a public method between two commits."""
