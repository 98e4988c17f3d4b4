"""Bring a database to the schema of this Fixlore, and refuse one that is not ours or newer.

Alembic is imported only when there is something to migrate: opening a store is on the path of every command.
"""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection, text

from kb.errors import SchemaTooNew, StoreError
from kb.store.sqlite import Database

logger = logging.getLogger(__name__)
VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010")
"""Every version of the schema, oldest first; the last is the one this Fixlore works with."""
MANY_ARTICLES = 2_000
"""From how many articles on an upgrade takes more than some seconds: up to a few milliseconds each."""
MIGRATIONS = Path(__file__).parent / "migrations"


def version_of(database: Database) -> str | None:
    """Return the version of the schema that is there, `None` in an empty database. Writes nothing.

    Raises SchemaTooNew with both versions, StoreError for a database of another program.
    """
    with database.read() as connection:
        return _version(connection, database.path)


def migrate(database: Database) -> None:
    """Create or upgrade the schema in one transaction; several processes may do so at once. Raises as `version_of`."""
    with database.write() as connection:
        if _version(connection, database.path) != VERSIONS[-1]:
            _say_that_it_takes_long(connection)
            _upgrade(connection)


def _say_that_it_takes_long(connection: Connection) -> None:
    """Log before an upgrade that has much to read: nothing else is said, and nothing written, until it is done."""
    if _version(connection, Path()) is None:
        return
    count = int(connection.scalar(text("SELECT count(*) FROM document WHERE type != 'ticket'")) or 0)
    if count >= MANY_ARTICLES:
        logger.warning("the store is being brought up to date; with %d articles that may take minutes", count)


def _version(connection: Connection, path: Path) -> str | None:
    tables = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
    if not tables:
        return None
    if "alembic_version" not in tables or "document" not in tables:
        raise StoreError(f"{path} is a database of another program; name another data directory")
    version = str(connection.scalar(text("SELECT version_num FROM alembic_version")))
    if version not in VERSIONS:
        raise SchemaTooNew(
            f"{path} was written by a newer Fixlore: its schema is {version}, this Fixlore knows schemas up to "
            f"{VERSIONS[-1]}; install the newer Fixlore"
        )
    return version


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
