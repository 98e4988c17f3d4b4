"""`kb user`: a one-time sign-in link."""

from __future__ import annotations

from pathlib import Path

import click

from web.cli.homes import settings_in_use
from web.links import new_sign_in_path
from web.wiring import opened_store


@click.group("user")
def user_command() -> None:
    """Get a one-time sign-in link."""


@user_command.command("link")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where the site is reached.")
@click.option("--port", default=8080, show_default=True)
@click.pass_obj
def link(home: Path, host: str, port: int) -> None:
    """Print a fresh one-time sign-in link; an earlier unused one is void."""
    settings = settings_in_use(home)
    with opened_store(settings) as store:
        base = settings.base_url.rstrip("/") or f"http://{host}:{port}"
        click.echo(base + new_sign_in_path(store))
