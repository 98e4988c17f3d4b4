"""The site takes over a folder's article on purpose, and no later import takes it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kb.access import MEMBER
from kb.exporting import export, import_export
from kb.importing import import_articles
from kb.language import detect_language
from kb.queries import Viewer
from tests.fakes.store import MemoryStore
from tests.pictures import png
from web.site.sessions import SignedIn
from web.wiring import Services

PAGE = "/take-over/vpn/a"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "wiki"
    (folder / "vpn").mkdir(parents=True)
    (folder / "images").mkdir()
    (folder / "images" / "s.png").write_bytes(png())
    (folder / "vpn" / "a.md").write_text("# VPN drops\n\n![shot](../images/s.png)\n")
    (folder / "b.md").write_text("# Other\n")
    return folder


@pytest.fixture
def bring_in(services: Services, folder: Path) -> Callable[[], object]:
    def again() -> object:
        return import_articles(services.store, folder, "wiki", detect=detect_language, prune=True)

    again()
    return again


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Callable[[Viewer], None]:
    return lambda viewer: monkeypatch.setattr(SignedIn, "viewer", property(lambda self: viewer))


def take_over(client: FlaskClient, revision: int = 1) -> int:
    return client.post(PAGE, data={"revision": str(revision)}).status_code


def test_page_of_a_folders_article_says_where_its_file_is(
    signed_in: FlaskClient, bring_in: Callable[[], object], become: Callable[[Viewer], None]
) -> None:
    page = signed_in.get("/articles/vpn/a").text

    assert "<code>vpn/a.md</code> in the folder <code>wiki</code>" in page
    assert "<code>kb import articles DIR --source wiki</code>" in page
    assert f'href="{PAGE}"' in page
    become(Viewer("l3", may_edit=True, role="author"))
    assert f'href="{PAGE}"' not in signed_in.get("/articles/vpn/a").text


def test_article_is_taken_over_after_a_page_that_says_what_that_means(
    signed_in: FlaskClient, services: Services, bring_in: Callable[[], object]
) -> None:
    page = signed_in.get(PAGE).text
    assert "A later import of the folder changes it no more" in page
    assert "vpn/a.md" in page
    answer = signed_in.post(PAGE, data={"revision": "1"})

    assert (answer.status_code, answer.location) == (303, "/articles/vpn/a")
    article = services.store.article("vpn/a")
    assert article is not None
    assert (article.source, article.path, article.revision) == ("site", None, 2)
    assert [one.article.source for one in services.store.revisions("vpn/a")] == ["site", "wiki"]
    page = signed_in.get("/articles/vpn/a").text
    assert f"/attachments/{article.attachments['../images/s.png']}/s.png" in page
    assert "in the folder" not in page
    assert take_over(signed_in) == 303
    assert signed_in.get(PAGE).location == "/articles/vpn/a"
    assert len(services.store.revisions("vpn/a")) == 2


def test_later_import_neither_changes_nor_removes_it_and_takes_the_rest(
    signed_in: FlaskClient, services: Services, bring_in: Callable[[], object], folder: Path
) -> None:
    take_over(signed_in)
    (folder / "vpn" / "a.md").write_text("# Overwritten\n")
    (folder / "b.md").write_text("# Other, changed\n")
    report = import_articles(services.store, folder, "wiki", detect=detect_language, prune=True)

    assert (report.updated, report.errors, report.deleted) == (1, 1, 0)
    (problem,) = report.problems
    assert str(problem).startswith("vpn/a.md: id 'vpn/a', given by source 'wiki', belongs to an article of the site")
    assert "remove the file, or give it another id" in str(problem)
    (folder / "vpn" / "a.md").unlink()
    report = import_articles(services.store, folder, "wiki", detect=detect_language, prune=True)
    assert (report.errors, report.deleted) == (0, 0)
    article = services.store.article("vpn/a")
    assert article is not None
    assert (article.title, article.source) == ("VPN drops", "site")


def test_article_that_was_taken_over_is_exported_with_its_files_and_comes_back(
    signed_in: FlaskClient, services: Services, bring_in: Callable[[], object], tmp_path: Path
) -> None:
    take_over(signed_in)
    export(services.store, tmp_path / "out")
    assert (tmp_path / "out/articles/site/images/s.png").read_bytes() == png()
    other = MemoryStore()
    import_export(other, tmp_path / "out", detect=detect_language)
    before, after = services.store.article("vpn/a"), other.article("vpn/a")
    assert before is not None
    assert after is not None
    assert (after.attachments, after.body, after.source) == (before.attachments, before.body, "site")


def test_taking_over_is_for_reviewers_and_for_articles_that_they_may_read(
    signed_in: FlaskClient, services: Services, bring_in: Callable[[], object], become: Callable[[Viewer], None]
) -> None:
    for viewer, status in (
        (MEMBER, 403),
        (Viewer("l3", may_edit=True, role="author"), 403),
        (Viewer("r", frozenset({"public"}), may_edit=True, role="reviewer"), 404),
    ):
        become(viewer)
        assert (signed_in.get(PAGE).status_code, take_over(signed_in)) == (status, status)
    article = services.store.article("vpn/a")
    assert article is not None
    assert article.source == "wiki"
    become(Viewer("r", may_edit=True, role="reviewer"))
    assert take_over(signed_in) == 303
    assert services.store.revisions("vpn/a")[0].author == "r"


def test_links_to_other_files_of_the_folder_lead_to_the_same_pages_afterwards(
    signed_in: FlaskClient, services: Services, bring_in: Callable[[], object], folder: Path
) -> None:
    links = "[one](../b.md#more), `[no](../b.md)`, [named](c.md), [away](https://example.com/b.md)"
    (folder / "vpn" / "a.md").write_text(f"# VPN drops\n\n{links}\n")
    (folder / "vpn" / "c.md").write_text("---\nid: KB-7\n---\n# Named\n")
    bring_in()

    def hrefs() -> list[str]:
        prose = signed_in.get("/articles/vpn/a").text.partition('<div class="prose">')[2].partition("</article>")[0]
        return re.findall(r'<a href="([^"]+)"', prose)

    before = hrefs()[:3]
    assert take_over(signed_in, revision=2) == 303

    assert before == ["/articles/b#more", "/articles/KB-7", "https://example.com/b.md"]
    assert hrefs()[:3] == before
    taken = services.store.article("vpn/a")
    assert taken is not None
    assert "`[no](../b.md)`" in taken.body


def test_programs_get_the_html_that_the_page_shows(
    signed_in: FlaskClient,
    bring_in: Callable[[], object],
    folder: Path,
    bearer: Callable[..., dict[str, str]],
) -> None:
    (folder / "vpn" / "a.md").write_text("# VPN drops\n\n[one](../b.md#more) ![shot](../images/s.png)\n")
    bring_in()

    html = signed_in.get("/api/v1/articles/vpn/a?html=true", headers=bearer("read")).get_json()["html"]

    assert '<a href="/articles/b#more"' in html
    assert html in signed_in.get("/articles/vpn/a").text


def test_article_is_not_taken_over_when_it_changed_meanwhile(
    signed_in: FlaskClient, services: Services, bring_in: Callable[[], object], folder: Path
) -> None:
    (folder / "vpn" / "a.md").write_text("# VPN drops\n\nNew.\n")
    bring_in()
    assert take_over(signed_in, revision=1) == 412
    article = services.store.article("vpn/a")
    assert article is not None
    assert (article.source, article.revision) == ("wiki", 2)


def test_what_comes_with_fixlore_is_not_taken_over(signed_in: FlaskClient, services: Services, folder: Path) -> None:
    import_articles(services.store, folder, "manual", detect=detect_language)
    assert "This article comes with Fixlore." in signed_in.get("/articles/vpn/a").text
    assert (signed_in.get(PAGE).status_code, take_over(signed_in)) == (404, 404)


def test_program_that_edits_a_folders_article_is_told_of_taking_over(
    client: FlaskClient, bring_in: Callable[[], object], bearer: Callable[..., dict[str, str]]
) -> None:
    answer = client.put("/api/v1/articles/vpn/a", json={"title": "x"}, headers=bearer("articles:write"))
    assert answer.status_code == 409
    assert "have the site take the article over" in answer.get_json()["detail"]
