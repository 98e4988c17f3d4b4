"""Forget what the store derived from a ticket or wrote down about it, beside the ticket itself."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import JSON, Connection, delete, func, select, type_coerce, update

from kb.store.links import remove_links_to
from kb.store.rows import json_text
from kb.store.sqlite import chunks
from kb.store.tables import document_text, draft, feedback, response, vector


def forget_document(connection: Connection, document_id: str, now: datetime) -> None:
    """Remove its vectors, drafts that began from it, every mention of it in logged answers and feedback, and the links
    to it that feedback made.

    All of it within the caller's transaction.

    A vector goes even if another document has the same text: it is then made again when it is needed.
    """
    of_document = document_text.c.document_id == document_id
    forget_vectors_of(connection, connection.scalars(select(document_text.c.text_hash).where(of_document)).all())
    connection.execute(delete(document_text).where(of_document))
    connection.execute(delete(feedback).where(feedback.c.result_id == document_id))
    begun_from = type_coerce(draft.c.content, JSON)["from"][0].as_string()
    connection.execute(delete(draft).where(begun_from == document_id))  # what began from it quotes it
    remove_links_to(connection, document_id, now)  # without the feedback, nobody could take them back
    connection.execute(update(feedback).where(feedback.c.ticket == document_id).values(ticket=None))
    connection.execute(update(response).where(response.c.ticket == document_id).values(ticket=None))
    mentions = func.instr(response.c.results, json_text(document_id, document_id)) > 0
    for row in connection.execute(select(response.c.id, response.c.results).where(mentions)).all():
        kept = [one for one in json.loads(row.results) if one != document_id]
        connection.execute(update(response).where(response.c.id == row.id).values(results=json_text(kept, "response")))


def forget_vectors_of(connection: Connection, text_hashes: Iterable[str]) -> None:
    """Remove the vectors of texts under every recipe, within the caller's transaction."""
    for some in chunks(list(text_hashes)):
        connection.execute(delete(vector).where(vector.c.text_hash.in_(some)))
