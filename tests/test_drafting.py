"""What the editor asks for while somebody writes: keeping, preview, what covers it, both texts side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.documents import Article
from tests.conftest import reindex
from tests.writing_app import browser_of, writer, writing_app
from web.site.writing_place import article_key
from web.wiring import Services

RICH = """Intro with **bold**, `code`, a [link](https://example.com/a?b=1&c=2) and ~~old~~ text[^1].

> [!WARNING]
> Do not restart it.

!!! note "Mind"
    An admonition.

- [ ] Check the cable
- [x] Read the log

| Reader | State |
| --- | :-: |
| BR-417 | red |

```python
def check(port: int) -> bool:
    return probe(port, "tcp")  # open?
```

## L1 quick check

1. Try this.

![plan](files/plan.png)

[^1]: A note.
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Services]]:
    with writing_app(tmp_path_factory.mktemp("drafting") / "home") as both:
        yield both


@pytest.fixture
def app(opened: tuple[Flask, Services]) -> Flask:
    return opened[0]


@pytest.fixture
def services(opened: tuple[Flask, Services]) -> Services:
    return opened[1]


@pytest.fixture
def anna(app: Flask) -> FlaskClient:
    return browser_of(app, writer("anna"))


def test_draft_is_kept_under_its_version(anna: FlaskClient, services: Services) -> None:
    values = {"title": ["T"], "body": ["one"], "when": ["a", "b"], "csrf_token": ["secret"]}
    first = anna.post("/drafts/k1", json={"values": values, "version": 0}).get_json()
    assert first["version"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", first["saved_at"])
    kept = services.store.draft("anna", "k1")
    assert kept is not None
    assert kept.values == {"title": ("T",), "body": ("one",), "when": ("a", "b")}
    stale = anna.post("/drafts/k1", json={"values": {"body": ["late"]}, "version": 0})
    assert stale.status_code == 409
    assert "another window" in stale.get_json()["error"]
    assert anna.post("/drafts/k1", json={"values": {"body": ["mine"]}, "version": None}).get_json()["version"] == 2


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ("k1", []),
        ("k1", {"values": ["a"]}),
        ("k1", {"values": {"body": "text"}}),
        ("k1", {"values": {"body": [1]}}),
        ("k1", {"values": {f"f{number}": ["x"] for number in range(2_001)}}),
        ("a_b", {"values": {}}),
        ("x" * 65, {"values": {}}),
    ],
)
def test_what_is_no_draft_is_refused_with_a_sentence(
    anna: FlaskClient, services: Services, key: str, sent: object
) -> None:
    before = services.store.drafts("anna")
    answer = anna.post(f"/drafts/{key}", json=sent)
    assert answer.status_code == 422
    assert answer.get_json()["error"]
    assert services.store.drafts("anna") == before


def test_nobody_reads_or_discards_the_draft_of_another(app: Flask, services: Services) -> None:
    anna, ben = browser_of(app, writer("anna")), browser_of(app, writer("ben", "administrator"))
    anna.post("/drafts/hers", json={"values": {"title": ["Hers"], "body": ["Private."]}})
    ben.post("/drafts/hers/discard")
    ben.post("/drafts/hers", json={"values": {"title": ["His"], "body": ["Other."]}})
    assert "Private." in anna.get("/write/hers").get_data(as_text=True)
    for address in ("/write", "/write/hers", "/drafts/hers/changes", "/?q=Private", "/?type=article&state=draft"):
        assert "Private." not in ben.get(address).get_data(as_text=True)


def test_page_learns_who_is_signed_in_and_the_token_of_that_session(anna: FlaskClient, app: Flask) -> None:
    told = anna.get("/writing-session")
    assert told.get_json()["person"] == "anna"
    assert told.get_json()["csrf_token"]
    assert app.test_client().get("/writing-session").status_code == 401


def test_keeping_needs_the_token_of_the_session(anna: FlaskClient, app: Flask, services: Services) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        refused = anna.post("/drafts/k7", json={"values": {"body": ["x"]}})
        token = anna.get("/writing-session").get_json()["csrf_token"]
        kept = anna.post("/drafts/k7", json={"values": {"body": ["x"]}}, headers={"X-CSRFToken": token})
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert (refused.status_code, kept.status_code) == (400, 200)


@pytest.mark.parametrize("kind", ["troubleshooting", "post-mortem"])
def test_preview_is_the_published_page(anna: FlaskClient, services: Services, kind: str) -> None:
    anna.post("/drafts/p1", json={"values": {}})
    form = {"title": "Badge reader <i>blinks</i>", "kind": kind, "body": RICH, "language": "en", "tags": "a",
            "service": "door", "error_signatures": "BR-417 & more", "audience": "internal"}  # fmt: skip
    state = "draft" if kind == "post-mortem" else "published"
    made = anna.post("/write/p1", data={**form, "state": state, "id": f"preview/{kind}"})
    assert made.status_code == 303

    page = anna.get(f"/articles/preview/{kind}").get_data(as_text=True)
    preview = anna.post("/preview", data={**form, "article": f"preview/{kind}"}).get_data(as_text=True)

    page = re.sub(r'<div class="standing".*?</div>(?=</header>)', "", page, flags=re.S)  # buttons, not the article
    article = preview.partition('<article lang="en">')[2].rpartition("</article>")[0].strip()
    for part in ("admonition warning", "task-list", "<table>", 'class="highlight"', "quick-check", "footnote", "<del>"):
        assert part in article
    assert article in page


