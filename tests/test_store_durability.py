"""What the SQL store keeps when it is killed, crowded, full or failing."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event

from kb.documents import Link
from kb.errors import StaleEdit, StoreBusy, StoreError
from kb.protocols.store import Token
from kb.store.open_store import now, open_store
from kb.store.schema import migrate
from kb.store.sqlite import PATIENCE, Database
from kb.store.store import SqlStore
from kb.store.turns import Turns
from tests.conformance.store_samples import article, changed_ids, delivery, put_ticket

REWRITE = """
import sys
from pathlib import Path
from kb.documents import Article
from kb.store.open_store import open_store
store = open_store(Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    number += 1
    store.put_articles([Article(id=f"a{one:02}", title="t", body=f"{number} " + "x" * 5000) for one in range(40)], "w")
    print(number, flush=True)
"""
CROWD = """
import sys, threading
from dataclasses import replace
from pathlib import Path
from kb.errors import StaleEdit
from kb.protocols.store import TicketUpsert
from kb.store.open_store import open_store
store = open_store(Path(sys.argv[1]))
def work(name):
    for batch in range(8):
        ids = [f"{name}-{batch}-{one}" for one in range(20)]
        outcomes = store.upsert_tickets([TicketUpsert("crowd", one, {"title": one}, {}) for one in ids])
        assert outcomes == ["created"] * 20, outcomes
        while True:
            shared = store.article("shared")
            try:
                store.update_article(replace(shared, body=shared.body + "."), name, shared.revision)
                break
            except StaleEdit:
                pass
threads = [threading.Thread(target=work, args=(f"{sys.argv[2]}-{one}",)) for one in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
store.close()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fixlore.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    with closing(open_store(path)) as store:
        yield store


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=environment
    )


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, failures


def test_store_holds_whole_transactions_when_its_writer_is_killed_at_any_moment(path: Path) -> None:
    moments = random.Random(809)
    number = 0
    for _ in range(5):
        writer = start(REWRITE, path, number)
        assert writer.stdout is not None
        with writer.stdout:
            number = int(writer.stdout.readline())
            threading.Timer(moments.random() / 10, writer.send_signal, [signal.SIGKILL]).start()
            for line in writer.stdout:
                number = int(line)
        assert writer.wait() == -signal.SIGKILL
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with closing(open_store(path)) as store:
            found = store.documents(list(store.all_ids()))
            written = {one.body.split()[0] for one in found.values() if one.id in store.article_ids()}  # type: ignore[union-attr]
            assert len(found) == 40
            assert len(written) == 1
            last = int(written.pop())
            assert last in (number, number + 1)
            assert {len(store.revisions(one)) for one in found} == {last}
            changes = store.pending(100)
            assert sorted(one.document_id for one in changes) == sorted(found)
            assert changes[-1].seq == 40 * last
            number = last


def test_nothing_is_lost_when_processes_and_threads_write_at_once(path: Path) -> None:
    with closing(open_store(path)) as store:
        store.put_articles([article("shared", body="")], "author")
        workers = [start(CROWD, path, number) for number in range(2)]
        for worker in workers:
            worker.communicate()
            assert worker.returncode == 0
        assert len(store.ticket_ids()) == 2 * 2 * 8 * 20
        shared = store.article("shared")
        assert shared is not None
        assert (shared.revision, shared.body) == (1 + 32, "." * 32)
        assert [one.number for one in store.revisions("shared")] == list(range(33, 0, -1))
        assert store.pending_count() == 641
        assert store.pending(1000)[-1].seq == 640 + 33


def test_edit_of_many_threads_is_stale_for_all_but_one(store: SqlStore) -> None:
    store.put_articles([article()], "author")
    barrier = threading.Barrier(8)
    results: list[str] = []

    def edit(number: int) -> None:
        barrier.wait()
        try:
            store.update_article(article(title=f"By {number}"), "editor", expected_revision=1)
            results.append("saved")
        except StaleEdit:
            results.append("stale")

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["saved"] + ["stale"] * 7


def test_readers_see_one_snapshot_while_a_writer_is_at_work(store: SqlStore) -> None:
    for start_at in range(0, 1500, 500):
        store.put_articles([article(f"a{number:04}", "0") for number in range(start_at, start_at + 500)], "author")
    ids = [f"a{number:04}" for number in range(1500)]  # read in several chunks, the first and last far apart
    finished = threading.Event()

    def flip() -> None:
        for number in range(60):
            store.put_articles([article(ids[0], str(number)), article(ids[-1], str(number))], "author")
        finished.set()

    def read() -> None:
        while not finished.is_set():
            found = store.documents(ids)
            assert found[ids[0]].title == found[ids[-1]].title

    running = [in_thread(read) for _ in range(3)] + [in_thread(flip)]
    for thread, failures in running:
        thread.join()
        assert failures == []


def test_backup_is_one_consistent_file_when_made_while_writing(store: SqlStore, tmp_path: Path) -> None:
    store.put_articles([article(f"a{number:03}", "0", body="x" * 3000) for number in range(300)], "author")
    store.put_vectors("r", {"text": np.ones(4, dtype=np.float16)})
    directory = tmp_path / "copies"
    directory.mkdir()
    finished = threading.Event()

    def flip() -> None:
        number = 0
        while not finished.is_set():
            number += 1
            store.put_articles([article("a000", str(number)), article("a299", str(number))], "author")

    thread, failures = in_thread(flip)
    try:
        for number in range(5):
            store.backup(str(directory / f"{number}.db"))
    finally:
        finished.set()
        thread.join()
    assert failures == []
    assert sorted(one.name for one in directory.iterdir()) == [f"{number}.db" for number in range(5)]
    for copy in sorted(directory.iterdir()):
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with closing(open_store(copy)) as restored:
            found = restored.documents(list(restored.all_ids()))
            assert len(found) == 300
            assert found["a000"].title == found["a299"].title
            assert len(restored.revisions("a000")) == len(restored.revisions("a299"))
            assert restored.pending_count() == 300
            assert set(restored.vectors("r", ["text"])) == {"text"}


def test_backup_leaves_nothing_behind_when_it_cannot_be_written(store: SqlStore, tmp_path: Path) -> None:
    target = tmp_path / "missing" / "copy.db"
    with pytest.raises(StoreError, match=r"copy\.db.*directory exists"):
        store.backup(str(target))
    assert not target.parent.exists()


def test_writer_is_told_that_the_store_is_busy_when_another_process_holds_it(path: Path) -> None:
    with closing(open_store(path, patience=0.05)) as store, closing(sqlite3.connect(path)) as other:
        store.put_articles([article("before")], "author")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="try again"):
            store.put_articles([article("after")], "author")
        assert list(store.all_ids()) == ["before"]
        other.rollback()
        assert store.put_articles([article("after")], "author") == ["created"]


