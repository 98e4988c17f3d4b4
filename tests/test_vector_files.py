"""What is on disk after a commit, a torn commit, damage, and many commits; and what readers see meanwhile."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.lock import FileLock
from indexer.vectors.compaction import Size, first_to_merge
from indexer.vectors.index import open_vector_index
from indexer.vectors.rows import Rows, allowed_rows, write_rows
from indexer.vectors.segment import Segment, SegmentFiles
from indexer.vectors.similarity import exact_query, held_vectors, similarities
from kb.access import ADMINISTRATOR, MEMBER
from kb.errors import IndexLocked, IndexUnavailable, RecipeMismatch
from kb.protocols.encoder import Vector
from kb.protocols.vector import VectorEntry, VectorIndex
from kb.queries import Facts, Filter, Hit
from kb.recipe import Recipe
from tests.conformance.vector_suite import RECIPE, axis, entry, facts, found, put
from tests.fakes.vectors import MemoryVectorIndex

REAL = Recipe(model="real", revision="1" * 64, procedure="test", dimension=384, max_tokens=128)


def unit_vectors(count: int, dimension: int, seed: int = 0) -> Vector:
    rows = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    vectors: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return vectors


def opened(path: Path) -> VectorIndex:
    return open_vector_index(path, RECIPE, create=False)


def test_index_is_the_same_when_it_is_opened_again(tmp_path: Path) -> None:
    index = open_vector_index(tmp_path, RECIPE)
    put(index, [entry(facts("one", service="mail"), axis(0), axis(1)), entry("two", axis(0, 0.5))])
    put(index, [entry("three", axis(0, 0.25))], ["two"])
    before = index.search(axis(0), Filter(), MEMBER, 9)
    index.close()
    again = opened(tmp_path)
    assert again.search(axis(0), Filter(), MEMBER, 9) == before
    assert again.fingerprints() == {"one": "f1", "three": "f1"}
    assert again.size == 3
    assert again.recipe == RECIPE


def test_ids_and_values_survive_when_they_are_unusual(tmp_path: Path) -> None:
    names = ['quote"', "ümlaut/ß", "\U0001f600", "lone\ud800", "line\nbreak", ""]
    put(open_vector_index(tmp_path, RECIPE), [entry(facts(name, tags={name.casefold()}), axis(0)) for name in names])
    again = opened(tmp_path)
    assert found(again) == sorted(names)
    for name in names:
        assert found(again, Filter(values={"tags": frozenset({name})})) == [name]


def test_readers_see_commits_of_another_after_refresh(tmp_path: Path) -> None:
    writer = open_vector_index(tmp_path, RECIPE)
    reader = opened(tmp_path)
    for number in range(40):
        writer.apply([entry(f"d{number:02}", axis(0))], [f"d{number - 30:02}"])
        reader.refresh()
        assert found(reader) == [f"d{kept:02}" for kept in range(max(0, number - 29), number + 1)]


def test_reader_keeps_answering_when_its_files_are_merged_and_removed(tmp_path: Path) -> None:
    writer = open_vector_index(tmp_path, RECIPE)
    put(writer, [entry("one", axis(0))])
    reader = opened(tmp_path)
    for number in range(10):
        writer.apply([entry(f"d{number}", axis(0))], [])
    assert found(reader) == ["one"]


def test_saved_document_does_not_rewrite_the_large_segment(tmp_path: Path) -> None:
    index = open_vector_index(tmp_path, RECIPE)
    put(index, [entry(f"d{number:04}", axis(0, 0.5)) for number in range(2000)])
    (large,) = tmp_path.glob("*.rows")
    for number in range(100):
        put(index, [entry(f"d{number:04}", axis(0))])
    assert large.exists()
    assert large.stat().st_size > 1000 + sum(one.stat().st_size for one in tmp_path.glob("*.rows") if one != large)
    assert len(list(tmp_path.glob("*.rows"))) < 8
    assert found(index, depth=101)[-2:] == ["d0099", "d0100"]


def test_deletions_alone_are_merged_away(tmp_path: Path) -> None:
    index = open_vector_index(tmp_path, RECIPE)
    put(index, [entry(f"d{number:03}", axis(0)) for number in range(100)])
    for number in range(100):
        put(index, [], [f"d{number:03}"])
    assert (index.size, found(index)) == (0, [])
    assert len(list(tmp_path.glob("*.rows"))) <= 1


def test_torn_commit_is_not_seen_and_its_files_are_removed_by_the_next(tmp_path: Path) -> None:
    index = open_vector_index(tmp_path, RECIPE)
    put(index, [entry(f"d{number}", axis(0)) for number in range(50)])
    manifest = (tmp_path / "manifest.json").read_bytes()
    names = {one.name for one in tmp_path.iterdir()}
    put(index, [entry("torn", axis(0))])
    torn = {one.name for one in tmp_path.iterdir()} - names
    assert torn
    (tmp_path / "manifest.json").write_bytes(manifest)  # as a kill before the last step leaves it
    (tmp_path / "manifest.json.new").write_bytes(b"{")
    again = open_vector_index(tmp_path, RECIPE)
    assert "torn" not in found(again)
    put(again, [entry("next", axis(0))])
    assert "next" in found(again) and "torn" not in found(again)
    assert not torn & {one.name for one in tmp_path.iterdir()}


def test_opening_is_refused_when_the_recipe_is_another(tmp_path: Path) -> None:
    put(open_vector_index(tmp_path, RECIPE), [entry("one", axis(0))])
    for other in (
        replace(RECIPE, model="other"),
        replace(RECIPE, revision="1" * 64),
        replace(RECIPE, dimension=16),
        replace(RECIPE, passage_version=1),
        replace(RECIPE, adapter="a"),
    ):
        with pytest.raises(RecipeMismatch, match="rebuild"):
            open_vector_index(tmp_path, other)
    assert found(opened(tmp_path)) == ["one"]


def test_refresh_is_refused_when_another_has_made_the_index_with_another_recipe(tmp_path: Path) -> None:
    reader = open_vector_index(tmp_path, RECIPE)
    shutil.rmtree(tmp_path)
    open_vector_index(tmp_path, replace(RECIPE, model="other"))
    with pytest.raises(RecipeMismatch):
        reader.refresh()


def test_opening_is_refused_when_there_is_no_index_and_none_is_to_be_made(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable, match="kb index"):
        open_vector_index(tmp_path / "none", RECIPE, create=False)
    assert not (tmp_path / "none").exists()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


def _scribble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 64] = b"\x5a" * 64
    path.write_bytes(content)


def _poison(path: Path) -> None:
    content = path.read_bytes()
    value = np.float16(0.1875).tobytes()
    assert value in content
    path.write_bytes(content.replace(value, np.float16(np.nan).tobytes(), 1))


def _remove(path: Path) -> None:
    path.unlink()


def _recount(path: Path) -> None:
    fields = json.loads(path.read_text())
    fields["segments"][0]["rows"] += 1
    path.write_text(json.dumps(fields))


def _reformat(path: Path) -> None:
    path.write_text(path.read_text().replace('"format": 1', '"format": 99'))


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("*.rows", _cut),
        ("*.rows", _remove),
        ("*.rows", _poison),
        ("*.columns", _cut),
        ("*.columns", _scribble),
        ("*.columns", _remove),
        ("*.graph", _cut),
        ("*.graph", _remove),
        ("manifest.json", _cut),
        ("manifest.json", _remove),
        ("manifest.json", _recount),
        ("manifest.json", _reformat),
    ],
)
def test_opening_is_refused_when_a_file_is_damaged(tmp_path: Path, name: str, harm: object) -> None:
    index = open_vector_index(tmp_path, RECIPE, exact_rows=3)
    put(index, [entry(f"d{number}", axis(0, 0.1875)) for number in range(20)])
    index.close()
    (path,) = tmp_path.glob(name)
    assert callable(harm)
    harm(path)
    with pytest.raises(IndexUnavailable, match="kb index --rebuild"):
        open_vector_index(tmp_path, RECIPE)


def test_apply_is_refused_when_another_process_writes(tmp_path: Path) -> None:
    index = open_vector_index(tmp_path, RECIPE)
    with FileLock(tmp_path / "writer.lock"), pytest.raises(IndexLocked):
        index.apply([entry("one", axis(0))], [])
    put(index, [entry("one", axis(0))])
    assert found(index) == ["one"]


def test_a_file_that_goes_while_it_is_read_is_told_as_gone_and_not_as_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = open_vector_index(tmp_path, RECIPE)
    put(writer, [entry("d1", axis(0))])
    (rows,) = tmp_path.glob("*.rows")
    files = SegmentFiles(rows.stem, 1, 1, {one.suffix: one.stat().st_size for one in tmp_path.glob(f"{rows.stem}.*")})
    Segment(tmp_path, files, RECIPE.dimension)

    def gone(*_: object) -> None:
        rows.unlink()
        raise RuntimeError("could not open")

    monkeypatch.setattr(Segment, "_read", gone)
    with pytest.raises(FileNotFoundError):
        Segment(tmp_path, files, RECIPE.dimension)


def test_search_sees_whole_commits_only_when_others_write(tmp_path: Path) -> None:
    writer = open_vector_index(tmp_path, RECIPE)
    put(writer, [entry(f"d{number}", axis(0)) for number in range(30)])
    reader = opened(tmp_path)
    done = threading.Event()
    seen: list[tuple[Hit, ...]] = []

    def read() -> None:
        while not done.is_set():
            reader.refresh()
            seen.append(tuple(reader.search(axis(0), Filter(), MEMBER, 50)))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(20):
        writer.apply([entry(f"d{number}", axis(0, (turn % 4) / 4)) for number in range(30)], [])
    done.set()
    for thread in threads:
        thread.join()
    assert seen
    for hits in seen:
        assert len(hits) == 30
        assert len({hit.score for hit in hits}) == 1


@pytest.mark.parametrize("exact_rows", [10_000, 100], ids=["exact", "graph"])
def test_similarities_do_not_depend_on_how_documents_were_added(tmp_path: Path, exact_rows: int) -> None:
    vectors = unit_vectors(600, REAL.dimension)
    entries = [
        VectorEntry(Facts(f"d{number:03}", {}), "f", (0, 1), vectors[2 * number : 2 * number + 2])
        for number in range(300)
    ]
    one = open_vector_index(tmp_path / "one", REAL, exact_rows=exact_rows)
    put(one, entries)
    many = open_vector_index(tmp_path / "many", REAL, exact_rows=exact_rows)
    order = np.random.default_rng(1).permutation(300)
    for start in range(0, 300, 37):
        put(many, [entries[number] for number in order[start : start + 37]])
    fake = MemoryVectorIndex(REAL)
    put(fake, entries)
    for query in (*unit_vectors(5, REAL.dimension, seed=2), vectors[3]):
        expected = fake.search(query, Filter(), ADMINISTRATOR, 40)
        assert one.search(query, Filter(), ADMINISTRATOR, 40) == expected
        assert many.search(query, Filter(), ADMINISTRATOR, 40) == expected
        ids = [f"d{number:03}" for number in order[:50]]
        assert one.similarities(query, ids) == many.similarities(query, ids) == fake.similarities(query, ids)


def test_proposed_similarities_stray_less_than_is_allowed_for(tmp_path: Path) -> None:
    held = held_vectors(unit_vectors(3000, REAL.dimension))
    write_rows([held], len(held), REAL.dimension, tmp_path / "a.rows", tmp_path / "a.graph", 10_000)
    rows = Rows(tmp_path / "a.rows", None, REAL.dimension)
    assert np.array_equal(rows.held, held)
    for vector in (*unit_vectors(10, REAL.dimension, seed=3), held[7].astype(np.float32)):
        query = exact_query(vector, REAL.dimension)
        exact = rows.held.astype(np.float64) @ query
        for count in (1, 50, 2999):
            near = rows.nearest(query.astype(np.float32), count, allowed_rows(np.ones(3000, np.bool_)))
            missing = np.delete(exact, near.rows)
            assert len(near.rows) == count
            assert missing.max() <= near.bound
            assert np.abs(near.similarities - exact[near.rows]).max() <= near.error
        assert np.array_equal(similarities(rows.held, query), np.rint(exact * 10_000).astype(np.int32))


# Which segments are merged


def size(rows: int, live: int | None = None) -> Size:
    return Size(rows, rows if live is None else live, 0, 0)


@pytest.mark.parametrize(
    ("sizes", "first"),
    [
        ([], 0),
        ([size(1000)], 1),
        ([size(1000), size(2)], 2),
        ([size(1000), size(2), size(2)], 1),
        ([size(1000), size(200), size(20)], 3),
        ([size(1000), size(200), size(100)], 0),
        ([size(1000), size(251)], 0),
        ([size(1000), size(250)], 2),
        ([size(1000, live=700), size(100)], 0),
        ([size(1000, live=800), size(100)], 2),
        ([size(1000), size(100, live=10), size(5)], 1),
        ([Size(1000, 1000, 0, 0), Size(0, 0, 0, 10), Size(0, 0, 0, 10)], 1),
    ],
)
def test_segments_are_merged_when_they_are_outgrown_or_mostly_dead(sizes: list[Size], first: int) -> None:
    assert first_to_merge(sizes) == first


def test_segments_stay_few_when_documents_come_one_by_one() -> None:
    sizes: list[Size] = []
    rewritten = 0
    for _ in range(5000):
        sizes.append(size(2))
        first = first_to_merge(sizes)
        merged = sum(one.rows for one in sizes[first:])
        rewritten += merged
        sizes[first:] = [size(merged)] if merged else []
        assert len(sizes) <= 8
    assert rewritten < 40 * 10_000
