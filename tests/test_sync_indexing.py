"""One process indexes; answers never stop; a rebuild is switched to in one step."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from indexer.current import CurrentIndexes
from indexer.durable import write_atomically
from indexer.engines import Engines, installed_engines
from indexer.indexing import Indexing
from indexer.lock import FileLock, is_locked
from indexer.manifest import (
    CURRENT,
    KEYWORD,
    LOCK,
    PASSAGE_VERSION,
    VECTORS,
    BuiltWith,
    built_with,
    current_generation,
    new_generation,
    publish_generation,
)
from indexer.worker import IndexWorker
from kb.access import ADMINISTRATOR
from kb.documents import Article
from kb.errors import IndexLocked, IndexUnavailable, ModelUnavailable, StoreError
from kb.protocols.encoder import Encoder, Vector
from kb.queries import Filter, KeywordQuery, WordGroup
from tests.fakes.encoder import FakeEncoder
from tests.fakes.store import MemoryStore

ENCODER = FakeEncoder(32)


class Installation:
    """A store, its indexes on disk, and what searches them."""

    def __init__(self, path: Path):
        self.path = path / "index"
        self.store = MemoryStore()
        self.has_model = True
        self.told: list[str] = []
        self.indexing = self.another()
        self.indexes = CurrentIndexes(self.path, self.engines())

    def encoder(self) -> Encoder:
        if not self.has_model:
            raise ModelUnavailable("the model has been removed")
        return ENCODER

    def engines(self, keyword_engine: str = "tantivy") -> Engines:
        return installed_engines(keyword_engine, self.encoder)

    def another(self, engines: Engines | None = None) -> Indexing:
        return Indexing(self.store, self.path, engines or self.engines(), self.encoder, self.told.append)

    def write(self, *names: str) -> None:
        self.store.put_articles([Article(id=one, title=f"Printer {one}", body="Paper jam.") for one in names], "x")

    def words(self) -> list[str]:
        self.indexes.refresh()
        query = KeywordQuery(words=(WordGroup(("printer",)),))
        return sorted(hit.document_id for hit in self.indexes.keyword.search(query, Filter(), ADMINISTRATOR, 99))

    def meanings(self) -> list[str]:
        self.indexes.refresh()
        query = ENCODER.encode_query("printer")
        return sorted(hit.document_id for hit in self.indexes.vectors.search(query, Filter(), ADMINISTRATOR, 99))


@pytest.fixture
def home(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def generations(home: Installation) -> list[str]:
    return sorted(one.name for one in home.path.iterdir() if one.is_dir())


def test_search_says_what_to_do_when_nothing_was_indexed(home: Installation) -> None:
    with pytest.raises(IndexUnavailable, match="kb index"):
        home.words()


def test_drain_makes_the_indexes_when_there_are_none(home: Installation) -> None:
    home.write("a", "b")
    home.indexing.drain()
    assert (home.words(), home.meanings()) == (["a", "b"], ["a", "b"])
    assert (home.indexes.keyword.size, home.indexes.vectors.size) == (2, 4)
    assert not home.indexing.is_locked()


def test_drain_indexes_everything_again_when_the_index_directory_was_removed(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    home.write("a", "b")
    home.indexing.drain()
    shutil.rmtree(home.path)
    home.write("c")
    assert home.indexing.drain().documents == 3
    assert (home.words(), home.meanings()) == (["a", "b", "c"], ["a", "b", "c"])


def test_drain_is_seen_by_searches_that_were_open_before(home: Installation) -> None:
    home.write("a")
    home.indexing.drain()
    assert home.words() == ["a"]
    home.write("b")
    home.indexing.drain()
    home.store.delete_articles(["a"])
    home.indexing.drain()
    assert (home.words(), home.meanings()) == (["b"], ["b"])


def test_drain_builds_anew_when_another_version_of_analysis_built_the_index(home: Installation) -> None:
    home.write("a")
    home.indexing.drain()
    built = home.engines().built
    publish_generation(home.path / "1", BuiltWith(built.engine, built.analysis_version - 1, built.passage_version))
    report = home.indexing.drain()
    assert (report.written, report.reused, report.encoded) == (1, 2, 0)
    assert generations(home) == ["2"]
    assert built_with(home.path / "2") == built
    assert (home.words(), home.meanings()) == (["a"], ["a"])


def test_drain_builds_anew_when_passages_were_cut_in_another_way(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "printers/tray-two-is-stuck"
    with monkeypatch.context() as before:
        before.setattr("indexer.engines.PASSAGE_VERSION", PASSAGE_VERSION - 1)
        before.setattr("indexer.passages.told_by_name", lambda article: "")
        old = home.another(home.engines())
        home.store.put_articles([Article(id=name, title="Printer", body="Paper jam.")], "x")
        old.drain()
        old.release()
    assert home.words() == [name]
    with pytest.raises(IndexUnavailable, match="rebuild"):  # its passages have other numbers
        home.meanings()
    report = home.indexing.drain()
    assert (report.written, report.reused, report.encoded) == (1, 2, 1)  # what was encoded before is not again
    assert generations(home) == ["2"]
    assert (home.words(), home.meanings()) == ([name], [name])
    assert home.indexes.vectors.size == 3
    assert home.indexes.vectors.recipe.passage_version == PASSAGE_VERSION
    assert home.indexing.drain().written == 0


@pytest.mark.parametrize("note", ["{}", '{"engine": "tantivy", "analysis_version": ANALYSIS}', "[]", "torn", ""])
def test_drain_builds_anew_when_it_cannot_be_told_what_built_the_index(home: Installation, note: str) -> None:
    home.write("a")
    home.indexing.drain()
    built = home.engines().built
    (home.path / "1" / "built.json").write_text(note.replace("ANALYSIS", str(built.analysis_version)))
    assert built_with(home.path / "1") is None
    assert home.indexing.drain().written == 1
    assert generations(home) == ["2"]
    assert built_with(home.path / "2") == built
    assert (home.words(), home.meanings()) == (["a"], ["a"])


def test_rebuild_switches_generations_and_keeps_answering_meanwhile(home: Installation) -> None:
    home.write("a")
    home.indexing.drain()
    seen: list[tuple[list[str], list[str]]] = []
    home.store.delete_articles(["a"])
    home.write("b")

    def progress(done: int, total: int) -> None:
        seen.append((home.words(), home.meanings()))

    report = home.indexing.rebuild(progress)
    assert seen and set(map(str, seen)) == {str((["a"], ["a"]))}
    assert (home.words(), home.meanings()) == (["b"], ["b"])
    assert (report.written, report.encoded) == (1, 2)
    assert generations(home) == ["2"]
    assert home.store.pending_count() == 0


def test_rebuild_needs_at_most_twice_the_disk_at_any_moment_and_searches_go_on(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.sync.BATCH", 100)
    for start in range(0, 2_000, 500):
        home.write(*(f"a{number:04}" for number in range(start, start + 500)))
    home.indexing.drain()
    home.indexing.rebuild()
    before = size_of(home.path)
    sizes: list[int] = []
    is_done = threading.Event()

    def watch() -> None:
        while not is_done.wait(0.005):
            sizes.append(size_of(home.path))

    watcher = threading.Thread(target=watch)
    watcher.start()
    found: list[int] = []
    try:
        home.indexing.rebuild(lambda done, total: found.append(len(home.words())))
    finally:
        is_done.set()
        watcher.join()
    assert min(found) == 99
    after = size_of(home.path)
    assert after <= 1.05 * before
    assert len(sizes) > 20
    slack = 1 << 15  # locks and lists of files, and what lies twice while one of them is replaced
    assert max(sizes) <= before + after + slack


def size_of(path: Path) -> int:
    """Return the bytes of all files below a folder; some may go while it is looked at."""
    found = 0
    for file in path.rglob("*"):
        with suppress(FileNotFoundError):
            found += file.stat().st_size
    return found


def test_rebuild_changes_nothing_when_it_is_stopped_or_fails(home: Installation) -> None:
    home.write("a")
    home.indexing.drain()
    home.write("b")
    assert home.indexing.rebuild(keep_going=lambda: False).stopped
    assert home.words() == ["a"]

    def fail(done: int, total: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        home.indexing.rebuild(fail)
    assert (home.words(), home.store.pending_count()) == (["a"], 1)
    assert not home.indexing.is_locked()
    home.indexing.drain()
    assert (home.words(), home.meanings()) == (["a", "b"], ["a", "b"])
    home.indexing.rebuild()
    assert len(generations(home)) == 1
    assert home.words() == ["a", "b"]


def test_rebuild_is_refused_when_there_is_no_model_and_vectors_stay(home: Installation) -> None:
    home.write("a")
    home.indexing.drain()
    home.has_model = False
    with pytest.raises(ModelUnavailable):
        home.indexing.rebuild()
    home.has_model = True
    assert home.meanings() == ["a"]


def test_words_are_found_when_there_is_no_model_and_meanings_when_it_is_back(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    home.has_model = False
    home.write("a")
    assert home.indexing.drain().vectors_behind
    assert home.words() == ["a"]
    with pytest.raises(IndexUnavailable, match="removed"):
        home.meanings()
    home.has_model = True
    home.indexing.drain()
    home.indexes = CurrentIndexes(home.path, home.engines())
    assert home.meanings() == ["a"]


def test_searches_keep_one_lane_when_the_other_is_damaged_until_it_is_built_anew(home: Installation) -> None:
    home.write("a")
    home.indexing.drain()
    next((home.path / "1" / "vectors").glob("*.rows")).write_bytes(b"torn")
    home.indexes = CurrentIndexes(home.path, home.engines())
    assert home.words() == ["a"]
    with pytest.raises(IndexUnavailable, match="kb index --rebuild"):
        home.meanings()
    home.write("b")
    report = home.indexing.drain()
    assert (report.documents, report.reused, report.vectors_behind) == (2, 2, False)
    assert any("anew" in line and "damaged" in line for line in home.told)
    assert (home.words(), home.meanings()) == (["a", "b"], ["a", "b"])


def _remove(path: Path) -> None:
    shutil.rmtree(path)


def _empty(path: Path) -> None:
    for one in path.iterdir():
        one.unlink()


def _scribble(path: Path) -> None:
    for one in path.iterdir():
        one.write_bytes(b"torn")


def _replace(path: Path) -> None:
    shutil.rmtree(path)
    path.write_bytes(b"")


@pytest.mark.parametrize("keyword_engine", ["tantivy", "whoosh"])
@pytest.mark.parametrize("harm", [_remove, _empty, _scribble, _replace])
@pytest.mark.parametrize("name", [KEYWORD, VECTORS])
def test_lost_index_is_never_replaced_by_an_empty_one(
    home: Installation, name: str, harm: Callable[[Path], None], keyword_engine: str
) -> None:
    engines = home.engines(keyword_engine)
    home.write("a", "b")
    home.another(engines).drain()
    harm(home.path / "1" / name)
    home.indexes = CurrentIndexes(home.path, engines)
    lanes = {KEYWORD: home.words, VECTORS: home.meanings}
    with pytest.raises(IndexUnavailable, match="kb index --rebuild"):
        lanes.pop(name)()
    assert [lane() for lane in lanes.values()] == [["a", "b"]]
    home.write("c")
    assert home.another(engines).drain().encoded == 2
    assert (home.words(), home.meanings()) == (["a", "b", "c"], ["a", "b", "c"])
    assert generations(home) == ["2"]
    assert not home.another(engines).drain().documents


@pytest.mark.parametrize("name", [KEYWORD, VECTORS])
def test_index_lost_while_it_is_open_is_built_anew_by_the_next_drain(home: Installation, name: str) -> None:
    home.write("a")
    home.indexing.acquire()
    home.indexing.drain()
    assert home.indexing.is_whole()
    shutil.rmtree(home.path / "1" / name)
    assert not home.indexing.is_whole()
    home.write("b")
    home.indexing.drain()
    assert home.indexing.is_whole()
    assert (home.words(), home.meanings()) == (["a", "b"], ["a", "b"])
    home.indexing.release()


@pytest.mark.parametrize("name", ["1", CURRENT])
def test_drain_builds_anew_when_the_current_generation_is_lost(home: Installation, name: str) -> None:
    home.write("a")
    home.indexing.drain()
    if name == CURRENT:
        (home.path / CURRENT).write_bytes(b"\0")
    else:
        shutil.rmtree(home.path / name)
    home.indexing.drain()
    assert (home.words(), home.meanings()) == (["a"], ["a"])
    assert generations(home) == ["2"]


def test_keyword_index_is_mended_without_a_model_and_vectors_come_from_the_store(home: Installation) -> None:
    home.write("a")
    home.indexing.drain()
    shutil.rmtree(home.path / "1" / KEYWORD)
    home.has_model = False
    assert home.indexing.drain().vectors_behind
    home.indexes = CurrentIndexes(home.path, home.engines())
    assert home.words() == ["a"]
    home.has_model = True
    report = home.indexing.drain()
    assert (report.reused, report.encoded) == (2, 0)
    home.indexes = CurrentIndexes(home.path, home.engines())
    assert (home.words(), home.meanings()) == (["a"], ["a"])


def test_drain_says_what_to_do_when_a_lost_index_cannot_be_built_anew(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write("a")
    home.indexing.drain()
    shutil.rmtree(home.path / "1" / VECTORS)
    room = [False]

    def fill(where: Path, content: bytes) -> None:
        if not room[0]:
            raise OSError("no space left")
        write_atomically(where, content)

    monkeypatch.setattr("indexer.vectors.manifest.write_atomically", fill)
    with pytest.raises(IndexUnavailable, match="free space"):
        home.indexing.drain()
    assert generations(home) == ["1"]
    home.indexes = CurrentIndexes(home.path, home.engines())
    assert home.words() == ["a"]
    with pytest.raises(IndexUnavailable, match="kb index --rebuild"):
        home.meanings()
    room[0] = True
    home.indexing.drain()
    home.indexes = CurrentIndexes(home.path, home.engines())
    assert home.meanings() == ["a"]


def test_drain_is_refused_when_another_indexes(home: Installation) -> None:
    home.write("a")
    home.indexing.acquire()
    assert home.indexing.is_locked()
    with pytest.raises(IndexLocked):
        home.another().drain()
    home.indexing.drain()
    assert home.indexing.is_locked()
    home.indexing.release()
    home.indexing.release()
    assert not home.indexing.is_locked()
    home.another().drain()


def test_new_generation_removes_what_a_killed_rebuild_left(tmp_path: Path) -> None:
    first = new_generation(tmp_path)
    publish_generation(first, BuiltWith("tantivy", 1, 2))
    torn = new_generation(tmp_path)
    (torn / "keyword").mkdir()
    third = new_generation(tmp_path)
    assert current_generation(tmp_path) == first
    assert (first.exists(), torn.exists(), third.name) == (True, False, "3")


@pytest.mark.parametrize("content", [b"", b"../1", b"\xff", b"one"])
def test_current_generation_is_refused_when_its_name_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CURRENT).write_bytes(content)
    with pytest.raises(IndexUnavailable, match="rebuild"):
        current_generation(tmp_path)


def test_lock_excludes_others_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / LOCK
    assert not is_locked(path)
    with FileLock(path) as lock:
        lock.acquire()
        assert is_locked(path)
        with pytest.raises(IndexLocked):
            FileLock(path).acquire()
    assert not is_locked(path)
    lock.release()


# The worker of a server


class Watch:
    """Lets a test wait for what a worker does, without looking at a clock."""

    def __init__(self, home: Installation):
        self.home = home
        self._turned = threading.Event()

    def refresh(self) -> None:
        self.home.indexes.refresh()
        self._turned.set()

    def until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(600):
            self._turned.clear()
            with suppress(IndexUnavailable):
                if is_so():
                    return
            self._turned.wait(0.1)
        raise AssertionError("the worker did not get there")


@pytest.fixture
def watch(home: Installation) -> Watch:
    return Watch(home)


def worker_of(home: Installation, watch: Watch, poll_s: float = 0.02) -> IndexWorker:
    return IndexWorker(home.indexing, home.store.pending_count, watch.refresh, poll_s)


def test_worker_indexes_what_is_written_by_others_and_frees_the_lock_when_stopped(
    home: Installation, watch: Watch
) -> None:
    worker = worker_of(home, watch)
    worker.start()
    worker.start()
    try:
        home.write("a")
        watch.until(lambda: home.meanings() == ["a"])
        home.write("b")
        watch.until(lambda: home.words() == ["a", "b"])
        assert home.indexing.is_locked()
    finally:
        worker.stop()
    worker.stop()
    assert not home.indexing.is_locked()
    home.write("c")
    home.another().drain()
    assert home.words() == ["a", "b", "c"]


def test_worker_indexes_at_once_when_woken(home: Installation, watch: Watch) -> None:
    worker = worker_of(home, watch, poll_s=3600)
    worker.start()
    try:
        watch.until(lambda: home.words() == [])
        home.write("a")
        worker.wake()
        watch.until(lambda: home.words() == ["a"])
    finally:
        worker.stop()


def test_worker_rebuilds_when_a_command_asks_for_it(home: Installation, watch: Watch) -> None:
    home.write("a")
    home.indexing.drain()
    worker = worker_of(home, watch)
    worker.start()
    try:
        home.another().ask_for_rebuild()
        watch.until(lambda: not home.indexing.is_rebuild_wanted() and generations(home) == ["2"])
        watch.until(lambda: home.words() == ["a"])
    finally:
        worker.stop()


def test_a_wish_for_a_rebuild_outlasts_one_that_was_under_way_already(home: Installation) -> None:
    home.write("a")
    home.another().ask_for_rebuild()

    def asks_again(done: int, total: int) -> None:
        home.another().ask_for_rebuild()

    home.indexing.rebuild(asks_again)
    assert home.indexing.is_rebuild_wanted()  # what changed since the wish may not be in it
    home.indexing.rebuild()
    assert not home.indexing.is_rebuild_wanted()
    assert len(generations(home)) == 1


@pytest.mark.parametrize("name", [KEYWORD, VECTORS])
def test_worker_mends_an_index_that_is_lost_while_nothing_waits(home: Installation, watch: Watch, name: str) -> None:
    home.write("a")
    worker = worker_of(home, watch)
    worker.start()
    try:
        watch.until(lambda: home.meanings() == ["a"] and home.store.pending_count() == 0)
        shutil.rmtree(home.path / "1" / name)
        watch.until(lambda: generations(home) == ["2"])
        watch.until(lambda: (home.words(), home.meanings()) == (["a"], ["a"]))
    finally:
        worker.stop()
    assert worker.last_error is None


def test_worker_indexes_words_and_says_why_when_a_rebuild_is_wanted_without_a_model(
    home: Installation, watch: Watch
) -> None:
    home.has_model = False
    home.another().ask_for_rebuild()
    home.write("a")
    worker = worker_of(home, watch)
    worker.start()
    try:
        watch.until(lambda: home.words() == ["a"] and worker.last_error is not None)
    finally:
        worker.stop()
    assert worker.last_error == "the model has been removed"
    assert home.indexing.is_rebuild_wanted()


def test_worker_waits_and_shows_results_when_another_process_indexes(home: Installation, watch: Watch) -> None:
    other = home.another()
    other.acquire()
    worker = worker_of(home, watch)
    worker.start()
    try:
        home.write("a")
        other.drain()
        watch.until(lambda: home.words() == ["a"])
        other.release()
        home.write("b")
        watch.until(lambda: home.words() == ["a", "b"])
    finally:
        worker.stop()


def test_worker_goes_on_when_an_error_has_passed(
    home: Installation, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [ValueError("odd text"), StoreError("disk full")]

    class Failing(FakeEncoder):
        def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vector:
            if failures:
                raise failures.pop(0)
            return super().encode_documents(texts, progress)

    encoder = Failing(32)
    home.indexing = Indexing(home.store, home.path, home.engines(), lambda: encoder)
    worker = worker_of(home, watch)
    home.write("a")
    worker.start()
    try:
        watch.until(lambda: home.meanings() == ["a"])
        watch.until(lambda: worker.last_error is None)
    finally:
        worker.stop()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "indexing failed: odd text",
        "indexing failed: disk full",
    ]
