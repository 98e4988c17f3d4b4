"""`kb example`: remove the shipped example content, or load it again."""

from __future__ import annotations

from pathlib import Path

import click

from kb.settings import read_settings
from web.cli.homes import settings_in_use
from web.cli.indexing import bring_up
from web.shipped import load_examples, remove_examples
from web.wiring import opened_store


@click.group("example")
def example_command() -> None:
    """Remove the shipped example content."""


@example_command.command("remove")
@click.pass_obj
def remove(home: Path) -> None:
    """Remove every example article and ticket. Your own content, the manual included, stays."""
    settings = settings_in_use(home)
    with opened_store(settings) as store:
        articles, tickets = remove_examples(store)
        click.echo(f"Removed {articles} example articles and {tickets} example tickets.")
        bring_up(settings, store, wait=True)


@example_command.command("load")
@click.pass_obj
def load(home: Path) -> None:
    """Load the example content (again). Removed example tickets stay removed, as every deleted ticket does."""
    settings = read_settings(home)
    with opened_store(settings) as store:
        articles, tickets = load_examples(store)
        click.echo(f"Loaded {articles.created} example articles and {tickets.created} example tickets.")
        bring_up(settings, store, wait=True)
