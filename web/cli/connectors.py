"""`kb connector`: the mappings of ticket systems, and whose webhooks are taken."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from kb.connectors.catalogue import Catalogue
from kb.connectors.exports import MappedRow, read_export
from kb.connectors.mapping import Ignored, TicketMapping
from kb.documents import Ticket
from kb.errors import FixloreError, InvalidInput, NotFound
from kb.problems import Problem
from kb.protocols.connectors import Connector, Deletion
from kb.protocols.store import TicketUpsert
from kb.settings import read_settings
from kb.tickets import merged, ticket_object
from web.cli.homes import settings_in_use
from web.cli.progress import say
from web.wiring import opened_store

LEAST_SECRET = 16
"""Characters of a secret that is given; shorter ones can be found by trying."""


@click.group("connector")
def connector_command() -> None:
    """Let ticket systems send their tickets, and read their exports."""


@connector_command.command("list")
@click.pass_obj
def list_connectors(home: Path) -> None:
    """List mappings: name, on or off, last delivery, what became of deliveries, description."""
    catalogue = Catalogue(home)
    known: Mapping[str, Connector] = {}
    settings = read_settings(home)
    if settings.store_path.exists():
        with opened_store(settings) as store:
            known = {one.name: one for one in store.connectors()}
    for file in catalogue.files():
        try:
            description = catalogue.mapping(file.name).description
        except FixloreError as error:
            description = f"unusable: {error}"
        _tell(file.name, known.get(file.name), f"{description}{' (own)' if file.is_own else ''}")
    for name in sorted(known.keys() - {file.name for file in catalogue.files()}):
        _tell(name, known[name], "unusable: its mapping is gone")


def _tell(name: str, connector: Connector | None, description: str) -> None:
    last, counts = "never", ""
    if connector is not None and connector.outcomes:
        last = f"{max(one.last_at for one in connector.outcomes.values()):%Y-%m-%d %H:%M}"
        counts = ", ".join(f"{one.count} {outcome}" for outcome, one in connector.outcomes.items())
    state = "on" if connector is not None and connector.is_on else "off"
    click.echo(f"{name}\t{state}\t{last}\t{counts}\t{description}")


@connector_command.command("show")
@click.argument("name")
@click.pass_obj
def show(home: Path, name: str) -> None:
    """Print the mapping NAME, to be copied to HOME/connectors and changed; says when it cannot be used."""
    catalogue = Catalogue(home)
    click.echo(catalogue.text(name), nl=False)
    catalogue.mapping(name)


@connector_command.command("check")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def check(ctx: click.Context, name: str, file: Path) -> None:
    """Print the tickets that FILE, a webhook's body or an export, becomes by the mapping NAME; stores nothing."""
    mapping = Catalogue(ctx.obj).mapping(name)
    found: set[str] = set()
    counts = {"tickets": 0, "deleted": 0, "ignored": 0, "refused": 0}
    for item in read_export(file, mapping):
        if isinstance(item, Problem):
            click.echo(f"{'' if item.is_error else 'warning: '}{item}", err=True)
            counts["refused"] += item.is_error
        elif isinstance(item.delivery, Ignored):
            counts["ignored"] += 1
        elif isinstance(item.delivery, Deletion):
            counts["deleted"] += 1
            click.echo(json.dumps({"deleted": item.delivery.id}))
        else:
            counts["tickets"] += 1
            found |= item.delivery.fields.keys()
            _print_ticket(item, item.delivery)
    if counts["tickets"]:
        _tell_missing(mapping, found)
    say(", ".join(f"{count} {what}" for what, count in counts.items() if count) or "Nothing was found.")
    ctx.exit(1 if counts["refused"] else 0)


def _print_ticket(item: MappedRow, upsert: TicketUpsert) -> None:
    """Print a ticket as a new one would be stored, and what is cleared in one that is there already."""
    try:
        _, ticket = merged(None, upsert)
    except InvalidInput as error:
        say(f"{item.line}: {error}; it is taken only if the ticket is stored already")
        ticket = merged(Ticket(source=upsert.source, external_id=upsert.external_id, title="-"), upsert)[1]
    shown = ticket_object(ticket)
    if "title" not in upsert.fields:
        del shown["title"]
    if "language" not in upsert.fields:
        del shown["language"]  # detected when it is stored
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    cleared = [name for name, value in upsert.fields.items() if value is None]
    if cleared:
        say(f"{item.line}: clears {', '.join(cleared)}")


def _tell_missing(mapping: TicketMapping, found: set[str]) -> None:
    missing = [name for name in mapping.fields if name not in found]
    if missing:
        say(f"in no ticket: {', '.join(missing)}; the paths in the mapping lead nowhere in this file")
    wanted = [name for name in ("title", "description", "status", "updated_at") if name not in mapping.fields]
    if wanted:
        say(f"not in the mapping: {', '.join(wanted)}")


@connector_command.command("enable")
@click.argument("name")
@click.option("--secret-env", metavar="VARIABLE", help="Take the secret from this environment variable.")
@click.option("--secret-file", metavar="FILE", help="Take the secret from this file (- is standard input).")
@click.pass_obj
def enable(home: Path, name: str, secret_env: str | None, secret_file: str | None) -> None:
    """Take the webhooks of NAME from now on, and print the secret that signs them, unless it is given.

    On a connector that is on it gives it another secret.
    """
    if secret_env and secret_file:
        raise click.UsageError("name --secret-env or --secret-file, not both")
    settings = read_settings(home)
    if Catalogue(home).mapping(name).signing is None:
        raise InvalidInput(f"the mapping {name} has no [webhook]; say there how deliveries are signed")
    given = _given_secret(secret_env, secret_file)
    secret = given or secrets.token_urlsafe(32)
    with opened_store(settings) as store:
        store.enable_connector(name, secret)
    if given is None:
        click.echo(secret)
    base = settings.base_url.rstrip("/") or "https://ADDRESS"
    say(f"{name} is on. Enter {base}/api/v1/webhooks/{name} as the address in the ticket system.")
    if not settings.base_url:
        say("ADDRESS is where that system reaches this server; set base_url and it stands here.")


def _given_secret(variable: str | None, file: str | None) -> str | None:
    if variable is not None:
        secret = os.environ.get(variable, "").strip()
        source = f"the environment variable {variable}"
    elif file is not None:
        source = "standard input" if file == "-" else file
        try:
            read = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
            secret = read.decode("utf-8-sig").strip()
        except FileNotFoundError as error:
            raise NotFound(f"{file} does not exist; name a file that does") from error
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{source} cannot be read as UTF-8 text: {error}") from error
    else:
        return None
    if len(secret) < LEAST_SECRET or not secret.isprintable():
        raise InvalidInput(
            f"{source} holds no secret of {LEAST_SECRET} printable characters or more; choose a longer one"
        )
    return secret


@connector_command.command("disable")
@click.argument("name")
@click.pass_obj
def disable(home: Path, name: str) -> None:
    """Take no more webhooks of NAME, and forget its secret."""
    with opened_store(settings_in_use(home)) as store:
        store.disable_connector(name)
    click.echo(f"{name} is off.")
