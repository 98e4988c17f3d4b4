"""`kb` answers every call with the right exit code, data on standard output and one clear line on standard error."""

from __future__ import annotations

import importlib.metadata
import os
import sqlite3
import subprocess
from pathlib import Path
from unittest import mock

import pytest

from kb.store.open_store import open_store
from tests.command_line import COMMAND, REPOSITORY, SAMPLES, files_below, run
from web.cli.main import COMMANDS


@pytest.fixture
def used_home(home: Path) -> Path:
    """A home with an empty store."""
    home.mkdir()
    open_store(home / "fixlore.db").close()
    return home


def test_help_lists_every_command_on_standard_output() -> None:
    told = run("--help")

    assert told.code == 0
    assert told.err == ""
    for name, (_, line) in COMMANDS.items():
        assert f"  {name} " in told.out
        assert line in told.out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself_with_the_line_that_the_list_shows(name: str) -> None:
    told = run(name, "--help")

    assert told.code == 0
    assert told.out.startswith(f"Usage: kb {name} ")
    assert told.err == ""


def test_version_is_that_of_the_package() -> None:
    try:
        installed = importlib.metadata.version("fixlore")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package is not installed")

    assert run("--version").out == f"kb, version {installed}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nosuch",),
        ("import",),
        ("import", "articles"),
        ("import", "tickets", "file.jsonl", "--format", "xml"),
        ("search",),
        ("search", "vpn", "--queries", "q.jsonl", "--run", "run"),
        ("search", "--queries", "q.jsonl"),
        ("search", "vpn", "--limit", "0"),
        ("search", "vpn", "--lanes", "magic"),
        ("similar",),
        ("similar", "ticket.json", "--as-of"),
        ("evaluate", "q.jsonl", "qrels.tsv"),
        ("evaluate", "--task", "search", "--as-of", "q.jsonl", "qrels.tsv"),
        ("token", "create", "helpdesk"),
        ("token", "create", "helpdesk", "--scope", "everything"),
        ("serve", "--port", "65536"),
        ("backup",),
    ],
)
def test_wrong_usage_exits_2_and_prints_no_data(home: Path, arguments: tuple[str, ...]) -> None:
    told = run("--home", home, *arguments)

    assert told.code == 2
    assert told.out == ""
    assert told.err.startswith("Usage: kb ")
    assert not home.exists()


