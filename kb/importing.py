"""Bring folders of articles and files of tickets into the store, in batches, so that repeating costs little.

A kill between two batches leaves what was stored; the same import again ends where an undisturbed one does.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kb.article_files import MAX_FILE_BYTES, list_folder, read_files
from kb.attachment_files import FolderAttachments
from kb.documents import SITE_SOURCE, Article
from kb.errors import IdConflict, InvalidInput, StoreBusy
from kb.ids import checked_source
from kb.problems import Problem, problem_of
from kb.protocols.connectors import Deletion
from kb.protocols.store import InvalidTicket, Store, TicketUpsert
from kb.reporting import Progress
from kb.ticket_files import TicketRow, read_tickets
from kb.tickets import refuse_reserved

if TYPE_CHECKING:
    from kb.connectors.mapping import TicketMapping

BATCH = 500
"""What one write transaction holds at most."""
BATCH_CHARACTERS = 8_000_000
"""A batch ends early beyond this, so that large texts do not pile up in memory."""
MOST_PROBLEMS = 1000
"""Problems kept to be shown; the rest are counted alone."""
IMPORTER = "import"
"""The author of revisions that an import makes."""
_COUNTS = ("created", "updated", "unchanged", "ignored", "deleted", "errors")
_CHUNK = 1024 * 1024
MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    `problems` are in the order of reading, at most `MOST_PROBLEMS`; `errors` counts all that are no warnings. A command
    that reports them exits 1 when `errors` is above zero.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    ignored: int = 0
    deleted: int = 0
    errors: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def changed(self) -> int:
        """Return how many documents the indexes have to look at."""
        return self.created + self.updated + self.deleted

    def __add__(self, other: ImportReport) -> ImportReport:
        """Return both as one."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in _COUNTS}
        return ImportReport(**sums, problems=(self.problems + other.problems)[:MOST_PROBLEMS])


@dataclass(slots=True)
class Tally:
    """Counts outcomes and keeps problems while an import runs."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def note(self, problem: Problem) -> None:
        """Keep a problem, or count it alone when there are too many."""
        self.counts["errors"] += problem.is_error
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def report(self) -> ImportReport:
        """Return what has been counted so far."""
        return ImportReport(**{name: self.counts[name] for name in _COUNTS}, problems=tuple(self.problems))


@dataclass(frozen=True, slots=True)
class _DeletionRow:
    """A line of an export that tells of a deletion."""

    line: int
    deletion: Deletion

    @property
    def source(self) -> str:
        return self.deletion.id.partition(":")[0]


def import_articles(
    store: Store,
    directory: Path,
    source: str,
    *,
    detect: Callable[[str], str],
    prune: bool = False,
    max_bytes: int = MAX_FILE_BYTES,
    max_attachment_bytes: int = MAX_ATTACHMENT_BYTES,
    author: str = IMPORTER,
    progress: Progress | None = None,
) -> ImportReport:
    """Mirror a folder of Markdown as the articles of `source`; unchanged files cause no write.

    With `prune`, articles of the source whose file is gone are removed; a file that is there but cannot be used keeps
    what is stored of it. A removed article leaves its id as an alias of the one whose file it was, or of the only
    one with the same title and body. Files below the folder that an article names are attached to it; one that cannot
    be is a problem, and the article goes in without it. `progress` counts files. Raises NotFound or InvalidInput when
    the folder is missing or unreadable, and then nothing was changed.
    """
    source = checked_source(source)
    listing = list_folder(directory)
    tally = Tally()
    found = _Found({problem.source or "" for problem in listing.problems})
    for problem in listing.problems:
        tally.note(problem)

    files = FolderAttachments(directory, store, max_attachment_bytes)

    def reading() -> Iterator[Article | Problem]:
        done = 0
        for item in read_files(directory, listing.paths, source, detect, max_bytes):
            found.add(item)
            if isinstance(item, Article):
                for one in files.attached(item, item.path or ""):
                    # The site edits its own articles; with a path they would count as files of a folder.
                    yield replace(one, path=None) if source == SITE_SOURCE and isinstance(one, Article) else one
            else:
                yield item
            done += isinstance(item, Article) or item.is_error
            if progress:
                progress(done, len(listing.paths))

    put_articles(store, reading(), tally, author)
    if prune:
        _prune(store, source, found, tally)
    with suppress(StoreBusy):  # another time is as good
        store.sweep_attachments()
    return tally.report()


def import_tickets(
    store: Store,
    file: Path,
    source: str | None = None,
    *,
    format: str | None = None,
    mapping: TicketMapping | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Merge the deliveries of a file into the store, in order.

    `source` stands in where a line names none; `format` is one of `kb.ticket_files.FORMATS`, else the file's name
    tells. With a `mapping` the file is an export of another system, and `source` stands in for the mapping's. A line
    that names a reserved source is a problem unless `source` is that one. `progress` counts lines.
    Raises NotFound or InvalidInput when the file cannot be opened.
    """
    tally = Tally()
    source = None if source is None else checked_source(source)
    rows = read_tickets(file, format, source) if mapping is None else _mapped_rows(file, source, mapping, tally)
    lines = _lines_in(file) if progress and file.is_file() else 0
    batch: list[TicketRow] = []
    deletions: list[Deletion] = []
    characters = 0
    for item in rows:
        if isinstance(item, Problem):
            tally.note(item)
            continue
        try:
            if item.source != source:
                refuse_reserved(item.source)
        except InvalidInput as error:
            tally.note(problem_of(error, str(file), item.line))
            continue
        if isinstance(item, _DeletionRow):
            _upsert(store, str(file), batch, tally)  # what came before it goes in before it
            batch, characters = [], 0
            deletions.append(item.deletion)
            if len(deletions) >= BATCH:
                _delete(store, deletions, tally)
                deletions = []
            continue
        _delete(store, deletions, tally)
        deletions = []
        batch.append(item)
        characters += sum(len(value) for value in item.upsert.fields.values() if isinstance(value, str))
        if len(batch) >= BATCH or characters >= BATCH_CHARACTERS:
            _upsert(store, str(file), batch, tally)
            batch, characters = [], 0
            if progress:
                progress(min(item.line, lines), lines)
    _upsert(store, str(file), batch, tally)
    _delete(store, deletions, tally)
    if progress:
        progress(lines, lines)
    return tally.report()


