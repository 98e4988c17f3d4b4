"""What `kb export` and `kb backup` write comes back whole, and nothing of an earlier home gets mixed into it."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command_line import SAMPLES, files_below, home_with_model, run, start

QUESTIONS = ("vpn error 809", "Drucker druckt leere Seiten", "mailbox audit", "shared mailbox Outlook")


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    """A home with the sample articles and tickets, a moved article, a deleted ticket and a token."""
    place = tmp_path_factory.mktemp("copies")
    home = home_with_model(place / "home", model_home)
    folder = place / "runbooks"
    shutil.copytree(SAMPLES / "articles", folder)
    run("--home", home, "import", "articles", folder)
    (folder / "mail" / "shared-mailbox.md").rename(folder / "mail" / "outlook-mailbox.md")
    run("--home", home, "import", "articles", folder, "--prune")
    run("--home", home, "import", "tickets", SAMPLES / "tickets.jsonl")
    run("--home", home, "token", "create", "helpdesk", "--scope", "read")
    # Until an index is made anew, what was deleted still counts in its statistics, and so in scores.
    assert run("--home", home, "index", "--rebuild").code == 0
    assert run("--home", home, "doctor").code == 0
    return home


def answers(home: Path) -> list[object]:
    """Return what does not change between two askings of the same questions."""
    told = [json.loads(run("--home", home, "search", text, "--json").out) for text in QUESTIONS]
    return [(body["results"], body["total"], body["facets"], body["query"]) for body in told]


def test_an_export_made_twice_is_the_same_to_the_byte(stocked: Path, tmp_path: Path) -> None:
    first = run("--home", stocked, "export", tmp_path / "first")
    second = run("--home", stocked, "export", tmp_path / "second")
    again = run("--home", stocked, "export", tmp_path / "first")

    assert first.out == f"Wrote 5 articles and 4 tickets to {tmp_path / 'first'}.\n"
    assert [one.code for one in (first, second, again)] == [0, 0, 0]
    assert files_below(tmp_path / "first") == files_below(tmp_path / "second") != {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def test_an_export_imports_into_an_empty_home_to_the_same_export_and_the_same_answers(
    stocked: Path, tmp_path: Path, model_home: Path
) -> None:
    other = home_with_model(tmp_path / "other", model_home)
    run("--home", stocked, "export", tmp_path / "copy")

    taken = run("--home", other, "import", "export", tmp_path / "copy")

    assert (taken.code, taken.err) == (0, "")
    assert taken.out.splitlines()[0] == "9 created"
    assert run("--home", other, "import", "export", tmp_path / "copy").out == "9 unchanged\n"
    run("--home", other, "export", tmp_path / "again")
    assert files_below(tmp_path / "again") == files_below(tmp_path / "copy")
    assert answers(other) == answers(stocked)


def test_a_folder_that_is_no_export_is_refused(stocked: Path) -> None:
    told = run("--home", stocked, "import", "export", SAMPLES)

    assert told.code == 1
    assert len(told.error_lines) == 1
    assert "is no export" in told.err


def test_a_backup_comes_back_with_everything_and_the_same_answers(
    stocked: Path, tmp_path: Path, model_home: Path
) -> None:
    other = home_with_model(tmp_path / "other", model_home)

    assert run("--home", stocked, "backup", tmp_path / "copy.db").out == f"Wrote {tmp_path / 'copy.db'}.\n"
    told = run("--home", other, "restore", tmp_path / "copy.db")

    assert told.code == 0
    assert told.out.splitlines()[0].startswith("Indexed 9 documents: 0 texts encoded, ")
    assert answers(other) == answers(stocked)
    assert run("--home", other, "token", "list").out.startswith("helpdesk\tread\t")
    assert run("--home", other, "doctor").code == 0
    for home, name in ((stocked, "one"), (other, "two")):
        run("--home", home, "export", tmp_path / name)
    assert files_below(tmp_path / "one") == files_below(tmp_path / "two")


def test_a_backup_never_replaces_a_file(stocked: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("yesterday")

    told = run("--home", stocked, "backup", tmp_path / "copy.db")

    assert told.code == 1
    assert "is there already" in told.err
    assert files_below(tmp_path) == {"copy.db": b"yesterday"}


def test_a_restore_refuses_a_home_that_is_in_use_and_what_is_left_of_one(
    stocked: Path, tmp_path: Path, model_home: Path
) -> None:
    run("--home", stocked, "backup", tmp_path / "copy.db")
    other = home_with_model(tmp_path / "other", model_home)
    (other / "fixlore.db-wal").write_bytes(b"the last changes of a store that was lost")

    in_use = run("--home", stocked, "restore", tmp_path / "copy.db")
    left_over = run("--home", other, "restore", tmp_path / "copy.db")

    assert (in_use.code, left_over.code) == (1, 1)
    assert "restore into an empty home" in in_use.err
    assert "move it away first" in left_over.err
    assert not (other / "fixlore.db").exists()
    (other / "fixlore.db-wal").unlink()
    assert run("--home", other, "restore", tmp_path / "copy.db").code == 0


def test_a_restore_keeps_nothing_of_earlier_indexes(stocked: Path, tmp_path: Path, model_home: Path) -> None:
    other = home_with_model(tmp_path / "other", model_home)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "lost.md").write_text("# A doorbell that nobody hears\n")
    run("--home", other, "import", "articles", tmp_path / "own")
    run("--home", stocked, "backup", tmp_path / "copy.db")
    for path in other.glob("fixlore.db*"):
        path.unlink()

    assert run("--home", other, "restore", tmp_path / "copy.db").code == 0

    assert run("--home", other, "doctor").code == 0
    assert "doorbell" not in run("--home", other, "search", "doorbell nobody hears").out


def test_a_restore_of_what_is_no_backup_leaves_the_home_empty(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_bytes(b"no database at all" * 100)
    (tmp_path / "empty.db").touch()  # what a copy leaves that failed at once
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE photograph (id INTEGER)")
    connection.close()

    for name in ("letter.db", "other.db", "empty.db"):
        told = run("--home", tmp_path / "home", "restore", tmp_path / name)
        assert told.code == 1
        assert len(told.error_lines) == 1
        assert f"{tmp_path / name} is no backup that can be read" in told.err
        assert list((tmp_path / "home").iterdir()) == []


def test_a_backup_made_while_another_process_writes_is_consistent(tmp_path: Path, model_home: Path) -> None:
    home = home_with_model(tmp_path / "home", model_home)
    lines = [
        json.dumps({"source": "desk", "external_id": str(one), "title": f"Ticket {one}", "tags": [str(one)]})
        for one in range(4000)
    ]
    (tmp_path / "many.jsonl").write_text("\n".join(lines))
    run("--home", home, "import", "articles", SAMPLES / "articles")
    copies: list[Path] = []
    with start("--home", home, "import", "tickets", tmp_path / "many.jsonl") as importing:
        while importing.poll() is None and len(copies) < 12:
            copies.append(tmp_path / f"{len(copies)}.db")
            assert run("--home", home, "backup", copies[-1]).code == 0
        importing.kill()

    counts = []
    for copy in copies:
        connection = sqlite3.connect(copy)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        (documents,) = connection.execute("SELECT count(*) FROM document").fetchone()
        connection.close()
        assert (documents - 5) % 500 == 0  # whole batches: what one transaction wrote is there or not
        counts.append(documents)
    assert counts == sorted(counts)
    assert counts


def runs_of(home: Path, place: Path) -> dict[str, bytes]:
    """Return the TREC runs of the same questions and tickets."""
    place.mkdir()
    questions = [{"id": str(number), "text": text} for number, text in enumerate(QUESTIONS)]
    tickets = [{"id": one["id"], "source": "q", "external_id": one["id"], "title": one["text"]} for one in questions]
    for name, asked in (("search", questions), ("similar", tickets)):
        (place / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in asked))
        told = run("--home", home, name, "--queries", place / f"{name}.jsonl", "--run", place / f"{name}.run")
        assert told.code == 0, told.err
    return {name: (place / f"{name}.run").read_bytes() for name in ("search", "similar")}


def test_a_backup_and_an_export_give_the_same_runs_to_the_byte_on_another_machine(
    stocked: Path, tmp_path: Path, model_home: Path
) -> None:
    restored = home_with_model(tmp_path / "restored", model_home)
    imported = home_with_model(tmp_path / "imported", model_home)
    run("--home", stocked, "backup", tmp_path / "copy.db")
    run("--home", stocked, "export", tmp_path / "copy")

    assert run("--home", restored, "restore", tmp_path / "copy.db").code == 0
    assert run("--home", imported, "import", "export", tmp_path / "copy").code == 0

    expected = runs_of(stocked, tmp_path / "one")
    assert all(expected.values())
    assert runs_of(restored, tmp_path / "two") == expected
    assert runs_of(imported, tmp_path / "three") == expected


@contextmanager
def no_room() -> Iterator[None]:
    """Let no file grow beyond 40 kB: every write behind that fails, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    earlier = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, earlier)


