"""Say what it means to ask for an article that is missing, and which questions ask for the same one. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kb.analysis.analyse import analyse
from kb.errors import InvalidInput
from kb.language import detect_language

LONGEST_QUERY = 500
"""Characters: a question, not a ticket."""


@dataclass(frozen=True, slots=True)
class ArticleRequest:
    """An article that is missing: what was asked, how often and by how many people, and who is on it.

    `key` is the same for questions that ask for the same. `article_id` is the article that somebody began for it; it is
    answered once that one is published.
    """

    number: int
    key: str
    query: str
    times: int
    people: int
    first_at: datetime
    last_at: datetime
    taken_by: str | None = None
    taken_at: datetime | None = None
    article_id: str | None = None

    @property
    def is_taken(self) -> bool:
        """Say whether somebody is on it."""
        return self.taken_by is not None


def checked_query(query: str) -> str:
    """Return a question on one line. Raises InvalidInput for an empty or overlong one."""
    line = " ".join(query.split())
    if not line:
        raise InvalidInput("say what is missing; the question is empty", field="q")
    if len(line) > LONGEST_QUERY:
        raise InvalidInput(f"the question is longer than {LONGEST_QUERY} characters; shorten it", field="q")
    return line


def request_key(query: str) -> str:
    """Return what questions have in common that ask for the same: their terms and identifiers, in any order."""
    analysis = analyse(query, detect_language(query))
    terms = {word.terms[0] for word in analysis.words if word.terms} or set(analysis.surfaces)
    return " ".join(sorted(terms | {one.value for one in analysis.identifiers})) or query.casefold()
