"""Hold everything that is particular to SQLite: connections, transactions, backup and the meaning of its errors.

The file is in WAL mode, so readers and the one writer do not wait for each other. `synchronous` is FULL, because a
write must be durable when the call returns: NORMAL would survive `kill -9`, but not loss of power. `secure_delete`
is on for every write, because what was replaced long before an erasure must be gone as well.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar, cast

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as insert_into
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from kb.disk import refusal_of
from kb.errors import FixloreError, InvalidInput, StoreBusy, StoreError, StoreNotWritable
from kb.store.turns import Turns

Item = TypeVar("Item")
MOST = 500
"""Rows in one write transaction, and values in one IN list."""
LEAST_ROOM = 64 * 1024
"""Bytes without which SQLite cannot even share a database between processes."""
PATIENCE = 30.0
"""Seconds a writer waits for another one: many times what the longest transaction takes."""


def chunks(items: Sequence[Item], size: int = MOST) -> Iterator[Sequence[Item]]:
    """Cut into runs of at most `size`, in order."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def refuse_too_many(count: int, what: str) -> None:
    """Raise InvalidInput when one call brings more than one short transaction should write."""
    if count > MOST:
        raise InvalidInput(f"{count} {what} in one call are too many; give at most {MOST} at a time")


def insert(table: Table) -> Insert:
    """Return an insert that can say what to do when the row is there."""
    return insert_into(table)


class Database:
    """One SQLite file, used by any number of threads; other processes may use it at the same time.

    `patience` is how many seconds a writer waits for another one before StoreBusy.
    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self.path = path
        self._patience = patience
        self._closed = threading.Event()
        self._turns = Turns()  # SQLite's own waiting is by polling, which is slow and unfair
        self.engine: Engine = create_engine(
            URL.create("sqlite", database=str(path)),
            connect_args={"timeout": patience},
            pool_size=16,
            max_overflow=-1,
            hide_parameters=True,  # they are content, and an error that is chained may be logged
        )
        self.write_failure: StoreError | None = None
        """Why the last write failed, unless it was for want of patience; `None` when it succeeded."""
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", self._begin)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one snapshot of the whole database."""
        with self._translated(), self._connected(self.engine) as connection:
            yield connection

    @contextmanager
    def look(self) -> Iterator[sqlite3.Connection]:
        """Open a snapshot like `read`, on the driver's own connection, for a `kb.store.lookup.Lookup`."""
        with self._translated(), self._raw() as connection:
            connection.execute("BEGIN")  # ended by the pool, which rolls back whatever is open
            yield connection

    @contextmanager
    def write(self, patience: float | None = None) -> Iterator[Connection]:
        """Open the write transaction: committed and durable at the end, rolled back when anything is raised.

        Raises StoreBusy when another writer holds the database for longer than `patience` seconds; `None` is what the
        database was opened with, and nothing waits longer than that.
        """
        patience = self._patience if patience is None else min(patience, self._patience)
        if not self._turns.begin(patience):
            raise _busy(self.path)
        try:
            engine = self.engine.execution_options(patience=patience)
            with self._noted(), self._translated(), self._connected(engine) as connection:
                yield connection
        finally:
            self._turns.end()

    def use_write_ahead_log(self) -> None:
        """Put the file into WAL mode, which it keeps. Raises StoreError where the file system cannot."""
        with self._translated(), self._raw() as connection:
            deadline = time.monotonic() + self._patience
            while True:  # SQLite does not wait by itself when another process is just doing the same
                try:
                    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
                    break
                except sqlite3.OperationalError as error:
                    if _kind(error) not in ("BUSY", "LOCKED") or time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
            if mode != "wal":
                raise StoreError(
                    f"{self.path} lies on a file system that SQLite cannot share between processes; "
                    "choose a data directory on a local disk"
                )

    def forget_deleted(self) -> None:
        """Write the log back and empty it, so that deleted text remains in no file; later, if a reader is at work."""
        with self._translated(), self._raw() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def copy_to(self, target: Path) -> None:
        """Write a copy of one snapshot to a new file, which appears only when it is complete.

        Writers go on meanwhile. Raises InvalidInput when the file is there already.
        """
        if target.exists():
            raise InvalidInput(f"{target} is there already; name a new file", source=str(target))
        unfinished = target.with_name(f"{target.name}.{os.getpid()}.{threading.get_ident()}.unfinished")
        try:
            with self._translated(target), self._raw() as source:
                make_private(unfinished)
                copy = sqlite3.connect(unfinished)
                try:
                    source.backup(copy)
                    copy.execute("PRAGMA journal_mode = DELETE")  # the copy is one file, wherever it is carried
                finally:
                    copy.close()
            with unfinished.open("r+b") as written:
                os.fsync(written.fileno())
            unfinished.rename(target)
        except OSError as error:
            raise StoreError(f"backup to {target} failed: {error.strerror}; choose another place") from error
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)

    def close(self) -> None:
        """Close every connection; those at work close as soon as they are done."""
        self._closed.set()
        self.engine.dispose()

    def _begin(self, connection: Connection) -> None:
        """Take the write lock at the start: reading first and then writing fails at once when another one wrote."""
        patience = connection.get_execution_options().get("patience")
        if patience is None:
            cast("sqlite3.Connection", connection.connection.driver_connection).execute("BEGIN")
        elif patience == self._patience:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            _wait_for_others(connection, patience)
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            finally:
                _wait_for_others(connection, self._patience)

    @contextmanager
    def _connected(self, engine: Engine) -> Iterator[Connection]:
        if self._closed.is_set():
            raise StoreError("the store is closed; open it again")
        with engine.connect() as connection:
            try:
                with connection.begin():
                    yield connection
            finally:
                if self._closed.is_set():
                    connection.detach()

    @contextmanager
    def _raw(self) -> Iterator[sqlite3.Connection]:
        if self._closed.is_set():
            raise StoreError("the store is closed; open it again")
        borrowed = self.engine.raw_connection()
        try:
            yield cast("sqlite3.Connection", borrowed.driver_connection)
        finally:
            if self._closed.is_set():
                borrowed.detach()
            borrowed.close()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Remember whether the store takes writes."""
        try:
            yield
        except StoreBusy:
            raise
        except StoreError as error:
            self.write_failure = error
            raise
        self.write_failure = None

    @contextmanager
    def _translated(self, path: Path | None = None) -> Iterator[None]:
        """Turn what SQLite raises into our errors, about the file at `path` if it is another than the store's own."""
        path = path or self.path
        try:
            yield
        except FixloreError:
            raise
        except DBAPIError as error:
            raise translation(error.orig, path) from error
        except sqlite3.Error as error:
            raise translation(error, path) from error
        except UnicodeEncodeError as error:
            raise InvalidInput("text holds half a character (a lone surrogate); remove it") from error


