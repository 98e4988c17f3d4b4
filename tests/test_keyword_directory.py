"""Keyword indexes in their directories: locks, processes, damage, versions."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.keyword.index_stamp import STAMP_NAME
from indexer.keyword.open_keyword import open_keyword_index
from kb.errors import ConfigurationError, FixloreError, IndexLocked, IndexUnavailable
from tests.conformance.keyword_suite import ANYTHING, EVERYONE, SMALL, entry, filled, ids_of, words

ROOT = Path(__file__).parents[1]
_OPEN = """
import sys
from pathlib import Path
from indexer.keyword.open_keyword import open_keyword_index
from tests.conformance.keyword_suite import entry
index = open_keyword_index(sys.argv[1], Path(sys.argv[2]))
"""
_APPLY_ONE_AND_WAIT = f"""{_OPEN}
index.apply([entry("child", body="vpn from the other process")], [])
print("ready", flush=True)
sys.stdin.readline()
"""
_APPLY_FOREVER = f"""{_OPEN}
for batch in range(1, 100_000):
    print("begun", batch, flush=True)
    index.apply([entry(f"{{place}}", body=f"batch{{batch}} word", fingerprint=str(batch)) for place in range(40)], [])
    print("done", batch, flush=True)
"""


_FILL_THE_DISK = f"""{_OPEN}
import resource, signal
from kb.errors import IndexUnavailable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
index.apply([entry("a", body="vpn")], [])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    index.apply([entry(f"many{{n}}", body=" ".join(f"w{{n}}x{{m}}" for m in range(50))) for n in range(500)], [])
    print("applied", flush=True)
except IndexUnavailable as error:
    print("refused", flush=True)
