"""How much of a query a document holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.access import SHELL
from kb.documents import Article, Ticket
from kb.queries import Filter
from search.coverage import MOST_PAIRS, MOST_WORDS, Coverage, coverage, rarity
from search.lanes import LANES, Lane, Lanes
from search.query_terms import search_terms
from search.ranker import Bands, Calibration, Model
from search.searcher import SearchRequest
from search.similar import SimilarRequest
from search.syntax import parse
from tests.library import BrokenKeywordIndex, Library, ids

DOCUMENTS = [
    Article(id="both", title="Gateway", body="The gateway and the tunnel."),
    Article(id="one", title="Gateway", body="The gateway, the gateway, the gateway."),
    Article(id="other", title="Printer", body="The spooler."),
    Article(id="more", title="Gateway", body="A gateway."),
]


def test_search_says_which_code_no_document_holds_and_is_sure_of_nothing_then() -> None:
    library = Library(Article(id="ora", title="ORA-12154: cannot resolve the name", body="The name ORA-12154."))

    missing = library.search("ORA-12145 cannot resolve the name")
    assert missing.query.problems == ("No document holds ORA-12145.",)
    assert [one.band for one in missing.results] == ["low"]
    assert library.search("ORA-12145").status == "no_confident_match"
    held = library.search("ORA-12154 cannot resolve the name")
    assert (held.query.problems, held.status) == ((), "ok")


def test_an_answer_without_results_is_calibrated_as_any_other() -> None:
    answer = Library().search("printer")

    assert (answer.results, answer.status, answer.retrieval.calibrated) == ((), "no_confident_match", True)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(*DOCUMENTS)


def _lanes(library: Library) -> Lanes:
    return Lanes(library.keyword, library.vectors, library.encoder_source, LANES, Filter(), SHELL)


def _covered(library: Library, text: str, *ids: str) -> Coverage:
    return coverage(_lanes(library), search_terms(parse(text)), ids)


def test_coverage_weighs_words_by_their_rarity(library: Library) -> None:
    covered = _covered(library, "gateway tunnel", "both", "one", "other")
    assert covered.words["both"] == pytest.approx(1.0)
    assert 0 < covered.words["one"] < 0.5  # the tunnel is rarer than the gateway
    assert covered.words["other"] == 0.0


def test_coverage_does_not_ask_how_often_a_word_is_said(library: Library) -> None:
    covered = _covered(library, "gateway tunnel", "one", "more")
    assert covered.words["one"] == covered.words["more"]


def test_coverage_does_not_count_words_that_nobody_uses(library: Library) -> None:
    assert _covered(library, "gateway zebra", "one").words["one"] == pytest.approx(1.0)


def test_coverage_is_nothing_for_a_query_that_nobody_could_have_written(library: Library) -> None:
    covered = _covered(library, "zebra giraffe", "one")
    assert (covered.words, covered.pairs) == ({"one": 0.0}, {"one": 0.0})


def test_coverage_of_nothing_is_nothing(library: Library) -> None:
    covered = _covered(library, "", "one")
    assert (covered.words, covered.pairs) == ({"one": 0.0}, {"one": 0.0})
    assert _covered(library, "gateway").words == {}


def test_coverage_is_nothing_when_the_keyword_index_is_damaged(library: Library) -> None:
    lanes = Lanes(BrokenKeywordIndex(), library.vectors, library.encoder_source, LANES, Filter(), SHELL)
    covered = coverage(lanes, search_terms(parse("gateway tunnel")), ["both"])
    assert (covered.words, covered.pairs) == ({"both": 0.0}, {"both": 0.0})
    assert lanes.down == ("keyword",)


PAIRED = (
    Article(id="side by side", title="Mail", body="The shared mailbox is full. Open it with the console."),
    Article(id="apart", title="Mail", body="The mailbox of the team, which was shared, is full of old mail."),
    Article(id="other way", title="Mail", body="A mailbox shared by all."),
    Article(id="none", title="Printer", body="The spooler."),
)


def test_coverage_of_pairs_asks_whether_words_stand_side_by_side() -> None:
    covered = _covered(Library(*PAIRED), "shared mailbox", *(one.id for one in PAIRED))
    assert covered.pairs == {"side by side": pytest.approx(1.0, rel=1e-3), "apart": 0.0, "other way": 0.0, "none": 0.0}
    assert covered.words == {**dict.fromkeys(covered.words, pytest.approx(1.0, rel=1e-3)), "none": 0.0}


def test_coverage_of_pairs_counts_the_share_of_them() -> None:
    library = Library(*PAIRED)
    (some,) = _covered(library, "open shared mailbox console", "side by side").pairs.values()
    assert 0 < some < 1
    assert _covered(library, "mailbox", "side by side").pairs == {"side by side": 0.0}  # one word has no neighbour


def test_coverage_of_pairs_does_not_join_words_over_a_stop_word() -> None:
    assert search_terms(parse("the mailbox of the team")).pairs == ()
    (pair,) = search_terms(parse("the shared mailbox")).pairs
    assert pair.surfaces == ("shared", "mailbox")


def test_coverage_weighs_pairs_of_rare_words_more() -> None:
    library = Library(*PAIRED, Article(id="zebra", title="Zoo", body="The zebra jumps, the old mail waits."))
    covered = _covered(library, "zebra jumps, old mail", "zebra", "apart")
    assert covered.pairs["zebra"] > 2 * covered.pairs["apart"] > 0


def test_coverage_looks_up_few_words_and_pairs(library: Library) -> None:
    asked: list[str] = []
    paired: list[object] = []

    class Counting(Lanes):
        def weight_held(self, words, phrases, ids):  # type: ignore[no-untyped-def]
            asked.extend(group.terms[0] for group in words)
            paired.extend(phrases)
            return super().weight_held(words, phrases, ids)

    lanes = Counting(library.keyword, library.vectors, library.encoder_source, LANES, Filter(), SHELL)
    long = "gateway tunnel printer spooler " * 3 + " ".join(f"word{number}" for number in range(30))
    coverage(lanes, search_terms(parse(long)), ["both"])
    assert len(asked) <= MOST_WORDS
    assert "tunnel" in asked
    assert len(paired) == MOST_PAIRS


def test_coverage_asks_the_index_but_twice(library: Library) -> None:
    asked: list[str] = []

    class Counting(Lanes):
        def weight_held(self, words, phrases, ids):  # type: ignore[no-untyped-def]
            asked.append("weight_held")
            return super().weight_held(words, phrases, ids)

    lanes = Counting(library.keyword, library.vectors, library.encoder_source, LANES, Filter(), SHELL)
    coverage(lanes, search_terms(parse("gateway tunnel printer spooler")), [one.id for one in DOCUMENTS])
    assert len(asked) == 2  # words and pairs, however many words and documents


_TEXT = st.lists(st.sampled_from(["gateway", "tunnel", "printer", "spooler", "zebra", "the", "of"]), max_size=8)


@settings(deadline=None)
@given(words=_TEXT)
def test_coverage_is_a_share(library: Library, words: list[str]) -> None:
    covered = _covered(library, " ".join(words), *(one.id for one in DOCUMENTS))
    for shares in (covered.words, covered.pairs):
        assert shares.keys() == {one.id for one in DOCUMENTS}
        assert all(0 <= share <= 1 for share in shares.values())


@given(size=st.integers(0, 10_000), one=st.integers(0, 10_000), other=st.integers(0, 10_000))
def test_a_word_is_worth_the_less_the_more_documents_hold_it(size: int, one: int, other: int) -> None:
    assert 0 < rarity(size, [max(one, other)]) <= rarity(size, [min(one, other)])
    assert rarity(size, [one, other]) <= rarity(size, [one])


UNSURE = Model({"coverage": 1.0}, Calibration(-5.0, {"value": 8.0}))
"""Says .95 of what holds all words of the query, and .007, which is below what is possible, of what holds none."""
DOUBTFUL = replace(UNSURE, calibration=Calibration(-20.0, {}))
NOTES = Article(id="x", title="Notes", body="kubelet " + "Many other words stand around it here. " * 20)


def test_search_says_that_nothing_is_likely_when_the_ranker_is_unsure_even_of_the_first() -> None:
    far = Library(NOTES)
    far.ranker = replace(far.ranker, search=UNSURE)
    sure, unsure = far.search("kubelet words"), far.search("quantum giraffe")
    assert (sure.status, ids(sure), sure.results[0].band) == ("ok", ["x"], "high")
    assert (unsure.status, ids(unsure), unsure.results[0].band) == ("no_confident_match", ["x"], "low")
    assert (sure.results[0].score, unsure.results[0].score) == (0.9526, 0.0067)
    assert sure.retrieval.calibrated and unsure.retrieval.calibrated


def test_search_says_that_nothing_is_likely_from_just_below_what_is_possible() -> None:
    far = Library(NOTES)
    for possible, status in ((0.0066, "ok"), (0.0067, "ok"), (0.0068, "no_confident_match")):
        far.ranker = replace(far.ranker, search=replace(UNSURE, bands=Bands(possible, 0.3, 0.8)))
        assert far.search("quantum giraffe").status == status


def test_search_by_one_word_is_answered_by_what_holds_it_however_unsure_the_ranker_is() -> None:
    far = Library(NOTES)
    far.ranker = replace(far.ranker, search=DOUBTFUL)
    found = far.search("kubelet")
    assert (found.status, ids(found), found.results[0].band) == ("ok", ["x"], "low")
    assert far.search("kubelet words").status == "no_confident_match"
    assert (far.search("quantum").status, ids(far.search("quantum"))) == ("no_confident_match", ["x"])


def test_similar_says_that_nothing_is_likely_when_the_ranker_is_unsure_even_of_the_first() -> None:
    far = Library(NOTES)
    far.ranker = replace(far.ranker, similar=UNSURE)
    sure = far.similar(Ticket(source="desk", external_id="1", title="Kubelet words"))
    unsure = far.similar(Ticket(source="desk", external_id="1", title="Quantum giraffe"))
    assert (sure.status, ids(sure), sure.results[0].band) == ("ok", ["x"], "high")
    assert (unsure.status, ids(unsure), unsure.results[0].band) == ("no_confident_match", ["x"], "low")


def test_search_calls_nothing_unlikely_while_probabilities_are_not_known() -> None:
    far = Library(Article(id="x", title="Notes", body="kubelet"))
    far.ranker = replace(far.ranker, search=replace(UNSURE, calibration=None))
    answer = far.search("kubelet zebra quantum giraffe")
    assert (answer.status, answer.retrieval.calibrated) == ("ok", False)
    assert [(one.band, one.score) for one in answer.results] == [(None, None)]
    assert far.search("zebra", floor=0.9).status == "no_confident_match"  # nothing at all was found


@pytest.mark.parametrize("lanes", [("keyword", "identifier"), ("semantic",), ("keyword", "semantic")], ids="+".join)
def test_search_claims_no_probability_without_every_lane(lanes: tuple[Lane, ...]) -> None:
    sure = Library(*DOCUMENTS)
    sure.ranker = replace(sure.ranker, search=UNSURE)
    assert sure.search("gateway tunnel").retrieval.calibrated
    answer = sure.search("gateway tunnel", lanes=lanes)
    assert (answer.status, answer.retrieval.calibrated) == ("ok", False)
    assert {(one.band, one.score) for one in answer.results} == {(None, None)}


@pytest.mark.parametrize("part", ["keyword", "vectors", "model"])
def test_search_claims_no_probability_when_a_lane_is_down(part: str) -> None:
    broken = Library(*DOCUMENTS)
    broken.ranker = replace(broken.ranker, search=UNSURE, similar=UNSURE)
    searcher = broken.searcher(**{part: False})
    found = searcher.search(SearchRequest(text="gateway tunnel", viewer=SHELL, floor=0.0))
    asked = Ticket(source="desk", external_id="1", title="The tunnel of the gateway")
    similar = searcher.similar(SimilarRequest(ticket=asked, viewer=SHELL, floor=0.0, min_band="high"))
    for answer in (found, similar):
        assert (answer.status, answer.retrieval.calibrated) == ("degraded", False)
        assert answer.results  # nothing is dropped for a band that is not known
        assert {(one.band, one.score) for one in answer.results} == {(None, None)}