def test_preview_stores_nothing_and_shows_half_typed_fields_as_they_were(anna: FlaskClient, services: Services) -> None:
    ids = services.store.article_ids()
    form = {"title": "", "kind": "poem", "review_due": "2027-", "language": "xx-yy-zz-", "body": "**x**"}
    preview = anna.post("/preview", data=form)
    assert preview.status_code == 200
    assert "<strong>x</strong>" in preview.get_data(as_text=True)
    assert services.store.article_ids() == ids


def test_covering_articles_are_those_the_writer_may_read_but_the_one_that_is_written(
    anna: FlaskClient, app: Flask, services: Services
) -> None:
    secret = Article(id="net/vpn", title="VPN tunnel error 809 at the branch", body="Secret.", audience="group:net")
    services.store.create_article(secret, "somebody")
    reindex(services)
    asked = {"title": "VPN tunnel error 809 at the branch behind a router", "body": ""}
    found = anna.get("/covered", query_string=asked).get_data(as_text=True)
    dora = browser_of(app, writer("dora", "author", "group:net"))
    assert "/articles/vpn/error-809" in found
    assert "net/vpn" not in found
    assert "net/vpn" in dora.post("/covered", data=asked).get_data(as_text=True)
    assert 'href="/edit/net/vpn"' in dora.post("/covered", data=asked).get_data(as_text=True)
    without = dora.post("/covered", data={**asked, "article": "net/vpn"}).get_data(as_text=True)
    assert "net/vpn" not in without


@pytest.mark.parametrize("title", ["", "   ", "Zqwx grblft", "Büro: Kaffeemaschine entkalken", "?!"])
def test_nothing_is_shown_for_a_title_that_nothing_covers(anna: FlaskClient, title: str) -> None:
    found = anna.get("/covered", query_string={"title": title})
    assert found.status_code == 200
    assert found.get_data(as_text=True).strip() == ""


def test_two_texts_stand_side_by_side(anna: FlaskClient) -> None:
    html = anna.post("/changes", data={"before": "a\n<b>", "after": "a\n<i>"}).get_data(as_text=True)
    assert "&lt;" in html and "<b>" not in html
    assert "The two texts are the same." in anna.post("/changes", data={"before": "a", "after": "a"}).get_data(True)


def test_key_of_an_article_is_the_same_each_time_and_fits_an_address() -> None:
    assert article_key("vpn/Büro 1") == article_key("vpn/Büro 1") != article_key("vpn/Büro 2")
    assert re.fullmatch(r"[a-z0-9-]{1,64}", article_key("x" * 500))


def test_preview_shows_what_was_emptied_and_who_began(anna: FlaskClient, services: Services) -> None:
    services.store.create_article(Article(id="door/red", title="Red", body="x", service="door", owner="desk"), "anna")
    emptied = {"title": "Red", "body": "x", "kind": "how-to", "service": "", "owner": "desk", "article": "door/red"}
    assert "service=door" not in anna.post("/preview", data=emptied).get_data(as_text=True)
    assert "service=door" in anna.post("/preview", data={**emptied, "service": "door"}).get_data(as_text=True)
    started = {"title": "Down", "body": "x", "kind": "post-mortem", "started": '{"extra": {}, "authors": ["anna"]}'}
    assert "Authors" not in anna.post("/preview", data=started).get_data(as_text=True)
    assert "Authors" in anna.post("/preview", data={**started, "started": "{"}).get_data(as_text=True)


@pytest.mark.parametrize("kind", ["how-to", "post-mortem"])
def test_broken_links_are_said_with_their_place_while_somebody_writes(
    anna: FlaskClient, services: Services, kind: str
) -> None:
    body = (
        "# é\n\n[fine](/articles/vpn/error-809) and [gone](/articles/no/such)\n\n![x](files/0123456789abcdef-a.png)\n"
    )
    told = anna.post("/lint", data={"kind": kind, "title": "T", "body": body, "related": "not/there"}).get_json()[
        "html"
    ]
    start = body.index("/articles/no/such")
    assert f'data-start="{start}" data-end="{start + len("/articles/no/such")}"' in told
    assert "There is nothing there that you may read." in told
    assert "files/0123456789abcdef-a.png" in told and "There is no such file." in told
    assert 'href="#f:related"' in told and "not/there" in told
    assert "vpn/error-809" not in told
