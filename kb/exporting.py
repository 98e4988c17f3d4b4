"""Write everything that people wrote as Markdown and JSONL, and read it back without loss.

    export.json                     which folder and file holds which source
    articles/<source>/<path>.md     front matter and body; an article of the site lies at its id
    tickets/<source>.jsonl          one object a line, ordered by id
    aliases.jsonl                   ids that articles had before

The same content gives the same bytes: nothing of the time or machine of the export is inside. History, feedback and
tokens stay behind; `kb backup` copies those too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TextIO

from kb.article_files import SUFFIX, read_folder
from kb.documents import JSON, SITE_SOURCE, Article, Ticket
from kb.errors import InvalidInput, NotFound
from kb.export_names import FileNames, is_plain_name
from kb.front_matter import to_markdown
from kb.importing import IMPORTER, ImportReport, Tally, import_tickets, put_articles
from kb.problems import Problem
from kb.protocols.store import Store
from kb.reporting import Progress
from kb.tickets import ticket_object

MANIFEST = "export.json"
FORMAT = 1
_ALIASES = "aliases.jsonl"
_BATCH = 25
"""Documents in memory at once; a body may have 20 MiB."""
_UNLIMITED = 1 << 40
"""Bytes: what was stored must come back whatever its size."""


@dataclass(frozen=True, slots=True)
class ExportCounts:
    """How much an export holds."""

    articles: int
    tickets: int
    aliases: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which folder below `articles` and which file below `tickets` holds which source.

    `paths` names articles whose stored path is not where their file lies: `folder/file` → path, `None` for none.
    """

    articles: Mapping[str, str]
    tickets: Mapping[str, str]
    paths: Mapping[str, str | None]


def export(store: Store, directory: Path, progress: Progress | None = None) -> ExportCounts:
    """Write everything to `directory`, which is new, empty, or an earlier export that is then replaced.

    All is written beside it first and moved there at the end, so that a kill leaves the earlier export. `progress`
    counts documents. Raises InvalidInput when `directory` holds anything else or cannot be written.
    """
    target = directory.resolve()
    _refuse_foreign(target)
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        counts = _write(store, partial, progress or (lambda done, of: None))
        _move(partial, target)
    except OSError as error:
        raise InvalidInput(f"{directory} cannot be written: {error.strerror}; choose another folder") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return counts


def import_export(store: Store, directory: Path, *, detect: Callable[[str], str]) -> ImportReport:
    """Bring an export into the store; into an empty one, without loss.

    `detect` is asked only for files that were edited since and lost their language. Raises NotFound or InvalidInput
    when `directory` is no export of this or an earlier version.
    """
    manifest = read_manifest(directory)
    tally = Tally()
    for folder, source in manifest.articles.items():
        items = read_folder(directory / "articles" / folder, source, detect, _UNLIMITED)
        put_articles(store, _at_stored_paths(items, folder, source, manifest), tally, IMPORTER)
    report = tally.report()
    for name, source in manifest.tickets.items():
        report += import_tickets(store, directory / "tickets" / name, source, format="jsonl")
    for alias, article_id in _read_aliases(directory / _ALIASES):
        store.add_alias(alias, article_id)
    return report