def test_a_file_as_home_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert run("--home", tmp_path / "file", "token", "list").code == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("import", "articles", "nowhere"), "folder nowhere does not exist"),
        (("import", "articles", __file__), "is not a folder"),
        (("import", "tickets", "nowhere.jsonl"), "file nowhere.jsonl does not exist"),
        (("import", "tickets", __file__), "name one of jsonl, csv"),
        (("import", "articles", SAMPLES / "articles", "--source", "a/b"), "holds ':' or '/'"),
        (("search", "vpn", "--filter", "service"), "FIELD=VALUE"),
        (("search", "vpn", "--filter", "colour=red"), "no filter 'colour'"),
        (("search", "vpn", "--filter", "after=yesterday"), "is no time"),
        (("search", "--queries", "nowhere.jsonl", "--run", "run"), "nowhere.jsonl does not exist"),
        (("similar", "nowhere.json"), "nowhere.json does not exist"),
        (("evaluate", "--task", "search", "nowhere.jsonl", "nowhere.tsv"), "nowhere.tsv does not exist"),
        (("export", __file__), "is a file"),
        (("export", Path(__file__).parent), "is no earlier export"),
        (("backup", "/nowhere/at/all.db"), "cannot be opened"),
        (("token", "revoke", "helpdesk"), "helpdesk"),
        (("token", "create", "", "--scope", "read"), "no name for a token"),
        (("serve", "--host", "no.such.host.invalid"), "is no address to listen on"),
        (("restore", "nowhere.db"), "nowhere.db does not exist"),
    ],
)
def test_a_failure_exits_1_with_one_clear_line(
    used_home: Path, arguments: tuple[str | Path, ...], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(used_home)

    told = run("--home", used_home, *arguments)

    assert told.code == 1
    assert told.out == ""
    assert len(told.error_lines) == 1
    assert told.err.startswith("kb: ")
    assert says in told.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "vpn"),
        ("similar", "ticket.json"),
        ("evaluate", "--task", "search", "q.jsonl", "qrels.tsv"),
        ("export", "copy"),
        ("backup", "copy.db"),
        ("doctor",),
    ],
)
def test_a_home_without_a_store_is_refused_and_not_made(
    home: Path, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")

    told = run("--home", home, *arguments)

    assert told.code == 1
    assert len(told.error_lines) == 1
    assert "holds no store" in told.err
    assert not home.exists()


EVERY_COMMAND = [
    ("serve", "--port", "0"),
    ("import", "articles", SAMPLES / "articles"),
    ("import", "tickets", SAMPLES / "tickets.jsonl"),
    ("index",),
    ("search", "vpn"),
    ("export", "copy"),
    ("backup", "copy.db"),
    ("token", "list"),
    ("user", "link"),
    ("example", "remove"),
    ("doctor",),
]


@pytest.mark.parametrize("arguments", EVERY_COMMAND, ids=lambda arguments: " ".join(map(str, arguments[:1])))
def test_an_unknown_setting_stops_every_command_and_is_named(
    used_home: Path, arguments: tuple[str | Path, ...]
) -> None:
    (used_home / "fixlore.toml").write_text('keyword_engin = "tantivy"\n')

    told = run("--home", used_home, *arguments)

    assert told.code == 1
    assert len(told.error_lines) == 1
    assert "fixlore.toml: unknown setting 'keyword_engin'; known are " in told.err


@pytest.mark.parametrize(
    ("variable", "value"), [("KB_THREADS", "many"), ("KB_THREADS", "0"), ("KB_KEYWORD_ENGINE", "lucene")]
)
def test_an_impossible_value_in_the_environment_is_named(used_home: Path, variable: str, value: str) -> None:
    told = run("--home", used_home, "token", "list", environment={variable: value})

    assert told.code == 1
    assert f"setting {variable.removeprefix('KB_').lower()} must" in told.err
    assert value in told.err


@pytest.mark.parametrize("arguments", EVERY_COMMAND, ids=lambda arguments: " ".join(map(str, arguments[:1])))
def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(
    used_home: Path, arguments: tuple[str | Path, ...]
) -> None:
    with sqlite3.connect(used_home / "fixlore.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = files_below(used_home)

    told = run("--home", used_home, *arguments)

    assert told.code == 1
    assert len(told.error_lines) == 1
    assert "was written by a newer Fixlore" in told.err
    assert files_below(used_home) == before


def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(used_home: Path) -> None:
    (used_home / "fixlore.db").write_bytes(b"a letter, not a database" * 100)

    told = run("--home", used_home, "token", "list")

    assert told.code == 1
    assert "fixlore.db is no database" in told.err
    assert (used_home / "fixlore.db").read_bytes() == b"a letter, not a database" * 100


def test_home_comes_from_the_option_before_the_environment(tmp_path: Path) -> None:
    named = {"KB_HOME": str(tmp_path / "named")}

    run("token", "create", "first", "--scope", "read", environment=named)
    run("--home", tmp_path / "given", "token", "create", "second", "--scope", "read", environment=named)

    assert run("token", "list", environment=named).out.startswith("first\tread\t")
    assert run("--home", tmp_path / "given", "token", "list").out.startswith("second\tread\t")


def test_a_token_is_printed_alone_listed_without_its_secret_and_revoked(home: Path) -> None:
    made = run("--home", home, "token", "create", "helpdesk", "--scope", "read", "--scope", "feedback")

    assert made.code == 0
    assert len(made.out.split()) == 1
    assert made.err == ""
    listed = run("--home", home, "token", "list").out.rstrip("\n").split("\t")
    assert [listed[0], listed[1], listed[-1]] == ["helpdesk", "read,feedback", "live"]
    assert made.out.strip() not in "".join(listed)
    assert run("--home", home, "token", "revoke", "helpdesk").code == 0
    assert "revoked" in run("--home", home, "token", "list").out.split("\t")[-1]


def test_a_token_name_is_not_given_twice(home: Path) -> None:
    run("--home", home, "token", "create", "helpdesk", "--scope", "read")

    again = run("--home", home, "token", "create", "helpdesk", "--scope", "read")

    assert again.code == 1
    assert again.out == ""
    assert len(again.error_lines) == 1
    assert run("--home", home, "token", "list").out.count("helpdesk") == 1


def test_a_sign_in_link_leads_to_where_the_site_is_reached(home: Path) -> None:
    run("--home", home, "token", "create", "first", "--scope", "read")

    assert run("--home", home, "user", "link").out.startswith("http://127.0.0.1:8080/sign-in/")
    assert run("--home", home, "user", "link", "--port", "9000").out.startswith("http://127.0.0.1:9000/sign-in/")
    outside = run("--home", home, "user", "link", environment={"KB_BASE_URL": "https://kb.example.org/"})
    assert outside.out.startswith("https://kb.example.org/sign-in/")


def test_a_reader_that_has_enough_ends_the_command_without_a_word(used_home: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        told = subprocess.run(
            [*COMMAND, "--home", used_home, "user", "link"], cwd=REPOSITORY, stdout=writing, stderr=subprocess.PIPE
        )
    finally:
        os.close(writing)

    assert told.returncode == 1
    assert told.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_finds_no_room_fails_with_one_line(used_home: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        told = subprocess.run(
            [*COMMAND, "--home", used_home, "user", "link"], cwd=REPOSITORY, stdout=full, stderr=subprocess.PIPE
        )

    assert told.returncode == 1
    assert told.stderr.decode().splitlines() == ["kb: No space left on device; check the rights and the free space"]


def test_an_account_without_a_home_directory_is_told_to_name_one() -> None:
    unknown = RuntimeError("Could not determine home directory.")
    with mock.patch.object(Path, "expanduser", side_effect=unknown):
        unnamed, helped = run("search", "vpn", environment={"KB_HOME": ""}), run("--help")

    assert (unnamed.code, helped.code) == (1, 0)
    assert unnamed.err == "kb: ~/.fixlore cannot be told; name the data directory with --home or KB_HOME\n"


def test_a_home_with_umlauts_works_in_the_c_locale_and_is_refused_where_python_was_told_to_use_no_utf8(
    tmp_path: Path,
) -> None:
    home = tmp_path / "Zu Hause äöü"
    command = [*COMMAND, "--home", home, "token", "create", "helpdesk", "--scope", "read"]
    plain = {"PATH": os.environ["PATH"], "LC_ALL": "C"}

    def ran(**more: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, cwd=REPOSITORY, env={**plain, **more}, capture_output=True)

    ascii_only, usual = ran(PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"), ran()

    assert (usual.returncode, usual.stderr) == (0, b"")
    assert (home / "fixlore.db").exists()
    assert ascii_only.returncode == 1
    assert len(ascii_only.stderr.splitlines()) == 1
    assert b"cannot be used in this locale; set PYTHONUTF8=1" in ascii_only.stderr
