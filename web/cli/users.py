"""`kb user`: a one-time sign-in link."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from web.cli.homes import settings_in_use
from web.links import ADDRESS_SETTING, new_sign_in_path
from web.wiring import opened_store

DEFAULT_ADDRESS = "http://127.0.0.1:8080"


@click.group("user")
def user_command() -> None:
    """Get a one-time sign-in link."""


@user_command.command("link")
@click.option("--host", help="Where the site is reached; where the server listens unless given.")
@click.option("--port", type=click.IntRange(1, 65535), help="Likewise.")
@click.pass_obj
def link(home: Path, host: str | None, port: int | None) -> None:
    """Print a fresh one-time sign-in link; an earlier unused one is void."""
    settings = settings_in_use(home)
    with opened_store(settings) as store:
        base = settings.base_url.rstrip("/")
        if host or port or not base:
            noted = urlsplit(store.setting(ADDRESS_SETTING) or DEFAULT_ADDRESS)
            base = f"http://{host or noted.hostname}:{port or noted.port}"
        click.echo(base + new_sign_in_path(store))