def read_manifest(directory: Path) -> Manifest:
    """Return what an export says of itself. Raises NotFound, and InvalidInput when it is damaged or newer."""
    path = directory / MANIFEST
    if not path.is_file():
        raise NotFound(f"{directory} is no export: it lacks {MANIFEST}")
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        version = held["fixlore_export"]
        manifest = Manifest(dict(held["articles"]), dict(held["tickets"]), dict(held["paths"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{path} is damaged; export again") from error
    if version != FORMAT:
        raise InvalidInput(f"{path} was written by a newer Fixlore; install that version")
    for name in (*manifest.articles, *manifest.tickets):
        if not is_plain_name(name):
            raise InvalidInput(f"{path} names {name!r}, which is no name of a file in the export", field="articles")
    return manifest


def _refuse_foreign(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise InvalidInput(f"{target} is a file; name a folder")
    if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).is_file():
        raise InvalidInput(f"{target} holds other files and is no earlier export; name a new or empty folder")


def _move(partial: Path, target: Path) -> None:
    """Put `partial` in the place of `target`. Killed in between, it leaves the earlier export beside it."""
    earlier = target.with_name(f".{target.name}.earlier")
    shutil.rmtree(earlier, ignore_errors=True)
    if target.exists():
        target.rename(earlier)
    try:
        partial.rename(target)
    except OSError:
        if earlier.exists():
            earlier.rename(target)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def _write(store: Store, root: Path, progress: Progress) -> ExportCounts:
    article_ids, ticket_ids = sorted(store.article_ids()), sorted(store.ticket_ids())
    of = len(article_ids) + len(ticket_ids)
    writing = _Writing(root)
    articles = tickets = 0
    for found in _documents(store, article_ids):
        if isinstance(found, Article):
            writing.write_article(found)
            articles += 1
            progress(articles, of)
    for source, ids in groupby(ticket_ids, key=lambda ticket_id: ticket_id.partition(":")[0]):
        with writing.open_tickets(source) as file:
            for found in _documents(store, list(ids)):
                if isinstance(found, Ticket):
                    file.write(_json_line(ticket_object(found)))
                    tickets += 1
                    progress(articles + tickets, of)
    aliases: Mapping[str, str] = store.aliases()
    with writing.open(_ALIASES) as file:
        for alias, article_id in sorted(aliases.items()):
            file.write(_json_line({"alias": alias, "id": article_id}))
    writing.write_manifest()
    return ExportCounts(articles, tickets, len(aliases))


class _Writing:
    """Writes files below one folder and remembers where what lies."""

    def __init__(self, root: Path):
        self._root = root
        self._folders = FileNames()
        self._folder_of: dict[str, str] = {}
        self._files: dict[str, FileNames] = {}
        self._ticket_files: dict[str, str] = {}
        self._ticket_names = FileNames()
        self._paths: dict[str, str | None] = {}

    def write_article(self, article: Article) -> None:
        if article.source not in self._folder_of:
            self._folder_of[article.source] = self._folders.claim(article.source, "")
        folder = self._folder_of[article.source]
        names = self._files.setdefault(folder, FileNames())
        wanted = article.path or f"{article.id}.md"
        has_suffix = wanted.casefold().endswith(SUFFIX)
        file = names.claim(wanted[:-3] if has_suffix else wanted, wanted[-3:] if has_suffix else SUFFIX)
        if article.path != (None if article.source == SITE_SOURCE else file):
            self._paths[f"{folder}/{file}"] = article.path
        path = self._root / "articles" / folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_markdown(replace(article, path=file)).encode())

    def open_tickets(self, source: str) -> TextIO:
        name = self._ticket_names.claim(source, ".jsonl")
        self._ticket_files[name] = source
        return self.open(f"tickets/{name}")

    def open(self, name: str) -> TextIO:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8", newline="\n")

    def write_manifest(self) -> None:
        manifest = {
            "fixlore_export": FORMAT,
            "articles": {folder: source for source, folder in self._folder_of.items()},
            "tickets": self._ticket_files,
            "paths": self._paths,
        }
        with self.open(MANIFEST) as file:
            file.write(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def _documents(store: Store, ids: list[str]) -> Iterator[Article | Ticket]:
    """Return the documents of these ids in their order, a few at a time."""
    for start in range(0, len(ids), _BATCH):
        yield from store.documents(ids[start : start + _BATCH]).values()


def _at_stored_paths(
    items: Iterator[Article | Problem], folder: str, source: str, manifest: Manifest
) -> Iterator[Article | Problem]:
    for item in items:
        place = f"{folder}/{item.source if isinstance(item, Problem) else item.path}"
        if isinstance(item, Problem):
            yield replace(item, source=f"articles/{place}")
        else:
            usual = None if source == SITE_SOURCE else item.path
            yield replace(item, path=manifest.paths.get(place, usual))


def _read_aliases(path: Path) -> Iterator[tuple[str, str]]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                held = json.loads(line)
                yield str(held["alias"]), str(held["id"])
            except (ValueError, KeyError, TypeError) as error:
                raise InvalidInput("the line is no alias; export again", source=str(path), line=number) from error


def _json_line(value: JSON | dict[str, JSON]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
