"""`kb index`: bring the indexes up to the store, here or by waiting for the server that does it."""

from __future__ import annotations

import time
from pathlib import Path

import click

from kb.errors import IndexLocked, IndexUnavailable
from kb.protocols.store import Store
from kb.settings import Settings
from web.cli.homes import settings_in_use
from web.cli.progress import progress_bar, say
from web.encoder_once import EncoderOnce
from web.wiring import Services, opened_store

PATIENCE_S = 300.0
"""How long the server may index nothing at all: one very long text takes half a minute."""
_POLL_S = 0.2


@click.command("index")
@click.option("--rebuild", is_flag=True, help="Make the indexes anew; searches go on meanwhile.")
@click.option("--no-wait", is_flag=True, help="While a server runs, return before it has indexed.")
@click.pass_obj
def index_command(home: Path, rebuild: bool, no_wait: bool) -> None:
    """Bring the indexes up to the store."""
    settings = settings_in_use(home)
    with opened_store(settings) as store:
        if not bring_up(settings, store, wait=not no_wait, rebuild=rebuild):
            click.echo("Nothing waited to be indexed.")


def bring_up(settings: Settings, store: Store, *, wait: bool, rebuild: bool = False) -> bool:
    """Index what is pending and say so; return whether there was anything to say.

    When another process is indexing, wait for it, or return at once without `wait`.
    """
    indexing = Services(settings, store, EncoderOnce(settings, say), say).indexing()
    try:
        with progress_bar("Indexing") as progress:
            report = indexing.rebuild(progress) if rebuild else indexing.drain(progress)
        if not report.documents:
            return False
        counted = f"{report.documents} {'document' if report.documents == 1 else 'documents'}"
        encoded = f"{report.encoded} {'text' if report.encoded == 1 else 'texts'} encoded"
        click.echo(f"Indexed {counted}: {encoded}, {report.reused} reused.")
        return True
    except IndexLocked:
        if rebuild:
            indexing.ask_for_rebuild()
    if not wait:
        click.echo(
            "The server makes the indexes anew."
            if rebuild
            else f"A server indexes {store.pending_count()} changed documents."
        )
        return True
    most = last = store.pending_count()
    moved_at = time.monotonic()
    with progress_bar("Waiting for the server") as progress:
        while indexing.is_locked() and (store.pending_count() or (rebuild and indexing.is_rebuild_wanted())):
            left = store.pending_count()
            if left != last:
                last, moved_at = left, time.monotonic()
            elif time.monotonic() - moved_at > PATIENCE_S:
                raise IndexUnavailable(
                    f"the server has indexed nothing for {PATIENCE_S / 60:.0f} minutes; all is stored and waits; "
                    "look at its log, or stop it and run `kb index`"
                )
            most = max(most, left)
            progress(most - left, most)
            time.sleep(_POLL_S)
    if store.pending_count() or (rebuild and indexing.is_rebuild_wanted()):
        # The process that held the lock is gone and left work behind: do it here.
        return bring_up(settings, store, wait=wait, rebuild=rebuild)
    click.echo("The server has indexed everything.")
    return True
