"""`kb token`: create, list and revoke API tokens."""

from __future__ import annotations

from pathlib import Path

import click

from kb.errors import InvalidInput
from kb.settings import read_settings
from web.api.tokens import SCOPES, new_secret, secret_hash
from web.cli.homes import settings_in_use
from web.wiring import opened_store


@click.group("token")
def token_command() -> None:
    """Create, list and revoke API tokens."""


@token_command.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="May be repeated.")
@click.pass_obj
def create(home: Path, name: str, scopes: tuple[str, ...]) -> None:
    """Create a token and print it; it is never shown again."""
    if not name.strip() or not name.isprintable():
        raise InvalidInput(f"{name!r} is no name for a token; name who will use it, such as helpdesk", field="name")
    secret = new_secret()
    with opened_store(read_settings(home)) as store:
        store.create_token(name, tuple(dict.fromkeys(scopes)), secret_hash(secret))
    click.echo(secret)


@token_command.command("list")
@click.pass_obj
def list_tokens(home: Path) -> None:
    """List tokens: name, scopes, created, last used, state."""
    with opened_store(settings_in_use(home)) as store:
        for token in store.tokens():
            used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
            state = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else "live"
            click.echo(f"{token.name}\t{','.join(token.scopes)}\t{token.created_at:%Y-%m-%d}\t{used}\t{state}")


@token_command.command("revoke")
@click.argument("name")
@click.pass_obj
def revoke(home: Path, name: str) -> None:
    """Revoke a token; requests that carry it are refused from now on."""
    with opened_store(settings_in_use(home)) as store:
        store.revoke_token(name)
    click.echo(f"{name} is revoked.")
