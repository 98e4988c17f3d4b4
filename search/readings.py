"""Read what is shown of a document, and remember it: the same documents answer again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from kb.documents import Article, Document
from kb.plain_text import text_fields
from search.fix_side import FixSide, fix_side

MOST_READINGS = 1_000
"""Documents remembered, some 20 kB each."""
LONGEST_READ = 100_000
"""Characters of an article, or of a ticket's field, that are read: a log must not cost a page of results seconds."""

PassageText = Callable[[Document, int], str | None]
"""Returns the words of one passage of a document, by its number; `None` when the document no longer has it."""
_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from a document: its text fields as plain text, its fix side as of now, and passages by number."""

    texts: Mapping[str, str]
    fix: FixSide
    passages: dict[int, str | None] = field(default_factory=dict)


class Readings:
    """Readings of the documents shown last; may be used by several threads at once."""

    def __init__(self, passage_text: PassageText, most: int = MOST_READINGS):
        self._passage_text = passage_text
        self._most = most
        self._lock = threading.Lock()
        self._held: OrderedDict[_Key, Reading] = OrderedDict()

    def of(self, document: Document) -> Reading:
        """Return what is read from a document as it is now: another content is another reading."""
        key = _key(document)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        shown = within_reason(document)
        reading = Reading(text_fields(shown), fix_side(shown))
        with self._lock:
            self._held[key] = reading
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return reading

    def passage(self, document: Document, number: int | None) -> str | None:
        """Return the words of a passage; of an article's title passage there are none but the title."""
        if number is None or within_reason(document) is not document:
            return None
        if number == 0 and isinstance(document, Article):
            return document.title
        passages = self.of(document).passages
        if number not in passages:
            passages[number] = self._passage_text(document, number)
        return passages[number]


def within_reason(document: Document) -> Document:
    """Return the document, cut when it is very long."""
    if isinstance(document, Article):
        if len(document.body) <= LONGEST_READ:
            return document
        return replace(document, body=document.body[:LONGEST_READ])
    if max(len(document.description), len(document.resolution), len(document.environment)) <= LONGEST_READ:
        return document
    return replace(
        document,
        description=document.description[:LONGEST_READ],
        environment=document.environment[:LONGEST_READ],
        resolution=document.resolution[:LONGEST_READ],
    )


def _key(document: Document) -> _Key:
    """Return what changes with anything that is read; texts by their hash, so that they are not kept twice."""
    if isinstance(document, Article):
        extra = repr(sorted(document.extra.items()))
        return (document.id, document.title, hash(document.body), document.kind, document.error_signatures, extra)
    return (
        document.id,
        document.title,
        hash((document.description, document.environment, document.resolution)),
        document.resolution_code,
        document.status,
        document.resolved_at,
        document.updated_at,
        repr(sorted(document.extra.items())),
    )
