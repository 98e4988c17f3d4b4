"""Templates: shipped for each kind in both languages, replaced by files, and never taken for what somebody wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kb.article_templates import LARGEST, SHIPPED_LANGUAGES, shipped_text, template_for
from kb.documents import KINDS
from kb.errors import InvalidInput
from kb.plain_text import plain_text
from kb.post_mortem_lint import findings_of
from kb.post_mortem_sections import SECTIONS, section_key, written_keys
from kb.post_mortems import gaps
from kb.section_places import placed_sections
from tests.command_line import run
from tests.test_shipped_content import SECTIONS as SHIPPED_SECTIONS
from web.rendering import render

each_template = pytest.mark.parametrize(
    ("kind", "language"), [(kind, language) for kind in KINDS for language in SHIPPED_LANGUAGES]
)


@each_template
def test_a_shipped_template_has_sections_and_says_its_hints_to_authors_alone(
    tmp_path: Path, kind: str, language: str
) -> None:
    article = template_for(tmp_path, kind, language).article
    headings = [one.heading for one in placed_sections(article.body)]
    named = SHIPPED_SECTIONS[kind, language].replace("?", "").split("|")

    assert [one for one in named if one != "*" and one not in headings and one.rstrip("s") not in headings] in (
        [],
        ["Notes"],
        ["Hinweise"],
    )
    assert written_keys(article.body) == set()
    assert "<!--" in article.body
    for shown in (plain_text(article.body), render(article.body).html):
        assert "<!--" not in shown
        assert not set(shown.split()) & {"Commands", "Befehle", "Ursachen"}


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
def test_a_post_mortem_that_only_has_its_template_lacks_every_section_and_is_not_scolded(
    tmp_path: Path, language: str
) -> None:
    article = replace(template_for(tmp_path, "post-mortem", language).article, kind="post-mortem", language=language)

    assert [section_key(one.heading) for one in placed_sections(article.body)] == [rule.key for rule in SECTIONS]
    assert {rule.name(language) for rule in SECTIONS if rule.is_needed} <= set(gaps(article))
    assert {one.rule for one in findings_of(article) if one.place != "title"} == {"missing"}


def test_an_own_file_replaces_a_template_and_its_front_matter_sets_fields(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "how-to.de.md").write_text("---\ntags: [anleitung]\n---\n## Ziel\n", encoding="utf-8")
    (folder / "runbook.fr.md").write_text("## But\n", encoding="utf-8")

    for language in ("de", "de-AT"):
        own = template_for(tmp_path, "how-to", language)
        assert (own.article.body, own.article.tags, own.problem) == ("## Ziel\n", ("anleitung",), "")
    assert template_for(tmp_path, "how-to", "en").path is None
    assert template_for(tmp_path, "runbook", "fr").article.body == "## But\n"
    assert "## Steps" in template_for(tmp_path, "runbook", "es").article.body
    assert template_for(tmp_path, "runbook", "../fr").path is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe broken", "no UTF-8"),
        (b"---\naudience: everybody\n---\n", "audience"),
        (b"---\nkind: [x\n---\n", "not valid YAML"),
        (b"x" * (LARGEST + 1), "larger than"),
    ],
)
def test_a_broken_own_template_is_said_and_the_shipped_one_used(tmp_path: Path, content: bytes, why: str) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "known-error.en.md").write_bytes(content)

    found = template_for(tmp_path, "known-error", "en")

    assert found.article.body == shipped_text("known-error", "en")
    assert "known-error.en.md cannot be used" in found.problem
    assert why in found.problem
    listed = run("--home", tmp_path, "template", "list")
    assert (listed.code, why in listed.out) == (0, True)


def test_templates_are_listed_and_the_shipped_one_is_printed_to_start_from(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    shown = run("--home", tmp_path, "template", "show", "how-to", "--language", "de")
    assert shown.out == shipped_text("how-to", "de")
    (folder / "how-to.de.md").write_text(shown.out, encoding="utf-8")
    (folder / "notes.md").write_text("mine", encoding="utf-8")

    lines = run("--home", tmp_path, "template", "list").out.splitlines()

    assert len(lines) == len(KINDS) * len(SHIPPED_LANGUAGES)
    assert [line.split() for line in lines if "shipped" not in line] == [["how-to", "de", "templates/how-to.de.md"]]
    assert run("--home", tmp_path, "template", "show", "novel").code == 2


def test_a_kind_that_is_unknown_has_no_template(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="kind 'novel' is unknown"):
        template_for(tmp_path, "novel", "en")
