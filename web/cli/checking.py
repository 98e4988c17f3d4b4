"""`kb doctor`: compare store and indexes, and say what to do."""

from __future__ import annotations

from pathlib import Path

import click

from kb.errors import FixloreError
from web.cli.homes import settings_in_use
from web.cli.progress import say
from web.wiring import open_services


@click.command("doctor")
@click.pass_context
def doctor_command(ctx: click.Context) -> None:
    """Check store and indexes. Exit 0 when all is well, 1 when something needs doing."""
    home: Path = ctx.obj
    findings: list[str] = []
    settings = settings_in_use(home)
    with open_services(settings, say) as services:
        counts = services.store.counts()
        click.echo(f"home: {home}")
        click.echo("store: " + (", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "empty"))
        pending = services.store.pending_count()
        if pending:
            findings.append(f"{pending} documents wait to be indexed; start the server or run `kb index`")
        stored = sum(counts.values())
        for name, index, unit in (
            ("keyword index", services.indexes.keyword, "documents"),
            ("vector index", services.indexes.vectors, "passages"),
        ):
            try:
                click.echo(f"{name}: {index.size} {unit}")
            except FixloreError as error:
                findings.append(f"{name}: {error}")
        try:
            click.echo(f"model: {services.encoder().recipe.model_name}")
        except FixloreError as error:
            findings.append(f"model: {error}")
        try:
            held = services.indexes.keyword.size
            if held != stored and not pending:
                findings.append(f"the keyword index holds {held} of {stored} documents; run `kb index --rebuild`")
        except FixloreError:
            pass  # said above
    for finding in findings:
        click.echo(f"! {finding}", err=True)
    if not findings:
        click.echo("All is well.")
    ctx.exit(1 if findings else 0)
