"""Make once in a process what is the same for every test; made anew for each, it was half of the suite's time.

Each is what the product itself made the first time: the tables of an empty store, the lookup of the shipped
vocabulary, compiled templates and routes. The tests of migrations run each one, with the fixture `each_migration`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import CodeType

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, text
from werkzeug.routing import Rule

from kb.vocabulary import Vocabulary, shipped_vocabulary
from search.expansion import Expander

Upgrade = Callable[[Connection], None]
BuildUrl = Callable[..., tuple[str, str]]
CompileBuilder = Callable[[Rule, bool], BuildUrl]


def tables_made_once(upgrade: Upgrade) -> Upgrade:
    """Return an `upgrade` that makes the tables of an empty database at once, as the first one left them."""
    statements: list[str] = []

    def upgraded(connection: Connection) -> None:
        is_empty = not connection.scalar(text("SELECT count(*) FROM sqlite_master"))
        if is_empty and statements:
            for statement in statements:
                connection.exec_driver_sql(statement)
            return
        upgrade(connection)
        if is_empty:
            statements.extend(_statements(connection))

    return upgraded


def _statements(connection: Connection) -> list[str]:
    """Return what makes a database with the same tables, whose only row is the version."""
    own = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"  # an index of SQLite's is one
    parts = connection.execute(text(f"{own} ORDER BY type = 'table' DESC, rowid")).all()
    filled = [
        name
        for kind, name, _ in parts
        if kind == "table" and connection.exec_driver_sql(f'SELECT 1 FROM "{name}" LIMIT 1').first()
    ]
    assert filled == ["alembic_version"], "a migration fills tables: copy their rows too"
    version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return [*(sql for _, _, sql in parts), f"INSERT INTO alembic_version VALUES ('{version}')"]


def expander_made_once(vocabulary: Vocabulary, *, translates_texts: bool = True) -> Expander:
    """Return what looks words up in a vocabulary: that of the shipped one is immutable, and shared."""
    if vocabulary is shipped_vocabulary():
        return _shipped_expander(translates_texts)
    return Expander(vocabulary, translates_texts=translates_texts)


@cache
def _shipped_expander(translates_texts: bool) -> Expander:
    return Expander(shipped_vocabulary(), translates_texts=translates_texts)


class TemplatesCompiledOnce(BytecodeCache):
    """Keeps compiled templates by their name and content, for all applications of the process."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the template what was compiled before, if anything was."""
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code


def routes_compiled_once(compile_builder: CompileBuilder) -> CompileBuilder:
    """Return a `compile_builder` that keeps what fills the parts of a route in: it is four fifths of an application."""
    compiled: dict[object, BuildUrl] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> BuildUrl:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    return builder
