"""State what the store keeps about connectors: whose webhooks are taken, and what was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from kb.protocols.store import TicketUpsert


@dataclass(frozen=True, slots=True)
class Deletion:
    """A ticket that its system deleted, at `at` where that is known."""

    id: str
    at: datetime | None = None


DeliveryOutcome = Literal["created", "updated", "unchanged", "ignored", "deleted"]


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How often something came of a delivery, and when last."""

    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector as it is listed; its secret is told by `connector_secret` alone."""

    name: str
    is_on: bool
    changed_at: datetime
    """When it was last switched on or off."""
    outcomes: Mapping[str, OutcomeCount] = field(default_factory=dict)


class ConnectorStore(Protocol):
    """Connectors, their secrets and the deliveries taken of late.

    The secret is kept as it is: an HMAC cannot be checked with less. It is part of backups, of nothing else.
    """

    def enable_connector(self, name: str, secret: str) -> None:
        """Switch a connector on with this secret, or give one that is on another secret."""
        ...

    def disable_connector(self, name: str) -> None:
        """Switch it off and forget its secret. Raises NotFound when it is not on."""
        ...

    def connector_secret(self, name: str) -> str | None:
        """Return the secret of a connector that is on, else `None`."""
        ...

    def connectors(self) -> Sequence[Connector]:
        """Return every connector that was ever on, ordered by name."""
        ...

    def take_delivery(
        self, connector: str, marks: Mapping[str, datetime], contents: Sequence[TicketUpsert | Deletion]
    ) -> Sequence[DeliveryOutcome] | None:
        """Store what a delivery says, in order, and remember it, all in one transaction; return what became of each.

        `marks` are what the delivery is known again by, each with the time until which it is: when any of them is
        remembered, nothing is stored and `None` comes back. A deletion older than the stored ticket's `updated_at` is
        `ignored`. Raises InvalidInput for more than 500 contents and, with nothing stored or remembered, for one that
        cannot be merged (IdConflict when its id belongs to an article).
        """
        ...

    def delete_tickets(self, deletions: Sequence[Deletion]) -> Sequence[DeliveryOutcome]:
        """Delete tickets, all or none, and return what became of each, in order; a repeated one is `unchanged`.

        A deletion older than the stored ticket's `updated_at` is `ignored`. Raises InvalidInput for more than 500.
        """
        ...

    def count_deliveries(self, connector: str, outcome: str, count: int = 1) -> None:
        """Count deliveries that stored nothing; those of a connector that was never on are not counted.

        Waits for other writers for less than a second: raises StoreBusy then, and a caller may let that pass.
        """
        ...
