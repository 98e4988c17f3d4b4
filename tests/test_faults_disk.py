"""A disk that is full, read-only or broken: clear words, searches that go on, and no acknowledged write lost."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kb.documents import Ticket
from kb.store.open_store import open_store
from tests.command_line import SAMPLES, Ran, run
from tests.homes import complaints, copied, filled_home
from tests.mounts import Disk, ext4, skip_or_fail, tmpfs
from tests.serving import Answer, Server, new_token, refused, serving, until

FULL = "fixlore.db has no room left on its disk, nothing was stored; free space and try again"
BROKEN = "fixlore.db cannot be read or written by its disk, nothing was stored; check the disk"
READ_ONLY = "fixlore.db cannot be written, nothing was stored: its disk is read-only .*; make the disk writable"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    return filled_home(tmp_path_factory.mktemp("filled") / "home", model_home)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Disk]:
    with tmpfs(tmp_path / "disk", "24m") as disk:
        yield disk


def assert_refused(answer: Answer, sentence: str, home: Path) -> None:
    """Assert that a write was refused with the sentence, when to try again, and no place of this machine."""
    assert answer.status == 503, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert sentence in str(answer.body["detail"])
    assert str(home.parent) not in answer.text


def assert_one_line(told: Ran, sentence: str) -> None:
    """Assert that a command failed with one line that holds the sentence."""
    assert (told.code, len(told.error_lines)) == (1, 1), told
    assert re.search(sentence, told.err), told.err


def titles(home: Path, source: str) -> dict[str, str]:
    """Return id → description of the tickets of a source, read past our own code."""
    with closing(sqlite3.connect(home / "fixlore.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with closing(open_store(home / "fixlore.db")) as store:
        ids = [one for one in store.ticket_ids() if one.startswith(f"{source}:")]
        found = [one for start in range(0, len(ids), 100) for one in store.documents(ids[start : start + 100]).values()]
        return {ticket.id: ticket.description for ticket in found if isinstance(ticket, Ticket)}


def fill_by_writing(server: Server, token: str) -> None:
    """Write until the store takes no more."""
    for number in range(100, 2000):
        if server.put_ticket(token, number, description="y" * 5000).status != 201:
            return
    raise AssertionError("the disk is not full")


def test_a_full_disk_refuses_writes_whole_while_searches_go_on_and_all_recovers_without_a_restart(
    filled: Path, small: Disk, tmp_path: Path
) -> None:
    home = copied(filled, small.place / "home")
    token = new_token(home)
    with serving(home, tmp_path / "log") as server:
        small.fill()
        fill_by_writing(server, token)

        assert_refused(server.put_ticket(token, 1, description="x" * 50_000), FULL, home)
        lines = b'{"source":"batch","external_id":"1","title":"T","description":"' + b"x" * 50_000 + b'"}\n'
        assert_refused(server.ask("/api/v1/tickets/batch", token, method="POST", body=lines), FULL, home)
        found = server.search(token, "badge printer blank cards")
        assert (found.status, found.body["status"]) == (200, "ok")
        assert "desk:1" in found.text
        until(lambda: server.readiness()[1]["down"])
        status, report = server.readiness()
        assert (status, report["ready"]) == (200, True)
        assert isinstance(report["down"], dict)
        assert report["down"]["store"] == "cannot be written"
        told = server.metrics()
        assert (told["fixlore_store_writable"], told["fixlore_ready"]) == (0, 1)
        assert told["fixlore_home_free_bytes"] < 65536
        assert_one_line(run("--home", home, "import", "tickets", SAMPLES / "tickets.jsonl", "--no-wait"), FULL)

        small.free()
        until(lambda: server.put_ticket(token, 1).status == 201)
        until(lambda: server.readiness()[1] == {"ready": True, "down": {}, "pending_changes": 0})
        told = server.metrics()
        assert told["fixlore_store_writable"] == 1
        assert server.stop() == 0
        logged = server.logged()
    assert "Traceback" not in logged
    assert "store works again" in logged
    assert not {"batch:1"} & titles(home, "batch").keys()
    assert complaints(home) <= {"home"}


def test_a_full_disk_does_not_fill_the_log_with_its_own_news(filled: Path, small: Disk, tmp_path: Path) -> None:
    home = copied(filled, small.place / "home")
    token = new_token(home)
    with serving(home, tmp_path / "log") as server:
        small.fill()
        fill_by_writing(server, token)
        for _ in range(50):
            assert server.search(token, "badge printer").status == 200
            server.readiness()
        logged = server.logged()
    for line in ("were not logged", "store fails", "indexing failed"):
        assert logged.count(line) <= 2, line


def test_indexing_on_a_full_disk_fails_visibly_and_goes_on_when_there_is_room(filled: Path, tmp_path: Path) -> None:
    home = copied(filled, tmp_path / "home")
    token = new_token(home)
    with tmpfs(tmp_path / "disk", "16m") as disk:
        copied(home / "index", disk.place / "index")
        (home / "index").rename(tmp_path / "unused")
        (home / "index").symlink_to(disk.place / "index", target_is_directory=True)
        with serving(home, tmp_path / "log") as server:
            disk.fill()
            assert server.put_ticket(token, 1, title="Projector stays dark").status == 201
            until(lambda: server.readiness()[1]["down"])
            assert server.readiness() == (
                200,
                {"ready": True, "down": {"indexing": "fails"}, "pending_changes": 1},
            )
            told = server.metrics()
            assert told["fixlore_indexing_failures_total"] >= 1
            assert told["fixlore_pending_changes"] == 1
            assert server.search(token, "badge printer").body["status"] == "ok"
            assert re.search("indexing failed: .*(free space|No space left)", server.logged())

            disk.free()
            assert server.put_ticket(token, 2).status == 201  # wakes the indexer
            until(lambda: server.readiness()[1] == {"ready": True, "down": {}, "pending_changes": 0})
            assert "mail:1" in server.search(token, "projector dark").text
            assert "indexing works again" in server.logged()
            assert "Traceback" not in server.logged()
            assert server.stop() == 0
        assert complaints(home) <= {"home"}


def test_a_command_that_indexes_on_a_full_disk_says_so_in_one_line(filled: Path, tmp_path: Path) -> None:
    home = copied(filled, tmp_path / "home")
    with tmpfs(tmp_path / "disk", "4m") as disk:
        copied(home / "index", disk.place / "index")
        (home / "index").rename(tmp_path / "unused")
        (home / "index").symlink_to(disk.place / "index", target_is_directory=True)
        disk.fill()
        told = run("--home", home, "import", "tickets", SAMPLES / "tickets.jsonl")
        assert_one_line(told, "free space")
        assert told.out == "4 created\n"

        disk.free()
        assert run("--home", home, "index").code == 0
        assert complaints(home) <= {"home"}


def test_every_ticket_that_was_acknowledged_is_there_whole_when_the_disk_filled_up_under_way(
    filled: Path, small: Disk, tmp_path: Path
) -> None:
    home = copied(filled, small.place / "home")
    token = new_token(home)
    acknowledged: dict[str, str] = {}
    refusals = 0
    with serving(home, tmp_path / "log") as server:
        small.fill(leave=3_000_000)
        number = 0
        while refusals < 20:
            number += 1
            text = f"ticket {number} " + "z" * (number * 997 % 40_000)
            if number % 3:
                answer = server.put_ticket(token, number, description=text)
                if answer.status == 201:
                    acknowledged[f"mail:{number}"] = text
                else:
                    assert_refused(answer, FULL, home)
                    refusals += 1
                continue
            body = b"".join(
                json.dumps(
                    {"source": "mail", "external_id": f"{number}-{part}", "title": "T", "description": f"{part} {text}"}
                ).encode()
                + b"\n"
                for part in range(5)
            )
            answer = server.ask("/api/v1/tickets/batch", token, method="POST", body=body)
            if answer.status == 200:
                lines = [json.loads(line) for line in answer.text.splitlines()]
                assert [line["outcome"] for line in lines] == ["created"] * 5
                acknowledged |= {line["id"]: f"{part} {text}" for part, line in enumerate(lines)}
            else:
                assert_refused(answer, FULL, home)
                refusals += 1
        server.process.kill()  # the hardest end: nothing is flushed or closed
        server.process.wait()

    small.free()
    assert len(acknowledged) > 20
    assert titles(home, "mail") == acknowledged
    assert run("--home", home, "index").code == 0
    assert complaints(home) <= {"home"}
    with serving(home, tmp_path / "log-2") as server:
        assert server.put_ticket(token, 999_999).status == 201
        assert server.stop() == 0


def test_a_server_that_starts_on_a_full_disk_answers_and_takes_writes_when_there_is_room(
    filled: Path, small: Disk, tmp_path: Path
) -> None:
    home = copied(filled, small.place / "home")
    with serving(home, tmp_path / "log-1") as server:
        assert server.stop() == 0
    token = new_token(home)
    small.fill()
    code, told = refused(home, tmp_path / "log-2")  # not even the file that SQLite shares between processes has room
    assert (code, len(told.splitlines())) == (1, 1), told
    assert FULL in told
    small.free()
    small.fill(leave=48 * 1024)
    with serving(home, tmp_path / "log-3") as server:
        fill_by_writing(server, token)
        assert "desk:1" in server.search(token, "badge printer").text
        assert_refused(server.put_ticket(token, 1, description="x" * 50_000), FULL, home)
        small.free()
        assert server.put_ticket(token, 1).status == 201
        assert run("--home", home, "user", "link").code == 0
        assert server.stop() == 0
        assert "Traceback" not in server.logged()


def test_a_first_start_on_a_full_disk_is_refused_in_one_line_and_the_home_is_of_use_with_room(
    small: Disk, tmp_path: Path, model_home: Path
) -> None:
    home = small.place / "home"
    home.mkdir()
    (home / "models").symlink_to(model_home / "models", target_is_directory=True)
    small.fill(leave=200_000)
    code, told = refused(home, tmp_path / "log")

    assert code == 1
    assert re.fullmatch(rf"(Loading the shipped .*\n)?kb: .*{FULL}\n", told), told
    small.free()
    assert run("--home", home, "import", "articles", SAMPLES / "articles").code == 0


def test_a_backup_to_a_full_disk_is_refused_and_leaves_nothing(filled: Path, small: Disk) -> None:
    small.fill(leave=100_000)
    before = sorted(small.place.iterdir())
    assert_one_line(run("--home", filled, "backup", small.place / "copy.db"), "copy.db has no room left on its disk")
    assert sorted(small.place.iterdir()) == before
    small.fill()
    assert_one_line(run("--home", filled, "export", small.place / "copy"), "No space left on device")


@pytest.mark.parametrize(
    "command",
    [
        ("search", "badge"),
        ("index",),
        ("import", "tickets", str(SAMPLES / "tickets.jsonl")),
        ("token", "list"),
        ("user", "link"),
        ("example", "remove"),
    ],
    ids=lambda command: command[0],
)
def test_a_command_on_a_read_only_disk_says_so_in_one_line(filled: Path, small: Disk, command: tuple[str, ...]) -> None:
    home = copied(filled, small.place / "home")
    small.make_read_only()
    assert_one_line(run("--home", home, *command), READ_ONLY)

    small.make_writable()
    assert complaints(home) <= {"home"}


def test_the_doctor_names_a_read_only_disk_in_each_check_that_needs_it(filled: Path, small: Disk) -> None:
    home = copied(filled, small.place / "home")
    small.make_read_only()
    told = run("--home", home, "doctor")
    assert told.code == 1
    assert told.error_lines
    assert all(line.startswith("!!") for line in told.error_lines)
    assert re.search(READ_ONLY, told.err)
    assert complaints(home) > {"home"}

    small.make_writable()
    assert complaints(home) <= {"home"}


def test_a_server_on_a_read_only_disk_is_refused_in_one_line_and_starts_when_it_is_writable(
    filled: Path, small: Disk, tmp_path: Path
) -> None:
    home = copied(filled, small.place / "home")
    token = new_token(home)
    small.make_read_only()
    code, told = refused(home, tmp_path / "log")
    assert (code, len(told.splitlines())) == (1, 1), told
    assert re.search(READ_ONLY, told)
    code, told = refused(small.place / "other", tmp_path / "log-2")
    assert (code, len(told.splitlines())) == (1, 1), told
    assert "other cannot be made: Read-only file system; choose another data directory" in told

    small.make_writable()
    with serving(home, tmp_path / "log-3") as server:
        assert "desk:1" in server.search(token, "badge printer").text
        assert server.put_ticket(token, 1).status == 201
        assert server.stop() == 0


def test_a_disk_that_breaks_under_a_server_leaves_searches_and_takes_no_write_until_it_is_mended(
    filled: Path, tmp_path: Path
) -> None:
    place, image = tmp_path / "disk", tmp_path / "image"
    with ext4(place, image, "64m") as disk:
        home = copied(filled, place / "home")
        token = new_token(home)
        with serving(home, tmp_path / "log") as server:
            assert server.put_ticket(token, 1, description="kept").status == 201
            until(lambda: server.readiness()[1]["pending_changes"] == 0)
            disk.break_down()

            assert_refused(server.put_ticket(token, 2), BROKEN, home)
            assert "desk:1" in server.search(token, "badge printer").text
            status, report = server.readiness()
            assert (status, report["down"]) == (200, {"store": "cannot be written"})
            assert server.metrics()["fixlore_store_writable"] == 0
            assert_one_line(
                run("--home", home, "import", "tickets", SAMPLES / "tickets.jsonl", "--no-wait"), "fixlore.db cannot be"
            )
            assert server.stop() == 0
            assert "Traceback" not in server.logged()
        with serving(home, tmp_path / "log-2") as server:  # as the service manager would start it again
            assert server.way_in.startswith("No sign-in link could be made: ")
            assert "desk:1" in server.search(token, "badge printer").text
            until(lambda: server.readiness()[1]["down"])
            assert server.stop() == 0
    with ext4(place, image, "64m"):
        with serving(home, tmp_path / "log-3") as server:
            assert server.put_ticket(token, 2, description="later").status == 201
            assert server.stop() == 0
        assert titles(home, "mail") == {"mail:1": "kept", "mail:2": "later"}
        assert run("--home", home, "index").code == 0
        assert complaints(home) <= {"home"}


def test_a_disk_that_cannot_be_mounted_skips_a_test_here_and_fails_it_where_all_must_be_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="takes root"):
        skip_or_fail("mounting takes root")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="takes root"):
        skip_or_fail("mounting takes root")
