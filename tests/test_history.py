"""The history shows who changed what and why, to whom may know, and every revision comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from types import MappingProxyType

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kb.differences import difference
from kb.documents import Article
from kb.protocols.store import Store
from kb.revision_changes import restored
from kb.store.open_store import open_store
from tests.acting import acting_as
from tests.conformance.store_samples import delivery
from tests.pictures import png
from web.wiring import Services

ARTICLE = Article(id="net/drops", title="Tunnel drops", body="Restart it.\n\nThen wait.\n", authors=("anna",))
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
MANY = 200


@pytest.fixture
def article(services: Services) -> Article:
    """An article of the site with three revisions: written, edited with a reason, published."""
    store = services.store
    store.create_article(replace(ARTICLE, state="draft"), "anna", "Begun.")
    better = replace(ARTICLE, state="draft", body="Restart the gateway.\n\nThen wait.\n", tags=("nat",))
    store.update_article(better, "bert", 1, "The client was not it.")
    return store.update_article(replace(better, state="published"), "lead", 2)


def text_of(answer: TestResponse) -> str:
    assert answer.status_code == 200
    return unescape(answer.get_data(as_text=True))


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def restore(client: FlaskClient, article: Article, number: int, seen: int | None = None, **more: str) -> TestResponse:
    seen = article.revision if seen is None else seen
    return client.post(f"/restore/{article.id}", data={"revision": str(number), "seen": str(seen), **more})


def test_history_lists_revisions_newest_first_with_who_why_and_what(signed_in: FlaskClient, article: Article) -> None:
    page = words_of(text_of(signed_in.get(f"/history/{article.id}")))

    third, second, first = (page.index(f"Revision {number}") for number in (3, 2, 1))
    assert third < second < first
    assert "lead Draft → Published" in page[third:second]
    assert "bert Tags +1 −1 lines The client was not it." in page[second:first]
    assert "anna Created Begun." in page[first:]


def test_a_revision_is_shown_as_it_was_and_marked_as_old(signed_in: FlaskClient, article: Article) -> None:
    page = text_of(signed_in.get(f"/history/{article.id}?revision=1"))

    assert "<p>Restart it.</p>" in page and "Restart the gateway." not in page
    assert "This is revision 1 of 3" in page and "The article says something else by now." in page
    assert "says something else" not in text_of(signed_in.get(f"/history/{article.id}?revision=3"))


def test_a_difference_tells_fields_and_words_with_signs_beside_the_colours(
    signed_in: FlaskClient, article: Article
) -> None:
    page = text_of(signed_in.get(f"/history/{article.id}?from=1&to=3"))

    assert "Restart <del>it</del>." in page
    assert "Restart <ins>the gateway</ins>." in page
    assert re.search(r'class="sign"[^>]*>−<span class="unseen"> removed:</span>', page)
    assert re.search(r'class="sign"[^>]*>\+<span class="unseen"> added:</span>', page)
    told = words_of(page)
    assert "State Draft → Published" in told
    assert "Tags not set → nat" in told


def test_a_difference_escapes_whatever_the_texts_hold(signed_in: FlaskClient, services: Services) -> None:
    attack = "<script>alert(1)</script>"
    services.store.create_article(replace(ARTICLE, title=attack, body=attack, owner=attack), attack, attack)
    services.store.update_article(replace(ARTICLE, body=f"{attack}!", tags=(attack,)), attack, 1, attack)

    for query in ("", "?revision=1", "?from=1&to=2"):
        answer = signed_in.get(f"/history/net/drops{query}")
        assert answer.status_code == 200
        assert b"<script>alert" not in answer.data


@pytest.mark.parametrize(
    "query",
    ["revision=4", "revision=0", "revision=x", "from=1", "from=1&to=9", "to=1", "from=-1&to=1", f"revision={10**30}"],
)
def test_a_revision_that_is_not_there_is_not_found(signed_in: FlaskClient, article: Article, query: str) -> None:
    assert signed_in.get(f"/history/{article.id}?{query}").status_code == 404


def test_revisions_that_a_reader_may_not_read_are_not_shown_in_any_way(
    signed_in: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = services.store
    store.create_article(replace(ARTICLE, body="Secret plan.", audience="group:board"), "anna", "For the board.")
    store.update_article(replace(ARTICLE, body="Rough words.", state="draft"), "bert", 1, "Rewritten.")
    store.update_article(replace(ARTICLE, body="Kind words."), "bert", 2, "Done.")
    store.update_article(replace(ARTICLE, body="Kinder words."), "bert", 3)

    def seen(role: str) -> tuple[str, list[int]]:
        acting_as(monkeypatch, role)  # type: ignore[arg-type]
        page = words_of(text_of(signed_in.get("/history/net/drops")))
        shown = [n for n in (1, 2, 3, 4) if signed_in.get(f"/history/net/drops?revision={n}").status_code == 200]
        assert [n for n in (1, 2, 3, 4) if f"Revision {n}" in page] == shown
        for n in {1, 2, 3, 4} - set(shown):
            assert signed_in.get(f"/history/net/drops?from={n}&to=4").status_code == 404
            assert signed_in.get(f"/history/net/drops?from=4&to={n}").status_code == 404
            assert restore(signed_in, ARTICLE, n, 4).status_code in (403, 404)
        return page, shown

    page, shown = seen("agent")
    assert shown == [3, 4]
    assert "Rewritten." not in page and "For the board." not in page
    page, shown = seen("author")
    assert shown == [2, 3, 4]
    assert "For the board." not in page
    assert "bert Rewritten." in page  # what it changed would tell what was there before
    assert store.article("net/drops") == replace(ARTICLE, body="Kinder words.", revision=4)


@pytest.mark.parametrize("number", ["9" * 19, "9" * 30, "9" * 6000])
def test_numbers_that_no_store_can_hold_are_answered_as_any_other_page(
    signed_in: FlaskClient, article: Article, number: str
) -> None:
    assert signed_in.get(f"/history/{article.id}?before={number}").status_code == 200
    assert signed_in.get(f"/reviews?list=due&page={number}").status_code == 200
    assert signed_in.post(f"/requests/{number}", data={"action": "take"}).status_code == 404
    assert signed_in.post(f"/restore/{article.id}", data={"revision": number, "seen": "3"}).status_code == 404


def test_a_difference_names_no_document_that_its_reader_may_not_know_of(
    signed_in: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = services.store
    store.put_articles([replace(ARTICLE, id="board/plan", audience="group:board")], "tests")
    store.upsert_tickets([delivery("71", title="Board", audience="group:board"), delivery("72", title="Desk")])
    tickets = MappingProxyType({"source_tickets": ["zammad:71", "zammad:72"]})
    store.create_article(ARTICLE, "anna")
    store.update_article(replace(ARTICLE, related=("board/plan", "vpn/error-809"), extra=tickets), "anna", 1)

    for address in ("history/net/drops?from=1&to=2", "history/net/drops?revision=2", "edit/net/drops"):
        acting_as(monkeypatch, "author", audiences=("public", "internal", "group:board"))
        everything = text_of(signed_in.get(f"/{address}"))
        acting_as(monkeypatch, "author")
        page = text_of(signed_in.get(f"/{address}"))
        assert "board/plan" not in page and "zammad:71" not in page
        if "from=1" in address:
            assert "zammad:72" in page and "board/plan" in everything and "zammad:71" in everything


def test_a_restore_makes_a_new_revision_and_loses_nothing(
    signed_in: FlaskClient, services: Services, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting_as(monkeypatch, "author", "carla")
    answer = restore(signed_in, article, 1, comment="Bert was wrong.")
    back = services.store.article(article.id)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/articles/net/drops")
    assert back is not None
    assert (back.revision, back.body, back.tags, back.state) == (4, ARTICLE.body, (), "published")
    newest = services.store.history(article.id, 9)[0]
    assert (newest.author, newest.comment) == ("carla", "Restored revision 1: Bert was wrong.")
    assert [one.number for one in services.store.revisions(article.id)] == [4, 3, 2, 1]


def test_a_restore_twice_makes_one_revision_and_a_stale_one_none(
    signed_in: FlaskClient, services: Services, article: Article
) -> None:
    restore(signed_in, article, 1)
    assert restore(signed_in, article, 1, seen=4).status_code == 303
    stale = restore(signed_in, article, 2, seen=3)

    assert stale.status_code == 409
    assert "Somebody changed the article meanwhile" in text_of_error(stale)
    back = services.store.article(article.id)
    assert back is not None and back.revision == 4


def text_of_error(answer: TestResponse) -> str:
    return unescape(answer.get_data(as_text=True))


def test_a_restore_brings_attached_files_back(signed_in: FlaskClient, services: Services) -> None:
    held = services.store.put_attachment(png(), "image/png", "anna").sha256
    path = f"files/{held[:16]}-way.png"
    services.store.create_article(
        replace(ARTICLE, body=f"![way]({path})", attachments=MappingProxyType({path: held})), "anna"
    )
    article = services.store.update_article(replace(ARTICLE, body="No way."), "bert", 1)

    assert f"/attachments/{held}/" in text_of(signed_in.get("/history/net/drops?revision=1"))
    assert restore(signed_in, article, 1).status_code == 303
    back = services.store.article("net/drops")
    assert back is not None and dict(back.attachments) == {path: held}
    assert f"/attachments/{held}/" in text_of(signed_in.get("/articles/net/drops"))


def test_a_restore_by_who_may_not_review_takes_the_validation_off(
    signed_in: FlaskClient, services: Services, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.store.update_article(replace(article, confidence="validated"), "lead", 3)
    acting_as(monkeypatch, "author")
    restore(signed_in, article, 1, seen=4)
    back = services.store.article(article.id)
    assert back is not None and (back.revision, back.confidence) == (5, "not_validated")


def test_long_histories_come_in_pages_that_lead_to_each_other(signed_in: FlaskClient, services: Services) -> None:
    services.store.create_article(ARTICLE, "anna")
    for number in range(1, 120):
        services.store.update_article(replace(ARTICLE, body=f"Text {number}."), "anna", number)

    seen: list[int] = []
    address = "/history/net/drops"
    while address:
        page = text_of(signed_in.get(address))
        seen += [int(number) for number in re.findall(r"<h2 class=\"title\"><a [^>]*>Revision (\d+)</a>", page)]
        older = re.search(r'href="([^"]+)">Older</a>', page)
        address = older.group(1) if older else ""
    assert seen == list(range(120, 0, -1))


@pytest.fixture(scope="module")
def long_history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A real store with an article of 200 revisions; each changes a line of German, every tenth a field, too."""
    with closing(open_store(tmp_path_factory.mktemp("history") / "fixlore.db")) as store:
        lines = [f"Zeile {number}: Öffne die Straße nach Süden." for number in range(60)]
        store.create_article(_revision(lines, 1), "person-1")
        for number in range(2, MANY + 1):
            lines[number % 60] = f"Zeile {number % 60}: Schließe sie im Jahr {number}."
            store.update_article(_revision(lines, number), f"person-{number}", number - 1, f"Grund {number}")
        yield store