def make_private(path: Path) -> None:
    """Make an empty file that only its owner reads, where there is none: a store holds the key that signs sessions.

    What SQLite writes beside it has the same rights. Failures are SQLite's to tell, when it opens the file.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    """Set up a new connection; SQLAlchemy, not the driver, begins its transactions."""
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", "synchronous = FULL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _wait_for_others(connection: Connection, seconds: float) -> None:
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(seconds * 1000)}").close()


def _busy(path: Path) -> StoreBusy:
    return StoreBusy(f"{path} is held by another process for too long; try again when its work is done")


def _kind(error: BaseException) -> str:
    """Return the primary name of SQLite's error, such as `BUSY` or `FULL`."""
    return str(getattr(error, "sqlite_errorname", "")).removeprefix("SQLITE_").split("_")[0]


def translation(error: BaseException | None, path: Path) -> FixloreError:
    """Return our error for one of SQLite about the file at `path`, with what to do."""
    kind = _kind(error) if error is not None else ""
    if kind in ("IOERR", "CANTOPEN"):
        kind = {errno.EROFS: "READONLY", errno.ENOSPC: "FULL"}.get(refusal_of(path.parent, LEAST_ROOM) or 0, kind)
    if kind in ("BUSY", "LOCKED"):
        return _busy(path)
    if kind == "TOOBIG" or (isinstance(error, sqlite3.DataError) and "too big" in str(error)):
        return InvalidInput("text is longer than the store can hold (1 GB); shorten it")
    unwritable = {
        "FULL": "has no room left on its disk, nothing was stored; free space and try again",
        "READONLY": (
            "cannot be written, nothing was stored: its disk is read-only or this account lacks the right; make the "
            "disk writable, or give this account the right to write the file and its directory"
        ),
    }
    if kind in unwritable:
        return StoreNotWritable(f"{path} {unwritable[kind]}")
    remedies = {
        "PERM": "cannot be opened; give this account the right to read and write it",
        "CANTOPEN": "cannot be opened; check that its directory exists and that this account may write there",
        "NOTADB": "is no database; move it away, or restore a backup with `kb restore`",
        "CORRUPT": "is damaged; move it away and restore a backup with `kb restore`",
        "IOERR": (
            "cannot be read or written by its disk, nothing was stored; check the disk (the system's log names it) and "
            "its free space"
        ),
    }
    return StoreError(f"{path} {remedies.get(kind, f'refused the operation: {error}')}")
