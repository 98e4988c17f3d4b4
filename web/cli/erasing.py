"""`kb erase`: forget a ticket for good."""

from __future__ import annotations

from pathlib import Path

import click

from kb.errors import NotFound
from kb.ids import checked_id
from web.cli.homes import settings_in_use
from web.cli.indexing import bring_up
from web.cli.progress import say
from web.encoder_once import EncoderOnce
from web.wiring import Services, opened_store


@click.command("erase")
@click.argument("ticket_id")
@click.pass_obj
def erase_command(home: Path, ticket_id: str) -> None:
    """Erase the ticket TICKET_ID (SOURCE:EXTERNAL_ID) for good, and make the indexes anew without it.

    Its text goes from the store, its vectors, the indexes and the log of answers. Its id alone stays, so that nothing
    brings it back.
    """
    settings = settings_in_use(home)
    with opened_store(settings) as store:
        wanted = checked_id(ticket_id, "ticket_id")
        if not store.knows_ticket(wanted):
            raise NotFound(f"there is no ticket {wanted!r}; name one as SOURCE:EXTERNAL_ID, such as zammad:48213")
        # First: when this is killed from here on, the next server makes the indexes anew.
        Services(settings, store, EncoderOnce(settings, say), say).indexing().ask_for_rebuild()
        was_there = store.erase_ticket(wanted)
        said = "is erased" if was_there else "was not there; what was left of it is erased"
        click.echo(f"{wanted} {said}. It does not come back.")
        # An index drops what was deleted only when it gets around to it; one that is made anew never had it.
        bring_up(settings, store, wait=True, rebuild=True)
