"""Indexing that is killed at any moment and started again ends as if it had not been."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from indexer.current import CurrentIndexes
from indexer.engines import installed_engines
from kb.access import ADMINISTRATOR
from kb.documents import Article
from kb.protocols.store import TicketUpsert
from kb.queries import Filter, KeywordQuery, WordGroup
from kb.store.open_store import open_store
from tests.fakes.encoder import FakeEncoder

REPOSITORY = Path(__file__).resolve().parents[1]
KILLS = 10
DOCUMENTS = 240
WORDS = ["printer", "vpn", "login", "disk", "mail", "certificate", "timeout", "driver", "kernel", "proxy"]


def write_documents(home: Path, seed: int, *, again: bool = False) -> None:
    """Store articles and tickets; `again` changes a third of them and deletes some."""
    chance = random.Random(seed)

    def text(length: int) -> str:
        return " ".join(chance.choice(WORDS) for _ in range(length))

    numbers = range(0, DOCUMENTS, 3) if again else range(DOCUMENTS)
    store = open_store(home / "fixlore.db")
    store.put_articles(
        [
            Article(id=f"a{one}", title=f"{text(3)} {one}", body="\n\n".join(text(60) for _ in range(one % 4)))
            for one in numbers
        ],
        "test",
    )
    store.upsert_tickets(
        [
            TicketUpsert("desk", str(one), {"title": text(4), "description": text(one % 200), "service": text(1)}, {})
            for one in numbers
        ]
    )
    if again:
        store.delete_articles([f"a{one}" for one in range(0, DOCUMENTS, 7)])
        for one in range(0, DOCUMENTS, 11):
            store.delete_ticket(f"desk:{one}")
    store.close()


def start(home: Path, *options: str) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.indexing_child", str(home), *options],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def work_of(child: subprocess.Popen[str]) -> float:
    """Return the seconds of processor time that a process has taken so far: a busy machine leaves them as they are."""
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def finish(home: Path, *options: str) -> float:
    """Index to the end and return how many seconds of work that took."""
    with start(home, *options) as child:
        began = work_of(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "done\n"
        child.stdout.close()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return used.ru_utime + used.ru_stime - began


def kill(home: Path, after: float, *options: str) -> bool:
    """Index, kill after so many seconds of work, and say whether it was still at work."""
    with start(home, *options) as child:
        end = work_of(child) + after
        while child.poll() is None and work_of(child) < end:
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
    return child.returncode == -signal.SIGKILL


def contents(home: Path) -> list[object]:
    """Return what searches find, and what each index believes to hold."""
    encoder = FakeEncoder(64)
    engines = installed_engines("tantivy", lambda: encoder)
    indexes = CurrentIndexes(home / "index", engines)
    generation = home / "index" / (home / "index" / "CURRENT").read_text().strip()
    found: list[object] = [
        dict(engines.open_keyword(generation, False).fingerprints()),
        dict(engines.open_vectors(generation, False).fingerprints()),
        indexes.vectors.size,
    ]
    for first in WORDS:
        words = KeywordQuery(words=(WordGroup((first,)), WordGroup(("vpn",))))
        found.append(list(indexes.keyword.search(words, Filter(), ADMINISTRATOR, 100)))
        vector = encoder.encode_query(f"{first} and {WORDS[0]}")
        found.append(list(indexes.vectors.search(vector, Filter(), ADMINISTRATOR, 100)))
        found.append(indexes.vectors.similarities(vector, [f"a{one}" for one in range(50)]))
    store = open_store(home / "fixlore.db")
    assert store.pending_count() == 0
    store.close()
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="what work a process has done is read from /proc")
def test_indexes_equal_those_of_an_undisturbed_run_when_indexing_was_killed(tmp_path: Path) -> None:
    chance = random.Random(20)
    calm, shaken = tmp_path / "calm", tmp_path / "shaken"
    calm.mkdir()
    write_documents(calm, 1)
    shutil.copytree(calm, shaken)
    seconds = finish(calm)
    kills = sum(kill(shaken, chance.uniform(0, seconds / 3)) for _ in range(KILLS // 2))
    finish(shaken)
    assert contents(shaken) == contents(calm)

    for home in (calm, shaken):
        write_documents(home, 2, again=True)
    seconds = finish(calm)
    kills += sum(kill(shaken, chance.uniform(0, seconds / 3)) for _ in range(KILLS // 4))
    kills += sum(kill(shaken, chance.uniform(0, seconds / 2), "--rebuild") for _ in range(KILLS // 4))
    finish(shaken)
    assert kills > KILLS // 2
    assert contents(shaken)[:3] == contents(calm)[:3]
    finish(shaken, "--rebuild")
    finish(calm, "--rebuild")
    assert contents(shaken) == contents(calm)
