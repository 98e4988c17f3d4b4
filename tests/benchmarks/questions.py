"""Say what is asked, in process and over HTTP alike: new questions and tickets in every round."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from kb.documents import Ticket
from kb.queries import KeywordQuery
from search.query_terms import search_terms, ticket_terms
from search.searcher import SearchRequest
from search.similar import SimilarRequest
from search.syntax import parse
from search.word_groups import Frequencies
from tests.benchmarks.workbench import Workbench
from web.bodies import FACETS

WARMING = 30
"""Questions asked, at most, before anything is timed."""
_ASKED = "asked"
_FAR = 10_000
"""So far apart are the tickets whose descriptions make up long ones."""


def questions(bench: Workbench, number: int) -> list[str]:
    """Return the questions of a round; those of round -1 only warm up."""
    return [bench.variation.question(one) for one in _numbers(bench, number)]


def tickets(bench: Workbench, number: int) -> list[Ticket]:
    """Return the tickets of a round, none of which is stored."""
    return [bench.variation.ticket(one, _ASKED) for one in _numbers(bench, number)]


def tickets_of_length(bench: Workbench, length: int, number: int) -> list[Ticket]:
    """Return the tickets of a round with descriptions of exactly `length` characters, made of several."""
    numbered = zip(_numbers(bench, number), tickets(bench, number), strict=True)
    return [replace(ticket, description=_filled(bench, at, length)) for at, ticket in numbered]


def _filled(bench: Workbench, at: int, length: int) -> str:
    text = ""
    for more in count():
        text += bench.variation.ticket(at * _FAR + more, _ASKED).description + "\n\n"
        if len(text) >= length:
            break
    return text[:length]


def _numbers(bench: Workbench, number: int) -> range:
    if number < 0:
        return range(min(WARMING, bench.queries))
    return range(WARMING + number * bench.queries, WARMING + (number + 1) * bench.queries)


def search_request(text: str) -> SearchRequest:
    """Return a question as the endpoint asks it."""
    return SearchRequest(text=text, facets=FACETS)


def similar_request(ticket: Ticket) -> SimilarRequest:
    """Return a ticket as the endpoint asks with it."""
    return SimilarRequest(ticket=ticket)


def asked_words(asked: str | Ticket, frequencies: Frequencies) -> KeywordQuery:
    """Return the query that the keyword lane gets for a question or a ticket."""
    if isinstance(asked, str):
        return search_terms(parse(asked), frequencies).keyword
    text = "\n\n".join(part for part in (asked.description, asked.environment) if part)
    return ticket_terms(asked.title, text, frequencies).keyword


def asked_meaning(asked: str | Ticket) -> str:
    """Return the text that the encoder gets for a question or a ticket."""
    return asked if isinstance(asked, str) else f"{asked.title}\n{asked.description}"
