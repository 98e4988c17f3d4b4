"""`kb template`: list what articles begin with, and print a shipped template to start one's own from."""

from __future__ import annotations

from pathlib import Path

import click

from kb.article_templates import FOLDER, SHIPPED_LANGUAGES, own_paths, shipped_text, template_for
from kb.documents import KINDS


@click.group("template")
def template_command() -> None:
    """Show what articles begin with."""


@template_command.command("list")
@click.pass_obj
def list_templates(home: Path) -> None:
    """List the template of each kind and language, and whether it is the shipped one or an own file."""
    own = {(kind, language): path for kind, language, path in own_paths(home)}
    keys = dict.fromkeys([(kind, language) for kind in KINDS for language in SHIPPED_LANGUAGES] + sorted(own))
    for kind, language in keys:
        if (kind, language) not in own:
            click.echo(f"{kind:<16}{language:<7}shipped")
            continue
        problem = template_for(home, kind, language).problem
        click.echo(f"{kind:<16}{language:<7}{problem or f'{FOLDER}/{own[kind, language].name}'}")


@template_command.command("show")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--language", type=click.Choice(SHIPPED_LANGUAGES), default="en", show_default=True)
def show_template(kind: str, language: str) -> None:
    """Print the shipped template of KIND, to start your own from."""
    click.echo(shipped_text(kind, language), nl=False)
