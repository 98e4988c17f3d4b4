"""With a lane down the rest answer, and the answer says so."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from kb.access import SHELL
from kb.documents import Article, Ticket
from kb.protocols.encoder import Encoder
from search.searcher import Searcher, SearchRequest
from search.similar import SimilarRequest
from tests.fakes.vectors import MemoryVectorIndex
from tests.library import Library, ids

VPN = Article(id="vpn", title="VPN error 809", body="The tunnel fails.")
MAIL = Article(id="mail", title="Mail is late", body="The queue is long.")
ASKED = SearchRequest(text="vpn error 809", viewer=SHELL, floor=0.0, facets=("type",))
TICKET = SimilarRequest(ticket=Ticket(source="x", external_id="1", title="vpn error 809"), viewer=SHELL, floor=0.0)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(VPN, MAIL)


def test_search_answers_by_meaning_when_the_keyword_index_is_down(library: Library) -> None:
    answer = library.searcher(keyword=False).search(ASKED)
    assert ids(answer)[0] == VPN.id
    assert (answer.status, answer.retrieval.mode) == ("degraded", "semantic")
    assert answer.retrieval.degraded == ("identifier", "keyword")
    assert (answer.total, answer.facets) == (2, {})


@pytest.mark.parametrize("broken", [{"vectors": False}, {"model": False}])
def test_search_answers_by_words_when_vectors_or_model_are_missing(library: Library, broken: dict[str, bool]) -> None:
    answer = library.searcher(**broken).search(ASKED)
    assert ids(answer) == [VPN.id]
    assert (answer.status, answer.retrieval.mode) == ("degraded", "keyword")
    assert (answer.retrieval.degraded, answer.retrieval.model) == (("semantic",), None)
    assert answer.total == 1


def test_search_never_mixes_vectors_of_another_model(library: Library) -> None:
    other = MemoryVectorIndex(replace(library.vectors.recipe, revision="1" * 64))
    searcher = Searcher(library.store, library.keyword, other, library.encoder_source)
    assert searcher.search(ASKED).retrieval.degraded == ("semantic",)
    same = Searcher(library.store, library.keyword, library.vectors, library.encoder_source)
    assert same.search(ASKED).retrieval.degraded == ()


def test_search_says_that_every_lane_is_down(library: Library) -> None:
    answer = library.searcher(keyword=False, vectors=False).search(ASKED)
    assert (ids(answer), answer.total) == ([], 0)
    assert (answer.status, answer.retrieval.mode) == ("degraded", "none")
    assert answer.retrieval.degraded == ("identifier", "keyword", "semantic")


def test_search_works_without_indexes(library: Library) -> None:
    answer = Searcher(library.store, None, None, library.encoder_source).search(ASKED)
    assert answer.retrieval.degraded == ("identifier", "keyword", "semantic")


def test_search_does_not_miss_a_lane_that_nobody_wanted(library: Library) -> None:
    answer = library.searcher(vectors=False).search(replace(ASKED, lanes=("keyword",)))
    assert (answer.status, answer.retrieval.degraded) == ("ok", ())


def test_search_shows_a_snippet_when_passages_cannot_be_read(library: Library) -> None:
    searcher = Searcher(library.store, library.keyword, library.vectors, library.encoder_source)
    assert searcher.search(ASKED).results[0].snippet.text


@pytest.mark.parametrize(
    ("broken", "mode", "degraded"),
    [
        ({"keyword": False}, "semantic", ("identifier", "keyword")),
        ({"vectors": False}, "keyword", ("semantic",)),
        ({"model": False}, "keyword", ("semantic",)),
    ],
)
def test_similar_answers_with_what_is_left(
    library: Library, broken: dict[str, bool], mode: str, degraded: tuple[str, ...]
) -> None:
    answer = library.searcher(**broken).similar(TICKET)
    assert ids(answer)[0] == VPN.id
    assert (answer.status, answer.retrieval.mode, answer.retrieval.degraded) == ("degraded", mode, degraded)


@pytest.mark.parametrize("is_busy", [False, True])
def test_a_question_is_encoded_beside_the_rest_unless_every_core_is_busy(library: Library, is_busy: bool) -> None:
    encoded_by: list[str] = []

    def encoder() -> Encoder:
        encoded_by.append(threading.current_thread().name)
        return library.encoder

    searcher = Searcher(library.store, library.keyword, library.vectors, encoder, is_busy=lambda: is_busy)
    answers = searcher.search(ASKED), searcher.similar(TICKET)

    assert [ids(answer)[0] for answer in answers] == [VPN.id, VPN.id]
    assert {name.startswith("search") for name in encoded_by} == {not is_busy}
