"""Turn documents into rows and rows into documents. Pure.

`content` is a JSON object of every field that has no column of its own. Two documents are the same when their
contents are: unlike `==`, that tells `1` from `true`, and sees the order of extra fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from types import MappingProxyType
from typing import TypedDict

from sqlalchemy import Row

from kb.documents import JSON, Article, Document, Link, Ticket, type_of
from kb.errors import InvalidInput
from kb.store.tables import instant_text

_IN_COLUMNS = frozenset({"id", "source", "path", "revision"})
_ARTICLE_FIELDS = tuple(entry.name for entry in fields(Article) if entry.name not in _IN_COLUMNS)
_LEFT_OUT_IF_EMPTY = frozenset({"attachments"})
"""So that articles without any are the same content as those stored before the field was there."""
_TICKET_FIELDS = tuple(entry.name for entry in fields(Ticket) if entry.name not in _IN_COLUMNS)


class DocumentRow(TypedDict):
    """The columns of table `document`."""

    id: str
    type: str
    source: str
    path: str | None
    revision: int
    content: str


def row_of(document: Document) -> DocumentRow:
    """Return the row of a document. Raises InvalidInput when JSON or UTF-8 cannot express it."""
    if isinstance(document, Article):
        names, path, revision = _ARTICLE_FIELDS, document.path, document.revision
    else:
        names, path, revision = _TICKET_FIELDS, None, 1
    return DocumentRow(
        id=_storable(document.id, "id"),
        type=type_of(document),
        source=_storable(document.source, "source"),
        path=None if path is None else _storable(path, "path"),
        revision=revision,
        content=json_text(_content(document, names), document.id),
    )


def _content(document: Document, names: tuple[str, ...]) -> dict[str, JSON]:
    values = {name: getattr(document, name) for name in names}
    if values.get("attachments"):
        values["attachments"] = dict(sorted(values["attachments"].items()))  # their order says nothing
    return {name: _plain(value) for name, value in values.items() if value or name not in _LEFT_OUT_IF_EMPTY}


def document_from(row: Row[*tuple[object, ...]]) -> Document:
    """Return the document of a row with the columns of `document`."""
    if row.type == "ticket":
        return ticket_from(row.source, row.content)
    return article_from(row.id, row.source, row.path, row.revision, row.content)


def article_from(article_id: str, source: str, path: str | None, revision: int, content: str) -> Article:
    """Return an article from its columns."""
    values = _values_from(content)
    return Article(id=article_id, source=source, path=path, revision=revision, **values)  # type: ignore[arg-type]


def ticket_from(source: str, content: str) -> Ticket:
    """Return a ticket from its columns."""
    return Ticket(source=source, **_values_from(content))  # type: ignore[arg-type]


def same_content(one: Document, other: Document) -> bool:
    """Say whether two documents of one kind differ in nothing but id, source, path and revision."""
    return row_of(one)["content"] == row_of(other)["content"]


def json_text(value: JSON, name: str) -> str:
    """Return `value` as JSON text; `name` is what an error calls it.

    Raises InvalidInput for NaN and infinities, lone surrogates, endless numbers and endless nesting.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(f"{name} holds a value that JSON cannot express: {error}") from error
    return _storable(text, name)


def is_storable(text: str) -> bool:
    """Say whether text is made of whole characters; NUL is one, a lone surrogate is none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _storable(text: str, name: str) -> str:
    if not is_storable(text):
        shown = name.encode("ascii", "backslashreplace").decode()
        raise InvalidInput(f"{shown} holds half a character (a lone surrogate); remove it")
    return text


def _plain(value: object) -> JSON:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Link):
        told = [value.type, value.target, None if value.at is None else instant_text(value.at)]
        return [*told, *([] if value.by is None else [value.by])]
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    raise InvalidInput(f"a {type(value).__name__} cannot be stored; use text, numbers, lists and objects")


def _values_from(content: str) -> dict[str, object]:
    return {name: _READERS[name](value) if name in _READERS else value for name, value in json.loads(content).items()}


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _links(value: list[list[str]]) -> tuple[Link, ...]:
    return tuple(Link(kind, target, _time(at), *by) for kind, target, at, *by in value)


_READERS: Mapping[str, Callable[..., object]] = {
    **dict.fromkeys(("created_at", "updated_at", "opened_at", "resolved_at"), _time),
    **dict.fromkeys(("components", "tags", "authors", "error_signatures", "related"), tuple),
    "review_due": _day,
    "links": _links,
    "extra": MappingProxyType,
    "attachments": MappingProxyType,
}
