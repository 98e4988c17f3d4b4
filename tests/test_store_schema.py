"""The schema, and which files are opened at all."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from kb.access import ADMINISTRATOR
from kb.errors import SchemaTooNew, StoreError
from kb.store import schema
from kb.store.open_store import open_store
from kb.store.rows import row_of
from kb.store.schema import MIGRATIONS, VERSIONS
from kb.store.tables import metadata
from tests.conformance.store_samples import article

pytestmark = pytest.mark.usefixtures("each_migration")


def definitions(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: " ".join(sql.split()) for name, sql in rows if name not in ("alembic_version", "sqlite_sequence")}


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fixlore.db"


@pytest.fixture
def written(path: Path) -> Path:
    with closing(open_store(path)) as store:
        store.put_articles([article()], "author")
    return path


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """Return a directory that may only be read, as an account that must obey."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    was_root = os.geteuid() == 0
    yield directory
    if was_root:
        os.seteuid(0)
    directory.chmod(0o700)
    for entry in directory.iterdir():
        entry.unlink()
    directory.rmdir()


def test_schema_equals_the_tables_when_migrated_from_nothing(written: Path, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{written}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    created = tmp_path / "created.db"
    engine = create_engine(f"sqlite:///{created}")
    metadata.create_all(engine)
    engine.dispose()
    assert definitions(written) == definitions(created)


def test_tokens_of_the_first_schema_stay_valid_and_never_expire(path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, VERSIONS[0])
        for number, revoked in enumerate(("NULL", "'2026-03-02T00:00:00.000000+00:00'"), 1):
            values = (
                f"{number}, 'desk', '[\"read\"]', 'hash-{number}', '2026-03-01T00:00:00.000000+00:00', NULL, {revoked}"
            )
            connection.exec_driver_sql(f"INSERT INTO token VALUES ({values})")
    engine.dispose()
    before = definitions(path)
    with closing(open_store(path)) as store:
        kept = store.token("hash-1")
        assert store.token("hash-2") is None
        assert [one.name for one in store.tokens()] == ["desk", "desk"]
        store.create_token("feed", ["read"], "hash-3")
    assert kept is not None
    assert (kept.name, kept.scopes, kept.expires_at, kept.audiences) == ("desk", ("read",), None, ())
    assert before.keys() < definitions(path).keys()


def test_versions_name_every_migration_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert [one.revision for one in reversed(list(script.walk_revisions()))] == list(VERSIONS)
    assert script.get_heads() == [VERSIONS[-1]]


def test_store_is_created_with_its_directory_whatever_their_names(tmp_path: Path) -> None:
    path = tmp_path / "100 % ?a=b&c#d ü" / "deeper" / "fix%20lore;.db"
    with closing(open_store(path)) as store:
        store.put_articles([article()], "author")
    with closing(open_store(path)) as store:
        assert store.article("vpn/error-809") == article()
    assert path.is_file()


def test_store_is_created_once_when_many_open_it_at_the_same_time(path: Path) -> None:
    failures: list[BaseException] = []
    start = threading.Barrier(6)

    def open_and_write(number: int) -> None:
        try:
            start.wait()
            with closing(open_store(path)) as store:
                store.put_articles([article(f"a{number}")], "author")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_and_write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with closing(open_store(path)) as store:
        assert list(store.article_ids()) == [f"a{number}" for number in range(6)]


def test_newer_schema_is_refused_with_both_versions_and_stays_untouched(written: Path) -> None:
    execute(written, "UPDATE alembic_version SET version_num = '9999'")
    before = written.read_bytes()
    with pytest.raises(SchemaTooNew, match=f"9999.*{VERSIONS[-1]}"):
        open_store(written)
    assert written.read_bytes() == before
    execute(written, f"UPDATE alembic_version SET version_num = '{VERSIONS[-1]}'")
    with closing(open_store(written)) as store:
        assert store.article("vpn/error-809") == article()


def test_database_of_another_program_is_refused_and_stays_untouched(path: Path) -> None:
    execute(path, "CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        open_store(path)
    assert path.read_bytes() == before


def test_file_that_is_no_database_is_refused_and_stays_untouched(path: Path) -> None:
    path.write_bytes(b"# Minutes of the meeting\n" * 1000)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="no database"):
        open_store(path)
    assert path.read_bytes() == before


def test_empty_file_is_taken_as_a_new_store(path: Path) -> None:
    path.touch()
    with closing(open_store(path)) as store:
        assert store.counts() == {}


def test_damaged_store_is_reported_with_a_remedy(written: Path) -> None:
    content = bytearray(written.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 4096] = b"\xff" * 4096
    written.write_bytes(bytes(content))
    with pytest.raises(StoreError, match="restore a backup"), closing(open_store(written)) as store:
        store.article("vpn/error-809")


def test_directory_in_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(path)


def test_file_in_place_of_the_directory_is_refused(path: Path) -> None:
    path.touch()
    with pytest.raises(StoreError, match="choose another data directory"):
        open_store(path / "fixlore.db")


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs POSIX accounts")
@pytest.mark.parametrize("exists", [True, False])
def test_store_is_refused_with_a_remedy_when_it_may_not_be_written(unprivileged: Path, exists: bool) -> None:
    path = unprivileged / "fixlore.db"
    if exists:
        open_store(path).close()
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    unprivileged.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(65534)
    with pytest.raises(StoreError, match="account"), closing(open_store(path)) as store:
        store.put_articles([article()], "author")


def test_an_upgrade_with_much_to_read_is_said_before_it_begins(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(schema, "MANY_ARTICLES", 2)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    table = "| Action | Type | Owner | Due | Tracker | State |\n|-|-|-|-|-|-|\n| Alert | | | | | open |\n"
    body = f"## Action items\n\n{table}"
    held = [row_of(article(name, kind="post-mortem", body=body, related=("q",))) for name in ("pm/a", "pm/b")]
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        values = [tuple(row[name] for name in ("id", "type", "source", "revision", "content")) for row in held]  # type: ignore[literal-required]
        for one in values:
            connection.exec_driver_sql(
                "INSERT INTO document (id, type, source, revision, content) VALUES (?, ?, ?, ?, ?)", one
            )
    engine.dispose()
    with closing(open_store(path)) as store:
        assert [one.item.action for one in store.planned_items(ADMINISTRATOR)] == ["Alert", "Alert"]
        assert [(one.article_id, one.place) for one in store.references()] == [("pm/a", "related"), ("pm/b", "related")]
    assert [one.getMessage() for one in caplog.records if one.name == schema.__name__] == [
        "the store is being brought up to date; with 2 articles that may take minutes"
    ]
