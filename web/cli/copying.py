"""`kb export`, `kb backup`, `kb restore`: copies of everything, and the way back."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from kb.errors import InvalidInput, NotFound
from kb.exporting import export
from kb.settings import read_settings
from web.cli.progress import progress_bar
from web.wiring import opened_store


@click.command("export")
@click.argument("directory", type=click.Path(path_type=Path))
@click.pass_obj
def export_command(home: Path, directory: Path) -> None:
    """Write articles as Markdown and tickets as JSONL to DIRECTORY; they import again without loss."""
    with opened_store(read_settings(home)) as store, progress_bar("Exporting") as progress:
        counts = export(store, directory, progress)
    click.echo(f"Wrote {counts.articles} articles and {counts.tickets} tickets to {directory}.")


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def backup_command(home: Path, file: Path) -> None:
    """Write one consistent copy of the store to FILE, also while the server runs."""
    if file.exists():
        raise InvalidInput(f"{file} exists; name a new file")
    partial = file.with_name(f".{file.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with opened_store(read_settings(home)) as store:
            store.backup(str(partial))
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    click.echo(f"Wrote {file}.")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def restore_command(home: Path, file: Path) -> None:
    """Bring the backup FILE back into a home that has no store yet, and index it."""
    from web.cli.indexing import bring_up

    settings = read_settings(home)
    if not file.is_file():
        raise NotFound(f"file {file} does not exist; check the path")
    if settings.store_path.exists():
        raise InvalidInput(f"{settings.store_path} exists; restore into an empty home (--home DIR)")
    home.mkdir(parents=True, exist_ok=True)
    partial = settings.store_path.with_name(f".{settings.store_path.name}.restoring")
    try:
        shutil.copyfile(file, partial)
        from kb.store.open_store import open_store

        open_store(partial).close()  # refuses a file that is no store, or a newer one
        partial.replace(settings.store_path)
    finally:
        for leftover in home.glob(f"{partial.name}*"):
            leftover.unlink()
    with opened_store(settings) as store:
        store.enqueue_all()
        bring_up(settings, store, wait=True)
    click.echo(f"Restored {file} into {home}.")
