"""`kb links`: which links of articles lead nowhere, of what is stored or of a folder before it is imported."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from kb.access import ADMINISTRATOR
from kb.broken_links import BrokenLink, all_broken_links
from kb.importing import import_articles
from kb.language import detect_language
from kb.protocols.store import Store
from web.article_page import page_anchors
from web.cli.homes import settings_in_use
from web.wiring import opened_store

_SAID = {
    "not_found": "there is nothing there",
    "not_published": "the article there is not published",
    "archived": "the article there is archived",
    "no_heading": "the article there has no such heading",
    "no_file": "there is no such file",
}


@click.command("links")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def links_command(context: click.Context, folder: Path | None, as_json: bool) -> None:
    """List links of articles that lead nowhere; exit 1 when there are any.

    Without FOLDER, those of the published articles that are stored. With it, those between the files in it, which need
    not be imported; links to tickets are passed over then.
    """
    count = 0
    with _articles_of(context.obj, folder) as store:
        for one in all_broken_links(store, ADMINISTRATOR, page_anchors):
            if folder is not None and _is_of_ticket(one):
                continue
            count += 1
            path = store.article_ids().get(one.article_id) if folder is not None else None
            click.echo(json.dumps(dataclasses.asdict(one), ensure_ascii=False) if as_json else _told(one, path))
    if not count and not as_json:
        click.echo("Every link leads where it says.")
    context.exit(1 if count else 0)


@contextmanager
def _articles_of(home: Path, folder: Path | None) -> Iterator[Store]:
    """Open the store of the home, or one that holds the articles of a folder and is gone afterwards."""
    if folder is None:
        with opened_store(settings_in_use(home)) as store:
            yield store
        return
    from kb.store.open_store import open_store

    with TemporaryDirectory(prefix="kb-links-") as directory:
        store = open_store(Path(directory) / "links.db")
        try:
            for problem in import_articles(store, folder, "folder", detect=detect_language).problems:
                click.echo(str(problem), err=True)
            yield store
        finally:
            store.close()


def _is_of_ticket(link: BrokenLink) -> bool:
    return link.written.startswith("/tickets/") or (link.place != "body" and ":" in link.written)


def _told(link: BrokenLink, path: str | None) -> str:
    place = f"{path or link.article_id}{f':{link.line}' if link.line else f' ({link.place})'}"
    why = f"this is a former id; it leads to {link.now}" if link.why == "moved" else _SAID[link.why]
    return f"{place}: {link.written}: {why}"
