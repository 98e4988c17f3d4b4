"""The whole decision table of indexing, without an index."""

from __future__ import annotations

from dataclasses import replace

import pytest

from indexer.plan import Act, Decision, Fingerprints, plan, wanted_fingerprints
from kb.documents import Article
from kb.recipe import Recipe

ARTICLE = Article(id="a", title="Title", body="Text")
RECIPE = Recipe(model="m", revision="0" * 64, procedure="test", dimension=8, max_tokens=16)


@pytest.mark.parametrize(
    ("wanted", "held", "act"),
    [
        (None, None, Act.KEEP),
        (None, "old", Act.DELETE),
        ("new", None, Act.PUT),
        ("new", "old", Act.PUT),
        ("new", "new", Act.KEEP),
    ],
)
def test_plan_decides_for_each_index_alone(wanted: str | None, held: str | None, act: Act) -> None:
    assert plan(Fingerprints(wanted, "v"), Fingerprints(held, "v")) == Decision(act, Act.KEEP)
    assert plan(Fingerprints("k", wanted), Fingerprints("k", held)) == Decision(Act.KEEP, act)
    assert plan(Fingerprints(wanted, wanted), Fingerprints(held, held)) == Decision(act, act)


def test_wanted_is_nothing_when_the_document_is_gone() -> None:
    assert wanted_fingerprints(None, RECIPE) == Fingerprints(None, None)


def test_wanted_has_no_vectors_when_there_is_no_recipe() -> None:
    wanted = wanted_fingerprints(ARTICLE, None)
    assert wanted.vectors is None
    assert wanted.keyword is not None


def test_wanted_changes_with_content_for_both_and_with_the_recipe_for_vectors() -> None:
    first = wanted_fingerprints(ARTICLE, RECIPE)
    assert wanted_fingerprints(ARTICLE, RECIPE) == first
    other_text = wanted_fingerprints(replace(ARTICLE, body="Other"), RECIPE)
    assert (other_text.keyword != first.keyword, other_text.vectors != first.vectors) == (True, True)
    other_cut = wanted_fingerprints(ARTICLE, replace(RECIPE, passage_version=2))
    assert (other_cut.keyword == first.keyword, other_cut.vectors != first.vectors) == (True, True)


def test_wanted_stays_when_only_the_revision_or_file_changes() -> None:
    assert wanted_fingerprints(replace(ARTICLE, revision=7, path="b.md"), RECIPE) == wanted_fingerprints(
        ARTICLE, RECIPE
    )