def _revision(lines: list[str], number: int) -> Article:
    return replace(ARTICLE, body="\n".join(lines), tags=(f"tag-{number // 10}",), language="de")


def test_every_revision_of_200_differs_from_the_one_before_in_its_line_alone(long_history: Store) -> None:
    for number in range(2, MANY + 1):
        one, two = long_history.revision("net/drops", number - 1), long_history.revision("net/drops", number)
        assert one is not None and two is not None
        found = difference(one.article.body, two.article.body)
        assert (found.added, found.removed, two.comment) == (1, 1, f"Grund {number}")
        changed = [row for row in found.rows if row.kind not in ("same", "skipped")]
        assert {row.new_number for row in changed} - {None} == {number % 60 + 1}


def test_each_of_200_revisions_comes_back_whole_by_a_restore(long_history: Store) -> None:
    history = {one.number: one for one in long_history.revisions("net/drops")}
    assert len(history) == MANY
    for number in range(1, MANY + 1):
        present = long_history.article("net/drops")
        earlier = long_history.revision("net/drops", number)
        assert present is not None and earlier == history[number]
        wanted = restored(present, earlier.article, NOW)
        saved = long_history.update_article(wanted, "lead", present.revision, f"Restored revision {number}")
        assert (saved.body, saved.tags) == (history[number].article.body, history[number].article.tags)
    lines = long_history.history("net/drops", 1000)
    assert len(lines) == lines[0].number == 2 * MANY
    assert {one.number: one for one in long_history.revisions("net/drops")}.items() >= history.items()
