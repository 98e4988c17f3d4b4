"""Remember what the rows of documents were decoded to: decoding takes several times as long as reading a row.

Whether a document is there, who may read it and what it says is read from the database at every request. What is
remembered is only which document a row makes, by everything that stands in the row; a changed row is another one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeAlias

from kb.documents import Document
from kb.store.rows import article_from, ticket_from

Row: TypeAlias = tuple[str, str, str, str | None, int, str]
"""The columns of a document's row, in the order of the table."""
MOST_CHARACTERS = 8 * 2**20
"""Content that is remembered: about 8,000 tickets or 1,000 long articles, and with what it makes some 40 MB."""


class DecodedDocuments:
    """The documents of the rows that were read last; may be used by several threads at once."""

    def __init__(self, most_characters: int = MOST_CHARACTERS) -> None:
        self._most = most_characters
        self._held: OrderedDict[Row, Document] = OrderedDict()
        self._characters = 0
        self._lock = threading.Lock()

    def of(self, rows: Sequence[Row]) -> list[Document]:
        """Return the document of each row, in order."""
        with self._lock:
            held = [self._held.get(row) for row in rows]
            for row, one in zip(rows, held, strict=True):
                if one is not None:
                    self._held.move_to_end(row)
        found = [one or _document(row) for row, one in zip(rows, held, strict=True)]
        new = [(row, one) for row, one, known in zip(rows, found, held, strict=True) if known is None]
        if new:
            self._keep(new)
        return found

    def forget(self) -> None:
        """Remember nothing: what was erased must not stay."""
        with self._lock:
            self._held.clear()
            self._characters = 0

    def _keep(self, new: Sequence[tuple[Row, Document]]) -> None:
        with self._lock:
            for row, one in new:
                if row not in self._held:
                    self._held[row] = one
                    self._characters += len(row[-1])
            while self._characters > self._most:
                row, _ = self._held.popitem(last=False)
                self._characters -= len(row[-1])


def _document(row: Row) -> Document:
    document_id, kind, source, path, revision, content = row
    if kind == "ticket":
        return ticket_from(source, content)
    return article_from(document_id, source, path, revision, content)
