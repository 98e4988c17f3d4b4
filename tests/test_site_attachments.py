"""Files come in through the site, are handed out to those who may read them, and do nothing to whoever opens them."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.test import TestResponse, encode_multipart

from kb.access import MEMBER
from kb.attaching import attached
from kb.documents import Article
from kb.queries import Viewer
from kb.settings import Settings
from tests.fakes.encoder import FakeEncoder
from tests.pictures import FILES, PLACE, archive, gif, jpeg, png, webp
from tests.test_attachments import NASTY_NAMES, SCRIPT
from web.api.tokens import new_secret, secret_hash
from web.app import create_app
from web.links import new_sign_in_path
from web.site.attachments import POLICY
from web.site.sessions import SignedIn
from web.wiring import Services, open_services

FORM = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
Headers = dict[str, str]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """An installation that all tests of this module share; each works with content of its own."""
    home, encoder = tmp_path_factory.mktemp("home"), FakeEncoder()
    with open_services(Settings(home=home, attachment_mb=1, max_body_mb=2), lambda line: None, lambda: encoder) as it:
        yield it


@pytest.fixture(scope="module")
def application(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture(scope="module")
def signed_in(application: Flask, services: Services) -> FlaskClient:
    """Sign in once: from one address that may be done a few times a minute."""
    client = application.test_client()
    assert client.get(new_sign_in_path(services.store)).status_code in (302, 303)
    return client


@pytest.fixture
def reader(signed_in: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Callable[[Viewer], FlaskClient]:
    """Return a function that makes whoever is signed in another viewer."""

    def become(viewer: Viewer) -> FlaskClient:
        monkeypatch.setattr(SignedIn, "viewer", property(lambda self: viewer))
        return signed_in

    return become


def csrf_token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/similar").text)
    assert found is not None
    return found[1]


def send(client: FlaskClient, name: str, content: bytes, headers: Headers | None = None) -> TestResponse:
    given = {"X-CSRFToken": csrf_token(client), **(headers or {})}
    boundary, body = encode_multipart({"file": FileStorage(io.BytesIO(content), name)})
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post("/attachments", data=body, content_type=kind, headers=given)


def test_script_sends_a_file_and_is_told_what_to_write(signed_in: FlaskClient, services: Services) -> None:
    answer = send(signed_in, "My shot (1).PNG", png(b"one"))

    sha256 = hashlib.sha256(png(b"one")).hexdigest()
    path = f"files/{sha256[:16]}-My-shot-1.png"
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.get_json() == {
        "path": path,
        "markdown": f"![My-shot-1.png]({path})",
        "url": f"/attachments/{sha256}/My-shot-1.png",
        "size": len(png(b"one")),
        "media_type": "image/png",
    }
    assert services.store.attachment_content(sha256) == png(b"one")
    again = send(signed_in, "My shot (1).PNG", png(b"one"))
    assert again.get_json() == answer.get_json()


def test_form_without_a_script_leads_to_the_page_that_says_what_to_write(signed_in: FlaskClient) -> None:
    token = csrf_token(signed_in)
    sent = {"file": (io.BytesIO(b"10:00 down"), "vpn.log"), "csrf_token": token}
    answer = signed_in.post("/attachments", data=sent, headers=FORM)

    assert answer.status_code == 303
    page = signed_in.get(answer.location).text
    found = re.search(r"<code>(\[vpn\.log\]\(files/[0-9a-f]{16}-vpn\.log\))</code>", page)
    assert found is not None
    refused = signed_in.post(
        "/attachments", data={"file": (io.BytesIO(SCRIPT), "x.svg"), "csrf_token": token}, headers=FORM
    )
    assert refused.status_code == 415
    assert 'role="alert"' in refused.text
    assert "Files of this kind cannot be attached" in refused.text


def test_page_says_nothing_of_a_file_that_somebody_made_up(signed_in: FlaskClient) -> None:
    page = signed_in.get("/attachments", query_string={"added": "0" * 64, "name": "<script>alert(1)</script>.png"}).text

    assert "<script>alert" not in page
    assert "is stored" not in page


@pytest.mark.parametrize(
    ("name", "content", "status", "told"),
    [
        ("x.png", SCRIPT, 422, "not what its name says"),
        ("x.jpg", png(), 422, "not what its name says"),
        ("x.png", b"", 422, "not what its name says"),
        ("x.svg", b"<svg onload='alert(1)'/>", 415, "Use one of these: png"),
        ("x.html", SCRIPT, 415, "Use one of these: png"),
        ("x.png.html", png(), 415, "Use one of these: png"),
        ("big.txt", b"x" * (2**20 + 1), 413, "larger than 1 MB"),
        ("huge.txt", b"x" * (2**21 + 1), 413, "larger than this server takes"),
        ("", b"", 422, "Choose a file"),
    ],
)
def test_file_is_refused_with_a_sentence_that_says_what_to_do(
    signed_in: FlaskClient, name: str, content: bytes, status: int, told: str
) -> None:
    answer = send(signed_in, name, content)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert told in answer.get_json()["detail"]


def test_file_is_refused_in_the_language_of_the_reader(signed_in: FlaskClient) -> None:
    answer = send(signed_in, "x.png", SCRIPT, {"Accept-Language": "de"})

    assert answer.get_json()["detail"].startswith("Die Datei ist leer, beschädigt oder nicht das")


def test_file_is_taken_only_with_the_token_of_the_page_and_from_who_may_write(
    reader: Callable[[Viewer], FlaskClient], application: Flask
) -> None:
    client = reader(MEMBER)
    stranger = application.test_client().post("/attachments", data={"file": (io.BytesIO(png()), "x.png")})
    assert stranger.status_code == 400
    forged = client.post("/attachments", data={"file": (io.BytesIO(png()), "x.png")})
    assert (forged.status_code, forged.content_type) == (400, "application/problem+json")
    agent = send(client, "x.png", png())
    assert (agent.status_code, agent.content_type) == (403, "application/problem+json")
    assert client.get("/attachments").status_code == 403


def test_script_without_a_session_is_told_so_rather_than_led_to_a_page(application: Flask, services: Services) -> None:
    stranger = application.test_client()
    with stranger.session_transaction() as session:
        session["csrf_token"] = "x"
    page = stranger.get("/sign-in")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    headers = {"X-CSRFToken": token[1]} if token else {}
    answer = stranger.post("/attachments", data={"file": (io.BytesIO(png()), "x.png")}, headers=headers)
    assert answer.status_code in (400, 401)
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("name", FILES)
def test_file_is_handed_out_as_what_it_is_and_runs_nothing(signed_in: FlaskClient, name: str) -> None:
    sent = send(signed_in, name, FILES[name]).get_json()
    answer = signed_in.get(sent["url"])

    is_picture = sent["media_type"].startswith("image/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == sent["media_type"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.getlist("Content-Security-Policy") == [POLICY]
    assert answer.headers["Content-Disposition"].partition(";")[0] == ("inline" if is_picture else "attachment")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert is_picture or answer.data == FILES[name]
    head = signed_in.head(sent["url"])
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(sent["size"]))
    fresh = signed_in.get(sent["url"], headers={"If-None-Match": answer.headers["ETag"]})
    assert (fresh.status_code, fresh.data) == (304, b"")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.png", png(b"two", notes=True)),
        ("p.jpg", jpeg(orientation=3)),
        ("p.gif", gif(notes=True)),
        ("p.webp", webp(notes=True)),
    ],
)
def test_picture_is_kept_without_its_place_and_without_what_hides_behind_it(
    signed_in: FlaskClient, name: str, content: bytes
) -> None:
    sent = send(signed_in, name, content + archive("x.html") + SCRIPT).get_json()
    kept = signed_in.get(sent["url"]).data

    assert PLACE in content
    assert PLACE not in kept
    assert b"<script" not in kept
    assert b"PK\x03\x04" not in kept


@pytest.mark.parametrize("name", NASTY_NAMES)
def test_name_misleads_neither_the_page_nor_the_browser_that_saves_it(signed_in: FlaskClient, name: str) -> None:
    answer = send(signed_in, name.replace("\0", "").replace("\r\n", ""), png(b"abc"))

    assert answer.status_code == 200
    told = answer.get_json()
    assert re.fullmatch(r"files/[0-9a-f]{16}-[\w-]+\.png", told["path"])
    handed = signed_in.get(told["url"])
    assert re.fullmatch(
        r"inline; filename=[\w-]+\.png(; filename\*=UTF-8''[\w%.-]+\.png)?", handed.headers["Content-Disposition"]
    )


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.exe", "x.txt", "x", "x.png.html", "x.md", ".png"])
def test_file_has_no_address_under_the_name_of_another_kind(signed_in: FlaskClient, name: str) -> None:
    sent = send(signed_in, "x.png", png(b"kin")).get_json()
    base = sent["url"].rpartition("/")[0]

    assert signed_in.get(f"{base}/y.png").status_code == 200
    assert signed_in.get(f"{base}/{name}").status_code == 404


@pytest.mark.parametrize(
    "name", ["a%0d%0aSet-Cookie:%20x=1.png", "%22;evil=%22.png", "%E2%80%AEgnp.png", "..%2f..%2fx.png"]
)
def test_address_that_somebody_made_up_changes_no_header(signed_in: FlaskClient, name: str) -> None:
    sent = send(signed_in, "x.png", png(b"hdr")).get_json()
    answer = signed_in.get(f"{sent['url'].rpartition('/')[0]}/{name}")

    assert "Set-Cookie: x" not in str(WerkzeugHeaders(answer.headers))
    if answer.status_code == 200:
        assert re.fullmatch(r"inline; filename=[\w-]+\.png", answer.headers["Content-Disposition"])


@pytest.mark.parametrize("sha256", ["0" * 64, "x" * 64, "0", "A" * 64, "%00" * 64, "..%2f..%2ffixlore.db"])
def test_there_is_no_file_at_a_hash_that_none_has(signed_in: FlaskClient, sha256: str) -> None:
    assert signed_in.get(f"/attachments/{sha256}/x.png").status_code == 404


def test_file_is_shown_to_those_who_may_read_what_uses_it_and_to_nobody_else(
    services: Services, reader: Callable[[Viewer], FlaskClient], application: Flask
) -> None:
    author = Viewer("l3", may_edit=True, role="author")
    client = reader(author)
    sent = send(client, "secret.png", png(b"sec")).get_json()
    url = sent["url"]
    assert application.test_client().get(url).status_code == 302
    assert client.get(url).status_code == 200
    assert reader(MEMBER).get(url).status_code == 404

    held = Article(id="board/a", title="A", body=sent["markdown"], audience="group:board", state="draft")
    held = attached(held, {}, services.store, author)
    assert held.attachments == {sent["path"]: url.split("/")[2]}
    held = services.store.create_article(held, "l3")
    board = Viewer("b", frozenset({"public", "internal", "group:board"}))
    assert client.head(url).status_code == 404
    assert reader(board).get(url).status_code == 404
    assert reader(replace(board, may_edit=True)).get(url).status_code == 200
    assert reader(author).get(url).status_code == 200
    assert reader(replace(author, name="other")).get(url).status_code == 404
    services.store.update_article(replace(held, state="published"), "l3", held.revision)
    assert reader(board).get(url).status_code == 200
    assert reader(MEMBER).get(url, headers={"If-None-Match": f'"{url.split("/")[2]}"'}).status_code == 404


def test_text_gets_at_no_file_that_its_author_may_not_read(services: Services) -> None:
    store = services.store
    sha256 = store.put_attachment(b"for the board", "text/plain", "board-l3").sha256
    path = f"files/{sha256[:16]}-minutes.txt"
    theirs = Article(id="board/b", title="B", body=f"[x]({path})", audience="group:board", attachments={path: sha256})
    store.create_article(theirs, "board-l3")
    thief = Viewer("thief", may_edit=True, role="author")
    mine = replace(theirs, id="thief/a", audience="internal", attachments={})

    assert attached(mine, {}, store, thief).attachments == {}
    assert attached(mine, {}, store, replace(thief, audiences=None)).attachments == {path: sha256}
    store.put_attachment(b"for the board", "text/plain", "thief")
    assert attached(mine, {}, store, thief).attachments == {path: sha256}
    renamed = replace(mine, body=f"![x](files/{sha256[:16]}-minutes.png) [x](files/{sha256[:15]}g-minutes.txt)")
    assert attached(renamed, {}, store, thief).attachments == {}


def test_article_keeps_the_files_that_it_had_and_drops_those_that_it_names_no_more(services: Services) -> None:
    held = {"../images/a.png": "1" * 64, "b.log": "2" * 64}
    article = Article(id="x", title="X", body="![a](../images/a.png)", attachments=held)

    kept = attached(article, held, services.store, MEMBER)
    assert kept.attachments == {"../images/a.png": "1" * 64}
    assert attached(kept, held, services.store, MEMBER) is kept


def test_program_that_writes_an_article_attaches_what_it_names(services: Services, signed_in: FlaskClient) -> None:
    sent = send(signed_in, "rest.png", png(b"api")).get_json()
    secret = new_secret()
    services.store.create_token("writer", ["read", "articles:write"], secret_hash(secret))
    headers = {"Authorization": f"Bearer {secret}"}
    made = signed_in.post("/api/v1/articles", json={"title": "Rest", "body": "Nothing."}, headers=headers)
    edit = {"body": f"See {sent['markdown']} and <img src={sent['path']} onerror=alert(1)>"}
    answer = signed_in.put("/api/v1/articles/rest", json=edit, headers={**headers, "If-Match": made.headers["ETag"]})

    assert answer.status_code == 200
    stored = services.store.article("rest")
    assert stored is not None
    assert list(stored.attachments) == [sent["path"]]
    page = signed_in.get("/articles/rest").text
    assert page.count(f'src="{sent["url"]}"') == 2
    assert "onerror" not in page
    assert signed_in.get("/api/v1/articles/rest?html=true", headers=headers).get_json()["html"].count(sent["url"]) == 2


def test_home_is_not_touched_by_names_of_files(services: Services, signed_in: FlaskClient) -> None:
    before = sorted(one.name for one in services.settings.home.iterdir())
    send(signed_in, "../../fixlore.db.txt", b"x")
    send(signed_in, str(Path("/etc/cron.d/evil.txt")), b"y")
    assert sorted(one.name for one in services.settings.home.iterdir()) == before