def test_writer_is_told_that_the_store_is_busy_when_another_thread_holds_it(path: Path) -> None:
    open_store(path).close()
    database = Database(path, patience=0.05)
    store = SqlStore(database, now)
    with database.write():
        thread, failures = in_thread(lambda: store.put_articles([article()], "author"))
        thread.join()
    assert [type(one) for one in failures] == [StoreBusy]
    assert store.put_articles([article()], "author") == ["created"]
    store.close()


def test_token_is_found_when_its_use_cannot_be_noted_and_noted_later(path: Path) -> None:
    with closing(open_store(path)) as store, closing(sqlite3.connect(path)) as other:
        store.create_token("desk", ["search"], "hash")
        other.execute("BEGIN IMMEDIATE")
        found = store.token("hash")
        assert found is not None
        assert (found.name, found.last_used_at) == ("desk", None)
        assert store.token("other") is None
        other.rollback()
        noted = store.token("hash")
        assert noted is not None
        assert noted.last_used_at is not None


def test_token_is_found_when_another_thread_holds_the_store(path: Path) -> None:
    database = Database(path)
    open_store(path).close()
    with closing(SqlStore(database, now)) as store:
        store.create_token("desk", ["search"], "hash")
        with database.write():
            found: list[Token | None] = []
            thread, failures = in_thread(lambda: found.append(store.token("hash")))
            thread.join()
        assert not failures
        assert [one and one.name for one in found] == ["desk"]


