"""Open the store of record at a path, ready for use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from kb.errors import StoreError
from kb.reporting import Clock
from kb.store.schema import VERSIONS, migrate, version_of
from kb.store.sqlite import PATIENCE, Database, make_private
from kb.store.store import SqlStore


def now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


def open_store(path: Path, clock: Clock = now, patience: float = PATIENCE) -> SqlStore:
    """Open the database file, create it (and its directory) when it is missing, and bring it to this schema.

    `clock` tells the time of every write; `patience` is how many seconds a write waits for another process before
    StoreBusy. Raises SchemaTooNew, and StoreError when the file is no database, belongs to another program, or
    cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds the key that signs sessions
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be made: {error.strerror}; choose another data directory") from error
    if not path.exists():
        make_private(path)
    database = Database(path, patience)
    try:
        version = version_of(database)  # first, because a file that is not ours must stay as it is
        database.use_write_ahead_log()
        if version != VERSIONS[-1]:
            migrate(database)
    except BaseException:
        database.close()
        raise
    return SqlStore(database, clock)
