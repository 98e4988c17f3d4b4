"""Say what a mapping is, and turn what a ticket system wrote into deliveries. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from kb.connectors.paths import JsonPath
from kb.connectors.rules import Rule, is_true
from kb.connectors.signatures import Signing
from kb.connectors.times import TimeReader
from kb.documents import JSON
from kb.errors import InvalidInput
from kb.ids import checked_id
from kb.json_values import name_from
from kb.protocols.connectors import Deletion
from kb.protocols.store import TicketUpsert
from kb.tickets import parse_upsert

DEEPEST = 100
"""Levels of lists and objects in a body: Jira's documents nest about half as deep."""


@dataclass(frozen=True, slots=True)
class LinkRule:
    """Which links to make: of this type, to every id that the rule finds, in `source` unless that is empty."""

    type: str
    target: Rule
    source: str | None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A body or ticket that the mapping leaves out."""


Delivery: TypeAlias = TicketUpsert | Deletion | Ignored


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketMapping:
    """How the tickets of one system are read. `kb.connectors.parsing` makes it of a file."""

    name: str
    description: str
    source: str
    times: TimeReader
    tickets: tuple[JsonPath, ...]
    ignored_bodies: tuple[JsonPath, ...]
    deleted_bodies: tuple[JsonPath, ...]
    happened_at: Rule | None
    ignored_tickets: tuple[JsonPath, ...]
    deleted_tickets: tuple[JsonPath, ...]
    external_id: Rule
    fields: Mapping[str, Rule]
    extra: Mapping[str, Rule]
    links: tuple[LinkRule, ...]
    signing: Signing | None

    def deliveries(self, body: JSON) -> Sequence[Delivery]:
        """Return what a body or a document of an export says, in its order; an ignored body is one `Ignored`.

        Raises InvalidInput, which names the field of Fixlore, when a ticket cannot be read: then none of the body is.
        """
        refuse_deep(body)
        if is_true(self.ignored_bodies, body):
            return [Ignored()]
        is_deleted = is_true(self.deleted_bodies, body)
        at = None if self.happened_at is None else self._moment(self.happened_at, body)
        return [self._delivery(record, is_deleted, at) for record in self.records(body)]

    def records(self, body: JSON) -> Iterator[JSON]:
        """Yield the tickets of a body as their system wrote them. Raises InvalidInput when there is none."""
        found = next((one for path in self.tickets if (one := path.found(body)) is not None), None)
        if not isinstance(found, (dict, list)):
            looked = " or ".join(path.text for path in self.tickets)
            raise InvalidInput(f"the mapping {self.name} finds no ticket at {looked}; name its place in body.tickets")
        yield from found if isinstance(found, list) else [found]

    def values(self, record: JSON) -> dict[str, JSON]:
        """Return what the mapping finds in one ticket, as the contract's object; what is to be cleared is `None`.

        Raises InvalidInput that names the field.
        """
        values: dict[str, JSON] = {"source": self.source, "external_id": self._external_id(record)}
        for name, rule in (*self.fields.items(), *self.extra.items()):
            value = self._found(name, rule, record)
            if value is not None or (rule.clears and rule.is_carried(record)):
                values[name] = value
        if self.links:
            links = self._links(record)
            if links or any(rule.target.clears and rule.target.is_carried(record) for rule in self.links):
                values["links"] = links or None
        return values

    def _delivery(self, record: JSON, is_deleted: bool, at: datetime | None) -> Delivery:
        if not isinstance(record, dict):
            raise InvalidInput(f"the mapping {self.name} finds a ticket that is no object; correct body.tickets")
        if is_true(self.ignored_tickets, record):
            return Ignored()
        if is_deleted or is_true(self.deleted_tickets, record):
            external_id = checked_id(name_from(self._external_id(record), "external_id"), "external_id")
            return Deletion(f"{self.source}:{external_id}", at or self._updated_at(record))
        return parse_upsert(self.values(record))

    def _external_id(self, record: JSON) -> JSON:
        external_id = self._found("external_id", self.external_id, record)
        if external_id is None:
            raise InvalidInput(
                f"the mapping {self.name} finds no external_id in the ticket; correct ticket.external_id",
                field="external_id",
            )
        return external_id

    def _found(self, name: str, rule: Rule, record: JSON) -> JSON:
        try:
            return rule.found(record, self.times)
        except InvalidInput as error:
            raise InvalidInput(f"{name} cannot be read: {error}", field=name) from error

    def _updated_at(self, record: JSON) -> datetime | None:
        """Return when the ticket changed last, as the time of its deletion where the body tells none."""
        found = self._found("updated_at", self.fields["updated_at"], record) if "updated_at" in self.fields else None
        return None if found is None else self.times.read(found)

    def _moment(self, rule: Rule, body: JSON) -> datetime | None:
        found = self._found("body.happened_at", rule, body)
        return None if found is None else self.times.read(found)

    def _links(self, record: JSON) -> list[JSON]:
        links: list[JSON] = []
        for rule in self.links:
            found = self._found("links", rule.target, record)
            for target in found if isinstance(found, list) else [] if found is None else [found]:
                name = name_from(target, "links.target")
                source = self.source if rule.source is None else rule.source
                links.append({"type": rule.type, "target": f"{source}:{name}" if source else name})
        return links


def refuse_deep(value: JSON) -> None:
    """Raise InvalidInput for a value of more than `DEEPEST` levels, without following it by recursion."""
    level: list[JSON] = [value]
    for _ in range(DEEPEST + 1):
        level = [
            item
            for one in level
            if isinstance(one, (dict, list))
            for item in (one.values() if isinstance(one, dict) else one)
            if isinstance(item, (dict, list))
        ]
        if not level:
            return
    raise InvalidInput(f"the body is nested more than {DEEPEST} levels deep; flatten it")
