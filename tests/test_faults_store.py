"""A store that is damaged or too new, and two servers on one home: clear words, nothing made worse."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.command_line import REPOSITORY, SAMPLES, run
from tests.homes import copied, filled_home
from tests.mounts import skip_or_fail
from tests.serving import new_token, refused, serving, until

DAMAGED = "fixlore.db is damaged; move it away and restore a backup with `kb restore`"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    return filled_home(tmp_path_factory.mktemp("filled") / "home", model_home)


def damage(home: Path) -> None:
    """Overwrite every page but the first, as a failing disk might."""
    path = home / "fixlore.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
        file.flush()


@pytest.mark.parametrize(
    "command",
    [
        ("search", "badge"),
        ("index",),
        ("doctor",),
        ("import", "tickets", str(SAMPLES / "tickets.jsonl")),
        ("token", "list"),
    ],
    ids=lambda command: command[0],
)
def test_a_command_on_a_damaged_store_names_the_remedy_in_one_line(
    filled: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    home = copied(filled, tmp_path / "home")
    damage(home)
    told = run("--home", home, *command)

    assert (told.code, len(told.error_lines)) == (1, 1), told
    assert DAMAGED in told.err


def test_a_server_on_a_damaged_store_is_refused_in_one_line_and_a_backup_brings_it_back(
    filled: Path, tmp_path: Path
) -> None:
    home = copied(filled, tmp_path / "home")
    assert run("--home", home, "backup", tmp_path / "copy.db").code == 0
    damage(home)
    before = (home / "fixlore.db").read_bytes()
    code, told = refused(home, tmp_path / "log")

    assert (code, len(told.splitlines())) == (1, 1), told
    assert DAMAGED in told
    assert (home / "fixlore.db").read_bytes() == before
    for one in home.glob("fixlore.db*"):
        one.rename(tmp_path / f"away-{one.name}")
    restored = run("--home", home, "restore", tmp_path / "copy.db")
    assert restored.code == 0, restored
    assert run("--home", home, "doctor").code == 0


def test_a_store_that_is_damaged_under_a_server_is_told_and_never_answered_from_as_if_it_were_whole(
    filled: Path, tmp_path: Path
) -> None:
    home = copied(filled, tmp_path / "home")
    token = new_token(home)
    with serving(home, tmp_path / "log") as server:
        assert server.search(token, "badge printer").status == 200
        with closing(sqlite3.connect(home / "fixlore.db")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA user_version = 1")  # so that no connection trusts what it has in memory
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        damage(home)

        answer = server.put_ticket(token, 1)
        assert answer.status == 503
        assert DAMAGED in str(answer.body["detail"])
        assert str(home) not in answer.text
        assert server.search(token, "badge printer").status == 503
        page = server.ask("/")
        assert page.status in (200, 302, 503)
        status, report = server.readiness()
        assert (status, report["ready"]) == (503, False)
        assert report["down"].pop("store") == "cannot be read"
        assert report["down"] in ({}, {"indexing": "fails"})  # which it does as soon as it looks for changes
        told = server.metrics()
        assert (told["fixlore_ready"], told["fixlore_store_writable"]) == (0, 0)
        assert server.ask("/healthz").status == 200
        assert server.stop() == 0
        assert "Traceback" not in server.logged()
        assert DAMAGED in server.logged()


def test_a_server_on_a_store_of_a_newer_version_is_refused_in_one_line(filled: Path, tmp_path: Path) -> None:
    home = copied(filled, tmp_path / "home")
    with closing(sqlite3.connect(home / "fixlore.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    code, told = refused(home, tmp_path / "log")

    assert (code, len(told.splitlines())) == (1, 1), told
    assert "was written by a newer Fixlore" in told
    assert "install the newer Fixlore" in told


def test_a_home_whose_settings_are_wrong_is_refused_by_name_before_anything_is_opened(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "fixlore.toml").write_text('log_format = "xml"\n')
    code, told = refused(home, tmp_path / "log")

    assert (code, told) == (1, "kb: setting log_format must be one of text, json, not 'xml'\n")
    assert [one.name for one in home.iterdir()] == ["fixlore.toml"]


def test_a_home_that_the_account_may_not_write_is_refused_in_one_line(filled: Path, tmp_path: Path) -> None:
    if os.getuid() != 0 or not shutil.which("setpriv"):
        skip_or_fail("needs root and setpriv to become another account")
    place = Path("/tmp") / f"fixlore-test-{os.getpid()}"
    home = copied(filled, place)
    try:
        place.chmod(0o755)
        # As an account that owns nothing here, but may read this checkout: root without its power over rights.
        bare = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        bare += ["--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search", "--"]
        command = [*bare, sys.executable, "-m", "web.cli.main", "--home", str(home), "serve", "--port", "0"]
        told = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
        assert (told.returncode, told.stdout, len(told.stderr.splitlines())) == (1, "", 1), told
        assert re.search("fixlore.db cannot be (opened|written).*this account", told.stderr)
    finally:
        shutil.rmtree(place)


def test_a_second_server_on_a_home_answers_and_indexes_once_the_first_is_gone(filled: Path, tmp_path: Path) -> None:
    home = copied(filled, tmp_path / "home")
    token = new_token(home)
    with serving(home, tmp_path / "log-1") as first, serving(home, tmp_path / "log-2") as second:
        assert first.address != second.address
        until(lambda: "another process indexes this home; this one shows what it commits" in second.logged())
        assert second.put_ticket(token, 1, title="Projector stays dark").status == 201
        for server in (first, second):
            until(lambda server=server: "mail:1" in server.search(token, "projector dark").text)  # type: ignore[misc]

        first.process.kill()
        first.process.wait()
        assert second.put_ticket(token, 2, title="Doorbell rings twice").status == 201
        until(lambda: "mail:2" in second.search(token, "doorbell twice").text)
        until(lambda: second.readiness()[1] == {"ready": True, "down": {}, "pending_changes": 0})
        assert second.stop() == 0
        assert "Traceback" not in second.logged()
    assert run("--home", home, "doctor").code == 0
