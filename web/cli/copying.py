"""`kb export`, `kb backup`, `kb restore`: copies of everything, and the way back."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from indexer.lock import is_locked
from indexer.manifest import LOCK
from kb.errors import InvalidInput, NotFound, SchemaTooNew, StoreError
from kb.exporting import export
from kb.settings import Settings, read_settings
from web.cli.homes import settings_in_use
from web.cli.progress import progress_bar
from web.wiring import opened_store


@click.command("export")
@click.argument("directory", type=click.Path(path_type=Path))
@click.pass_obj
def export_command(home: Path, directory: Path) -> None:
    """Write articles as Markdown and tickets as JSONL to DIRECTORY; they import again without loss."""
    with opened_store(settings_in_use(home)) as store, progress_bar("Exporting") as progress:
        counts = export(store, directory, progress)
    click.echo(f"Wrote {counts.articles} articles and {counts.tickets} tickets to {directory}.")


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def backup_command(home: Path, file: Path) -> None:
    """Write one consistent copy of the store to FILE, also while the server runs."""
    with opened_store(settings_in_use(home)) as store:
        store.backup(str(file))
    click.echo(f"Wrote {file}.")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def restore_command(home: Path, file: Path) -> None:
    """Bring the backup FILE back into a home that has no store yet, and index it."""
    from kb.store.integrity import examine
    from kb.store.open_store import open_store
    from kb.store.sqlite import make_private
    from web.cli.indexing import bring_up

    settings = read_settings(home)
    if not file.is_file():
        raise NotFound(f"file {file} does not exist; check the path")
    _refuse_used(settings)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = settings.store_path.with_name(f".{settings.store_path.name}.restoring")
    try:
        _remove(partial)
        make_private(partial)
        shutil.copyfile(file, partial)

        try:
            found = examine(partial)
            if found.is_damaged:
                raise InvalidInput(f"{file} is damaged; take an earlier backup")
            if found.schema is None:  # an empty file is what a copy that failed leaves, and a database to SQLite
                raise StoreError("it holds no store")
            open_store(partial).close()
        except SchemaTooNew:
            raise
        except StoreError as error:
            raise InvalidInput(f"{file} is no backup that can be read; name a file that `kb backup` wrote") from error
        # Indexes of an earlier store would keep what the backup does not hold.
        shutil.rmtree(settings.index_path, ignore_errors=True)
        partial.replace(settings.store_path)
    finally:
        _remove(partial)
    with opened_store(settings) as store:
        store.enqueue_all()
        bring_up(settings, store, wait=True)
    click.echo(f"Restored {file} into {home}.")


def _refuse_used(settings: Settings) -> None:
    """Raise InvalidInput when a home holds a store, what is left of one, or a process that still works on one."""
    if settings.store_path.exists():
        raise InvalidInput(f"{settings.store_path} exists; restore into an empty home (--home DIR)")
    for ending in ("-wal", "-journal"):
        # SQLite would play the log of the earlier store into the restored one.
        left = settings.store_path.with_name(settings.store_path.name + ending)
        if left.exists():
            raise InvalidInput(f"{left} is left of an earlier store and may hold its last changes; move it away first")
    if is_locked(settings.index_path / LOCK):
        raise InvalidInput(f"a process still works in {settings.home}; stop it first")


def _remove(partial: Path) -> None:
    for leftover in partial.parent.glob(f"{partial.name}*"):
        leftover.unlink()
