"""What every store must do with tokens, logged answers, feedback, settings and its own life."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kb.errors import InvalidInput, NotFound, StoreError
from kb.protocols.store import Feedback, Store, Token
from tests.conformance.store_samples import START, SetClock, article
from tests.said import people, results


class AccessSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_token_is_found_by_its_hash_with_its_scopes_in_order(self, store: Store) -> None:
        store.create_token("helpdesk", ["read", "feedback"], "hash")
        assert store.tokens() == [Token("helpdesk", ("read", "feedback"), START, None, None)]
        assert store.token("hash") == Token("helpdesk", ("read", "feedback"), START, START, None)
        assert store.token("other") is None

    def test_token_use_is_noted_at_most_once_a_minute(self, store: Store, clock: SetClock) -> None:
        store.create_token("helpdesk", ["read"], "hash")
        store.token("hash")
        clock.advance(seconds=59)
        store.token("hash")
        assert store.tokens()[0].last_used_at == START
        minute = clock.advance(seconds=1)
        store.token("hash")
        assert store.tokens()[0].last_used_at == minute

    def test_token_is_dead_but_listed_when_revoked(self, store: Store, clock: SetClock) -> None:
        store.create_token("helpdesk", ["read"], "hash")
        store.create_token("other", ["read"], "other-hash")
        later = clock.advance(hours=1)
        store.revoke_token("helpdesk")
        assert store.token("hash") is None
        assert store.token("other-hash") is not None
        assert [(one.name, one.revoked_at) for one in store.tokens()] == [("helpdesk", later), ("other", None)]

    def test_token_name_is_taken_only_while_its_token_lives(self, store: Store, clock: SetClock) -> None:
        store.create_token("helpdesk", ["read"], "first")
        with pytest.raises(InvalidInput, match="helpdesk") as raised:
            store.create_token("helpdesk", ["admin"], "second")
        assert raised.value.field == "name"
        assert store.token("second") is None
        store.revoke_token("helpdesk")
        later = clock.advance(hours=1)
        store.create_token("helpdesk", ["admin"], "second")
        assert [one.created_at for one in store.tokens()] == [START, later]
        store.revoke_token("helpdesk")
        assert store.token("second") is None

    def test_token_is_refused_when_its_hash_was_given_before(self, store: Store) -> None:
        store.create_token("one", ["read"], "hash")
        store.revoke_token("one")
        with pytest.raises(InvalidInput):
            store.create_token("two", ["read"], "hash")
        assert len(store.tokens()) == 1

    def test_token_cannot_be_revoked_when_none_of_the_name_lives(self, store: Store) -> None:
        with pytest.raises(NotFound, match="helpdesk"):
            store.revoke_token("helpdesk")
        store.create_token("helpdesk", ["read"], "hash")
        store.revoke_token("helpdesk")
        with pytest.raises(NotFound):
            store.revoke_token("helpdesk")

    def test_answer_is_kept_in_order_for_ninety_days_and_no_longer(self, store: Store, clock: SetClock) -> None:
        store.log_response("old", ["b", "a"], "agent")
        clock.advance(days=90)
        store.log_response("new", [], "agent", ticket="zammad:1")
        assert (results(store, "old"), results(store, "new")) == (["b", "a"], [])
        clock.advance(microseconds=1)
        assert results(store, "old") is None
        store.log_response("newest", ["a"], "agent")
        assert (results(store, "old"), results(store, "new"), results(store, "newest")) == (None, [], ["a"])
        assert results(store, "never") is None

    def test_first_answer_of_an_id_stays(self, store: Store) -> None:
        store.log_response("r", ["a"], "agent")
        store.log_response("r", ["b"], "agent")
        assert results(store, "r") == ["a"]

    def test_feedback_counts_once_for_each_person_response_result_and_action(self, store: Store) -> None:
        given = Feedback("r", "a", "helpful", "agent", START, "zammad:1")
        assert store.add_feedback(given) is True
        assert store.add_feedback(replace(given, at=START + timedelta(hours=1), ticket=None)) is False
        assert store.add_feedback(replace(given, action="copied")) is True
        assert store.add_feedback(replace(given, by="other")) is True
        assert store.add_feedback(replace(given, result_id="b")) is True
        assert people(store, ["a", "b", "c"]) == {"a": {"copied": 1, "helpful": 2}, "b": {"helpful": 1}}

    def test_feedback_counts_people_not_answers(self, store: Store) -> None:
        for response_id in ("r1", "r2"):
            assert store.add_feedback(Feedback(response_id, "a", "helpful", "agent", START)) is True
        assert people(store, ["a"]) == {"a": {"helpful": 1}}
        assert people(store, []) == {}

    def test_feedback_is_given_back_whole_in_the_order_of_time(self, store: Store) -> None:
        late = Feedback("r2", "a", "helpful", "agent", START + timedelta(hours=1))
        early = Feedback("r1", "a", "not_helpful", "agent", START, "zammad:1")
        other = Feedback("r1", "b", "helpful", "agent", START)
        for one in (late, early, other, Feedback("r1", "a", "opened", "agent", START)):
            store.add_feedback(one)
        assert store.feedback_given(["a"], ["helpful", "not_helpful"]) == [early, late]
        assert store.feedback_given(["b", "a"], ["helpful"]) == [other, late]
        assert store.feedback_given(["c"], ["helpful"]) == []
        assert store.feedback_given([], ["helpful"]) == []

    def test_setting_is_kept_replaced_and_dropped(self, store: Store) -> None:
        assert store.setting("key") is None
        store.put_setting("key", "first")
        store.put_setting("other", "")
        store.put_setting("key", "second")
        assert (store.setting("key"), store.setting("other")) == ("second", "")
        store.put_setting("key", None)
        store.put_setting("key", None)
        assert (store.setting("key"), store.setting("other")) == (None, "")

    def test_setting_is_taken_once_and_only_as_it_is(self, store: Store) -> None:
        store.put_setting("link", "secret")
        assert not store.take_setting("link", "other")
        assert store.setting("link") == "secret"
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda _: store.take_setting("link", "secret"), range(8)))
        assert sorted(taken) == [False] * 7 + [True]
        assert store.setting("link") is None
        assert not store.take_setting("link", "secret")

    def test_backup_is_written_to_a_new_file_only(self, store: Store, tmp_path: Path) -> None:
        store.put_articles([article()], "author")
        target = tmp_path / "copy.db"
        store.backup(str(target))
        assert b"VPN error 809" in target.read_bytes()
        before = target.read_bytes()
        with pytest.raises(InvalidInput, match=r"copy\.db"):
            store.backup(str(target))
        assert target.read_bytes() == before

    def test_store_says_so_when_it_is_closed(self, store: Store) -> None:
        store.put_articles([article()], "author")
        store.close()
        store.close()
        with pytest.raises(StoreError, match="closed"):
            store.article("vpn/error-809")
        with pytest.raises(StoreError, match="closed"):
            store.put_articles([article("b")], "author")
