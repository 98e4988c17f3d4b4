"""What every store must do with the people of the site."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from kb.errors import InvalidInput, NotFound
from kb.people import Person
from kb.protocols.store import Store
from tests.conformance.store_samples import START, SetClock

SOON = START + timedelta(hours=24)


class PeopleSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_person_is_found_by_every_spelling_of_the_name(self, store: Store) -> None:
        added = store.add_person("Chief-Desk", "author", "Head of the desk", ["board", "net"])
        assert added == Person(
            "Chief-Desk", "author", START, added.session_mark, "Head of the desk", ("board", "net"), False, False, None
        )
        assert [store.person(name) for name in ("chief-desk", "CHIEF-DESK", " Chief-Desk")] == [added] * 3
        assert store.person("chief") is None

    def test_name_is_given_once_also_in_another_spelling_and_after_disabling(self, store: Store) -> None:
        store.add_person("straße", "agent")
        store.change_person("straße", is_disabled=True)
        for name in ("straße", "STRASSE"):
            with pytest.raises(InvalidInput, match="straße") as raised:
                store.add_person(name, "agent")
            assert raised.value.field == "name"
        assert [one.name for one in store.people()] == ["straße"]

    def test_people_are_listed_by_name_whatever_their_case(self, store: Store) -> None:
        for name in ("network-l3", "Desk", "board"):
            store.add_person(name, "agent")
        assert [one.name for one in store.people()] == ["board", "Desk", "network-l3"]

    def test_session_mark_changes_with_what_a_session_rests_on_and_with_nothing_else(self, store: Store) -> None:
        store.add_person("chief", "administrator", password_hash="h")
        marks = [store.add_person("desk", "agent").session_mark]
        marks.append(store.set_password("desk", "hash").session_mark)
        marks.append(store.change_person("desk", role="author").session_mark)
        marks.append(store.change_person("desk", groups=["net"]).session_mark)
        marks.append(store.change_person("desk", is_disabled=True).session_mark)
        marks.append(store.change_person("desk", is_disabled=False).session_mark)
        marks.append(store.end_sessions("desk").session_mark)
        assert len(set(marks)) == len(marks)
        same = store.change_person("desk", role="author", groups=["net"], is_disabled=False, full_name="The desk")
        assert (same.session_mark, same.full_name, same.groups) == (marks[-1], "The desk", ("net",))
        assert store.renew_password_hash("desk", "hash", "stronger")
        store.note_seen("desk")
        assert store.person("desk").session_mark == marks[-1]

    def test_password_is_a_hash_that_nothing_else_tells(self, store: Store) -> None:
        store.add_person("desk", "agent")
        assert (store.password_hash("desk"), store.person("desk").can_sign_in) == (None, False)
        store.set_password("DESK", "hash")
        assert (store.password_hash("desk"), store.person("desk").can_sign_in) == ("hash", True)
        assert "hash'" not in repr(store.people())
        assert not store.renew_password_hash("desk", "other", "stronger")
        assert store.password_hash("desk") == "hash"
        assert store.password_hash("nobody") is None

    def test_what_is_done_to_nobody_is_refused(self, store: Store) -> None:
        for act in (
            lambda: store.change_person("nobody", role="author"),
            lambda: store.set_password("nobody", "hash"),
            lambda: store.end_sessions("nobody"),
            lambda: store.put_person_link("nobody", "secret", SOON),
        ):
            with pytest.raises(NotFound, match="nobody"):
                act()
        store.note_seen("nobody")
        assert store.people() == []

    def test_seen_is_noted_once_in_ten_minutes(self, store: Store, clock: SetClock) -> None:
        store.add_person("desk", "agent")
        store.note_seen("desk")
        clock.advance(minutes=9)
        store.note_seen("desk")
        assert store.person("desk").last_seen_at == START
        later = clock.advance(minutes=2)
        store.note_seen("desk")
        assert store.person("desk").last_seen_at == later

    def test_last_administrator_who_can_sign_in_is_neither_disabled_nor_demoted(self, store: Store) -> None:
        store.add_person("chief", "administrator", password_hash="hash")
        store.add_person("invited", "administrator")
        assert store.has_administrator()
        before = store.person("chief")
        for change, field in (({"role": "reviewer"}, "role"), ({"is_disabled": True}, "disabled")):
            with pytest.raises(InvalidInput, match="last administrator") as raised:
                store.change_person("chief", **change)
            assert raised.value.field == field
        assert store.person("chief") == before
        assert store.change_person("invited", role="author").role == "author"
        store.change_person("invited", role="administrator")
        store.set_password("invited", "hash")
        assert store.change_person("chief", is_disabled=True).is_disabled
        assert store.has_administrator()

    def test_one_of_two_administrators_stays_when_both_are_disabled_at_once(self, store: Store) -> None:
        names = [f"chief-{number}" for number in range(6)]
        for name in names:
            store.add_person(name, "administrator", password_hash="hash")

        def end(name: str) -> bool:
            try:
                store.change_person(name, is_disabled=True)
            except InvalidInput:
                return False
            return True

        with ThreadPoolExecutor(len(names)) as pool:
            ended = list(pool.map(end, names))
        assert sorted(ended) == [False] + [True] * 5
        assert store.has_administrator()

    def test_has_no_administrator_until_one_has_a_password(self, store: Store) -> None:
        store.add_person("desk", "reviewer", password_hash="hash")
        store.add_person("chief", "administrator")
        assert not store.has_administrator()
        store.set_password("chief", "hash")
        assert store.has_administrator()

    def test_link_sets_the_password_once_and_ends_sessions(self, store: Store) -> None:
        mark = store.add_person("desk", "agent").session_mark
        store.put_person_link("desk", "first", SOON)
        store.put_person_link("Desk", "secret", SOON)
        assert store.person_of_link("first") is None
        assert store.person_of_link("secret").name == store.person_of_link("secret").name == "desk"
        spent = store.spend_person_link("secret", "hash")
        assert (spent.name, spent.has_password, spent.session_mark != mark) == ("desk", True, True)
        assert store.spend_person_link("secret", "other") is None
        assert store.password_hash("desk") == "hash"

    def test_link_is_void_when_late_or_after_a_password_was_set_or_the_person_disabled(
        self, store: Store, clock: SetClock
    ) -> None:
        store.add_person("desk", "agent")
        store.put_person_link("desk", "late", START + timedelta(hours=1))
        clock.advance(hours=1)
        assert store.person_of_link("late") is None
        store.put_person_link("desk", "set", SOON)
        store.set_password("desk", "hash")
        assert store.spend_person_link("set", "other") is None
        store.put_person_link("desk", "disabled", SOON)
        store.change_person("desk", is_disabled=True)
        store.change_person("desk", is_disabled=False)
        assert store.spend_person_link("disabled", "other") is None
        store.change_person("desk", is_disabled=True)
        with pytest.raises(InvalidInput, match="disabled"):
            store.put_person_link("desk", "secret", SOON)

    def test_link_is_spent_by_one_of_many_who_open_it(self, store: Store) -> None:
        store.add_person("desk", "agent")
        store.put_person_link("desk", "secret", SOON)
        with ThreadPoolExecutor(6) as pool:
            spent = list(pool.map(lambda number: store.spend_person_link("secret", f"hash {number}"), range(6)))
        assert sum(one is not None for one in spent) == 1
