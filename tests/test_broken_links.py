"""Links of articles are followed as pages follow them, and those that lead nowhere are told to whom may know."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from types import MappingProxyType

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from kb.access import ADMINISTRATOR, MEMBER
from kb.anchors import written_anchors
from kb.broken_links import BrokenLink, all_broken_links, broken_links
from kb.documents import Article
from kb.links_in_text import Target, links_of, without_code
from kb.queries import Viewer
from tests.acting import acting_as
from tests.conformance.store_samples import put_ticket
from tests.fakes.store import MemoryStore
from web.article_page import page_anchors, rendered
from web.wiring import Services

AT_FILE = Article(id="vpn/a", title="A", body="", source="wiki", path="net/vpn/a.md")
ON_SITE = Article(id="vpn/a", title="A", body="")


@pytest.mark.parametrize(
    ("markdown", "article", "target"),
    [
        ("[x](/articles/vpn/b)", ON_SITE, Target("vpn/b")),
        ("[x](/articles/vpn/b#cause)", ON_SITE, Target("vpn/b", "cause")),
        ("[x](/articles/B%C3%BCro%2520Netz)", ON_SITE, Target("Büro%20Netz")),
        ("[x](</articles/Büro Netz> 'title')", ON_SITE, Target("Büro%20Netz")),
        ("[x](/articles/vpn/b?answer=1)", ON_SITE, Target("vpn/b")),
        ("[x](/tickets/zammad/7)", ON_SITE, Target("zammad:7")),
        ("[x](b.md)", AT_FILE, Target("wiki/net/vpn/b.md", is_path=True)),
        ("[x](../dns.md#a)", AT_FILE, Target("wiki/net/dns.md", "a", is_path=True)),
        ("[x](b.md)", ON_SITE, Target("vpn/b")),
        ("[x](b)", AT_FILE, Target("vpn/b")),
        ("[x](#cause)", ON_SITE, Target("vpn/a", "cause")),
        ("[a [b] *c*](/articles/d)", ON_SITE, Target("d")),
        ("[![i](i.png)](/articles/d)", ON_SITE, Target("d")),
        ("[x][r]\n\n[r]: /articles/d", ON_SITE, Target("d")),
        ('<a class="x" href="/articles/d">x</a>', ON_SITE, Target("d")),
        ("[x](/articles/a(b))", ON_SITE, Target("a(b)")),
        ("[x](https://example.com/articles/d)", ON_SITE, None),
        ("[x](//example.com/articles/d)", ON_SITE, None),
        ("[x](mailto:a@b.c)", ON_SITE, None),
        ("[x](/status)", ON_SITE, None),
        ("[x](notes.pdf)", ON_SITE, None),
        ("![x](/articles/d)", ON_SITE, None),
        ("`[x](/articles/d)`", ON_SITE, None),
        ("``[x](/articles/d) ` ``", ON_SITE, None),
        ("```\n[x](/articles/d)\n```", ON_SITE, None),
        ("- a\n\n  ~~~sh\n  [x](/articles/d)\n  ~~~", ON_SITE, None),
        ("\\[x](/articles/d)", ON_SITE, None),
        ("Text[^1]\n\n[^1]: /articles/d", ON_SITE, None),
        ("[x]()", ON_SITE, None),
    ],
)
def test_a_link_means_what_the_page_leads_to(markdown: str, article: Article, target: Target | None) -> None:
    found = links_of(replace(article, body=markdown))

    assert [one.target for one in found] == ([target] if target else [])
    for one in found:
        assert markdown[one.start : one.end] == one.written


@given(st.text(st.sampled_from("[]()!`~<>#/\\ \nab^:.md"), max_size=80))
def test_links_stand_where_they_say_whatever_the_text_is(text: str) -> None:
    article = replace(ON_SITE, body=text)
    assert len(without_code(text)) == len(text)
    for one in links_of(article):
        assert text[one.start : one.end] == one.written


@pytest.mark.parametrize(
    "markdown",
    [
        "## Cause\n\n## Cause\n\n### Über die Straße & mehr\n",
        "Title\n=====\n\nSub *heading*\n---\n\n## `code` and [link](x) #\n",
        "# A\n\ntext\n\n## 1. Erstens: ja!\n",
        "Text[^a].\n\n[^a]: Note.\n\n## _under_ score-d\n",
    ],
)
def test_anchors_told_from_markdown_are_those_of_the_page(markdown: str) -> None:
    on_page = page_anchors(replace(ON_SITE, body=markdown))
    assert on_page and on_page <= written_anchors(markdown, "A")


def store_with(*articles: Article) -> MemoryStore:
    store = MemoryStore()
    for one in articles:
        store.put_articles([one], "tests")
    return store


def whys(found: Sequence[BrokenLink]) -> list[tuple[str, str, str | None]]:
    return [(one.written, one.why, one.now) for one in found]


def test_every_way_in_which_a_link_is_broken_is_told_and_no_other_link() -> None:
    store = store_with(
        Article(id="good", title="Good", body="## Cause\n", source="wiki", path="x/good.md"),
        Article(id="gone", title="Gone", body="", state="archived"),
        Article(id="rough", title="Rough", body="", state="draft"),
        Article(id="new", title="New", body="## Here\n"),
    )
    put_ticket(store)
    store.add_alias("old", "older")
    store.add_alias("older", "new")
    body = (
        "[a](/articles/good) [b](/articles/good#cause) [c](/articles/good#effect) [d](/articles/gone)\n"
        "[e](/articles/rough) [f](/articles/old#x) [g](/articles/nowhere) "
        "[h](/tickets/zammad/1) [i](/tickets/zammad/2)\n"
        "[j](good.md) [k](bad.md) [l](#own) [m](#other)\n\n## Own\n"
    )
    article = Article(
        id="x/me", title="Me", body=body, source="wiki", path="x/me.md",
        related=("good", "old", "nowhere"), translation_of="gone",
        extra=MappingProxyType({"source_tickets": ["elsewhere:9"]}),
    )  # fmt: skip
    store.put_articles([article], "tests")
    expected = [
        ("/articles/good#effect", "no_heading", None),
        ("/articles/gone", "archived", None),
        ("/articles/rough", "not_published", None),
        ("/articles/old#x", "moved", "new"),
        ("/articles/nowhere", "not_found", None),
        ("/tickets/zammad/2", "not_found", None),
        ("bad.md", "not_found", None),
        ("#other", "no_heading", None),
        ("old", "moved", "new"),
        ("nowhere", "not_found", None),
        ("gone", "archived", None),
    ]

    assert whys(broken_links(article, store, ADMINISTRATOR, page_anchors)) == expected
    found = list(all_broken_links(store, ADMINISTRATOR, page_anchors))
    assert whys(found) == expected
    assert [(one.place, one.line) for one in found][:2] == [("body", 1), ("body", 1)]
    assert [one.place for one in found][-3:] == ["related", "related", "translation_of"]
    assert (found[4].text, found[4].line, found[4].article_id, found[4].title) == ("g", 2, "x/me", "Me")


def test_a_link_to_a_draft_from_a_draft_is_fine_and_an_unsaved_text_is_checked_as_it_is() -> None:
    store = store_with(Article(id="rough", title="Rough", body="", state="draft"))
    mine = Article(id="mine", title="Mine", body="[a](/articles/rough) [b](#there)\n\n## There\n", state="draft")

    assert broken_links(mine, store, ADMINISTRATOR, page_anchors) == ()
    assert list(all_broken_links(store, ADMINISTRATOR, page_anchors)) == []


def test_a_file_that_is_not_attached_is_told_and_one_that_is_attached_is_not() -> None:
    body = "![a](files/a.png)\n\n[log](../logs/b%20c.txt) ![out](https://x.example/y.png) `![no](no.png)`"
    article = Article(id="x/me", title="Me", body=body, attachments=MappingProxyType({"files/a.png": "0" * 64}))
    store = store_with(article, Article(id="files/a.png", title="No file", body=""))
    found = list(all_broken_links(store, ADMINISTRATOR, page_anchors))

    assert [(one.written, one.why, one.place) for one in found] == [("../logs/b c.txt", "no_file", "file")]
    assert store.namings_of("files/a.png") == []


def test_what_a_viewer_may_not_read_is_told_as_what_is_not_there() -> None:
    body = "[a](/articles/secret) [b](/articles/secret#x) [c](/articles/was-secret) [d](/articles/nowhere)"
    store = store_with(
        Article(id="secret", title="Secret", body="", audience="group:board"),
        Article(id="mine", title="Mine", body=body),
        Article(id="theirs", title="Theirs", body="[x](/articles/nowhere)", audience="group:board"),
    )
    store.add_alias("was-secret", "secret")

    found = list(all_broken_links(store, Viewer("anna", may_edit=True, role="author"), page_anchors))
    assert {one.article_id for one in found} == {"mine"}
    assert {(one.why, one.now) for one in found} == {("not_found", None)}
    assert len(found) == 4
    assert [one.why for one in all_broken_links(store, ADMINISTRATOR, page_anchors)] == [
        "no_heading", "moved", "not_found", "not_found"
    ]  # fmt: skip
    assert MEMBER.audiences is not None


def test_a_page_leads_to_the_article_of_a_file_whatever_its_id(signed_in: FlaskClient, services: Services) -> None:
    services.store.put_articles(
        [
            replace(AT_FILE, body="[b](b.md#cause), [c](../c.md), [d](/articles/x.md)"),
            Article(id="other/name", title="B", body="", source="wiki", path="net/vpn/b.md"),
        ],
        "tests",
    )
    page = signed_in.get("/articles/vpn/a").get_data(as_text=True)

    assert 'href="/articles/other/name#cause"' in page
    assert 'href="/articles/net/c"' in page
    assert 'href="/articles/x.md"' in page
    assert 'href="/articles/vpn/b"' in rendered(replace(ON_SITE, body="[b](b.md)"), services.store).html


@pytest.fixture
def moved(services: Services) -> Article:
    """An article of the site that names a former id in its text and as related, and something that is not there."""
    services.store.add_alias("vpn/old", "vpn/error-809")
    body = 'See [it](/articles/vpn/old#cause "t") and `/articles/vpn/old`, [gone](/articles/nowhere).'
    return services.store.create_article(Article(id="mine", title="Mine & more", body=body, related=("vpn/old",)), "a")


def test_the_page_of_broken_links_corrects_former_ids_and_leaves_the_rest(
    signed_in: FlaskClient, services: Services, moved: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting_as(monkeypatch, "author")
    page = unescape(signed_in.get("/links").get_data(as_text=True))
    assert "“it”</span> → <code>/articles/vpn/old#cause</code>. This is a former id; it leads to vpn/error-809." in page
    assert "<code>/articles/nowhere</code>. There is nothing there that you may read." in page

    assert signed_in.post("/links/mine", data={"seen": "2"}).status_code == 409
    assert signed_in.post("/links/mine", data={"seen": "1"}).status_code == 303
    better = services.store.article("mine")
    assert better is not None
    assert better.body == moved.body.replace("(/articles/vpn/old", "(/articles/vpn/error-809")
    assert (better.related, better.revision) == (("vpn/error-809",), 2)
    assert signed_in.post("/links/mine", data={"seen": "2"}).status_code == 303
    after = services.store.article("mine")
    assert after is not None and after.revision == 2


def test_broken_links_are_not_for_those_who_only_read(
    signed_in: FlaskClient, moved: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting_as(monkeypatch, "agent")
    assert signed_in.get("/links").status_code == 403
    assert signed_in.post("/links/mine", data={"seen": "1"}).status_code == 403


def kb(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "web.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_checks_a_folder_that_nobody_imported(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\n[b](b.md) [t](/tickets/zammad/1)\n")
    (folder / "b.md").write_text("---\nid: other\n---\n# B\n\n[a](/articles/a#a)\n")
    bad = kb("--home", tmp_path / "none", "links", folder)
    told = kb("--home", tmp_path / "none", "links", "--json", folder)
    (folder / "b.md").write_text("# B\n\n[a](/articles/a)\n")
    good = kb("--home", tmp_path / "none", "links", folder)

    assert (bad.returncode, bad.stdout) == (1, "b.md:3: /articles/a#a: the article there has no such heading\n")
    assert [json.loads(line)["why"] for line in told.stdout.splitlines()] == ["no_heading"]
    assert (good.returncode, good.stdout) == (0, "Every link leads where it says.\n")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("folder", ["manual", "decisions", "examples"])
def test_the_shipped_content_has_no_broken_links(folder: str) -> None:
    assert kb("links", Path("articles") / folder).stdout == "Every link leads where it says.\n"