def test_writer_waits_as_long_as_before_when_another_gave_up_early(path: Path) -> None:
    open_store(path).close()
    database = Database(path)
    with closing(SqlStore(database, now)), closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy), database.write(0.01):
            pass
        other.rollback()
        with database.write(0.01) as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == PATIENCE * 1000


def test_full_disk_is_reported_and_nothing_stored_before_is_lost(path: Path) -> None:
    database = Database(path)
    database.use_write_ahead_log()
    migrate(database)
    room = 200

    @event.listens_for(database.engine, "checkout")
    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {room}")

    with closing(SqlStore(database, now)) as store:
        stored = 0
        with pytest.raises(StoreError, match="free space"):
            while True:
                store.put_articles([article(f"a{stored:03}-{one}", body="x" * 20_000) for one in range(5)], "author")
                stored += 1
        assert stored > 0
        assert len(list(store.all_ids())) == 5 * stored
        assert store.pending_count() == 5 * stored
        assert len(store.revisions("a000-4")) == 1
        with pytest.raises(StoreError, match="free space"):
            store.upsert_tickets([delivery("1", title="x", description="y" * 500_000)])
        assert store.ticket("zammad:1") is None
        room = 100_000
        assert store.upsert_tickets([delivery("1", title="x", description="y" * 500_000)]) == ["created"]


def test_write_leaves_nothing_behind_when_it_fails_half_way(path: Path, store: SqlStore) -> None:
    put_ticket(store, "1", links=(Link("related", "a"),))
    store.delete_ticket("zammad:2")
    changed_ids(store)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON change WHEN NEW.document_id = 'zammad:3' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        connection.commit()
    before = store.ticket("zammad:1")
    with pytest.raises(StoreError, match="refused"):
        store.upsert_tickets(
            [
                delivery("1", title="Other", links=(Link("related", "b"),)),
                delivery("2", title="Back", updated_at=now()),
                delivery("3", title="Refused"),
            ]
        )
    assert store.ticket("zammad:1") == before
    assert store.ticket_ids() == ["zammad:1"]
    assert (len(store.links_to("a")), store.links_to("b")) == (1, [])
    assert store.upsert_tickets([delivery("2", title="Late")]) == ["ignored"]
    assert store.pending(10) == []
    assert store.upsert_tickets([delivery("1", title="Other")]) == ["updated"]


@pytest.mark.parametrize("size", [100, 30_000])
def test_erased_text_is_in_no_file_of_the_store(path: Path, store: SqlStore, size: int) -> None:
    secret = "Frau-Beispiel-" + "geheim" * (size // 6)
    for number in range(30):
        put_ticket(store, str(number), description=f"ordinary {number} " * 50)
    put_ticket(store, "s", title="x", description=secret)
    put_ticket(store, "s", description=secret + " again")
    put_ticket(store, "s", description="harmless now", resolution=secret)
    for number in range(30, 60):
        put_ticket(store, str(number), description=f"ordinary {number} " * 50)
    assert b"Frau-Beispiel" in b"".join(one.read_bytes() for one in path.parent.iterdir())
    store.erase_ticket("zammad:s")
    remaining = b"".join(one.read_bytes() for one in path.parent.iterdir())
    assert b"Frau-Beispiel" not in remaining
    assert b"geheim" not in remaining
    assert b"ordinary 59" in remaining


def test_no_file_stays_open_when_the_store_is_closed_even_in_the_middle_of_a_read(path: Path) -> None:
    def open_files() -> list[str]:
        names = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
        return [name for name in names if name.startswith(str(path))]

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc")
    database = Database(path)
    migrate(database)
    store = SqlStore(database, now)
    store.put_articles([article()], "author")
    with database.read() as connection:
        connection.exec_driver_sql("SELECT 1")
        assert open_files()
        store.close()
    assert open_files() == []


def test_waiting_writer_goes_before_the_one_that_has_just_written() -> None:
    turns = Turns()
    order: list[str] = []
    assert turns.begin(30)

    def wait() -> None:
        assert turns.begin(30)
        order.append("waiting")
        turns.end()

    thread, failures = in_thread(wait)
    while not turns._first_in_line.locked():
        pass
    turns.end()
    assert turns.begin(30)
    order.append("again")
    assert not turns.begin(0.01)
    turns.end()
    thread.join()
    assert failures == []
    assert order == ["waiting", "again"]
