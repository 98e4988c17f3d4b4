"""Write everything that people wrote as Markdown and JSONL, and read it back without loss.

    export.json                     which folder and file holds which source
    articles/<source>/<path>.md     front matter and body; an article of the site lies at its id
    articles/<source>/…             the files that they show or lead to, where their paths lead
    attachments/<sha256>            those of which the path leads out of the folder, or to another file
    tickets/<source>.jsonl          one object a line, ordered by id
    aliases.jsonl                   ids that articles had before

The same content gives the same bytes: nothing of the time or machine of the export is inside. History, feedback and
tokens stay behind; `kb backup` copies those too.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TextIO

from kb.article_files import SUFFIX, read_folder
from kb.attachment_files import FolderAttachments
from kb.attachment_references import place_of, references
from kb.attachments import content_type_of, served_as
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
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNKNOWN = "application/octet-stream"
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
    `attachments` names those whose attachments are not what lies where their paths lead: `folder/file` → path →
    sha256, `None` for a path that leads to a file of another article alone.
    """

    articles: Mapping[str, str]
    tickets: Mapping[str, str]
    paths: Mapping[str, str | None]
    attachments: Mapping[str, Mapping[str, str | None]]


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
    _take_kept(store, directory, manifest)
    for folder, source in manifest.articles.items():
        place = directory / "articles" / folder
        files = FolderAttachments(place, store, _UNLIMITED)
        items = read_folder(place, source, detect, _UNLIMITED)
        put_articles(store, _at_stored_paths(items, folder, source, manifest, files), tally, IMPORTER)
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
        attachments = {str(file): dict(told) for file, told in dict(held.get("attachments", {})).items()}
        manifest = Manifest(dict(held["articles"]), dict(held["tickets"]), dict(held["paths"]), attachments)
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{path} is damaged; export again") from error
    if version != FORMAT:
        raise InvalidInput(f"{path} was written by a newer Fixlore; install that version")
    told = [sha256 for paths in manifest.attachments.values() for sha256 in paths.values() if sha256 is not None]
    if not all(isinstance(one, str) and _SHA256.fullmatch(one) for one in told):
        raise InvalidInput(f"{path} is damaged; export again", field="attachments")
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
            writing.write_article(found, store)
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
        self._placed: dict[str, str] = {}
        self._told: dict[str, dict[str, str | None]] = {}
        self._led_nowhere: list[tuple[str, str, str]] = []

    def write_article(self, article: Article, store: Store) -> None:
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
        self._write_attachments(article, folder, file, store)

    def _write_attachments(self, article: Article, folder: str, file: str, store: Store) -> None:
        """Write an article's files where its paths lead; where that cannot be, below `attachments`."""
        named = references(article.body)
        listed = store.attachments(list(article.attachments.values()))
        for path, sha256 in sorted(article.attachments.items()):
            place = place_of(file, path) if path in named else None
            agrees = sha256 in listed and served_as(path, listed[sha256].content_type) is not None
            if place is None or not agrees or not self._keeps_place(folder, place, sha256):
                self._told.setdefault(f"{folder}/{file}", {})[path] = sha256
                self._write_file(f"attachments/{sha256}", sha256, store)
            else:
                self._write_file(f"articles/{folder}/{place}", sha256, store)
        for path in named:
            if path not in article.attachments and (place := place_of(file, path)) is not None:
                self._led_nowhere.append((f"{folder}/{file}", path, f"{folder}/{place}"))

    def _keeps_place(self, folder: str, place: str, sha256: str) -> bool:
        """Say whether this file can lie, or lies already, at a place of the folder."""
        key = f"{folder}/{place}"
        if key not in self._placed and self._files[folder].take(place):
            self._placed[key] = sha256
        return self._placed.get(key) == sha256

    def _write_file(self, name: str, sha256: str, store: Store) -> None:
        path = self._root / name
        if path.exists():
            return
        content = store.attachment_content(sha256)
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def open_tickets(self, source: str) -> TextIO:
        name = self._ticket_names.claim(source, ".jsonl")
        self._ticket_files[name] = source
        return self.open(f"tickets/{name}")

    def open(self, name: str) -> TextIO:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8", newline="\n")

    def write_manifest(self) -> None:
        for holder, path, place in self._led_nowhere:
            if place in self._placed:
                self._told.setdefault(holder, {})[path] = None
        manifest = {
            "fixlore_export": FORMAT,
            "articles": {folder: source for source, folder in self._folder_of.items()},
            "tickets": self._ticket_files,
            "paths": self._paths,
            **({"attachments": self._told} if self._told else {}),
        }
        with self.open(MANIFEST) as sink:
            sink.write(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def _documents(store: Store, ids: list[str]) -> Iterator[Article | Ticket]:
    """Return the documents of these ids in their order, a few at a time."""
    for start in range(0, len(ids), _BATCH):
        yield from store.documents(ids[start : start + _BATCH]).values()


def _at_stored_paths(
    items: Iterator[Article | Problem], folder: str, source: str, manifest: Manifest, files: FolderAttachments
) -> Iterator[Article | Problem]:
    for item in items:
        if isinstance(item, Problem):
            yield replace(item, source=f"articles/{folder}/{item.source}")
            continue
        place = f"{folder}/{item.path}"
        for one in files.attached(item, item.path or "", manifest.attachments.get(place)):
            if isinstance(one, Article):
                usual = None if source == SITE_SOURCE else item.path
                yield replace(one, path=manifest.paths.get(place, usual))
            elif one.is_error:  # what was not attached before is not missed now
                yield replace(one, source=f"articles/{folder}/{one.source}")


def _take_kept(store: Store, directory: Path, manifest: Manifest) -> None:
    """Store the files that no path leads to."""
    wanted = {sha256 for told in manifest.attachments.values() for sha256 in told.values() if sha256 is not None}
    for sha256 in sorted(wanted):
        path = directory / "attachments" / sha256
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() == sha256:
            store.put_attachment(content, content_type_of(content) or _UNKNOWN, None)


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
