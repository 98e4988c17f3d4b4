"""`kb glossary` and `kb synonyms`: show an organisation's own words, and replace them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kb.errors import InvalidInput, NotFound
from kb.vocabulary import ListName, shipped_vocabulary
from web.cli.homes import settings_in_use
from web.vocabulary import StoredVocabulary
from web.wiring import opened_store


@click.group("glossary")
def glossary_command() -> None:
    """Say what German words are called in English."""


@click.group("synonyms")
def synonyms_command() -> None:
    """Say which words and abbreviations mean the same."""


def _show(home: Path, name: ListName, *, shipped: bool) -> None:
    if shipped:
        vocabulary = shipped_vocabulary()
        lines = (
            [f"{german} = {', '.join(english)}" for german, english in vocabulary.glossary.items()]
            if name == "glossary"
            else [", ".join(group) for group in vocabulary.synonyms]
        )
        click.echo("\n".join(lines))
        return
    with opened_store(settings_in_use(home)) as store:
        text = StoredVocabulary(store).own()[name]
    if text:
        click.echo(text)


def _set(home: Path, name: ListName, file: str) -> None:
    source = "standard input" if file == "-" else file
    try:
        read = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = read.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise NotFound(f"{file} does not exist; name a file that does") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{source} cannot be read as UTF-8 text: {error}") from error
    with opened_store(settings_in_use(home)) as store:
        count = StoredVocabulary(store).put(name, text, source)
    click.echo(f"{count} {'line is' if count == 1 else 'lines are'} kept; searches use them from now on.")


@glossary_command.command("show")
@click.option("--shipped", is_flag=True, help="What comes with Fixlore instead.")
@click.pass_obj
def show_glossary(home: Path, shipped: bool) -> None:
    """Print the own glossary as it was written."""
    _show(home, "glossary", shipped=shipped)


@glossary_command.command("set")
@click.argument("file")
@click.pass_obj
def set_glossary(home: Path, file: str) -> None:
    """Replace the own glossary by FILE (- is standard input); a faulty line keeps what was there."""
    _set(home, "glossary", file)


@synonyms_command.command("show")
@click.option("--shipped", is_flag=True, help="What comes with Fixlore instead.")
@click.pass_obj
def show_synonyms(home: Path, shipped: bool) -> None:
    """Print the own synonyms as they were written."""
    _show(home, "synonyms", shipped=shipped)


@synonyms_command.command("set")
@click.argument("file")
@click.pass_obj
def set_synonyms(home: Path, file: str) -> None:
    """Replace the own synonyms by FILE (- is standard input); a faulty line keeps what was there."""
    _set(home, "synonyms", file)