index.refresh()
print(index.size, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
try:
    index.apply([entry("b", body="vpn")], [])
except IndexUnavailable as error:
    index.close()
    index = open_keyword_index(sys.argv[1], Path(sys.argv[2]))
    index.apply([entry("b", body="vpn")], [])
index.refresh()
print(index.size, flush=True)
index.close()
"""
_SEARCH_OR_SAY_WHY = """
import sys
from pathlib import Path
from indexer.keyword.open_keyword import open_keyword_index
from kb.errors import IndexUnavailable
from tests.conformance.keyword_suite import ids_of, words
for line in sys.stdin:
    try:
        index = open_keyword_index(sys.argv[1], Path(line.strip()), write=False)
        print(*sorted(ids_of(index, words("vpn", "every", "drops"))), flush=True)
        index.close()
    except IndexUnavailable as error:
        print(str(error).replace("\\n", " "), flush=True)
"""


@pytest.fixture(params=["tantivy", "whoosh"])
def engine(request: pytest.FixtureRequest) -> str:
    """Return each engine's name in turn."""
    return str(request.param)


@contextmanager
def other_process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python code in a process of its own; kill it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    """Return the next line that a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


# Opening


def test_open_makes_an_index_when_there_is_none(engine: str, tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "keyword"
    with pytest.raises(IndexUnavailable, match="kb index --rebuild"):
        open_keyword_index(engine, directory, write=False)
    assert not directory.exists()
    filled(open_keyword_index(engine, directory), *SMALL).close()
    assert ids_of(open_keyword_index(engine, directory, write=False), words("vpn")) == ["a", "c"]


def test_open_refuses_writing_when_opened_for_reading(engine: str, tmp_path: Path) -> None:
    filled(open_keyword_index(engine, tmp_path), *SMALL).close()
    reader = open_keyword_index(engine, tmp_path, write=False)
    with pytest.raises(IndexUnavailable, match="reading only"):
        reader.apply([entry("d")], [])
    with pytest.raises(IndexUnavailable, match="reading only"):
        reader.clear()
    assert reader.size == 3


def test_open_raises_when_the_engine_is_another(tmp_path: Path) -> None:
    filled(open_keyword_index("tantivy", tmp_path), *SMALL).close()
    with pytest.raises(IndexUnavailable, match=r"tantivy.*kb index --rebuild"):
        open_keyword_index("whoosh", tmp_path)
    with pytest.raises(ConfigurationError, match="lucene"):
        open_keyword_index("lucene", tmp_path)
    assert open_keyword_index("tantivy", tmp_path, write=False).size == 3


def test_open_raises_when_the_version_is_another(engine: str, tmp_path: Path) -> None:
    filled(open_keyword_index(engine, tmp_path), *SMALL).close()
    stamp = tmp_path / STAMP_NAME
    kept = json.loads(stamp.read_text())
    stamp.write_text(json.dumps({**kept, "version": kept["version"] + 1}))
    with pytest.raises(IndexUnavailable, match="kb index --rebuild"):
        open_keyword_index(engine, tmp_path)
    stamp.write_text("{")
    with pytest.raises(IndexUnavailable, match="kb index --rebuild"):
        open_keyword_index(engine, tmp_path)
    stamp.write_text(json.dumps(kept))
    assert open_keyword_index(engine, tmp_path).size == 3


def test_open_completes_the_making_when_it_was_interrupted(engine: str, tmp_path: Path) -> None:
    open_keyword_index(engine, tmp_path).close()
    (tmp_path / STAMP_NAME).unlink()
    index = filled(open_keyword_index(engine, tmp_path), *SMALL)
    assert ids_of(index, words("vpn")) == ["a", "c"]
    index.close()


def test_close_can_be_repeated_and_ends_use(engine: str, tmp_path: Path) -> None:
    index = filled(open_keyword_index(engine, tmp_path), *SMALL)
    index.close()
    index.close()
    with pytest.raises(IndexUnavailable, match="closed"):
        index.search(words("vpn"), ANYTHING, EVERYONE, 5)
    with pytest.raises(IndexUnavailable, match="closed"):
        index.refresh()
    with pytest.raises(IndexUnavailable, match="closed"):
        index.apply([entry("d")], [])
    again = open_keyword_index(engine, tmp_path)
    again.apply([entry("d", body="vpn")], [])
    again.refresh()
    assert again.size == 4
    again.close()


@pytest.mark.parametrize("other", ["whoosh.index", "tantivy"])
def test_open_imports_only_the_engine_it_opens(other: str, tmp_path: Path) -> None:
    chosen = "tantivy" if other == "whoosh.index" else "whoosh"
    code = f"{_OPEN}\nprint(sys.argv[3] in sys.modules, flush=True)"
    with other_process(code, chosen, str(tmp_path), other) as process:
        assert line_of(process) == "False"
    with other_process(code, chosen, str(tmp_path), "tantivy" if chosen == "tantivy" else "whoosh.index") as process:
        assert line_of(process) == "True"


# Damage


def test_a_damaged_index_raises_and_never_answers_wrongly(engine: str, tmp_path: Path) -> None:
    pristine = tmp_path / "pristine"
    filled(open_keyword_index(engine, pristine), *SMALL).close()
    with other_process(_SEARCH_OR_SAY_WHY, engine) as process:
        right = answer_of(process, pristine)
        assert right == "a b c"
        answers = {}
        for name in sorted(path.name for path in pristine.iterdir() if path.is_file()):
            for damage in ("removed", "emptied", "halved", "garbled"):
                directory = tmp_path / f"{name}-{damage}"
                shutil.copytree(pristine, directory)
                content = (directory / name).read_bytes()
                changed = {"emptied": b"", "halved": content[: len(content) // 2], "garbled": os.urandom(len(content))}
                if damage == "removed":
                    (directory / name).unlink()
                else:
                    (directory / name).write_bytes(changed[damage])
                answers[name, damage] = answer_of(process, directory)
        wrong = {place: answer for place, answer in answers.items() if answer != right and "--rebuild" not in answer}
        assert not {place for place in wrong if place[1] != "garbled"}
        assert len([answer for answer in answers.values() if "kb index --rebuild" in answer]) >= 8
        assert answer_of(process, pristine) == right


def answer_of(process: subprocess.Popen[str], directory: Path) -> str:
    """Return what the searching process says of a directory."""
    assert process.stdin is not None
    process.stdin.write(f"{directory}\n")
    process.stdin.flush()
    return line_of(process)


def test_a_file_in_place_of_the_directory_is_reported(engine: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    with pytest.raises(IndexUnavailable, match="kb index --rebuild"):
        open_keyword_index(engine, tmp_path / "file")


def test_a_failed_apply_leaves_nothing_behind(engine: str, tmp_path: Path) -> None:
    index = filled(open_keyword_index(engine, tmp_path), *SMALL)
    with pytest.raises((TypeError, AttributeError)):
        index.apply([entry("d", body="vpn"), None], ["a"])  # type: ignore[list-item]
    index.apply([entry("e", body="vpn")], [])
    index.refresh()
    assert set(ids_of(index, words("vpn"))) == {"a", "c", "e"}
    index.close()


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files by POSIX means")
def test_a_full_disk_leaves_the_last_commit(engine: str, tmp_path: Path) -> None:
    with other_process(_FILL_THE_DISK, engine, str(tmp_path)) as process:
        assert [line_of(process) for _ in range(3)] == ["refused", "1", "2"]
    index = open_keyword_index(engine, tmp_path)
    assert set(ids_of(index, words("vpn"))) == {"a", "b"}
    index.close()


# Several processes and threads


def test_one_process_writes_at_a_time(engine: str, tmp_path: Path) -> None:
    mine = filled(open_keyword_index(engine, tmp_path), *SMALL)
    second = open_keyword_index(engine, tmp_path)
    with pytest.raises(IndexLocked):
        second.apply([entry("d")], [])
    with pytest.raises(IndexLocked):
        second.clear()
    assert second.size == 3
    mine.close()
    second.apply([entry("d", body="vpn")], [])
    second.refresh()
    assert second.size == 4
    second.close()


def test_a_commit_of_another_process_is_seen_when_refreshed(engine: str, tmp_path: Path) -> None:
    mine = filled(open_keyword_index(engine, tmp_path), *SMALL)
    mine.close()
    mine = open_keyword_index(engine, tmp_path)
    with other_process(_APPLY_ONE_AND_WAIT, engine, str(tmp_path)) as process:
        assert line_of(process) == "ready"
        assert set(ids_of(mine, words("vpn"))) == {"a", "c"}
        mine.refresh()
        assert set(ids_of(mine, words("vpn"))) == {"a", "c", "child"}
        with pytest.raises(IndexLocked):
            mine.apply([entry("d", body="vpn")], [])
        process.send_signal(signal.SIGKILL)
        process.wait()
    mine.apply([entry("d", body="vpn")], [])
    mine.refresh()
    assert set(ids_of(mine, words("vpn"))) == {"a", "c", "child", "d"}
    mine.close()


def test_a_killed_process_leaves_the_last_commit(engine: str, tmp_path: Path) -> None:
    chance = random.Random(11)
    finished = begun = 0
    for _ in range(6):
        with other_process(_APPLY_FOREVER, engine, str(tmp_path)) as process:
            for _ in range(chance.randint(1, 9)):
                state, batch = line_of(process).split()
                begun, finished = (int(batch), finished) if state == "begun" else (begun, int(batch))
            threading.Event().wait(chance.random() * 0.1)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert process.stdout is not None
            for line in process.stdout.read().splitlines():
                if line.startswith("done"):
                    finished = int(line.split()[1])
                elif line.startswith("begun"):
                    begun = int(line.split()[1])
        index = open_keyword_index(engine, tmp_path)
        held = index.fingerprints()
        versions = set(held.values())
        assert len(held) in (0, 40)
        assert len(versions) <= 1
        if finished:
            assert versions <= {str(finished), str(begun)}
            assert len(ids_of(index, words("word"))) == 40
            assert len(ids_of(index, words(f"batch{versions.pop()}"))) == 40
        index.close()
        finished = 0
    survivor = filled(open_keyword_index(engine, tmp_path), *SMALL)
    assert ids_of(survivor, words("vpn")) == ["a", "c"]
    survivor.close()


def test_threads_read_whole_states_while_another_writes(engine: str, tmp_path: Path) -> None:
    index = filled(open_keyword_index(engine, tmp_path), *[entry(f"{n}", body="version0 word") for n in range(20)])
    problems: list[object] = []
    over = threading.Event()

    def read() -> None:
        try:
            while not over.is_set():
                found = index.search(words("word"), ANYTHING, EVERYONE, 50)
                counted = index.matches(words("word"), ANYTHING, EVERYONE, ["type"]).total
                if len(found) != 20 or counted != 20:
                    problems.append((len(found), counted))
        except FixloreError as error:
            problems.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for version in range(1, 15):
        index.apply([entry(f"{n}", body=f"version{version} word") for n in range(20)], [])
        index.refresh()
    over.set()
    for reader in readers:
        reader.join()
    assert problems == []
    assert len(ids_of(index, words("version14"))) == 20
    assert ids_of(index, words("version13")) == []
    index.close()


def test_a_commit_succeeds_where_a_process_was_killed_just_before_the_same_one(tmp_path: Path) -> None:
    index = filled(open_keyword_index("tantivy", tmp_path), *SMALL)
    index.close()
    committed = (tmp_path / "meta.json").read_bytes()
    killed = open_keyword_index("tantivy", tmp_path)
    killed.apply([], ["a"])
    killed.close()
    assert list(tmp_path.glob("*.del"))
    (tmp_path / "meta.json").write_bytes(committed)  # what a kill before the last step of the commit leaves

    again = open_keyword_index("tantivy", tmp_path)
    again.apply([], ["a"])
    again.refresh()

    assert ids_of(again, words("vpn")) == ["c"]
    again.close()
