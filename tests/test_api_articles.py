"""Articles over REST: created, edited under a revision, and never half, lost or unlike what a file can hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from types import MappingProxyType

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from kb.article_edits import new_article, parse_edit
from kb.documents import Article
from kb.exporting import export, import_export
from kb.json_values import time_from
from kb.language import detect_language
from tests.conformance.store_samples import delivery
from tests.conftest import Headers, reindex
from tests.fakes.store import MemoryStore
from web.shipped import shipped_folder
from web.wiring import Services

Bearer = Callable[..., Headers]
API = "/api/v1"
PLACE = f"{API}/articles"
NEW = {
    "title": "VPN: bricht alle 10 Minuten ab",
    "body": "## Lösung\n\n1. UDP 4500 öffnen.\n",
    "kind": "known-error",
    "language": "de",
    "tags": ["nat", "ipsec"],
    "components": "gateway",
    "error_signatures": ["Fehler 809"],
    "severity": 2,
    "timeline": [{"at": "2026-11-21T08:12:00+01:00", "event": "alert"}],
}


@pytest.fixture
def writer(bearer: Bearer) -> Headers:
    """The token of a program that keeps articles."""
    return bearer("read", "articles:write", name="wiki-bridge")


def edit(
    client: FlaskClient, writer: Headers, article_id: str, fields: object, revision: int | str = 1
) -> TestResponse:
    return client.put(f"{PLACE}/{article_id}", json=fields, headers={**writer, "If-Match": f'"{revision}"'})


def test_an_article_is_created_with_an_address_a_revision_and_every_field(
    client: FlaskClient, writer: Headers, services: Services
) -> None:
    made = client.post(PLACE, json=NEW, headers=writer)
    got = client.get(made.headers["Location"], headers=writer)

    assert made.status_code == 201
    assert made.headers["Location"] == f"{PLACE}/vpn-bricht-alle-10-minuten-ab"
    assert made.headers["ETag"] == got.headers["ETag"] == '"1"'
    assert made.get_json() == got.get_json()
    answer = got.get_json()
    for name, value in {**NEW, "components": ["gateway"]}.items():
        assert answer[name] == value, name
    assert (answer["source"], answer["revision"], answer["state"], answer["audience"]) == (
        "site",
        1,
        "published",
        "internal",
    )
    assert time_from(answer["created_at"], "created_at") == time_from(answer["updated_at"], "updated_at")
    assert [(one.number, one.author) for one in services.store.revisions(answer["id"])] == [(1, "token:wiki-bridge")]


def test_a_created_article_is_found_once_indexed_and_an_edited_one_by_its_new_words(
    client: FlaskClient, writer: Headers, services: Services
) -> None:
    def found(text: str) -> list[str]:
        reindex(services)
        answer = client.get(f"{API}/search?q={text}", headers=writer).get_json()
        return [result["id"] for result in answer["results"]]

    client.post(PLACE, json={"id": "desk/quitte", "title": "Quittenbaum gateway"}, headers=writer)
    assert found("quittenbaum")[0] == "desk/quitte"
    edit(client, writer, "desk/quitte", {"title": "Zwiebelturm gateway"})
    assert found("zwiebelturm")[0] == "desk/quitte"


def test_the_language_is_told_from_the_text_unless_it_is_given(client: FlaskClient, writer: Headers) -> None:
    fields = {"title": "Drucker druckt nicht", "body": "Die Warteschlange wird nicht geleert."}
    assert client.post(PLACE, json=fields, headers=writer).get_json()["language"] == "de"
    assert (
        client.post(PLACE, json={**fields, "id": "b", "language": "fr"}, headers=writer).get_json()["language"] == "fr"
    )


@pytest.mark.parametrize(
    ("given", "article_id", "address"),
    [
        (" desk/Büro Netz ", "desk/Büro%20Netz", "desk/B%C3%BCro%2520Netz"),
        (7, "7", "7"),
        ("why?#1", "why?#1", "why%3F%231"),
        ("a\tb", "a%09b", "a%2509b"),
    ],
)
def test_an_id_holds_no_white_space_and_leads_to_its_article(
    client: FlaskClient, writer: Headers, given: object, article_id: str, address: str
) -> None:
    made = client.post(PLACE, json={"id": given, "title": "x"}, headers=writer)

    assert made.get_json()["id"] == article_id
    assert made.headers["Location"] == f"{PLACE}/{address}"
    assert client.get(made.headers["Location"], headers=writer).get_json()["id"] == article_id


def test_an_id_that_is_taken_is_a_conflict_whoever_has_it(
    client: FlaskClient, writer: Headers, services: Services
) -> None:
    services.store.add_alias("vpn/old", "vpn/error-809")
    client.post(PLACE, json={"title": "First"}, headers=writer)

    for taken in ({"title": "First"}, {"title": "x", "id": "first"}, {"title": "x", "id": "vpn/error-809"}):
        answer = client.post(PLACE, json=taken, headers=writer)
        assert (answer.status_code, answer.get_json()["field"]) == (409, "id")
    for taken in ("mail:1", "mail/secret", "vpn/old"):
        answer = client.post(PLACE, json={"title": "x", "id": taken}, headers=writer)
        assert (answer.status_code, answer.get_json()["detail"]) == (
            409,
            f"The id {taken!r} is taken; give another id.",
        )
    assert client.get(f"{PLACE}/first", headers=writer).get_json()["revision"] == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "title"),
        ({"title": " "}, "title"),
        ({"title": None}, "title"),
        ({"title": ["x"]}, "title"),
        ({"title": "x" * 2001}, "title"),
        ({"title": "???"}, "id"),
        ({"title": "x", "id": " "}, "id"),
        ({"title": "x", "id": "a//b"}, "id"),
        ({"title": "x", "id": "../b"}, "id"),
        ({"title": "x", "id": "/a"}, "id"),
        ({"title": "x", "id": "a" * 501}, "id"),
        ({"title": "x", "id": ["a"]}, "id"),
        ({"title": "x", "body": 7}, "body"),
        ({"title": "x", "kind": "poem"}, "kind"),
        ({"title": "x", "kind": ""}, "kind"),
        ({"title": "x", "state": "lost"}, "state"),
        ({"title": "x", "confidence": "sure"}, "confidence"),
        ({"title": "x", "audience": "everybody"}, "audience"),
        ({"title": "x", "language": "Deutsch!"}, "language"),
        ({"title": "x", "tags": {"a": 1}}, "tags"),
        ({"title": "x", "related": [[1]]}, "related"),
        ({"title": "x", "review_due": "soon"}, "review_due"),
        ({"title": "x", "created_at": "yesterday"}, "created_at"),
        ({"title": "x", "service": 2.5}, "service"),
    ],
)
def test_a_field_that_no_article_can_have_is_named_and_nothing_is_stored(
    client: FlaskClient, writer: Headers, services: Services, fields: dict[str, object], field: str
) -> None:
    before = services.store.article_ids()
    answer = client.post(PLACE, json=fields, headers=writer)

    assert (answer.status_code, answer.get_json()["field"]) == (422, field)
    assert services.store.article_ids() == before


def test_what_no_file_can_keep_is_refused(client: FlaskClient, writer: Headers, services: Services) -> None:
    deep: object = 1
    for _ in range(50):
        deep = [deep]
    for extra in ({"log": "x" * 300_000}, {"list": list(range(20_001))}, {"deep": deep}):
        answer = client.post(PLACE, json={"title": "Much", **extra}, headers=writer)
        assert answer.status_code == 422, extra.keys()
        assert "file" in answer.get_json()["detail"]
    assert services.store.article("much") is None


def test_an_edit_sets_what_it_carries_clears_what_is_null_and_keeps_the_rest(
    client: FlaskClient, writer: Headers, services: Services
) -> None:
    article_id = client.post(PLACE, json={**NEW, "service": "vpn"}, headers=writer).get_json()["id"]
    change = {"title": "VPN bricht ab", "service": None, "tags": None, "severity": None, "root_cause": "NAT"}
    answer = edit(client, writer, article_id, change)
    changed = answer.get_json()

    assert (answer.status_code, answer.headers["ETag"], changed["revision"]) == (200, '"2"', 2)
    assert (changed["title"], changed["root_cause"], changed["body"]) == ("VPN bricht ab", "NAT", NEW["body"])
    assert not {"service", "tags", "severity"} & changed.keys()
    assert changed["timeline"] == NEW["timeline"]
    history = client.get(f"{PLACE}/{article_id}?view=revisions", headers=writer).get_json()["revisions"]
    assert [(one["revision"], one["title"], one["author"]) for one in history] == [
        (2, "VPN bricht ab", "token:wiki-bridge"),
        (1, NEW["title"], "token:wiki-bridge"),
    ]


def test_what_was_read_can_be_sent_back_and_makes_no_revision(client: FlaskClient, writer: Headers) -> None:
    client.post(PLACE, json={**NEW, "id": "a"}, headers=writer)
    read = client.get(f"{PLACE}/a?html=true", headers=writer).get_json()
    answer = edit(client, writer, "a", read)

    assert (answer.status_code, answer.get_json()["revision"], answer.headers["ETag"]) == (200, 1, '"1"')
    assert answer.get_json()["updated_at"] == read["updated_at"]
    changed = edit(client, writer, "a", {**read, "severity": True, "updated_at": "2020-01-01"}).get_json()
    assert (changed["revision"], changed["severity"], changed["updated_at"]) == (2, True, "2020-01-01T00:00:00Z")
    later = edit(client, writer, "a", {**changed, "severity": 1}, 2).get_json()
    assert (later["revision"], later["severity"]) == (3, 1)
    assert later["updated_at"] >= read["updated_at"]


@pytest.mark.parametrize(
    ("if_match", "status"),
    [(None, 428), ('"1"', 412), ('"3"', 412), ("x", 412), ('W/"2"', 412), ('"2"', 200), ("*", 200)],
)
def test_an_edit_says_at_which_revision_it_began(
    client: FlaskClient, writer: Headers, if_match: str | None, status: int
) -> None:
    client.post(PLACE, json={"id": "a", "title": "One"}, headers=writer)
    edit(client, writer, "a", {"title": "Two"})
    headers = {**writer, **({} if if_match is None else {"If-Match": if_match})}
    answer = client.put(f"{PLACE}/a", json={"title": "Three"}, headers=headers)

    assert answer.status_code == status
    title = client.get(f"{PLACE}/a", headers=writer).get_json()["title"]
    assert title == ("Three" if status == 200 else "Two")
    if status != 200:
        assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"id": "b"}, "id"), ({"title": None}, "title"), ({"title": ""}, "title"), ({"state": "lost"}, "state")],
)
def test_an_edit_with_a_wrong_field_changes_nothing(
    client: FlaskClient, writer: Headers, fields: dict[str, object], field: str
) -> None:
    client.post(PLACE, json={"id": "a", "title": "One"}, headers=writer)
    answer = edit(client, writer, "a", {"body": "new", **fields})

    assert (answer.status_code, answer.get_json()["field"]) == (422, field)
    assert client.get(f"{PLACE}/a", headers=writer).get_json()["revision"] == 1


def test_an_article_of_a_folder_is_edited_in_its_file(client: FlaskClient, writer: Headers, services: Services) -> None:
    before = services.store.article("vpn/error-809")
    answer = edit(client, writer, "vpn/error-809", {"title": "Taken over"})

    assert answer.status_code == 409
    assert "kept in a file of 'runbooks'; edit the file and import it again" in answer.get_json()["detail"]
    assert services.store.article("vpn/error-809") == before


def test_a_former_id_leads_an_edit_to_its_article(client: FlaskClient, writer: Headers, services: Services) -> None:
    client.post(PLACE, json={"id": "new", "title": "One"}, headers=writer)
    services.store.add_alias("old", "new")

    assert edit(client, writer, "old", {"title": "Two"}).get_json()["id"] == "new"
    assert edit(client, writer, "nowhere", {"title": "Two"}).status_code == 404


def test_a_draft_is_seen_by_those_alone_who_may_edit_it(
    client: FlaskClient, bearer: Bearer, writer: Headers, services: Services
) -> None:
    client.post(PLACE, json={"id": "a", "title": "Zwiebelturm", "state": "draft"}, headers=writer)
    reindex(services)
    reader = bearer("read")

    def seen(headers: Headers, asked: str = "zwiebelturm") -> tuple[int, list[str]]:
        answer = client.get(f"{API}/search?q={asked}", headers=headers).get_json()
        states = [result["state"] for result in answer["results"] if result["id"] == "a"]
        return client.get(f"{PLACE}/a", headers=headers).status_code, states

    assert (seen(reader), seen(writer)) == ((404, []), (200, ["draft"]))
    for revision, state in enumerate(("in_review", "published", "archived"), 1):
        assert edit(client, writer, "a", {"state": state}, revision).status_code == 200
        reindex(services)
        assert seen(reader) == ((200, ["published"]) if state == "published" else (404, []))
        assert seen(writer) == (200, [] if state == "archived" else [state])
    assert seen(writer, "zwiebelturm state:archived") == (200, ["archived"])
    assert seen(reader, "zwiebelturm state:archived") == (404, [])


def test_an_article_for_others_is_neither_read_nor_edited(client: FlaskClient, bearer: Bearer, writer: Headers) -> None:
    made = client.post(PLACE, json={"id": "a", "title": "Plans", "audience": "group:board"}, headers=bearer("admin"))

    assert made.status_code == 201
    assert edit(client, writer, "a", {"audience": "public"}).status_code == 404
    assert edit(client, bearer("admin"), "a", {"audience": "public"}).status_code == 200
    assert client.get(f"{PLACE}/a", headers=writer).status_code == 200


def test_an_edit_keeps_references_that_its_author_cannot_see(
    client: FlaskClient, writer: Headers, services: Services
) -> None:
    hidden = Article(id="a", title="A", body="", related=("mail/secret", "vpn/error-809"), translation_of="mail/secret")
    services.store.put_articles([hidden], "tests")
    read = client.get(f"{PLACE}/a", headers=writer).get_json()
    assert read["related"] == ["vpn/error-809"]

    assert edit(client, writer, "a", {**read, "related": ["mail:1"]}).get_json()["related"] == ["mail:1"]
    stored = services.store.article("a")
    assert stored is not None
    assert (stored.related, stored.translation_of) == (("mail:1", "mail/secret"), "mail/secret")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(["zammad:72"], ["zammad:72", "zammad:71"]), (None, ["zammad:71"]), ([], ["zammad:71"]), ("x", "x")],
)
def test_tickets_that_a_program_may_not_see_are_not_read_and_stay_when_it_edits(
    client: FlaskClient, writer: Headers, services: Services, sent: object, kept: object
) -> None:
    services.store.upsert_tickets([delivery("71", title="Board", audience="group:board"), delivery("72", title="Desk")])
    tickets = MappingProxyType({"source_tickets": ["zammad:71", "zammad:72"]})
    services.store.create_article(Article(id="a", title="A", body="", extra=tickets), "anna")

    assert client.get(f"{PLACE}/a", headers=writer).get_json()["source_tickets"] == ["zammad:72"]
    edit(client, writer, "a", {"source_tickets": sent})
    stored = services.store.article("a")
    assert stored is not None
    assert stored.extra["source_tickets"] == kept


def test_an_article_is_sent_whole_although_its_revision_is_known(client: FlaskClient, writer: Headers) -> None:
    client.post(PLACE, json={"id": "a", "title": "One"}, headers=writer)
    asked = client.get(f"{PLACE}/a?html=true", headers={**writer, "If-None-Match": '"1"'})

    assert (asked.status_code, asked.headers["ETag"]) == (200, '"1"')
    assert {"html", "reuse"} <= set(asked.get_json())


def test_of_many_who_create_one_id_or_edit_one_revision_exactly_one_succeeds(app: Flask, writer: Headers) -> None:
    start = Barrier(8)

    def create(number: int) -> int:
        start.wait()
        return app.test_client().post(PLACE, json={"id": "a", "title": f"By {number}"}, headers=writer).status_code

    def change(number: int) -> int:
        start.wait()
        return edit(app.test_client(), writer, "a", {"title": f"Edit {number}"}).status_code

    with ThreadPoolExecutor(8) as pool:
        created, edited = sorted(pool.map(create, range(8))), sorted(pool.map(change, range(8)))
    now = app.test_client().get(f"{PLACE}/a", headers=writer).get_json()

    assert created == [201, *[409] * 7]
    assert edited == [200, *[412] * 7]
    assert (now["revision"], now["title"].startswith("Edit ")) == (2, True)


def test_line_ends_become_line_feeds_and_what_no_database_stores_is_replaced(
    client: FlaskClient, writer: Headers
) -> None:
    body = "a\r\nb\rc\nd\x00e\x1b[0m\ud800f"
    answer = client.post(PLACE, json={"id": "a", "title": "T\x00\r\ni", "body": body}, headers=writer).get_json()

    assert answer["body"] == "a\nb\nc\nd\ufffde\x1b[0m\ufffdf"
    assert answer["title"] == "T\ufffd i"


def test_the_requests_of_the_manual_are_answered_as_it_says(
    client: FlaskClient, writer: Headers, services: Services
) -> None:
    page = (shipped_folder("manual") / "articles-over-rest.md").read_text(encoding="utf-8")
    bodies = [json.loads(body) for body in re.findall(r"-d '(\{.*?\})'\n", page, re.DOTALL)]
    created = client.post(PLACE, json=bodies[0], headers=writer)
    edited = edit(client, writer, "vpn/error-13801", bodies[1])

    assert (created.status_code, edited.status_code, edited.get_json()["revision"]) == (201, 200, 2)
    made = new_article(parse_edit({"title": bodies[0]["title"]}), datetime.now(UTC), detect_language)
    assert f"(`{made.id}`)" in page


TEXT = st.text(max_size=30)
NAMES = st.lists(TEXT, max_size=3)
GIVEN = st.fixed_dictionaries(
    {
        "title": TEXT.map("x{}".format),
        "body": st.text() | st.sampled_from(["---\na: 1\n---\n", "\r\r\n", "\ufeffx", "\x00"]),
    },
    optional={
        "service": TEXT,
        "tags": NAMES,
        "authors": NAMES,
        "error_signatures": NAMES,
        "related": st.lists(TEXT.map("r{}".format), max_size=2),
        "owner": TEXT,
        "review_due": st.dates().map(str),
        "created_at": st.datetimes().map(str),
        "seen": st.recursive(
            st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
            lambda x: st.lists(x, max_size=2),
        ),
        "\x01odd: name": TEXT,
    },
)


@pytest.fixture(scope="module")
def lasting_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all examples of a property."""
    return tmp_path_factory.mktemp("articles")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(GIVEN)
def test_whatever_is_taken_survives_export_and_import(
    client: FlaskClient, writer: Headers, services: Services, lasting_home: Path, fields: dict[str, object]
) -> None:
    services.store.delete_articles(["law"])
    made = client.post(PLACE, json={**fields, "id": "law"}, headers=writer)
    assert made.status_code == 201, made.data
    export(services.store, lasting_home / "out")
    other = MemoryStore()
    report = import_export(other, lasting_home / "out", detect=lambda text: "xx")

    assert report.problems == ()
    assert other.article("law") == services.store.article("law")
