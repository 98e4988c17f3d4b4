"""`kb token`: create, list and revoke API tokens."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from kb.json_values import time_text
from kb.protocols.store import Token
from kb.settings import read_settings
from web.api.tokens import (
    LIFETIME,
    SCOPES,
    checked_groups,
    checked_name,
    checked_scopes,
    expiry_of,
    new_secret,
    secret_hash,
    state_of,
)
from web.cli.homes import settings_in_use
from web.wiring import opened_store


@click.group("token")
def token_command() -> None:
    """Create, list and revoke API tokens."""


@token_command.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="May be repeated.")
@click.option(
    "--audience", "audiences", multiple=True, metavar="group:NAME", help="A group it may read too; may be repeated."
)
@click.option(
    "--expires", default=LIFETIME, show_default=True, metavar="WHEN", help="Days (90d), the last day, or never."
)
@click.pass_obj
def create(home: Path, name: str, scopes: tuple[str, ...], audiences: tuple[str, ...], expires: str) -> None:
    """Create a token and print it; it is never shown again."""
    checked = checked_name(name), checked_scopes(scopes)
    expires_at, groups = expiry_of(expires, datetime.now(UTC)), checked_groups(audiences)
    secret = new_secret()
    with opened_store(read_settings(home)) as store:
        store.create_token(*checked, secret_hash(secret), expires_at, groups)
    click.echo(secret)


@token_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_tokens(home: Path, as_json: bool) -> None:
    """List tokens: name, scopes and groups, created, last used, expires, state."""
    now = datetime.now(UTC)
    with opened_store(settings_in_use(home)) as store:
        tokens = store.tokens()
    if as_json:
        click.echo(json.dumps({"tokens": [_object(token, now) for token in tokens]}, ensure_ascii=False, indent=2))
        return
    for token in tokens:
        used = f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
        expires = f"expires {token.expires_at:%Y-%m-%d %H:%M}" if token.expires_at else "never expires"
        state: str = state_of(token, now)
        if token.revoked_at is not None:
            state = f"revoked {token.revoked_at:%Y-%m-%d}"
        may = ",".join((*token.scopes, *token.audiences))
        click.echo(f"{token.name}\t{may}\t{token.created_at:%Y-%m-%d}\t{used}\t{expires}\t{state}")


@token_command.command("revoke")
@click.argument("name")
@click.pass_obj
def revoke(home: Path, name: str) -> None:
    """Revoke a token; requests that carry it are refused from now on."""
    with opened_store(settings_in_use(home)) as store:
        store.revoke_token(name)
    click.echo(f"{name} is revoked.")


def _object(token: Token, now: datetime) -> dict[str, object]:
    times = {
        "created_at": token.created_at,
        "last_used_at": token.last_used_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }
    told: dict[str, object] = {"name": token.name, "scopes": token.scopes, "audiences": token.audiences}
    told |= {name: None if at is None else time_text(at) for name, at in times.items()}
    return {**told, "state": state_of(token, now)}
