"""Compile once what every search asks, and run it by the driver: SQLAlchemy takes ten times as long as SQLite for it.

A lookup is written with the tables like any other statement. Only its text, the place of its parameters and the
columns that hold times are kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, Select
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from kb.store.tables import Instant

_DIALECT = SQLiteDialect_pysqlite()


def one_of(column: Column[str], name: str, size: int) -> ColumnElement[bool]:
    """Return that a column is one of the `size` values of a list parameter."""
    return column.in_([BindParameter(f"{name}_{place}", type_=column.type) for place in range(size)])


class Lookup:
    """A statement that is compiled once for each length of its list parameters.

    `build` makes it from the number of values that every list parameter has; without lists it need not look at it.
    """

    def __init__(self, build: Callable[[int], Select[*tuple[Any, ...]]]) -> None:
        self._compiled = lru_cache(maxsize=16)(lambda size: _Compiled(build(size), size))

    def rows(
        self, connection: sqlite3.Connection, lists: Mapping[str, Sequence[str]] | None = None, **single: object
    ) -> list[tuple[Any, ...]]:
        """Return the rows, times as aware datetimes. `lists` are list parameters by name; an empty one finds nothing.

        Lists are filled up to a power of two with their last value, so that few statements have to be kept.
        """
        lengths = [len(values) for values in (lists or {}).values()]
        if 0 in lengths:
            return []
        size = 1 << (max(lengths, default=1) - 1).bit_length()
        return self._compiled(size).rows(connection, lists or {}, single)


class _Compiled:
    """The text of a statement, and what is done with its parameters and columns."""

    def __init__(self, statement: Select[*tuple[Any, ...]], size: int) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self._text = str(compiled)
        self._size = size
        self._writers = {
            name: writer
            for name, bound in compiled.binds.items()
            if (writer := bound.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)) is not None
        }
        self._constants = self._written(compiled.params)
        self._places = tuple(compiled.positiontup or ())
        self._times = frozenset(
            place for place, column in enumerate(statement.selected_columns) if isinstance(column.type, Instant)
        )

    def rows(
        self, connection: sqlite3.Connection, lists: Mapping[str, Sequence[str]], single: Mapping[str, object]
    ) -> list[tuple[Any, ...]]:
        given = {**self._constants, **self._written(single)}
        for name, values in lists.items():
            for place in range(self._size):
                given[f"{name}_{place}"] = values[min(place, len(values) - 1)]
        rows = connection.execute(self._text, [given[name] for name in self._places]).fetchall()
        if not self._times:
            return rows
        return [tuple(_read(value, place in self._times) for place, value in enumerate(row)) for row in rows]

    def _written(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return parameters as the database has them: times and paths into JSON as text."""
        return {name: self._writers[name](one) if name in self._writers else one for name, one in values.items()}


def _read(value: Any, is_time: bool) -> Any:
    return datetime.fromisoformat(value) if is_time and value is not None else value
