"""Keep connectors, their secrets, and the deliveries that were taken from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from kb.documents import Ticket
from kb.errors import IdConflict, InvalidInput, NotFound
from kb.protocols.connectors import Connector, Deletion, DeliveryOutcome, OutcomeCount
from kb.protocols.store import InvalidTicket, TicketUpsert
from kb.store import sqlite
from kb.store.documents import documents_by_id
from kb.store.sqlite import MOST, refuse_too_many
from kb.store.tables import connector, connector_outcome, delivery
from kb.store.tickets import SqlTickets

COUNT_PATIENCE = 0.5
"""Seconds that counting may hold up the answer to a delivery that stores nothing; a count is lost rather than that."""


class SqlConnectors(SqlTickets):
    """Connectors (`kb.protocols.connectors.ConnectorStore`), which store tickets as every other delivery does."""

    def enable_connector(self, name: str, secret: str) -> None:
        """Switch a connector on with this secret."""
        row = sqlite.insert(connector).values(name=name, secret=secret, changed_at=self._clock())
        changed = {"secret": row.excluded.secret, "changed_at": row.excluded.changed_at}
        with self._database.write() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=changed))

    def disable_connector(self, name: str) -> None:
        """Switch it off and forget its secret."""
        is_on = (connector.c.name == name) & connector.c.secret.is_not(None)
        with self._database.write() as connection:
            off = update(connector).where(is_on).values(secret=None, changed_at=self._clock())
            if connection.execute(off).rowcount == 0:
                raise NotFound(f"connector {name!r} is not on; `kb connector list` shows those that are")

    def connector_secret(self, name: str) -> str | None:
        """Return the secret of a connector that is on, else `None`."""
        with self._database.read() as connection:
            return connection.scalar(select(connector.c.secret).where(connector.c.name == name))

    def connectors(self) -> Sequence[Connector]:
        """Return every connector that was ever on, ordered by name."""
        outcomes: dict[str, dict[str, OutcomeCount]] = {}
        with self._database.read() as connection:
            rows = connection.execute(select(connector).order_by(connector.c.name)).all()
            for name, outcome, count, last_at in connection.execute(
                select(connector_outcome).order_by(connector_outcome.c.outcome)
            ):
                outcomes.setdefault(name, {})[outcome] = OutcomeCount(count, last_at)
        return [Connector(row.name, row.secret is not None, row.changed_at, outcomes.get(row.name, {})) for row in rows]

    def take_delivery(
        self, connector: str, marks: Mapping[str, datetime], contents: Sequence[TicketUpsert | Deletion]
    ) -> Sequence[DeliveryOutcome] | None:
        """Store what a delivery says and remember it, in one transaction; `None` when it is remembered already."""
        refuse_too_many(len(contents), "tickets")
        upserts = [one for one in contents if isinstance(one, TicketUpsert)]
        languages = self.languages_of(upserts)  # before the transaction: it takes milliseconds for each
        with self._database.write() as connection:
            now = self._clock()
            if _is_known(connection, connector, marks, now):
                return None
            outcomes: list[DeliveryOutcome] = []
            for run in _runs(contents):
                if isinstance(run, Deletion):
                    outcomes.append(self._delete(connection, run))
                    continue
                for upsert, outcome in zip(run, self.merge(connection, run, languages), strict=True):
                    if isinstance(outcome, InvalidTicket):
                        refusal = IdConflict if outcome.field == "id" else InvalidInput
                        raise refusal(f"{upsert.id}: {outcome.message}", field=outcome.field)
                    outcomes.append(outcome)
            _remember(connection, connector, marks, now)
            for name, count in Counter(outcomes).items():
                _count(connection, connector, name, count, now)
        return outcomes

    def delete_tickets(self, deletions: Sequence[Deletion]) -> Sequence[DeliveryOutcome]:
        """Delete tickets in one transaction, but those of which something newer is stored."""
        refuse_too_many(len(deletions), "tickets")
        with self._database.write() as connection:
            return [self._delete(connection, one) for one in deletions]

    def count_deliveries(self, connector: str, outcome: str, count: int = 1) -> None:
        """Count deliveries that stored nothing."""
        with self._database.write(COUNT_PATIENCE) as connection:
            _count(connection, connector, outcome, count, self._clock())

    def _delete(self, connection: Connection, deletion: Deletion) -> DeliveryOutcome:
        """Delete a ticket unless what is stored of it is newer than its deletion."""
        stored = documents_by_id(connection, [deletion.id]).get(deletion.id)
        updated_at = stored.updated_at if isinstance(stored, Ticket) else None
        if deletion.at is not None and updated_at is not None and deletion.at < updated_at:
            return "ignored"
        return "deleted" if self.bury(connection, deletion.id, deletion.at) else "unchanged"


def _runs(contents: Iterable[TicketUpsert | Deletion]) -> Iterable[list[TicketUpsert] | Deletion]:
    """Cut contents into upserts that can be merged together and single deletions, in order."""
    run: list[TicketUpsert] = []
    for one in contents:
        if isinstance(one, TicketUpsert):
            run.append(one)
            continue
        if run:
            yield run
            run = []
        yield one
    if run:
        yield run


def _is_known(connection: Connection, name: str, marks: Iterable[str], now: datetime) -> bool:
    wanted = (delivery.c.connector == name) & delivery.c.mark.in_(list(marks)) & (delivery.c.until > now)
    return connection.scalar(select(delivery.c.mark).where(wanted).limit(1)) is not None


def _remember(connection: Connection, name: str, marks: Mapping[str, datetime], now: datetime) -> None:
    """Remember a delivery, and forget as many whose time is over as one transaction should."""
    rows = [{"connector": name, "mark": mark, "until": until} for mark, until in marks.items()]
    if rows:
        insert = sqlite.insert(delivery)
        known = insert.on_conflict_do_update(
            index_elements=["connector", "mark"], set_={"until": insert.excluded.until}
        )
        connection.execute(known, rows)
    over = select(delivery.c.connector, delivery.c.mark).where(delivery.c.until <= now).limit(MOST)
    for one in connection.execute(over).all():
        connection.execute(delete(delivery).where(delivery.c.connector == one.connector, delivery.c.mark == one.mark))


def _count(connection: Connection, name: str, outcome: str, count: int, now: datetime) -> None:
    if connection.scalar(select(connector.c.name).where(connector.c.name == name)) is None:
        return
    row = sqlite.insert(connector_outcome).values(connector=name, outcome=outcome, count=count, last_at=now)
    more = {"count": connector_outcome.c.count + row.excluded.count, "last_at": row.excluded.last_at}
    connection.execute(row.on_conflict_do_update(index_elements=["connector", "outcome"], set_=more))
