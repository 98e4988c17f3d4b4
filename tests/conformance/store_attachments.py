"""What every store must do with attached files."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kb.protocols.attachments import KEPT_UNUSED, Attachment
from kb.protocols.drafts import Draft
from kb.protocols.store import Store
from kb.queries import Viewer
from tests.conformance.store_samples import START, SetClock, article

AGENT = Viewer("desk-l1")
AUTHOR = Viewer("network-l3", may_edit=True, role="author")
OTHER = Viewer("mail-l3", may_edit=True, role="author")
BOARD = Viewer("board", frozenset({"public", "internal", "group:board"}))
TEXT = b"10:00 link down\n"
HASH = hashlib.sha256(TEXT).hexdigest()
PATH = f"files/{HASH[:16]}-vpn.log"


def put(store: Store, content: bytes = TEXT, by: str | None = "network-l3") -> str:
    return store.put_attachment(content, "text/plain", by).sha256


class AttachmentSuite:
    """The store's fixture is `store`; its clock is `clock`."""

    def test_file_comes_back_as_it_was_put(self, store: Store) -> None:
        listed = store.put_attachment(TEXT, "text/plain", "network-l3")
        assert listed == Attachment(HASH, "text/plain", len(TEXT), START, "network-l3")
        assert store.attachment_content(HASH) == TEXT
        assert store.attachments([HASH]) == {HASH: listed}
        assert store.attachment_content("0" * 64) is None
        assert store.attachments(["0" * 16, "", "%", "G", HASH.upper()]) == {}

    def test_file_that_is_put_again_is_kept_once_as_it_came_first(self, store: Store, clock: SetClock) -> None:
        first = store.put_attachment(TEXT, "text/plain", None)
        clock.advance(hours=1)
        assert store.put_attachment(TEXT, "text/csv", "network-l3") == first
        assert store.attachments([HASH[:1]]) == {HASH: first}

    def test_files_are_found_by_the_beginning_of_their_hash_the_first_that_came_first(
        self, store: Store, clock: SetClock
    ) -> None:
        hashes = []
        for number in range(40):
            hashes.append(put(store, b"%d" % number))
            clock.advance(minutes=1)
        assert list(store.attachments(list("0123456789abcdef"))) == hashes
        assert list(store.attachments(["a"])) == [one for one in hashes if one.startswith("a")]
        assert list(store.attachments([hashes[7][:16], hashes[3]])) == [hashes[3], hashes[7]]

    def test_file_is_read_by_who_sent_it_and_by_writers_while_no_article_uses_it(self, store: Store) -> None:
        put(store, by="desk-l1")
        assert store.may_read_attachment(HASH, AGENT)
        assert store.may_read_attachment(HASH, OTHER)
        assert not store.may_read_attachment(HASH, BOARD)
        assert not store.may_read_attachment("0" * 64, AUTHOR)

    def test_file_is_read_by_those_who_may_read_an_article_that_uses_it(self, store: Store) -> None:
        put(store)
        store.put_articles([article(audience="group:board", attachments={PATH: HASH})], "network-l3")
        assert store.may_read_attachment(HASH, BOARD)
        assert store.may_read_attachment(HASH, AUTHOR)
        assert not store.may_read_attachment(HASH, AGENT)
        assert not store.may_read_attachment(HASH, OTHER)
        put(store, by="mail-l3")
        assert store.may_read_attachment(HASH, OTHER)
        store.put_articles([article("other", attachments={"x.log": HASH})], "network-l3")
        assert store.may_read_attachment(HASH, AGENT)

    def test_file_of_an_earlier_revision_is_read_by_those_who_may_read_that_and_what_came_of_it(
        self, store: Store
    ) -> None:
        put(store)
        held = article(source="site", state="draft", attachments={PATH: HASH})
        store.put_articles([held, replace(held, id="b", state="published")], "network-l3")
        store.put_articles([replace(held, state="published", attachments={})], "network-l3")
        assert not store.may_read_attachment(HASH, Viewer("x", audiences=frozenset({"public"})))
        assert store.may_read_attachment(HASH, OTHER)
        store.delete_articles(["b"])
        assert store.may_read_attachment(HASH, OTHER)
        assert not store.may_read_attachment(HASH, AGENT)
        store.put_articles([replace(held, state="published", audience="group:board", attachments={})], "network-l3")
        assert not store.may_read_attachment(HASH, OTHER)

    def test_file_that_nothing_uses_goes_after_its_time_and_not_before(self, store: Store, clock: SetClock) -> None:
        put(store)
        clock.now = START + KEPT_UNUSED / 2
        assert store.sweep_attachments() == 0
        put(store)
        clock.now = START + KEPT_UNUSED
        assert store.sweep_attachments() == 0
        clock.now = START + KEPT_UNUSED * 3 / 2
        assert store.sweep_attachments() == 1
        assert store.attachment_content(HASH) is None
        assert store.attachments([HASH]) == {}
        assert put(store) == HASH
        assert store.attachment_content(HASH) == TEXT

    def test_file_stays_as_long_as_history_shows_it(self, store: Store, clock: SetClock) -> None:
        put(store)
        store.put_articles([article(attachments={PATH: HASH})], "network-l3")
        store.put_articles([article(body="Without it.")], "network-l3")
        for _ in range(3):
            clock.now += KEPT_UNUSED
            assert store.sweep_attachments() == 0
        assert store.revisions("vpn/error-809")[1].article.attachments == {PATH: HASH}
        store.delete_articles(["vpn/error-809"])
        assert store.sweep_attachments() == 0
        clock.now += KEPT_UNUSED / 2
        assert store.sweep_attachments() == 0
        clock.now += KEPT_UNUSED
        assert store.sweep_attachments() == 1

    def test_file_stays_as_long_as_a_draft_names_it(self, store: Store, clock: SetClock) -> None:
        put(store)
        store.save_draft(Draft(person="network-l3", key="new", values={"body": [f'New "text": [vpn]({PATH})\n']}))
        for _ in range(4):
            clock.now += KEPT_UNUSED
            assert store.sweep_attachments() == 0
        store.discard_draft("network-l3", "new")
        for _ in range(3):
            clock.now += KEPT_UNUSED
            store.sweep_attachments()
        assert store.attachment_content(HASH) is None

    def test_many_files_go_at_once_and_sending_one_sweeps(self, store: Store, clock: SetClock) -> None:
        for number in range(12):
            put(store, b"%d" % number, by=None)
        clock.now += KEPT_UNUSED
        put(store, b"new")
        assert len(store.attachments(list("0123456789abcdef"))) == 1

    def test_another_file_at_the_same_path_is_another_revision(self, store: Store) -> None:
        other = put(store, b"other")
        assert store.put_articles([article(attachments={PATH: HASH})], "a") == ["created"]
        assert store.put_articles([article(attachments={PATH: HASH})], "a") == ["unchanged"]
        assert store.put_articles([article(attachments={PATH: other, "b": HASH})], "a") == ["updated"]
        assert store.put_articles([article(attachments={"b": HASH, PATH: other})], "a") == ["unchanged"]
        assert [one.article.attachments for one in store.revisions("vpn/error-809")] == [
            {PATH: other, "b": HASH},
            {PATH: HASH},
        ]

    def test_one_file_that_many_send_at_once_is_there_once(self, store: Store) -> None:
        with ThreadPoolExecutor(8) as pool:
            listed = list(pool.map(lambda number: store.put_attachment(TEXT, "text/plain", f"p{number}"), range(24)))
        assert {one.sha256 for one in listed} == {HASH}
        assert len(store.attachments([HASH])) == 1
        assert all(store.may_read_attachment(HASH, Viewer(f"p{number}")) for number in range(24))

    @pytest.mark.parametrize("text", ["'; DROP TABLE attachment; --", "\x00", "g" * 64, "a" * 65])
    def test_hash_that_is_none_finds_nothing(self, store: Store, text: str) -> None:
        put(store)
        assert store.attachments([text]) == {}
        assert store.attachment_content(text) is None
        assert not store.may_read_attachment(text, AUTHOR)
