"""The shipped tickets find the article that solved them: a small set that runs with every change.

Its tickets were written for their articles, so the figures say whether something broke, not how good answers are. Half
of them are German and the default model knows English: words alone do better here than words and meaning. The words of
an article's file name count, and these articles are named after their problem. A ticket names the article of its time;
one that finds the translation first counts as a miss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kb.access import SHELL
from kb.documents import Ticket
from kb.settings import Settings
from search.evaluation import Scores, evaluate
from search.lanes import LANES, Lane
from search.similar import SimilarRequest
from tests.conftest import reindex
from tests.homes import take_vectors
from web.shipped import load_examples
from web.wiring import Services, open_services

EXPECTED: dict[str, tuple[tuple[Lane, ...], float, float]] = {
    "keyword": (("identifier", "keyword"), 0.832, 0.891),
    "semantic": (("semantic",), 0.714, 0.771),
    "hybrid": (LANES, 0.801, 0.875),
}
"""Configuration → its lanes, hit@1 and MRR@10 over the resolved example tickets."""
TOLERANCE = 0.01


@pytest.fixture(scope="module")
def shipped(shipped_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    home = tmp_path_factory.mktemp("shipped")
    (home / "models").symlink_to(shipped_home / "models", target_is_directory=True)
    take_vectors(home, shipped_home)
    with open_services(Settings(home=home), lambda line: None) as services:
        load_examples(services.store)
        reindex(services)
        yield services


@pytest.mark.parametrize("configuration", EXPECTED)
def test_shipped_tickets_find_their_article_as_often_as_stated(shipped: Services, configuration: str) -> None:
    lanes, hit_1, mrr_10 = EXPECTED[configuration]

    scores = _scores(shipped, lanes)

    assert scores.hit_1 == pytest.approx(hit_1, abs=TOLERANCE)
    assert scores.mrr_10 == pytest.approx(mrr_10, abs=TOLERANCE)


def _scores(services: Services, lanes: tuple[Lane, ...]) -> Scores:
    """Ask for articles with the problem side of every ticket that an article resolved."""
    run: dict[str, list[str]] = {}
    qrels: dict[str, dict[str, int]] = {}
    for ticket in services.store.documents(services.store.ticket_ids()).values():
        assert isinstance(ticket, Ticket)
        solved = {link.target: 1 for link in ticket.links if link.type == "resolved_by"}
        if not solved:
            continue
        problem = replace(ticket, resolution="", links=(), components=(), tags=(), service=None, category=None)
        request = SimilarRequest(ticket=problem, types=("article",), limit=10, viewer=SHELL, lanes=lanes, details=False)
        run[ticket.id] = [result.id for result in services.searcher().similar(request).results]
        qrels[ticket.id] = solved
    return evaluate(run, qrels)