def test_a_backup_that_finds_no_room_leaves_nothing_and_the_next_one_is_whole(stocked: Path, tmp_path: Path) -> None:
    with no_room():
        told = run("--home", stocked, "backup", tmp_path / "copy.db")

    assert (told.code, len(told.error_lines)) == (1, 1)
    assert f"{tmp_path / 'copy.db'} " in told.err
    assert list(tmp_path.iterdir()) == []
    assert run("--home", stocked, "backup", tmp_path / "copy.db").code == 0


def test_a_restore_that_finds_no_room_leaves_the_home_empty(stocked: Path, tmp_path: Path) -> None:
    run("--home", stocked, "backup", tmp_path / "copy.db")

    with no_room():
        told = run("--home", tmp_path / "home", "restore", tmp_path / "copy.db")

    assert (told.code, len(told.error_lines)) == (1, 1)
    assert list((tmp_path / "home").iterdir()) == []


def test_a_restore_of_a_damaged_backup_is_refused(stocked: Path, tmp_path: Path) -> None:
    run("--home", stocked, "backup", tmp_path / "copy.db")
    size = (tmp_path / "copy.db").stat().st_size
    with (tmp_path / "copy.db").open("r+b") as file:
        for page in range(4 * 4096, size, 2 * 4096):
            file.seek(page)
            file.write(b"\xff" * 2000)
    (tmp_path / "half.db").write_bytes((tmp_path / "copy.db").read_bytes()[: size // 2])

    for name in ("copy.db", "half.db"):
        told = run("--home", tmp_path / "home", "restore", tmp_path / name)
        assert (told.code, len(told.error_lines)) == (1, 1)
        assert f"{tmp_path / name} is damaged" in told.err
        assert list((tmp_path / "home").iterdir()) == []


def test_homes_and_backups_are_for_their_owner_alone(stocked: Path, tmp_path: Path) -> None:
    earlier = os.umask(0o022)
    try:
        (tmp_path / "there").mkdir()  # as a service manager makes it
        for home in ("new", "there"):
            run("--home", tmp_path / home, "token", "create", "helpdesk", "--scope", "read")
        run("--home", stocked, "backup", tmp_path / "copy.db")
        assert run("--home", tmp_path / "restored", "restore", tmp_path / "copy.db").code == 0
    finally:
        os.umask(earlier)

    names = ("new", "new/fixlore.db", "there/fixlore.db", "copy.db", "restored/fixlore.db")
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names}
    assert modes == {name: 0o600 for name in names} | {"new": 0o700}
