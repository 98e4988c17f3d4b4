"""People are added, changed and put out at the shell; a password is never an argument, and links are printed alone."""

from __future__ import annotations

import json
import re
import stat
from contextlib import closing
from pathlib import Path

import pytest

from kb.store.open_store import open_store
from tests.command_line import Ran, run
from tests.people import PASSWORD
from web.links import new_person_path
from web.passwords import Passwords

LINK = r"http://127\.0\.0\.1:8080/sign-in/([\w-]{43})\n"


@pytest.fixture
def user(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Return a function that runs `kb user` on one home."""

    def ran(*arguments: str, stdin: bytes = b"") -> Ran:
        return run("--home", tmp_path / "home", "user", *arguments, stdin=stdin)

    return ran


def refused(told: Ran, *words: str) -> None:
    """Check that a command failed with one line that holds all of the words."""
    assert (told.code, told.out) == (1, "")
    assert len(told.error_lines) == 1
    assert [word for word in words if word not in told.err] == []


def test_a_person_is_added_with_a_link_and_listed(user, tmp_path: Path) -> None:
    options = ("--full-name", "Network  L3", "--role", "Author", "--group", "Net", "--group", "group:board")
    made = user("add", "network-l3", *options)
    assert made.code == 0
    link = re.fullmatch(LINK, made.out)
    assert link
    elsewhere = user("add", "desk", "--host", "kb.example.org", "--port", "80")
    assert re.match(r"http://kb\.example\.org:80/sign-in/", elsewhere.out)

    listed = user("list").out.splitlines()
    assert listed == [
        "desk\tagent\t\tinvited\tnever seen\t",
        "network-l3\tauthor\tboard,net\tinvited\tnever seen\tNetwork L3",
    ]
    (_, told) = json.loads(user("list", "--json").out)["people"]
    created = told.pop("created_at")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", created)
    assert told == {
        "name": "network-l3", "full_name": "Network L3", "role": "author", "groups": ["board", "net"],
        "state": "invited", "last_seen_at": None,
    }  # fmt: skip
    kept = (tmp_path / "home" / "fixlore.db").read_bytes()
    assert link[1].encode() not in kept


def test_a_password_is_read_from_standard_input_and_kept_as_a_hash(user, tmp_path: Path) -> None:
    made = user("add", "chief", "--role", "administrator", "--password-stdin", stdin=PASSWORD.encode() + b"\n")
    assert (made.code, made.out) == (0, "chief is added.\n")
    with closing(open_store(tmp_path / "home" / "fixlore.db")) as store:
        assert Passwords(store).person_with("Chief", PASSWORD)
        assert store.password_hash("chief").startswith("$argon2id$")
    assert PASSWORD.encode() not in (tmp_path / "home" / "fixlore.db").read_bytes()
    for wrong, told in ((b"short\n", "too short"), (b"passwort1234", "tried first"), (b"\xff" * 12, "UTF-8")):
        refused(user("add", "desk", "--password-stdin", stdin=wrong), told)
    assert [line.split("\t")[0] for line in user("list").out.splitlines()] == ["chief"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "token:desk"), "no name"),
        (("add", "Administrator"), "meaning"),
        (("add", "desk", "--group", "a b"), "group"),
        (("add", "desk", "--full-name", "x" * 101), "full name"),
    ],
)
def test_what_cannot_be_added_makes_no_home(user, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    refused(user(*arguments), told)
    assert not (tmp_path / "home").exists()


def test_a_name_is_taken_once_and_an_unknown_one_is_told(user) -> None:
    assert user("add", "desk").code == 0
    refused(user("add", "DESK"), "'desk'", "another name")
    for command in (
        ("set", "nobody", "--role", "author"),
        ("disable", "nobody"),
        ("enable", "nobody"),
        ("link", "nobody"),
    ):
        refused(user(*command), "'nobody'", "kb user list")
    assert user("add", "other", "--role", "chief").code == 2


def test_disabling_and_enabling_can_be_repeated(user) -> None:
    user("add", "desk")
    for _ in range(2):
        assert user("disable", "Desk").out == "desk is disabled.\n"
    assert "\tdisabled\t" in user("list").out
    refused(user("link", "desk"), "disabled", "enable")
    for _ in range(2):
        assert user("enable", "desk").out == "desk is enabled.\n"
    assert re.fullmatch(LINK, user("link", "desk").out)


def test_role_groups_and_full_name_are_set_each_on_its_own(user) -> None:
    user("add", "desk", "--group", "net", "--full-name", "Desk")
    assert user("set", "desk", "--role", "reviewer").out == "desk is reviewer in net.\n"
    assert user("set", "desk", "--group", "board", "--group", "vpn").out == "desk is reviewer in board, vpn.\n"
    assert user("set", "desk", "--no-group").out == "desk is reviewer.\n"
    assert user("set", "desk", "--full-name", "The desk").out == "desk is reviewer.\n"
    assert user("list").out == "desk\treviewer\t\tinvited\tnever seen\tThe desk\n"
    assert user("set", "desk").code == user("set", "desk", "--no-group", "--group", "a").code == 2


def test_the_last_administrator_stays(user) -> None:
    user("add", "chief", "--role", "administrator", "--password-stdin", stdin=PASSWORD.encode())
    for command in (("disable", "chief"), ("set", "chief", "--role", "agent")):
        refused(user(*command), "last administrator", "another person")
    assert "chief\tadministrator" in user("list").out


def test_a_link_without_a_name_is_for_the_first_administrator_alone(user, tmp_path: Path) -> None:
    refused(user("link"), "holds no store")
    user("add", "desk", "--role", "reviewer", "--password-stdin", stdin=PASSWORD.encode())
    assert re.fullmatch(LINK, user("link").out)
    user("add", "chief", "--role", "administrator", "--password-stdin", stdin=PASSWORD.encode())
    refused(user("link"), "name the person")
    first = re.fullmatch(LINK, user("link", "chief").out)
    second = re.fullmatch(LINK, user("link", "chief").out)
    with closing(open_store(tmp_path / "home" / "fixlore.db")) as store:
        assert new_person_path(store, "chief").startswith("/sign-in/")
    assert first and second and first[1] != second[1]


def test_accounts_are_in_a_backup_for_its_owner_alone_and_in_no_export(user, tmp_path: Path) -> None:
    home = tmp_path / "home"
    user("add", "network-l3", "--role", "author", "--password-stdin", stdin=PASSWORD.encode())
    with closing(open_store(home / "fixlore.db")) as store:
        hashed = store.password_hash("network-l3")
    assert run("--home", home, "backup", tmp_path / "copy.db").code == 0
    assert run("--home", home, "export", tmp_path / "out").code == 0

    with closing(open_store(tmp_path / "copy.db")) as copy:
        assert copy.password_hash("network-l3") == hashed
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    exported = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert exported
    assert b"network-l3" not in exported
    assert b"argon2" not in exported
