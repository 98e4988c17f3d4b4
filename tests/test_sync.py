"""Both indexes end as a fresh build of the store would make them, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.entries import keyword_entry
from indexer.manifest import PASSAGE_VERSION
from indexer.passages import passages_of, text_hash
from indexer.sync import BATCH, BEHIND, LEAST_BATCH, Sync, SyncReport, _next_size
from indexer.text_vectors import CHUNK
from kb.access import ADMINISTRATOR
from kb.documents import Article
from kb.errors import ModelUnavailable, RecipeMismatch
from kb.facts import fingerprint_of
from kb.protocols.encoder import Vector
from kb.protocols.store import TicketUpsert
from kb.protocols.vector import VectorEntry
from kb.queries import Filter, KeywordQuery, WordGroup
from tests.fakes.encoder import FakeEncoder
from tests.fakes.keyword import MemoryKeywordIndex
from tests.fakes.store import MemoryStore
from tests.fakes.vectors import MemoryVectorIndex

DIMENSION = 32
RECIPE = replace(FakeEncoder(DIMENSION).recipe, passage_version=PASSAGE_VERSION)


class CountingEncoder(FakeEncoder):
    """An encoder that remembers what it was given, and can be told to fail."""

    def __init__(self) -> None:
        super().__init__(DIMENSION)
        self.texts: list[str] = []
        self.is_missing = False

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vector:
        if self.is_missing:
            raise ModelUnavailable("the model has been removed")
        self.texts.extend(texts)
        return super().encode_documents(texts, progress)


@dataclass
class House:
    """A store with both indexes."""

    store: MemoryStore = field(default_factory=MemoryStore)
    keyword: MemoryKeywordIndex = field(default_factory=MemoryKeywordIndex)
    vectors: MemoryVectorIndex = field(default_factory=lambda: MemoryVectorIndex(RECIPE))
    encoder: CountingEncoder = field(default_factory=CountingEncoder)

    def sync(self, **more: Callable[..., object]) -> Sync:
        return Sync(self.store, self.keyword, self.vectors, self.encoder, **more)  # type: ignore[arg-type]

    def drain(self, limit: int | None = None) -> SyncReport:
        return self.sync().drain(limit)

    def contents(self) -> tuple[object, ...]:
        """Return everything an answer could depend on."""
        self.keyword.refresh()
        self.vectors.refresh()
        query = FakeEncoder(DIMENSION).encode_query("printer error vpn text")
        words = KeywordQuery(words=(WordGroup(("text",)), WordGroup(("printer",))))
        return (
            self.keyword.fingerprints(),
            self.vectors.fingerprints(),
            [(hit.document_id, hit.score) for hit in self.keyword.search(words, Filter(), ADMINISTRATOR, 100)],
            [
                (hit.document_id, hit.score, hit.passage)
                for hit in self.vectors.search(query, Filter(), ADMINISTRATOR, 100)
            ],
        )


def rebuilt(house: House) -> House:
    """Return a house that was built afresh from what the store holds now, and that encoded every text itself."""
    fresh = House()
    for document in house.store.documents(list(house.store.all_ids())).values():
        if isinstance(document, Article):
            fresh.store.put_articles([document], "test")
        else:
            fields = {"title": document.title, "description": document.description}
            fresh.store.upsert_tickets([TicketUpsert(document.source, document.external_id, fields, {})])
    fresh.drain()
    return fresh


def article(name: str, body: str = "Some text.", **more: str) -> Article:
    return Article(id=name, title=f"Title of {name}", body=body, **more)  # type: ignore[arg-type]


def put(house: House, *articles: Article) -> None:
    house.store.put_articles(articles, "test")


def test_drain_indexes_what_was_written_and_leaves_nothing_pending() -> None:
    house = House()
    put(house, article("a"), article("b"))
    assert house.drain() == SyncReport(documents=2, written=2, encoded=4)
    assert house.store.pending_count() == 0
    assert set(house.keyword.fingerprints()) == set(house.vectors.fingerprints()) == {"a", "b"}
    assert house.drain() == SyncReport()


def test_drain_removes_what_was_deleted_from_both_indexes() -> None:
    house = House()
    put(house, article("a"), article("b"))
    house.drain()
    house.store.delete_articles(["a"])
    assert house.drain() == SyncReport(documents=1, deleted=1)
    assert set(house.keyword.fingerprints()) == set(house.vectors.fingerprints()) == {"b"}


def test_drain_does_not_encode_a_text_again_when_it_was_ever_encoded() -> None:
    house = House()
    put(house, article("a", "First text."))
    house.drain()
    house.encoder.texts.clear()
    put(house, article("a", "Second text."))
    house.drain()
    assert house.encoder.texts == ["Title of a\nSecond text."]
    house.encoder.texts.clear()
    put(house, article("a", "First text."))
    assert house.drain() == SyncReport(documents=1, written=1, reused=2)
    assert house.encoder.texts == []
    assert house.contents() == rebuilt(house).contents()


def queued(house: House, tickets: int) -> None:
    fields = {"title": "Printer error"}
    house.store.upsert_tickets([TicketUpsert("desk", str(number), fields, {}) for number in range(tickets)])


def test_drain_takes_what_a_person_saved_first_when_a_long_queue_waits() -> None:
    house = House()
    queued(house, 400)
    put(house, article("imported", path="imported.md"), article("saved"))
    queued_later = [TicketUpsert("desk", f"later-{number}", {"title": "Gate"}, {}) for number in range(100)]
    house.store.upsert_tickets(queued_later)
    assert house.drain(1).documents == 1
    assert set(house.keyword.fingerprints()) == set(house.vectors.fingerprints()) == {"saved"}
    house.drain(1)
    assert set(house.keyword.fingerprints()) == {"saved", "desk:0"}
    house.drain()
    assert house.store.pending_count() == 0
    assert len(house.keyword.fingerprints()) == len(house.vectors.fingerprints()) == 502
    assert house.contents() == rebuilt(house).contents()


def test_batches_grow_while_they_are_quick_and_shrink_when_one_was_slow() -> None:
    assert _next_size(32, 32, 0.01) == 128
    assert _next_size(400, 400, 0.01) == BATCH
    assert _next_size(500, 500, 7.0) == 50
    assert _next_size(500, 500, 70.0) == LEAST_BATCH
    assert _next_size(64, 1, 0.1) == 64  # one article says little of how long many take


def test_drain_writes_without_encoding_when_only_facts_change() -> None:
    house = House()
    put(house, article("a"))
    house.drain()
    put(house, article("a", service="vpn"))
    assert house.drain() == SyncReport(documents=1, written=1, reused=2)
    wanted = Filter(values={"service": frozenset({"vpn"})})
    assert [hit.document_id for hit in house.vectors.search(query(), wanted, ADMINISTRATOR, 9)] == ["a"]


def query() -> Vector:
    return FakeEncoder(DIMENSION).encode_query("title text")


def test_drain_leaves_a_document_alone_when_it_is_as_wanted() -> None:
    house = House()
    put(house, article("a"))
    house.drain()
    house.store.enqueue_all()
    assert house.drain() == SyncReport(documents=1)


def test_drain_stops_when_the_limit_is_reached_and_goes_on_later() -> None:
    house = House()
    put(house, *(article(f"a{number}") for number in range(5)))
    assert house.drain(limit=2).documents == 2
    assert house.store.pending_count() == 3
    assert set(house.vectors.fingerprints()) == {"a0", "a1"}
    assert house.drain(limit=0).documents == 0
    house.drain()
    assert house.contents() == rebuilt(house).contents()


def test_drain_indexes_words_when_there_is_no_model_and_vectors_when_it_is_back() -> None:
    house = House()
    put(house, article("kept"), article("changed"), article("gone"))
    house.drain()
    house.encoder.is_missing = True
    put(house, article("changed", "Other text."), article("new"))
    house.store.delete_articles(["gone"])
    told: list[str] = []
    report = house.sync(say=told.append).drain()
    assert (report.vectors_behind, report.written, report.deleted) == (True, 2, 1)
    assert len(told) == 1 and "removed" in told[0]
    assert house.store.pending_count() == 0
    assert set(house.keyword.fingerprints()) == {"kept", "changed", "new"}
    assert set(house.vectors.fingerprints()) == {"kept", "changed"}
    assert house.drain().vectors_behind
    house.encoder.is_missing = False
    report = house.drain()
    assert (report.vectors_behind, house.store.setting(BEHIND)) == (False, None)
    assert house.contents() == rebuilt(house).contents()


def test_drain_catches_up_when_the_vector_index_could_not_be_opened() -> None:
    house = House()
    put(house, article("a"))
    assert Sync(house.store, house.keyword, None, house.encoder).drain().vectors_behind
    assert Sync(house.store, house.keyword, house.vectors, None).drain().vectors_behind
    assert house.vectors.fingerprints() == {}
    house.drain()
    assert house.contents() == rebuilt(house).contents()


def test_drain_uses_stored_vectors_when_there_is_no_model() -> None:
    house = House()
    put(house, article("a"))
    house.drain()
    house.vectors.clear()
    house.store.enqueue_all()
    assert Sync(house.store, house.keyword, house.vectors, None).drain() == SyncReport(documents=1, reused=2)
    assert house.contents() == rebuilt(house).contents()


def test_sync_is_refused_when_the_model_is_not_that_of_the_index() -> None:
    house = House()
    with pytest.raises(RecipeMismatch, match="rebuild"):
        Sync(house.store, house.keyword, house.vectors, FakeEncoder(DIMENSION, max_words=7))


def test_fill_tells_progress_and_stores_vectors_as_it_goes_when_texts_are_many() -> None:
    house = House()
    put(house, *(article(f"a{number:03}") for number in range(400)))
    seen: list[tuple[int, int]] = []
    stored: list[int] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        stored.append(len(house.store.vectors(FakeEncoder(DIMENSION).recipe.id, hashes)))

    hashes = [text_hash(one.text) for name in range(400) for one in passages_of(article(f"a{name:03}"))]
    house.sync(progress=progress).fill(list(house.store.all_ids()))
    assert seen == sorted(seen)
    assert seen[-1] == (400, 400)
    assert CHUNK in stored
    assert stored == sorted(stored)
    assert len(seen) > 3


def test_drain_ends_soon_when_it_is_told_to_stop_and_loses_nothing() -> None:
    house = House()
    put(house, *(article(f"a{number:03}") for number in range(400)))
    assert house.sync(keep_going=lambda: False).drain().stopped
    assert house.store.pending_count() == 400
    house.encoder.texts.clear()
    house.drain()
    assert len(house.encoder.texts) == 800 - 2 * LEAST_BATCH
    assert house.contents() == rebuilt(house).contents()


def test_fill_indexes_named_documents_and_leaves_the_change_log_alone() -> None:
    house = House()
    put(house, article("a"), article("b"))
    house.sync().fill(["b", "unknown"])
    assert set(house.keyword.fingerprints()) == {"b"}
    assert house.store.pending_count() == 2


def test_vectors_are_the_same_to_the_last_bit_when_they_come_from_the_store() -> None:
    class Spy(MemoryVectorIndex):
        def __init__(self) -> None:
            super().__init__(RECIPE)
            self.rows: list[Vector] = []

        def apply(self, upserts: Sequence[VectorEntry], deletes: Sequence[str]) -> None:
            self.rows.extend(entry.vectors for entry in upserts)
            super().apply(upserts, deletes)

    house, spy = House(), Spy()
    house.vectors = spy
    put(house, article("a"))
    house.drain()
    spy.clear()
    house.store.enqueue_all()
    house.drain()
    made, stored = spy.rows
    assert made.tobytes() == stored.tobytes()
    assert np.array_equal(made, made.astype(np.float16))


def test_keyword_entry_holds_identifiers_of_every_field_and_the_signatures() -> None:
    document = Article(
        id="a",
        title="Error 0x80070005 in Outlook",
        body="See ORA-12154.",
        error_signatures=("ERR_CONNECTION_RESET while reading",),
    )
    entry = keyword_entry(document, fingerprint_of(document))
    assert set(entry.identifiers) >= {"0x80070005", "ora-12154", "err_connection_reset"}
    assert "while" in entry.surfaces["body"]
    assert entry.facts.id == "a"
    assert "fix" not in entry.terms


def test_keyword_entry_is_analysed_in_the_language_of_the_document() -> None:
    def terms(language: str) -> Mapping[str, tuple[str, ...]]:
        return keyword_entry(article("a", "Die Drucker drucken", language=language), "f").terms

    assert terms("de")["body"] != terms("en")["body"]


# A model: whatever is written, deleted and interrupted, the end is that of a fresh build.

_names = st.sampled_from(["a", "b", "c", "desk:1", "desk:2"])
_texts = st.sampled_from(["", "printer error", "vpn text", "text " * 300])
_steps = st.one_of(
    st.tuples(st.just("write"), _names, _texts),
    st.tuples(st.just("delete"), _names, st.just("")),
    st.tuples(st.sampled_from(["drain", "all", "model", "no model"]), st.just(""), st.just("")),
    st.tuples(st.just("crash"), st.integers(0, 7).map(str), st.just("")),
)


class Crash(Exception):
    """The process dies here."""


class Fragile:
    """Stands before a store or an index and dies at the n-th call of a method that writes."""

    def __init__(self, inner: object, left: list[int]):
        self._inner = inner
        self._left = left

    def __getattr__(self, name: str) -> object:
        found = getattr(self._inner, name)
        if name not in ("apply", "done", "put_vectors", "put_setting"):
            return found

        def dying(*arguments: object, **named: object) -> object:
            if self._left[0] <= 0:
                raise Crash
            self._left[0] -= 1
            result = found(*arguments, **named)
            if self._left[0] <= 0:
                raise Crash
            self._left[0] -= 1
            return result

        return dying


def _take(house: House, step: str, name: str, text: str) -> None:
    if step == "write" and ":" in name:
        fields = {"title": f"Ticket {name}", "description": text}
        house.store.upsert_tickets([TicketUpsert("desk", name.partition(":")[2], fields, {})])
    elif step == "write":
        put(house, article(name, text))
    elif step == "delete" and ":" in name:
        house.store.delete_ticket(name)
    elif step == "delete":
        house.store.delete_articles([name])
    elif step == "drain":
        house.drain()
    elif step == "all":
        house.store.enqueue_all()
    elif step == "crash":
        left = [int(name)]
        store, keyword, vectors = (Fragile(one, left) for one in (house.store, house.keyword, house.vectors))
        with suppress(Crash):
            Sync(store, keyword, vectors, house.encoder).drain()  # type: ignore[arg-type]
    else:
        house.encoder.is_missing = step == "no model"


@settings(deadline=None)
@given(steps=st.lists(_steps, max_size=12))
def test_indexes_equal_a_fresh_build_when_writes_deletes_and_crashes_come_in_any_order(
    steps: list[tuple[str, str, str]],
) -> None:
    house = House()
    for step in steps:
        _take(house, *step)
    house.encoder.is_missing = False
    house.drain()
    assert house.store.pending_count() == 0
    assert house.store.setting(BEHIND) is None
    assert house.contents() == rebuilt(house).contents()
