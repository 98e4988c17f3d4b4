"""Turn what ticket systems deliver into tickets, and tickets into what the contract shows. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from kb.access import checked_audience
from kb.documents import (
    DECISION_SOURCE,
    EXAMPLE_SOURCE,
    JSON,
    LINK_TYPES,
    MADE_HERE,
    MANUAL_SOURCE,
    SITE_SOURCE,
    TIERS,
    Link,
    Ticket,
)
from kb.errors import InvalidInput
from kb.ids import checked_id, checked_source
from kb.json_values import (
    choice_from,
    json_from,
    language_from,
    name_from,
    names_from,
    text_from,
    time_from,
    time_text,
)
from kb.protocols.store import Outcome, TicketUpsert

LONGEST_TITLE = 2000
RESERVED_SOURCES = (EXAMPLE_SOURCE, MANUAL_SOURCE, DECISION_SOURCE, SITE_SOURCE)
"""What no import and no ticket system may call itself: such documents are hidden, replaced or removed as our own."""
_TEXTS = ("description", "environment", "resolution")
_NAMES = ("resolution_code", "status", "priority", "category", "service", "configuration_item", "assignment_group")
_LISTS = ("components", "tags")
_TIMES = ("opened_at", "resolved_at", "updated_at")
FIELDS = (
    "title", "description", "environment", "resolution", "resolution_code", "status", "priority", "category", "service",
    "components", "configuration_item", "assignment_group", "tier", "tags", "language", "audience", "url", "opened_at",
    "resolved_at", "updated_at", "links",
)  # fmt: skip
"""What a delivery may carry beside `source` and `external_id`, in the order of the contract."""
LIST_FIELDS = (*_LISTS, "links")
_CLEARED: Mapping[str, object] = MappingProxyType(
    {**dict.fromkeys(_TEXTS, ""), **dict.fromkeys(LIST_FIELDS, ()), "audience": "internal"}
)
"""What a field holds after `null` where that is not `None`."""
_BLANK_CLEARS = (*_TIMES, "tier", "language")
"""Ticket systems send an empty text where nobody filled these in."""
_RESOLUTION_KINDS = {"fixed": "permanent_fix", "workaround": "workaround", "configuration": "configuration_change"}


def parse_upsert(fields: Mapping[str, JSON], *, source: str | None = None, is_export: bool = False) -> TicketUpsert:
    """Check one delivery and normalise it: times to UTC, ids without white space, lists without repeats.

    `source` stands in where the delivery names none. Unknown fields go to `extra`; an `id` that only repeats
    `SOURCE:EXTERNAL_ID` is dropped. A missing title is no error here: the ticket may be stored already.
    That people made a link here (`by`) is believed of an export alone: anybody else could make up what nobody can
    take back. Where such a link is stored already, `merged` keeps it as it is.
    Raises InvalidInput, which names the field.
    """
    named = fields.get("source")
    if named is None and source is None:
        raise InvalidInput("source is missing; name the ticket system, such as zammad", field="source")
    ticket_source = checked_source(text_from(source if named is None else named, "source"))
    if fields.get("external_id") is None:
        raise InvalidInput("external_id is missing; give the ticket's id in its own system", field="external_id")
    external_id = checked_id(name_from(fields["external_id"], "external_id"), "external_id")
    known = {name: _checked(name, fields[name], is_export) for name in FIELDS if name in fields}
    extra = {
        text_from(name, "field name"): json_from(value, name)
        for name, value in fields.items()
        if name not in known and name not in ("source", "external_id")
    }
    if extra.get("id") == f"{ticket_source}:{external_id}":
        del extra["id"]
    return TicketUpsert(ticket_source, external_id, MappingProxyType(known), MappingProxyType(extra))


def refuse_reserved(source: str) -> None:
    """Raise InvalidInput (field `source`) for a source that only Fixlore's own content has, whatever its case."""
    if source.strip().casefold() in RESERVED_SOURCES:
        raise InvalidInput(f"source {source!r} is kept for Fixlore's own content; name another source", field="source")


def merged(
    stored: Ticket | None, upsert: TicketUpsert, detect: Callable[[str], str] = lambda _: "en"
) -> tuple[Outcome, Ticket]:
    """Return what becomes of a delivery and the ticket as it then is.

    The fields it carries are set (`links` as a whole, but for those that people made here), those it lacks are kept,
    those that are `None` are cleared.
    One with an older `updated_at` than stored is ignored. A language that is neither stored nor carried is
    `detect(title + text)`. Raises InvalidInput (field `title`) when the ticket would have no title.
    """
    carried = {name: _CLEARED.get(name) if value is None else value for name, value in upsert.fields.items()}
    if stored is not None and _is_older(carried.get("updated_at"), stored.updated_at):
        return "ignored", stored
    if not carried.get("title", stored.title if stored else None):
        raise InvalidInput(f"{upsert.id} has no title; a ticket needs one", field="title")
    if stored is not None and "links" in carried:
        carried["links"] = _with_links_of_people(carried["links"], stored.links)  # type: ignore[arg-type]
    language = carried.pop("language", stored.language if stored else None)
    extra = dict(stored.extra) if stored else {}
    extra.update(upsert.extra)
    extra = {name: value for name, value in extra.items() if value is not None}
    before = stored or Ticket(source=upsert.source, external_id=upsert.external_id, title="")
    ticket = replace(before, **carried, extra=MappingProxyType(extra))  # type: ignore[arg-type]
    if language is None:
        language = detect(f"{ticket.title}\n{ticket.description}\n{ticket.resolution}")
    ticket = replace(ticket, language=str(language))
    if stored is None:
        return "created", ticket
    return ("unchanged", stored) if _is_same(stored, ticket) else ("updated", ticket)


