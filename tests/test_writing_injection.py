"""Scripts and markup in any field of the editor stay text on every page that shows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import reindex
from tests.forms import form_of
from tests.harm import harm_in
from tests.writing_app import browser_of, writer, writing_app
from web.site.article_form import FIELDS
from web.wiring import Services

MARKUP = "\"'></textarea></script><script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=alert(1)>{{7*7}}"
BODY = f"""{MARKUP}

[a](javascript:alert(1)) [b](data:text/html,<script>1</script>) ![c](javascript:alert(1)) <a href="javascript:1">d</a>

<div style="position:fixed" onclick="alert(1)">e</div><iframe src="/"></iframe><form action="/x"><input name=q></form>

```"><script>
{MARKUP}
```

| {MARKUP} | <style>*{{}}</style> |
| --- | --- |
| <b onmouseover=alert(1)>x</b> | &lt;script&gt; |

## <script>alert(1)</script>
"""
SET_BY_CHOICE = ("kind", "audience", "language", "review_due")
"""Fields of which nothing but a few values, a name or a day is taken."""
FREE = [name for name in FIELDS if name not in SET_BY_CHOICE]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Services]]:
    with writing_app(tmp_path_factory.mktemp("injection") / "home") as both:
        yield both


@pytest.fixture
def anna(opened: tuple[Flask, Services]) -> FlaskClient:
    return browser_of(opened[0], writer("anna"))


def checked(client: FlaskClient, address: str, *, status: int = 200, shows: str = "", **form: str) -> str:
    """Ask for a page, or send a form, and make sure that nothing harmful is in it."""
    answer = client.post(address, data=form) if form else client.get(address)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, address
    assert harm_in(page) == [], address
    assert shows in page, address
    return page


def test_harm_is_found_where_it_is() -> None:
    for page in ("<script>1</script>", "<img src=x onerror=a>", '<a href="java\nscript:1">', "<svg>", "<p style='x'>"):
        assert len(harm_in(page)) == 1, page
    assert harm_in('<script src="/static/site.js"></script><a href="/x?javascript:1">&lt;script&gt;</a>') == []


def test_markup_in_every_field_stays_text_on_every_page(anna: FlaskClient, opened: tuple[Flask, Services]) -> None:
    sent = {**{name: f"{name} {MARKUP}" for name in FREE}, "body": BODY, "kind": "troubleshooting", "language": "en",
            "audience": "internal", "id": "evil/one"}  # fmt: skip
    sent["translation_of"] = sent["related"] = "x'\"><script>alert(1)</script>"
    anna.post("/drafts/evil", json={"values": {name: [value] for name, value in sent.items()}})
    text = "&lt;script&gt;alert(1)&lt;/script&gt;"
    for address in ("/write", "/write/evil"):
        checked(anna, address, shows=text)
    checked(anna, "/write?title=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", shows="&lt;script&gt;")
    checked(anna, "/preview", shows=text, **sent)
    checked(anna, "/covered", **{"title": sent["title"], "body": BODY})
    checked(anna, "/changes", shows=text, before=BODY, after="x" + BODY)
    checked(anna, "/write/evil", shows=text, preview="1", **sent)

    assert anna.post("/write/evil", data={**sent, "state": "published"}).status_code == 303

    reindex(opened[1])
    page = checked(anna, "/articles/evil/one", shows=text)
    for name in ("tags", "components", "owner", "service", "title", "error_signatures"):
        assert f"{name} &#34;" in page, f"{name} is shown"
    edit = checked(anna, "/edit/evil/one", shows=text)
    checked(anna, "/?q=alert", shows="&lt;")
    checked(anna, "/?type=article")
    checked(anna, "/covered", shows="&lt;script&gt;", title=sent["title"], body="")
    form = form_of(edit, "/edit/evil/one")
    assert [form[name][0].replace("\r\n", "\n") for name in ("title", "body")] == [sent["title"], BODY]
    assert anna.post("/edit/evil/one", data={**form, "body": BODY + "\nmine"}).status_code == 303
    answer = anna.post("/edit/evil/one", data={**form, "title": f"other {MARKUP}", "body": BODY + "\nlate"})
    assert answer.status_code == 409
    assert harm_in(answer.get_data(as_text=True)) == []
    assert text in answer.get_data(as_text=True)
    checked(anna, "/edit/evil/one", shows=text)
    key = opened[1].store.drafts("anna")[0].key
    checked(anna, f"/drafts/{key}/changes", shows=text)


@pytest.mark.parametrize("name", [*FIELDS, "body", "id", "state", "revision", "began", "started", "from", "request"])
def test_markup_in_one_field_is_text_when_the_form_comes_back(anna: FlaskClient, name: str) -> None:
    anna.post("/drafts/one", json={"values": {"title": ["T"]}})
    sent = {"title": "T", "body": "x" * 10, "kind": "how-to", "review_due": "never", name: MARKUP}
    if name == "review_due":
        sent["audience"] = "nobody"
    page = checked(anna, "/write/one", status=422, **sent)
    if name not in ("state", "revision", "began"):  # a new article's page has none of them
        assert "alert(1)" in page
    for address in ("/write", f"/write?{name}=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"):
        checked(anna, address)
