"""Read the documents that a collection is varied from: the shipped examples, or a folder of somebody's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kb.article_files import read_folder
from kb.documents import EXAMPLE_SOURCE, Article, Document, Ticket
from kb.errors import InvalidInput
from kb.language import detect_language
from kb.plain_text import plain_text
from kb.problems import Problem
from kb.ticket_files import read_tickets
from kb.tickets import merged
from web.shipped import shipped_folder

_LONGEST_DESCRIPTION = 600
"""Characters of an article that a ticket made from it tells, where a folder has no tickets."""


@dataclass(frozen=True, slots=True)
class BaseTexts:
    """Documents to vary, in a fixed order, at least one of each kind."""

    articles: tuple[Article, ...]
    tickets: tuple[Ticket, ...]

    @property
    def documents(self) -> tuple[Document, ...]:
        """Return all of them."""
        return (*self.articles, *self.tickets)


def read_base_texts(folder: Path | None = None) -> BaseTexts:
    """Return the articles (`*.md`) and tickets (`*.jsonl`) below a folder, the shipped examples by default.

    Lines and files that are neither are passed over. A folder without tickets has them made from its articles. Raises
    InvalidInput when there is no article.
    """
    folder = folder or shipped_folder(EXAMPLE_SOURCE)
    articles = tuple(one for one in read_folder(folder, "base", detect_language) if isinstance(one, Article))
    if not articles:
        raise InvalidInput(f"{folder} holds no article; name a folder with Markdown files")
    tickets = tuple(ticket for file in sorted(folder.rglob("*.jsonl")) for ticket in _tickets_in(file))
    return BaseTexts(articles, tickets or tuple(map(_asked, articles)))


def _tickets_in(file: Path) -> Iterator[Ticket]:
    for row in read_tickets(file):
        if not isinstance(row, Problem):
            yield merged(None, row.upsert, detect_language)[1]


def _asked(article: Article) -> Ticket:
    text = plain_text(article.body, article.title)
    return Ticket(
        source="base",
        external_id=article.id,
        title=article.title,
        description=text[:_LONGEST_DESCRIPTION],
        resolution=text[-_LONGEST_DESCRIPTION:],
        status="closed",
        service=article.service,
        language=article.language,
        opened_at=article.created_at,
    )
