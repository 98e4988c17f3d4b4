"""Make a mapping of what its file says, and refuse with file, place and remedy what it cannot mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import regex

from kb.connectors.mapping import LinkRule, TicketMapping
from kb.connectors.paths import JsonPath, json_path
from kb.connectors.rules import READINGS, Rule
from kb.connectors.signatures import ALGORITHMS, ENCODINGS, METHODS, Signing
from kb.connectors.times import TimeReader, zone_named
from kb.documents import JSON, LINK_TYPES
from kb.errors import ConfigurationError, InvalidInput
from kb.ids import checked_source
from kb.json_values import json_from
from kb.tickets import FIELDS, refuse_reserved

TOP = (
    "based_on",
    "description",
    "source",
    "time_zone",
    "time_patterns",
    "webhook",
    "body",
    "ticket",
    "fields",
    "extra",
)
RULE_KEYS = ("path", "first", "join", "constant", "as", "pattern", "template", "split", "values", "others", "null")
_ORIGINS = ("path", "first", "join", "constant")
TABLE_KEYS = {
    "webhook": ("method", "header", "prefix", "algorithm", "encoding", "signed", "timestamp_header", "tolerance_s",
                "user", "delivery_header"),
    "body": ("tickets", "ignore", "delete", "happened_at"),
    "ticket": ("external_id", "ignore", "delete"),
    "links": ("type", "target", "source"),
}  # fmt: skip
_TIMES = ("opened_at", "resolved_at", "updated_at")
_LISTS = ("components", "tags")
_DEEPEST = 5
"""Rules within rules."""
Table = Mapping[str, object]


def mapping_of(name: str, table: Table, place: str) -> TicketMapping:
    """Return the mapping that a table says; `place` is its file, for errors.

    Raises ConfigurationError: one sentence with file, field and remedy.
    """
    _refuse_unknown(table, (*TOP, "links"), place, "")
    body, ticket = _table(table, "body", place), _table(table, "ticket", place)
    source = _source(table.get("source", name), f"{place}: source")
    fields = {
        key: _field(rule, key, f"{place}: fields.{key}")
        for key, rule in _table(table, "fields", place).items()
        if rule is not False
    }
    for key in fields:
        if key not in FIELDS or key == "links":
            known = ", ".join(FIELDS[:-1])
            raise ConfigurationError(f"{place}: fields.{key} is no field of a ticket; use {known}, or extra")
    if "external_id" not in ticket:
        raise ConfigurationError(f"{place}: ticket.external_id is missing; name the path of the ticket's id")
    happened_at = body.get("happened_at")
    return TicketMapping(
        name=name,
        description=_text(table.get("description", ""), f"{place}: description"),
        source=source,
        times=_times(table, place),
        tickets=_paths(body.get("tickets", "@"), f"{place}: body.tickets"),
        ignored_bodies=_paths(body.get("ignore", []), f"{place}: body.ignore"),
        deleted_bodies=_paths(body.get("delete", []), f"{place}: body.delete"),
        happened_at=None
        if happened_at is None
        else replace(rule_of(happened_at, f"{place}: body.happened_at"), reading="time"),
        ignored_tickets=_paths(ticket.get("ignore", []), f"{place}: ticket.ignore"),
        deleted_tickets=_paths(ticket.get("delete", []), f"{place}: ticket.delete"),
        external_id=rule_of(ticket["external_id"], f"{place}: ticket.external_id"),
        fields=MappingProxyType(fields),
        extra=MappingProxyType(_extra(_table(table, "extra", place), place)),
        links=_links(table.get("links", []), place),
        signing=_signing(_table(table, "webhook", place), place) if "webhook" in table else None,
    )


def rule_of(value: object, place: str, depth: int = 0) -> Rule:
    """Return the rule that a path, a list of alternatives or a table says. Raises ConfigurationError."""
    if depth > _DEEPEST:
        raise ConfigurationError(f"{place} holds rules in rules in rules; make it simpler")
    if isinstance(value, str):
        return Rule(path=json_path(value, place))
    if isinstance(value, list):
        return Rule(first=_rules(value, place, depth))
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{place} must be a path, a list of alternatives or a table, not {value!r}")
    _refuse_unknown(value, RULE_KEYS, place, ".")
    origins = [key for key in _ORIGINS if key in value]
    if len(origins) != 1:
        raise ConfigurationError(f"{place} must have exactly one of {', '.join(_ORIGINS)}; it has {len(origins)}")
    return Rule(
        path=json_path(value["path"], f"{place}.path") if "path" in value else None,
        constant=_json(value["constant"], f"{place}.constant") if "constant" in value else None,
        first=_rules(value["first"], f"{place}.first", depth) if "first" in value else (),
        joined=_rules(value["join"], f"{place}.join", depth) if "join" in value else (),
        reading=_choice(value.get("as", "as_is"), READINGS, f"{place}.as"),
        pattern=_pattern(value["pattern"], f"{place}.pattern") if "pattern" in value else None,
        template=_text(value.get("template", ""), f"{place}.template"),
        split=_text(value.get("split", ""), f"{place}.split"),
        values=_values(value.get("values", {}), f"{place}.values"),
        drops_others=_choice(value.get("others", "keep"), ("keep", "drop"), f"{place}.others") == "drop",
        clears=_choice(value.get("null", "keep"), ("keep", "clear"), f"{place}.null") == "clear",
    )


def _field(value: object, name: str, place: str) -> Rule:
    """Return the rule of a field of Fixlore, read as the field needs it."""
    rule = rule_of(value, place)
    if name in _TIMES:
        return replace(rule, reading="time")
    if rule.reading != "as_is":
        return rule
    if name in _LISTS:
        return replace(rule, reading="list")
    return replace(rule, reading="text") if name in ("title", "description", "environment", "resolution") else rule


def _rules(value: object, place: str, depth: int) -> tuple[Rule, ...]:
    if not isinstance(value, list) or not value:
        raise ConfigurationError(f"{place} must be a list of paths or tables, and not an empty one")
    return tuple(rule_of(one, f"{place}[{at}]", depth + 1) for at, one in enumerate(value))


def _links(value: object, place: str) -> tuple[LinkRule, ...]:
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise ConfigurationError(f"{place}: links must be tables, each begun by [[links]]")
    links = []
    for at, one in enumerate(value):
        where = f"{place}: links[{at}]"
        _refuse_unknown(one, TABLE_KEYS["links"], where, ".")
        if "type" not in one or "target" not in one:
            raise ConfigurationError(f"{where} must have type and target")
        source = one.get("source")
        kind = _choice(one["type"], LINK_TYPES, f"{where}.type")
        links.append(LinkRule(kind, rule_of(one["target"], f"{where}.target"), _link_source(source, f"{where}.source")))
    return tuple(links)


def _link_source(value: object, place: str) -> str | None:
    return None if value is None else "" if value == "" else _source(value, place)


def _signing(table: Table, place: str) -> Signing:
    method = _choice(table.get("method", "hmac"), METHODS, f"{place}: webhook.method")
    tolerance = table.get("tolerance_s", 300)
    if not isinstance(tolerance, int) or not 1 <= tolerance <= 86_400:
        raise ConfigurationError(f"{place}: webhook.tolerance_s must be seconds from 1 to 86400, not {tolerance!r}")

    def text(key: str, default: str = "") -> str:
        return _text(table.get(key, default), f"{place}: webhook.{key}")

    if method != "basic" and not text("header"):
        raise ConfigurationError(f"{place}: webhook.header is missing; name the header that holds the signature")
    if method == "basic" and not text("user"):
        raise ConfigurationError(f"{place}: webhook.user is missing; name the user of the basic authentication")
    if "{body}" not in text("signed", "{body}"):
        raise ConfigurationError(f"{place}: webhook.signed must contain {{body}}; else a body could be exchanged")
    if "{timestamp}" in text("signed") and not text("timestamp_header"):
        raise ConfigurationError(f"{place}: webhook.timestamp_header is missing; name the header that is signed")
    return Signing(
        method=method,
        header=text("header"),
        prefix=text("prefix"),
        algorithm=_choice(table.get("algorithm", "sha256"), ALGORITHMS, f"{place}: webhook.algorithm"),
        encoding=_choice(table.get("encoding", "hex"), ENCODINGS, f"{place}: webhook.encoding"),
        signed=text("signed", "{body}"),
        timestamp_header=text("timestamp_header"),
        tolerance_s=tolerance,
        user=text("user"),
        delivery_header=text("delivery_header"),
    )


def _times(table: Table, place: str) -> TimeReader:
    patterns = table.get("time_patterns", [])
    if not isinstance(patterns, list) or not all(isinstance(one, str) and "%" in one for one in patterns):
        raise ConfigurationError(f"{place}: time_patterns must be a list of patterns such as %d/%b/%y %I:%M %p")
    return TimeReader(zone_named(table.get("time_zone", "UTC"), f"{place}: time_zone"), tuple(patterns))


def _extra(table: Table, place: str) -> dict[str, Rule]:
    taken = [key for key in table if key in (*FIELDS, "source", "external_id", "id")]
    if taken:
        raise ConfigurationError(f"{place}: extra.{taken[0]} is a field of a ticket; put it below fields")
    return {key: rule_of(rule, f"{place}: extra.{key}") for key, rule in table.items() if rule is not False}


def _paths(value: object, place: str) -> tuple[JsonPath, ...]:
    many: Sequence[object] = value if isinstance(value, list) else [value]
    return tuple(json_path(one, place) for one in many)


def _pattern(value: object, place: str) -> regex.Pattern[str]:
    try:
        return regex.compile(_text(value, place))
    except regex.error as error:
        raise ConfigurationError(f"{place} {value!r} is no regular expression: {error}; correct it") from error


def _values(value: object, place: str) -> Mapping[str, JSON]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f'{place} must be a table such as {{ "1" = "high" }}')
    return MappingProxyType({key.strip().casefold(): _json(one, f"{place}.{key}") for key, one in value.items()})


def _json(value: object, place: str) -> JSON:
    try:
        return json_from(value, place)
    except InvalidInput as error:
        raise ConfigurationError(f"{place} must be a text, number, list or table; quote it") from error


def _source(value: object, place: str) -> str:
    try:
        source = checked_source(_text(value, place))
        refuse_reserved(source)
    except InvalidInput as error:
        raise ConfigurationError(f"{place}: {error}") from error
    return source


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{place} must be text in quotes, not {value!r}")
    return value


def _choice(value: object, choices: Sequence[str], place: str) -> str:
    if value not in choices:
        raise ConfigurationError(f"{place} {value!r} is unknown; use one of {', '.join(choices)}")
    return str(value)


def _table(table: Table, key: str, place: str) -> Table:
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{place}: {key} must be a table, begun by [{key}]")
    if key in TABLE_KEYS:
        _refuse_unknown(value, TABLE_KEYS[key], place, f"{key}.")
    return value


def _refuse_unknown(table: Table, known: Sequence[str], place: str, within: str) -> None:
    for key in table:
        if key not in known:
            where = f"{place}{within}{key}" if within == "." else f"{place}: {within}{key}"
            raise ConfigurationError(f"{where} is unknown; known are {', '.join(known)}")
