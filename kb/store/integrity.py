"""Look for damage in a database file without opening it as a store, which would fail on what is to be found."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kb.store.schema import VERSIONS
from kb.store.sqlite import translation

MOST_TOLD = 3
"""Places of damage that are named; a damaged file easily has thousands."""
_PATIENCE_S = 5.0
_REMEDY = "stop the server, move the file away and bring back a backup with `kb restore FILE`"


@dataclass(frozen=True, slots=True)
class Integrity:
    """What was found: the version of the schema and each problem with its remedy.

    The version is `None` when it cannot be told, and in a file that holds nothing yet. `is_damaged`: bytes of the file
    are not as SQLite wrote them.
    """

    schema: str | None
    problems: tuple[str, ...]
    is_damaged: bool = False


def examine(path: Path) -> Integrity:
    """Read the whole file and return what is wrong with it. Writes nothing and raises nothing about its content.

    Takes about a second for each GiB on a fast disk. Others may read and write meanwhile.
    """
    schema: str | None = None
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE_S)) as opened:
            tables = {str(name) for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if {"alembic_version", "document"} <= tables:
                schema = _schema(opened)
            damage = _damage(opened)
            orphans = opened.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.Error as error:
        is_damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT
        return Integrity(schema, (str(translation(error, path)),), is_damaged)
    problems = [f"{path} is damaged ({'; '.join(damage)}); {_REMEDY}"] if damage else []
    if orphans:
        problems.append(
            f"{path} holds {len(orphans)} rows that belong to no document; export with `kb export DIR`, and import "
            "that into a new home"
        )
    if schema is None and tables:
        problems.append(f"{path} holds no schema of Fixlore; name another data directory")
    elif schema is not None and schema not in VERSIONS:
        problems.append(
            f"{path} was written by a newer Fixlore: its schema is {schema}, this Fixlore knows schemas up to "
            f"{VERSIONS[-1]}; install the newer Fixlore"
        )
    return Integrity(schema, tuple(problems), bool(damage))


def _damage(opened: sqlite3.Connection) -> list[str]:
    rows = [str(row[0]) for row in opened.execute(f"PRAGMA quick_check({MOST_TOLD})")]
    return [] if rows == ["ok"] else [" ".join(row.split()) for row in rows]


def _schema(opened: sqlite3.Connection) -> str | None:
    row = opened.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
