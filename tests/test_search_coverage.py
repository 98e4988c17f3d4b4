"""How much of a query a document holds."""

from __future__ import annotations

import pytest

from kb.access import SHELL
from kb.documents import Article
from kb.queries import Filter
from search.coverage import MOST_WORDS, coverage
from search.lanes import LANES, Lanes
from search.query_terms import search_terms
from search.syntax import parse
from tests.library import Library, ids

DOCUMENTS = [
    Article(id="both", title="Gateway", body="The gateway and the tunnel."),
    Article(id="one", title="Gateway", body="The gateway, the gateway, the gateway."),
    Article(id="other", title="Printer", body="The spooler."),
    Article(id="more", title="Gateway", body="A gateway."),
]


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(*DOCUMENTS)


def _lanes(library: Library) -> Lanes:
    return Lanes(library.keyword, library.vectors, library.encoder_source, LANES, Filter(), SHELL)


def test_coverage_weighs_words_by_their_rarity(library: Library) -> None:
    covered = coverage(_lanes(library), search_terms(parse("gateway tunnel")).keyword, ["both", "one", "other"])
    assert covered.shares["both"] == pytest.approx(1.0)
    assert 0 < covered.shares["one"] < 0.5  # the tunnel is rarer than the gateway
    assert covered.shares["other"] == 0.0
    assert covered.known == 1.0


def test_coverage_tells_apart_words_that_nobody_uses(library: Library) -> None:
    covered = coverage(_lanes(library), search_terms(parse("gateway zebra")).keyword, ["one"])
    assert covered.shares["one"] == pytest.approx(1.0)
    assert 0 < covered.known < 0.5


def test_coverage_of_nothing_is_nothing(library: Library) -> None:
    covered = coverage(_lanes(library), search_terms(parse("")).keyword, ["one"])
    assert (covered.shares, covered.known) == ({"one": 0.0}, 0.0)


def test_coverage_looks_up_few_words(library: Library) -> None:
    asked: list[str] = []

    class Counting(Lanes):
        def scores(self, query, ids):  # type: ignore[no-untyped-def]
            asked.extend(group.terms[0] for group in query.words)
            return super().scores(query, ids)

    lanes = Counting(library.keyword, library.vectors, library.encoder_source, LANES, Filter(), SHELL)
    long = "gateway tunnel printer spooler " * 3 + " ".join(f"word{number}" for number in range(30))
    coverage(lanes, search_terms(parse(long)).keyword, ["both"])
    assert len(asked) <= MOST_WORDS
    assert "tunnel" in asked


def test_search_is_sure_of_an_answer_that_holds_the_words_however_far_its_meaning(library: Library) -> None:
    far = Library(Article(id="x", title="Notes", body="kubelet " + "Many other words stand around it here. " * 20))
    assert far.search("kubelet", floor=0.4).status == "ok"
    assert ids(far.search("kubelet", floor=0.4)) == ["x"]
    assert far.search("kubelet zebra quantum giraffe", floor=0.4).status == "no_confident_match"
