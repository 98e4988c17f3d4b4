"""What every vector index must do. Inherit `VectorIndexSuite` and give it a `new_index` fixture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.access import ADMINISTRATOR, MEMBER, may_read_facts
from kb.errors import IndexUnavailable, InvalidInput
from kb.protocols.encoder import Vector
from kb.protocols.vector import VectorEntry, VectorIndex
from kb.queries import Facts, Filter, Viewer
from kb.recipe import Recipe

DIMENSION = 8
RECIPE = Recipe(model="letters", revision="0" * 64, procedure="test", dimension=DIMENSION, max_tokens=16)
EVERYTHING = Filter()
NewIndex = Callable[[], VectorIndex]


def axis(number: int, share: float = 1.0) -> Vector:
    """Return a unit vector whose similarity to axis `number` is `share`; the rest points along the last axis."""
    vector = np.zeros(DIMENSION, np.float32)
    vector[number] = share
    vector[-1] += np.sqrt(1 - share * share)
    return vector


def facts(document_id: str, dated_at: datetime | None = None, **values: str | set[str]) -> Facts:
    held = {"type": "ticket", "audience": "internal", "source": "desk"} | values
    return Facts(
        document_id,
        {name: frozenset({value} if isinstance(value, str) else value) for name, value in held.items()},
        dated_at,
    )


def entry(document: str | Facts, *vectors: Vector, fingerprint: str = "f1") -> VectorEntry:
    held = facts(document) if isinstance(document, str) else document
    rows = np.stack(vectors) if vectors else np.zeros((0, DIMENSION), np.float32)
    return VectorEntry(held, fingerprint, tuple(range(len(vectors))), rows)


def put(index: VectorIndex, upserts: Sequence[VectorEntry], deletes: Sequence[str] = ()) -> None:
    index.apply(upserts, deletes)
    index.refresh()


def found(index: VectorIndex, where: Filter = EVERYTHING, viewer: Viewer = MEMBER, depth: int = 100) -> list[str]:
    return [hit.document_id for hit in index.search(axis(0), where, viewer, depth)]


_words = st.sampled_from(["a", "b", "published", "draft", "internal", "public", "decision", "ticket", "how-to", "ß"])
_fields = st.sampled_from(["type", "audience", "state", "source", "tags", "service"])
_offsets = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-9, minutes=-30))])
_moments = st.builds(
    lambda minutes, zone: (datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minutes)).astimezone(zone),
    st.integers(-3, 3),
    _offsets,
)
_value_sets = st.dictionaries(_fields, st.frozensets(_words, min_size=1, max_size=3), max_size=4)
_filters = st.builds(
    Filter,
    values=st.dictionaries(_fields, st.frozensets(_words | st.just("article"), max_size=3), max_size=2),
    excluded=st.dictionaries(_fields, st.frozensets(_words, max_size=2), max_size=2),
    after=st.none() | _moments,
    before=st.none() | _moments,
    as_of=st.none() | _moments,
    without=st.frozensets(st.sampled_from(["d0", "d1", "d9"]), max_size=2),
)
_viewers = st.builds(
    Viewer,
    name=st.just("someone"),
    audiences=st.none() | st.frozensets(st.sampled_from(["public", "internal", "a"]), max_size=3),
    may_edit=st.booleans(),
)
_components = st.integers(-4, 4).map(lambda value: value / 4)
_vectors = st.lists(_components, min_size=DIMENSION, max_size=DIMENSION).map(
    lambda values: (np.array(values) / max(float(np.linalg.norm(values)), 1.0)).astype(np.float32)
)
_passages = st.lists(_vectors, max_size=3)


class VectorIndexSuite:
    """Every test gets `new_index`, which returns a fresh, empty index of recipe `RECIPE` at each call."""

    def test_search_returns_documents_by_their_best_passage_when_several_match(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("far", axis(0, 0.25)), entry("near", axis(1), axis(0, 0.5)), entry("best", axis(0))])
        hits = index.search(axis(0), EVERYTHING, MEMBER, 10)
        assert [(hit.document_id, hit.score, hit.passage) for hit in hits] == [
            ("best", 1.0, 0),
            ("near", 0.5, 1),
            ("far", 0.25, 0),
        ]

    def test_search_names_the_first_passage_when_two_are_equally_similar(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("one", axis(1), axis(0), axis(0))])
        assert index.search(axis(0), EVERYTHING, MEMBER, 1)[0].passage == 1

    def test_search_returns_as_many_documents_as_asked_for_when_one_has_all_the_best_passages(
        self, new_index: NewIndex
    ) -> None:
        index = new_index()
        crowd = entry("crowd", *[axis(0)] * 500)
        put(index, [crowd, *(entry(f"other-{number:03}", axis(0, 0.5)) for number in range(100))])
        assert found(index, depth=60) == ["crowd", *(f"other-{number:03}" for number in range(59))]

    def test_search_returns_all_there_are_when_fewer_than_depth(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("one", axis(0)), entry("two", -axis(0))])
        assert found(index, depth=1000) == ["one", "two"]
        assert found(index, depth=1) == ["one"]
        assert found(index, depth=0) == []

    def test_search_finds_nothing_when_the_index_is_empty(self, new_index: NewIndex) -> None:
        index = new_index()
        assert found(index) == []
        assert index.similarities(axis(0), ["one"]) == {}
        assert index.size == 0

    def test_search_orders_ties_by_id_when_they_cross_the_cut(self, new_index: NewIndex) -> None:
        index = new_index()
        names = [f"t{number:04}" for number in range(1000)]
        put(index, [entry(name, axis(0, 0.5)) for name in reversed(names)])
        assert found(index, depth=7) == names[:7]

    def test_similarity_ignores_what_four_decimals_do_not_show(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("b", axis(0, 0.500001)), entry("a", axis(0, 0.5))])
        assert [(hit.document_id, hit.score) for hit in index.search(axis(0), EVERYTHING, MEMBER, 2)] == [
            ("a", 0.5),
            ("b", 0.5),
        ]

    def test_similarities_cover_every_passage_when_filter_and_viewer_would_hide_the_document(
        self, new_index: NewIndex
    ) -> None:
        index = new_index()
        hidden = facts("hidden", audience="group:vault", source="decision")
        put(index, [entry(hidden, axis(0), axis(0, 0.5)), entry("plain", axis(1))])
        assert found(index) == ["plain"]
        assert index.similarities(axis(0), ["plain", "unknown", "hidden"]) == {
            "plain": {0: 0.0},
            "hidden": {0: 1.0, 1: 0.5},
        }

    def test_similarities_keep_passage_numbers_when_they_have_gaps(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [replace(entry("log", axis(0), axis(1)), passages=(0, 7))])
        assert index.similarities(axis(1), ["log"]) == {"log": {0: 0.0, 7: 1.0}}
        assert index.search(axis(1), EVERYTHING, MEMBER, 1)[0].passage == 7

    def test_vectors_come_back_as_they_are_held_when_some_documents_are_not(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("one", axis(0), axis(1)), entry(facts("hidden", audience="group:vault"), axis(2))])
        put(index, [entry("late", axis(3, 0.5)), entry("one", axis(4), axis(5))], ["gone"])
        held = index.vectors(["late", "unknown", "one", "hidden"])
        assert list(held) == ["late", "one", "hidden"]
        assert all(rows.dtype == np.float32 for rows in held.values())
        np.testing.assert_array_equal(held["one"], np.stack([axis(4), axis(5)]))
        np.testing.assert_array_equal(held["hidden"], axis(2)[None])
        np.testing.assert_array_equal(held["late"], axis(3, 0.5).astype(np.float16).astype(np.float32)[None])

    def test_vectors_are_none_when_a_document_has_no_passage_or_was_deleted(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("blank"), entry("gone", axis(0))])
        put(index, [], ["gone"])
        held = index.vectors(["blank", "gone"])
        assert list(held) == ["blank"]
        assert held["blank"].shape == (0, DIMENSION)

    def test_apply_replaces_a_document_when_it_is_held_already(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("one", axis(0), axis(1)), entry("two", axis(0, 0.5))])
        put(index, [entry(facts("one", service="mail"), axis(2), fingerprint="f2")])
        assert index.similarities(axis(2), ["one"]) == {"one": {0: 1.0}}
        assert found(index) == ["two", "one"]
        assert found(index, Filter(values={"service": frozenset({"mail"})})) == ["one"]
        assert index.size == 2
        assert index.fingerprints() == {"one": "f2", "two": "f1"}

    def test_apply_removes_documents_when_they_are_held(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("one", axis(0)), entry("two", axis(0)), entry("three", axis(0))])
        put(index, [], ["two", "unknown"])
        put(index, [entry("four", axis(0))], ["three"])
        assert found(index) == ["four", "one"]
        assert index.similarities(axis(0), ["two", "three"]) == {}
        assert index.fingerprints(["one", "two", "three", "four"]) == {"one": "f1", "four": "f1"}

    def test_apply_brings_a_document_back_when_it_was_deleted(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("one", axis(0)), entry("two", axis(1))])
        put(index, [], ["one"])
        assert found(index) == ["two"]
        put(index, [entry("one", axis(0, 0.5), fingerprint="f2")])
        assert found(index) == ["one", "two"]
        assert index.fingerprints(["one"]) == {"one": "f2"}

    def test_apply_takes_the_last_when_one_document_comes_twice(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("one", axis(1), axis(1)), entry("one", axis(0), fingerprint="f2")])
        assert index.similarities(axis(0), ["one"]) == {"one": {0: 1.0}}
        assert (index.size, index.fingerprints()) == (1, {"one": "f2"})

    def test_apply_is_seen_when_refreshed_and_not_before(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("one", axis(0))])
        index.apply([entry("two", axis(0))], ["one"])
        assert found(index) == ["one"]
        assert index.fingerprints() == {"two": "f1"}
        index.refresh()
        assert found(index) == ["two"]

    def test_apply_keeps_a_document_without_passages_when_there_is_no_text(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("blank"), entry("one", axis(0))])
        assert found(index) == ["one"]
        assert index.fingerprints(["blank"]) == {"blank": "f1"}
        assert index.similarities(axis(0), ["blank"]) == {"blank": {}}

    @pytest.mark.parametrize(
        "vectors",
        [
            np.full((1, DIMENSION), np.nan, np.float32),
            np.full((1, DIMENSION), np.inf, np.float32),
            np.full((1, DIMENSION), 1.0, np.float32),
            np.zeros((2, DIMENSION), np.float32),
            np.zeros((1, DIMENSION + 1), np.float32),
        ],
        ids=["not-a-number", "infinite", "long", "count", "dimension"],
    )
    def test_apply_changes_nothing_when_a_vector_does_not_fit(self, new_index: NewIndex, vectors: Vector) -> None:
        index = new_index()
        put(index, [entry("one", axis(0))])
        with pytest.raises(InvalidInput):
            index.apply([entry("two", axis(0)), VectorEntry(facts("bad"), "f1", (0,), vectors)], ["one"])
        index.refresh()
        assert found(index) == ["one"]

    def test_filling_adds_all_that_came_in_parts_when_the_block_ends(self, new_index: NewIndex) -> None:
        index = new_index()
        with index.filling() as add:
            add([entry(facts("one", service="mail"), axis(0, 0.5), axis(1))])
            add([])
            add([entry("blank"), entry(facts("two", service="vpn"), axis(0), fingerprint="f2")])
            add([entry(facts("three", service="mail"), axis(0, 0.9), axis(2))])
            index.refresh()
            assert index.size == 0
        index.refresh()
        assert found(index) == ["two", "three", "one"]
        assert found(index, Filter(values={"service": frozenset({"mail"})})) == ["three", "one"]
        assert index.fingerprints() == {"one": "f1", "blank": "f1", "two": "f2", "three": "f1"}
        assert index.similarities(axis(2), ["three", "blank"]) == {"three": {0: 0.0, 1: 1.0}, "blank": {}}
        put(index, [entry("two", axis(3))], ["one"])
        assert (found(index), index.size) == (["three", "two"], 3)

    def test_filling_is_refused_at_once_when_the_index_holds_something(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("one", axis(0))])
        with pytest.raises(IndexUnavailable, match="is not empty"), index.filling():
            raise AssertionError("it was not refused")
        assert found(index) == ["one"]

    def test_filling_adds_nothing_when_nothing_comes_or_the_block_fails(self, new_index: NewIndex) -> None:
        index = new_index()
        with index.filling():
            pass
        with pytest.raises(OSError, match="no such share"), index.filling() as add:
            add([entry("one", axis(0))])
            raise OSError("no such share")
        with pytest.raises(InvalidInput), index.filling() as add:
            add([entry("one", axis(0))])
            add([VectorEntry(facts("bad"), "f1", (0,), np.full((1, DIMENSION), np.nan, np.float32))])
        index.refresh()
        assert (index.size, index.fingerprints()) == (0, {})
        put(index, [entry("one", axis(0))])
        assert found(index) == ["one"]

    @pytest.mark.parametrize("value", [np.nan, np.inf, 2.0])
    def test_search_refuses_a_query_when_it_is_no_unit_vector(self, new_index: NewIndex, value: float) -> None:
        index = new_index()
        with pytest.raises(InvalidInput):
            index.search(np.full(DIMENSION, value, np.float32), EVERYTHING, MEMBER, 1)
        with pytest.raises(InvalidInput):
            index.search(np.zeros(DIMENSION + 1, np.float32), EVERYTHING, MEMBER, 1)

    def test_clear_removes_everything_when_refreshed(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("one", axis(0))])
        index.clear()
        index.refresh()
        assert (found(index), index.size, index.fingerprints()) == ([], 0, {})
        put(index, [entry("one", axis(0))])
        assert found(index) == ["one"]

    def test_search_is_refused_when_closed(self, new_index: NewIndex) -> None:
        index = new_index()
        index.close()
        index.close()
        with pytest.raises(IndexUnavailable):
            found(index)

    def test_filter_holds_before_the_cut_when_most_of_the_best_are_hidden(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry(facts(f"mail-{n:03}", service="mail"), axis(0)) for n in range(300)])
        put(index, [entry(facts(f"vpn-{n:02}", service="vpn"), axis(0, 0.25)) for n in range(40)])
        wanted = Filter(values={"service": frozenset({"VPN"})})
        assert found(index, wanted, depth=30) == [f"vpn-{n:02}" for n in range(30)]

    def test_filter_shows_articles_of_every_kind_when_type_is_article(self, new_index: NewIndex) -> None:
        index = new_index()
        kinds = {"ticket": "ticket", "guide": "how-to", "post": "post-mortem"}
        put(index, [entry(facts(name, type=kind), axis(0)) for name, kind in kinds.items()])
        assert found(index, Filter(values={"type": frozenset({"article"})})) == ["guide", "post"]
        assert found(index, Filter(excluded={"type": frozenset({"article"})})) == ["ticket"]

    def test_filter_hides_decision_records_unless_their_source_is_named(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry(facts("record", source="decision"), axis(0)), entry("plain", axis(0))])
        assert found(index) == ["plain"]
        assert found(index, Filter(values={"source": frozenset({"decision"})})) == ["record"]

    def test_filter_bounds_dates_when_documents_are_dated_or_not(self, new_index: NewIndex) -> None:
        index = new_index()
        noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
        tick = timedelta(microseconds=1)
        moments = {"before": noon - tick, "at": noon, "after": noon + tick, "undated": None}
        put(index, [entry(facts(name, dated_at=moment), axis(0)) for name, moment in moments.items()])
        there = noon.astimezone(timezone(timedelta(hours=5)))
        assert found(index, Filter(after=there)) == ["after", "at"]
        assert found(index, Filter(before=there)) == ["before"]
        assert found(index, Filter(as_of=there)) == ["before", "undated"]

    def test_filter_leaves_out_named_ids(self, new_index: NewIndex) -> None:
        index = new_index()
        put(index, [entry("one", axis(0)), entry("two", axis(0))])
        assert found(index, Filter(without=frozenset({"one", "unknown"}))) == ["two"]
        assert found(index) == ["one", "two"]

    def test_each_question_has_its_own_bounds_when_one_follows_the_other(self, new_index: NewIndex) -> None:
        index = new_index()
        names = ("a", "b", "c")
        put(
            index,
            [
                entry(facts(name, type=kind), axis(0))
                for name, kind in zip(names, ("faq", "faq", "runbook"), strict=True)
            ],
        )
        bounds = {
            ("a", "b", "c"): Filter(),
            ("b", "c"): Filter(without=frozenset({"a"})),
            ("a", "b"): Filter({"type": frozenset({"faq"})}),
            ("b",): Filter({"type": frozenset({"faq"})}, without=frozenset({"a", "elsewhere"})),
            ("c",): Filter(excluded={"type": frozenset({"faq"})}),
        }

        for _ in range(2):
            assert {tuple(found(index, where)): where for where in bounds.values()} == bounds
        put(index, [entry(facts("d", type="faq"), axis(0))], ["b"])
        assert found(index, Filter({"type": frozenset({"faq"})})) == ["a", "d"]

    def test_viewer_bounds_what_is_found(self, new_index: NewIndex) -> None:
        index = new_index()
        put(
            index,
            [
                entry(facts("group", audience="group:vault"), axis(0)),
                entry(facts("draft", state="draft"), axis(0)),
                entry(facts("shown", state="published"), axis(0)),
            ],
        )
        assert found(index, viewer=MEMBER) == ["shown"]
        assert found(index, viewer=replace(MEMBER, may_edit=True)) == ["draft", "shown"]
        assert found(index, viewer=Viewer("vault", frozenset({"group:vault"}))) == ["group"]
        assert found(index, viewer=ADMINISTRATOR) == ["draft", "group", "shown"]

    @settings(
        deadline=None,
        max_examples=60,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(
        documents=st.lists(st.tuples(_value_sets, st.none() | _moments, _passages), max_size=8),
        where=_filters,
        viewer=_viewers,
        query=_vectors,
        depth=st.integers(1, 9),
        cut=st.integers(0, 8),
    )
    def test_search_agrees_with_the_definitions(
        self,
        new_index: NewIndex,
        documents: list[tuple[dict[str, frozenset[str]], datetime | None, list[Vector]]],
        where: Filter,
        viewer: Viewer,
        query: Vector,
        depth: int,
        cut: int,
    ) -> None:
        index = new_index()
        entries = [
            entry(Facts(f"d{number}", values, moment), *vectors)
            for number, (values, moment, vectors) in enumerate(documents)
        ]
        put(index, entries[cut:])
        put(index, entries[: cut + 2])  # in two commits that overlap
        similar = index.similarities(query, [one.facts.id for one in entries])
        expected = sorted(
            (-max(similar[one.facts.id].values()), one.facts.id)
            for one in entries
            if similar[one.facts.id] and where.admits(one.facts) and may_read_facts(viewer, one.facts)
        )
        hits = index.search(query, where, viewer, depth)
        assert [(-hit.score, hit.document_id) for hit in hits] == expected[:depth]
        for hit in hits:
            assert hit.passage is not None
            assert similar[hit.document_id][hit.passage] == hit.score
        for one in entries:
            exact = one.vectors.astype(np.float16).astype(np.float64) @ query.astype(np.float64)
            np.testing.assert_allclose(list(similar[one.facts.id].values()), exact, atol=6e-5)
        index.close()