def ticket_object(ticket: Ticket) -> dict[str, JSON]:
    """Return the ticket as the contract's JSON object: fields that are set, in its order, then unknown ones."""
    shown: dict[str, JSON] = {"source": ticket.source, "external_id": ticket.external_id}
    for name in FIELDS:
        value = getattr(ticket, name)
        if value is None or value in ("", ()):
            continue
        if name == "links":
            shown[name] = [_link_object(link) for link in ticket.links]
        elif isinstance(value, datetime):
            shown[name] = time_text(value)
        else:
            shown[name] = list(value) if isinstance(value, tuple) else value
    shown.update(ticket.extra)
    return shown


def resolution_kind(code: str | None, text: str = "") -> str:
    """Return `permanent_fix`, `workaround`, `configuration_change` or `none`, from the ticket's resolution code.

    Without a code, a resolution that opens with the word is a workaround; nothing else is guessed.
    """
    if code and code.strip():
        return _RESOLUTION_KINDS.get(code.strip().casefold(), "none")
    return "workaround" if text.lstrip(" \t\r\n*#_").casefold().startswith("workaround") else "none"


def _checked(name: str, value: JSON, is_export: bool) -> object:
    """Return the value of one known field as a `Ticket` holds it, `None` where it is to be cleared."""
    if name == "title":
        return _title_from(value)
    if value is None or (value == "" and name in _BLANK_CLEARS):
        return None
    if name in _TEXTS:
        return text_from(value, name)
    if name in _NAMES:
        return name_from(value, name) or None
    if name in _LISTS:
        return names_from(value, name)
    if name in _TIMES:
        return time_from(value, name)
    if name == "links":
        return _links_from(value, is_export)
    if name == "tier":
        return choice_from(value, name, TIERS)
    if name == "language":
        return language_from(value)
    if name == "audience":
        return checked_audience(text_from(value, name))
    return _address_from(value)


def _title_from(value: JSON) -> str:
    title = " ".join(text_from(value, "title").split())
    if not title:
        raise InvalidInput("title is empty; a ticket needs one", field="title")
    if len(title) > LONGEST_TITLE:
        raise InvalidInput(f"title is longer than {LONGEST_TITLE} characters; shorten it", field="title")
    return title


def _address_from(value: JSON) -> str | None:
    """Return a web address; others (`javascript:`) would run as a link on a page."""
    address = text_from(value, "url").strip()
    if address and not address.casefold().startswith(("http://", "https://")):
        raise InvalidInput(f"url {address[:80]!r} must start with http:// or https://", field="url")
    return address or None


def _links_from(value: JSON, is_export: bool) -> tuple[Link, ...]:
    """Return links in their order, a repeated type and target only once."""
    if not isinstance(value, list):
        raise InvalidInput("links must be a list of objects with type and target", field="links")
    links: dict[tuple[str, str], Link] = {}
    for item in value:
        if not isinstance(item, dict) or "type" not in item or "target" not in item:
            raise InvalidInput("links must be objects with type and target", field="links")
        kind = choice_from(item["type"], "links.type", LINK_TYPES)
        target = checked_id(name_from(item["target"], "links.target"), "links.target")
        at = item.get("at")
        by = next((one for one in MADE_HERE if is_export and item.get("by") == one), None)
        links.setdefault((kind, target), Link(kind, target, None if at is None else time_from(at, "links.at"), by))
    return tuple(links.values())


def _with_links_of_people(delivered: tuple[Link, ...], stored: tuple[Link, ...]) -> tuple[Link, ...]:
    """Return what was delivered with the links that people made here, which the ticket's system knows nothing of."""
    made = {(one.type, one.target): one for one in stored if one.by in MADE_HERE}
    return (*(made.pop((one.type, one.target), one) for one in delivered), *made.values())


def _link_object(link: Link) -> JSON:
    shown: dict[str, JSON] = {"type": link.type, "target": link.target}
    if link.at is not None:
        shown["at"] = time_text(link.at)
    if link.by is not None:
        shown["by"] = link.by
    return shown


def _is_older(delivered: object, stored: datetime | None) -> bool:
    return isinstance(delivered, datetime) and stored is not None and delivered < stored


def _is_same(one: Ticket, other: Ticket) -> bool:
    """Compare all fields; of `extra` as JSON, because Python holds `1` and `true` to be equal."""
    return one == other and _as_json(one) == _as_json(other)


def _as_json(ticket: Ticket) -> str:
    return json.dumps(dict(ticket.extra), sort_keys=True)