def _mapped_rows(
    file: Path, source: str | None, mapping: TicketMapping, tally: Tally
) -> Iterator[TicketRow | _DeletionRow | Problem]:
    from kb.connectors.exports import MappedRow, read_export  # only who reads exports waits for what reads them

    for item in read_export(file, mapping if source is None else replace(mapping, source=source)):
        if not isinstance(item, MappedRow):
            yield item
        elif isinstance(item.delivery, TicketUpsert):
            yield TicketRow(item.line, item.delivery)
        elif isinstance(item.delivery, Deletion):
            yield _DeletionRow(item.line, item.delivery)
        else:
            tally.counts["ignored"] += 1


def put_articles(store: Store, items: Iterable[Article | Problem], tally: Tally, author: str) -> None:
    """Store articles in batches as they come, and count what becomes of each.

    An article whose id belongs to another source becomes a problem; the rest of its batch goes in.
    """
    batch: list[Article] = []
    characters = 0
    for item in items:
        if isinstance(item, Problem):
            tally.note(item)
            continue
        batch.append(item)
        characters += len(item.body)
        if len(batch) >= BATCH or characters >= BATCH_CHARACTERS:
            _put(store, batch, tally, author)
            batch, characters = [], 0
    _put(store, batch, tally, author)


def _put(store: Store, batch: Sequence[Article], tally: Tally, author: str) -> None:
    if not batch:
        return
    try:
        tally.counts.update(store.put_articles(batch, author))
    except IdConflict as conflict:
        if len(batch) > 1:
            # One of them is refused, and with it the whole batch: halve until it stands alone.
            half = len(batch) // 2
            _put(store, batch[:half], tally, author)
            _put(store, batch[half:], tally, author)
        else:
            tally.note(problem_of(conflict, batch[0].path or batch[0].id))


def _upsert(store: Store, name: str, batch: Sequence[TicketRow], tally: Tally) -> None:
    if not batch:
        return
    for row, outcome in zip(batch, store.upsert_tickets([row.upsert for row in batch]), strict=True):
        if isinstance(outcome, InvalidTicket):
            tally.note(Problem(name, row.line, outcome.message))
        else:
            tally.counts[outcome] += 1


def _delete(store: Store, deletions: Sequence[Deletion], tally: Tally) -> None:
    if deletions:
        tally.counts.update(store.delete_tickets(deletions))


class _Found:
    """What a folder held: the articles that could be read, and the places that could not."""

    def __init__(self, unusable: set[str]):
        self.unusable = unusable
        self.id_at: dict[str, str] = {}
        self.ids_with: dict[bytes, list[str]] = {}
        self.ids: set[str] = set()

    def add(self, item: Article | Problem) -> None:
        if isinstance(item, Article):
            self.ids.add(item.id)
            self.id_at[item.path or ""] = item.id
            self.ids_with.setdefault(_digest(item), []).append(item.id)
        elif item.is_error:
            self.unusable.add(item.source or "")

    def is_gone(self, article_id: str, path: str | None) -> bool:
        """Say whether a stored article has no file any more; one that no folder holds is none of our business."""
        if article_id in self.ids or path is None:
            return False
        parts = path.split("/")
        folders = {"/".join(parts[:count]) + "/" for count in range(1, len(parts))}
        return path not in self.unusable and not folders & self.unusable


def _prune(store: Store, source: str, found: _Found, tally: Tally) -> None:
    """Remove what is gone. Aliases first: after a kill the same import makes the same ones, or finds them made."""
    gone = {key: path for key, path in store.article_ids(source).items() if found.is_gone(key, path)}
    for alias, article_id in _moved(store, gone, found).items():
        store.add_alias(alias, article_id)
    ids = list(gone)
    for start in range(0, len(ids), BATCH):
        tally.counts["deleted"] += store.delete_articles(ids[start : start + BATCH])


def _moved(store: Store, gone: Mapping[str, str | None], found: _Found) -> dict[str, str]:
    """Return old id → new id of what is gone under one id and certainly there under another."""
    moved: dict[str, str] = {}
    gone_with: dict[bytes, list[str]] = {}
    ids = list(gone)
    for start in range(0, len(ids), BATCH):
        for key, article in store.documents(ids[start : start + BATCH]).items():
            path = gone[key] or ""
            if path in found.id_at:
                moved[key] = found.id_at[path]
            elif isinstance(article, Article):
                gone_with.setdefault(_digest(article), []).append(key)
    for digest, old in gone_with.items():
        new = found.ids_with.get(digest, [])
        if len(old) == 1 and len(new) == 1:
            moved[old[0]] = new[0]
    return moved


def _digest(article: Article) -> bytes:
    return hashlib.blake2b(f"{article.title}\0{article.body}".encode(), digest_size=16).digest()


def _lines_in(file: Path) -> int:
    with file.open("rb") as opened:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: opened.read(_CHUNK), b""))
