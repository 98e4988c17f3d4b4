"""Tell how good each answer is, and refuse to answer when no part of the search can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kb.errors import IndexUnavailable
from search.answers import SearchAnswer, SimilarAnswer
from search.searcher import Searcher, SearchRequest
from search.similar import SimilarRequest
from web.answer_process import Answer, Reply, Request
from web.answer_processes import AnswerProcesses


class CountedSearcher(Searcher):
    """A searcher that tells how good each answer is, and refuses when no lane answers: nothing found would be a lie.

    Where there are other `processes` that answer, it shares the questions out.
    """

    answered: Callable[[str, str], None]
    processes: AnswerProcesses | None = None

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Return the documents that answer a question. Raises IndexUnavailable too."""
        answer = self.listing(request)
        _refuse_empty_handed(answer)
        self.answered("search", answer.status)
        return answer

    def similar(self, request: SimilarRequest) -> SimilarAnswer:
        """Return what is known about the problem of a ticket. Raises IndexUnavailable too."""
        answer = self.beside(request)
        _refuse_empty_handed(answer)
        self.answered("similar", answer.status)
        return answer

    def listing(self, request: SearchRequest) -> SearchAnswer:
        """Return what a list on a page shows: no answer to anybody's question, so neither counted nor refused."""
        return self._shared(request, super().search).answer

    def beside(self, request: SimilarRequest) -> SimilarAnswer:
        """Return what is shown beside a ticket that is there whether or not something can be searched: likewise."""
        reply = self._shared(request, super().similar)
        if reply.vectors is None:
            return reply.answer
        # Incidents are watched by one process, so that all questions have the same answer.
        incident = self._sources.incidents(request.ticket, reply.vectors, request.viewer)
        return replace(reply.answer, incident=incident)

    def _shared(self, request: Request, here: Callable[[Request], Answer]) -> Reply[Answer]:
        return Reply(here(request)) if self.processes is None else self.processes.reply(request, here)


def _refuse_empty_handed(answer: SearchAnswer | SimilarAnswer) -> None:
    # The identifier lane is not asked when the query holds no identifier, and it needs the keyword index too.
    if answer.retrieval.mode == "none" or {"keyword", "semantic"} <= set(answer.retrieval.degraded):
        raise IndexUnavailable(
            "no index can answer now; a running server makes them anew within seconds, without one run `kb index`"
        )
