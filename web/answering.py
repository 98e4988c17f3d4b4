"""Tell how good each answer is, and refuse to answer when no part of the search can."""

from __future__ import annotations

from collections.abc import Callable

from kb.errors import IndexUnavailable
from search.answers import SearchAnswer, SimilarAnswer
from search.searcher import Searcher, SearchRequest
from search.similar import SimilarRequest


class CountedSearcher(Searcher):
    """A searcher that tells how good each answer is, and refuses when no lane answers: nothing found would be a lie."""

    answered: Callable[[str, str], None]

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Return the documents that answer a question. Raises IndexUnavailable too."""
        answer = super().search(request)
        _refuse_empty_handed(answer)
        self.answered("search", answer.status)
        return answer

    def similar(self, request: SimilarRequest) -> SimilarAnswer:
        """Return what is known about the problem of a ticket. Raises IndexUnavailable too."""
        answer = super().similar(request)
        _refuse_empty_handed(answer)
        self.answered("similar", answer.status)
        return answer

    def listing(self, request: SearchRequest) -> SearchAnswer:
        """Return what a list on a page shows: no answer to anybody's question, so neither counted nor refused."""
        return super().search(request)

    def beside(self, request: SimilarRequest) -> SimilarAnswer:
        """Return what is shown beside a ticket that is there whether or not something can be searched: likewise."""
        return super().similar(request)


def _refuse_empty_handed(answer: SearchAnswer | SimilarAnswer) -> None:
    # The identifier lane is not asked when the query holds no identifier, and it needs the keyword index too.
    if answer.retrieval.mode == "none" or {"keyword", "semantic"} <= set(answer.retrieval.degraded):
        raise IndexUnavailable(
            "no index can answer now; a running server makes them anew within seconds, without one run `kb index`"
        )
