"""`kb import`: take in articles, tickets or an export, store first, then index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.errors import NotFound
from kb.exporting import import_export
from kb.importing import ImportReport, import_articles, import_tickets
from kb.language import detect_language
from kb.settings import read_settings
from kb.ticket_files import FORMATS
from kb.tickets import refuse_reserved
from web.cli.indexing import bring_up
from web.cli.progress import progress_bar, say
from web.wiring import opened_store

if TYPE_CHECKING:
    from kb.connectors.mapping import TicketMapping

no_wait = click.option("--no-wait", is_flag=True, help="While a server runs, return before it has indexed.")


@click.group("import")
def import_command() -> None:
    """Take in articles, tickets or an export. Repeating an import changes only what changed."""


@import_command.command("articles")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--source", help="Name of this folder's articles; the folder's own name unless given.")
@click.option("--prune", is_flag=True, help="Remove articles of this source whose file is gone.")
@no_wait
@click.pass_context
def articles(ctx: click.Context, directory: Path, source: str | None, prune: bool, no_wait: bool) -> None:
    """Take in every Markdown file below DIRECTORY."""
    settings = read_settings(ctx.obj)
    source = source or directory.resolve().name
    refuse_reserved(source)
    with opened_store(settings) as store:
        with progress_bar("Reading") as progress:
            report = import_articles(
                store,
                directory,
                source,
                detect=detect_language,
                prune=prune,
                max_bytes=settings.max_body_mb * 2**20,
                max_attachment_bytes=settings.attachment_bytes,
                progress=progress,
            )
        tell(report)
        bring_up(settings, store, wait=not no_wait)
    ctx.exit(1 if report.errors else 0)


@import_command.command("tickets")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", help="Source of tickets that name none.")
@click.option(
    "--format",
    "file_format",
    metavar="FORMAT",
    help=f"{', '.join(FORMATS)}, or a mapping of `kb connector list`; else the file's ending tells.",
)
@no_wait
@click.pass_context
def tickets(ctx: click.Context, file: Path, source: str | None, file_format: str | None, no_wait: bool) -> None:
    """Take in the tickets of FILE: JSONL, CSV, or the export of a ticket system."""
    settings = read_settings(ctx.obj)
    mapping = None if file_format in (None, *FORMATS) else _mapping(settings.home, str(file_format))
    if source is not None:
        refuse_reserved(source)
    with opened_store(settings) as store:
        with progress_bar("Reading") as progress:
            report = import_tickets(
                store, file, source, format=None if mapping else file_format, mapping=mapping, progress=progress
            )
        tell(report)
        bring_up(settings, store, wait=not no_wait)
    ctx.exit(1 if report.errors else 0)


@import_command.command("export")
@click.argument("directory", type=click.Path(path_type=Path))
@no_wait
@click.pass_context
def whole_export(ctx: click.Context, directory: Path, no_wait: bool) -> None:
    """Take in everything that `kb export` wrote to DIRECTORY, each document under the source it had."""
    settings = read_settings(ctx.obj)
    with opened_store(settings) as store:
        report = import_export(store, directory, detect=detect_language)
        tell(report)
        bring_up(settings, store, wait=not no_wait)
    ctx.exit(1 if report.errors else 0)


def _mapping(home: Path, name: str) -> TicketMapping:
    """Return a mapping by its name; one that is no format is wrong usage."""
    from kb.connectors.catalogue import Catalogue

    try:
        return Catalogue(home).mapping(name)
    except NotFound as error:
        raise click.BadParameter(f"{error}; or use {', '.join(FORMATS)}", param_hint="--format") from error


def tell(report: ImportReport) -> None:
    """Print problems to standard error, one a line, by file and line, and what was done to standard output."""
    for problem in sorted(report.problems, key=lambda one: (one.source or "", one.line or 0)):
        click.echo(f"{'' if problem.is_error else 'warning: '}{problem}", err=True)
    untold = report.errors - sum(problem.is_error for problem in report.problems)
    if untold > 0:
        say(f"{untold} more could not be used; correct these and import again to see them")
    counts = ("created", "updated", "unchanged", "ignored", "deleted")
    parts = [f"{getattr(report, name)} {name}" for name in counts if getattr(report, name)]
    if report.errors:
        parts.append(f"{report.errors} refused")
    click.echo(", ".join(parts) or "Nothing to take in.")
