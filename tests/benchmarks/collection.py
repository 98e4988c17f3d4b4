"""Write a collection of an exact number of passages, as files that can be imported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.passages import passages_of
from kb.documents import Article, Ticket
from kb.front_matter import to_markdown
from kb.tickets import ticket_object
from tests.benchmarks.variation import Variation

TICKETS_TO_AN_ARTICLE = 5
"""A support organisation has far more tickets than articles; articles have more passages."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Files on disk: how many documents and passages, and how many bytes of text."""

    articles_folder: Path
    tickets_file: Path
    articles: int
    tickets: int
    passages: int
    text_bytes: int

    @property
    def documents(self) -> int:
        """Return the number of articles and tickets."""
        return self.articles + self.tickets


def write_collection(variation: Variation, passages: int, directory: Path) -> Collection:
    """Write articles and tickets that are cut into exactly `passages` passages; what was in the directory goes."""
    shutil.rmtree(directory, ignore_errors=True)
    articles_folder, tickets_file = directory / "articles", directory / "tickets.jsonl"
    articles_folder.mkdir(parents=True)
    articles = tickets = text_bytes = 0
    with tickets_file.open("w", encoding="utf-8") as lines:
        for document in _filled(variation, passages):
            if isinstance(document, Article):
                file = articles_folder / (document.path or "")
                file.parent.mkdir(exist_ok=True)
                articles, text_bytes = articles + 1, text_bytes + file.write_bytes(to_markdown(document).encode())
            else:
                line = json.dumps(ticket_object(document), ensure_ascii=False) + "\n"
                lines.write(line)
                tickets, text_bytes = tickets + 1, text_bytes + len(line.encode())
    return Collection(articles_folder, tickets_file, articles, tickets, passages, text_bytes)


def _filled(variation: Variation, left: int) -> Iterator[Article | Ticket]:
    number = 0
    while left:
        is_article = number % (TICKETS_TO_AN_ARTICLE + 1) == 0
        document = variation.article(number) if is_article else variation.ticket(number)
        number += 1
        count = len(passages_of(document))
        if 0 < count <= left:  # near the end only tickets fit, most of which are one passage
            yield document
            left -= count
