"""Who a person is, what a name and a password may be, and that a wrong name takes as long as a wrong password."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher

from kb.access import ADMINISTRATOR, MEMBER, SHELL
from kb.errors import InvalidInput
from kb.people import (
    SHORTEST_PASSWORD,
    Person,
    checked_full_name,
    checked_groups,
    checked_name,
    checked_password,
    common_passwords,
    name_key,
    password_fault,
)
from kb.roles import ROLES, Role
from tests.fakes.store import MemoryStore
from tests.people import PASSWORD, cheap_hasher
from web.passwords import Passwords

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)


def person(role: Role = "agent", *groups: str) -> Person:
    return Person("network-l3", role, NOW, "mark", groups=groups)


def test_a_person_reads_what_is_public_or_internal_and_what_is_kept_for_their_groups() -> None:
    seen = person("agent", "board", "net").viewer

    assert seen.audiences == {"public", "internal", "group:board", "group:net"}
    assert person().viewer.audiences == MEMBER.audiences
    assert person("administrator").viewer.audiences is None


@pytest.mark.parametrize("role", ROLES)
def test_a_person_sees_drafts_from_the_role_that_writes_on_and_goes_by_the_name(role: Role) -> None:
    seen = person(role).viewer

    assert (seen.name, seen.role) == ("network-l3", role)
    assert seen.may_edit is (role != "agent")
    assert person(role).may("review") is (role in ("reviewer", "administrator"))


@pytest.mark.parametrize(
    ("given", "name"),
    [("network-l3", "network-l3"), (" Chief ", "Chief"), ("a.b@example.org", "a.b@example.org"), ("größe", "größe"),
     ("7", "7"), ("ﬁona", "fiona")],
)  # fmt: skip
def test_a_name_keeps_its_case_and_loses_white_space_around_it(given: str, name: str) -> None:
    assert checked_name(given) == name


REFUSED = [
    *("", " ", "a b", "a\tb", "token:desk", "connector:jira", "a/b", "-a", ".", "a\x00b", "x" * 65, "a\u200bb", "_x"),
    *("Administrator", "SHELL", "member", "import", "feedback", "token", "ｓｈｅｌｌ", "\ud800"),
]


@pytest.mark.parametrize("given", REFUSED)
def test_a_name_that_nobody_can_type_or_that_means_something_else_in_logs_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        checked_name(given)
    assert raised.value.field == "name"


def test_no_person_can_have_the_name_of_what_asks_without_an_account() -> None:
    for viewer in (ADMINISTRATOR, SHELL, MEMBER):
        with pytest.raises(InvalidInput):
            checked_name(viewer.name)


def test_spellings_of_one_name_have_one_key() -> None:
    assert name_key("Straße") == name_key("STRASSE") == name_key(" strasse ")
    assert name_key("ﬁona") == name_key("Fiona")
    assert name_key("fiona") != name_key("fiora")


def test_groups_are_folded_ordered_and_named_with_or_without_their_prefix() -> None:
    assert checked_groups(["Net", "group:Board", "net"]) == ("board", "net")
    for wrong in ("", "group:", "a b", "a,b", "group:a:b"):
        with pytest.raises(InvalidInput) as raised:
            checked_groups([wrong])
        assert raised.value.field == "groups"


def test_a_full_name_is_one_readable_line() -> None:
    assert checked_full_name("  Head \n of  the desk ") == "Head of the desk"
    assert checked_full_name("") == ""
    for wrong in ("x" * 101, "a\x1b[2Jb", "a\u202eb"):
        with pytest.raises(InvalidInput):
            checked_full_name(wrong)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("x" * 11, "short"),
        ("eleven char", "short"),
        ("twelve chars", None),
        ("nothing but small letters", None),
        ("Kennwort mit Umlauten äöü", None),
        ("z" * 257, "long"),
        ("Passwort1234", "common"),
        ("aaaaaaaaaaaaaaa", "common"),
        ("121212121212", "common"),
        ("network-l3network-l3", "name"),
        ("Network-L31!", "name"),
        ("network-l3 has a long one", None),
        ("e\u0301" * 11, "short"),  # eleven letters, typed as twenty-two
    ],
)
def test_a_password_is_judged_by_length_and_by_how_soon_it_is_tried(password: str, fault: str | None) -> None:
    assert password_fault(password, "network-l3") == fault


def test_what_is_wrong_with_a_password_is_told_without_the_password() -> None:
    for wrong in ("short-one", "passwort1234"):
        with pytest.raises(InvalidInput) as raised:
            checked_password(wrong, "desk")
        assert wrong not in str(raised.value)
        assert raised.value.field == "password"


def test_the_common_passwords_are_long_enough_to_be_refused_for_that_alone() -> None:
    assert len(common_passwords()) > 80
    assert [one for one in common_passwords() if len(one) < SHORTEST_PASSWORD or one != one.casefold()] == []


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.add_person("Desk", "agent", password_hash=cheap_hasher().hash(PASSWORD))
    return store


def test_a_password_lets_in_under_every_spelling_of_the_name_and_of_itself(store: MemoryStore) -> None:
    passwords = Passwords(store, cheap_hasher())
    assert passwords.person_with("DESK", PASSWORD) == store.person("desk")
    store.set_password("desk", passwords.hashed("caf\u00e9 au lait, s'il vous"))
    assert passwords.person_with("desk", "cafe\u0301 au lait, s'il vous") is not None
    assert passwords.person_with("desk", "CAFÉ au lait, s'il vous") is None
    assert passwords.person_with("desk", PASSWORD) is None


def test_nobody_is_let_in_who_is_unknown_disabled_or_without_a_password(store: MemoryStore) -> None:
    passwords = Passwords(store, cheap_hasher())
    store.add_person("invited", "agent")
    for name, password in (("nobody", PASSWORD), ("invited", ""), ("invited", PASSWORD), ("desk", ""), ("", "")):
        assert passwords.person_with(name, password) is None, name
    assert passwords.person_with("desk", PASSWORD)
    store.change_person("desk", is_disabled=True)
    assert passwords.person_with("desk", PASSWORD) is None


class CountingHasher(PasswordHasher):
    """Counts what it verifies."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        self.verified.append(str(hash)[:30])
        return super().verify(hash, password)


def test_an_unknown_name_costs_the_work_of_a_wrong_password(store: MemoryStore) -> None:
    hasher = CountingHasher()
    passwords = Passwords(store, hasher)
    store.add_person("invited", "agent")
    for name in ("desk", "nobody", "invited", "x" * 10_000):
        hasher.verified.clear()
        assert passwords.person_with(name, "a wrong password") is None
        assert len(hasher.verified) == 1, name
        assert hasher.verified[0].startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_a_hash_with_old_parameters_is_made_anew_and_ends_no_session(store: MemoryStore) -> None:
    before = store.password_hash("desk")
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    assert Passwords(store, stronger).person_with("desk", "a wrong password") is None
    assert store.password_hash("desk") == before
    mark = store.person("desk").session_mark
    assert Passwords(store, stronger).person_with("desk", PASSWORD)
    renewed = store.password_hash("desk")
    assert renewed.startswith("$argon2id$v=19$m=16,t=2,p=1$")
    assert store.person("desk").session_mark == mark
    assert Passwords(store, stronger).person_with("desk", PASSWORD)
    assert store.password_hash("desk") == renewed


def test_passwords_are_hashed_as_rfc_9106_recommends_for_little_memory(store: MemoryStore) -> None:
    assert Passwords(store).hashed(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
