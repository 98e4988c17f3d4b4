"""Turn the parts of an address into the ids that documents are stored under."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from flask import request

from kb.errors import InvalidInput
from kb.ids import checked_id, checked_source, encoded_id


def ticket_id_of(source: str, external_id: str) -> str:
    """Return the id of the ticket at an address, made as an upsert makes it.

    Raises InvalidInput for parts that no ticket can have.
    """
    ticket_source = checked_source(decoded(source, "source"))
    return f"{ticket_source}:{checked_id(decoded(external_id, 'external_id'), 'external_id')}"


def article_id_of(article_id: str) -> str:
    """Return the id of the article at an address, made as an import makes it. Raises InvalidInput for no UTF-8."""
    return encoded_id(decoded(article_id, "article_id"))


def decoded(part: str, field: str) -> str:
    """Return a part of the present address. Raises InvalidInput when its bytes are no UTF-8 or hold NUL.

    The framework replaces what it cannot decode, so that two such ids would become one.
    """
    if "\0" in part or ("\ufffd" in part and not _is_utf8()):
        raise InvalidInput(f"{field} in the address must be percent-encoded UTF-8 without NUL", field=field)
    return part


def _is_utf8() -> bool:
    """Say whether the address as it was sent is UTF-8; the decoded path stands in where the server keeps no other."""
    sent = request.environ.get("REQUEST_URI", "").partition("?")[0] or request.environ["PATH_INFO"]
    try:
        unquote_to_bytes(sent.encode("latin-1")).decode("utf-8")  # WSGI hands bytes on as Latin-1
    except UnicodeError:
        return False
    return True
