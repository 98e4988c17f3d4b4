"""Check the store, the model, both indexes against the store, and what waits to be indexed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from indexer.encoding.exported_model import find_export
from indexer.encoding.model_files import find_model, verified_directory
from indexer.lock import is_locked
from indexer.manifest import LOCK, REMEDY, current_generation
from indexer.plan import vector_fingerprint
from indexer.sync import BEHIND
from kb.documents import EXAMPLE_SOURCE, JSON, Ticket
from kb.errors import FixloreError, IndexUnavailable, ModelUnavailable
from kb.facts import fingerprint_of
from kb.protocols.encoder import Encoder
from kb.protocols.store import Store
from kb.settings import Settings
from kb.store.integrity import examine
from web.cli.findings import Finding, found, problem
from web.cli.progress import progress_bar, say
from web.encoder_once import EncoderOnce
from web.wiring import Services, opened_store

PATIENCE = timedelta(minutes=15)
"""How long a change may wait while a process indexes: a long import takes minutes, a stuck one does not end."""
CLOCK_SLACK = timedelta(minutes=5)
"""By how much clocks differ without harm."""
_BATCH = 200
"""Documents in memory at once; a body may have 20 MiB."""


@dataclass(frozen=True, slots=True)
class _Contents:
    """What the store holds: id → fingerprint, how much of it is example content, and links that lead nowhere."""

    fingerprints: Mapping[str, str]
    examples: int
    dangling: int


class _Index(Protocol):
    """What both indexes tell of themselves."""

    def fingerprints(self, ids: Sequence[str] | None = None) -> Mapping[str, str]:
        """Return id → fingerprint of what is held, of all when `ids` is None."""
        ...

    def refresh(self) -> None:
        """See the last commit."""
        ...

    @property
    def size(self) -> int:
        """Return how much is held."""
        ...


def check_contents(settings: Settings) -> Iterator[Finding]:
    """Check all that needs the store, from the file itself to what the indexes hold of it."""
    integrity = found("store", lambda: _check_file(settings.store_path))
    yield from integrity
    encoder = _PreparedEncoder(settings)
    yield from found("model", encoder.check)
    yield from found("server", lambda: _check_server(settings))
    try:
        with opened_store(settings) as store:
            yield from _check_opened(Services(settings, store, encoder, say), encoder)
    except FixloreError as error:
        if all(one.is_well for one in integrity):
            yield problem("store", error)
        for name in ("documents", "waiting", "keyword index", "vector index"):
            yield Finding(name, None, "not checked, because the store cannot be opened")


def _check_opened(services: Services, encoder: _PreparedEncoder) -> Iterator[Finding]:
    store, settings = services.store, services.settings
    yield from found("waiting", lambda: _check_waiting(store, _is_indexing(settings)))
    yield from found("clock", lambda: _check_clock(store))
    yield from found("ranker", lambda: _check_ranker(services))
    yield from found("people", lambda: _check_people(store))
    contents: list[_Contents] = []

    def read() -> Iterator[Finding]:
        contents.append(_contents(store))
        yield _told_documents(store, contents[0])

    yield from found("documents", read)
    if contents and not contents[0].fingerprints:
        return
    try:
        generation = current_generation(settings.index_path)
        if generation is None:
            yield Finding("keyword index", False, "nothing has been indexed yet", "run `kb index`")
            return
    except IndexUnavailable as error:
        yield problem("keyword index", error)
        return
    wanted = contents[0].fingerprints if contents else None

    def check_keyword() -> Iterator[Finding]:
        index = services.engines.open_keyword(generation, False)
        text = f"{index.size} documents, {settings.keyword_engine}, generation {generation.name}"
        yield from _compared("keyword index", text, store, index, wanted, lambda one: one, REMEDY)

    def check_vectors() -> Iterator[Finding]:
        if encoder.waits:
            yield Finding("vector index", None, "not checked, because the model is not prepared")
            return
        index = services.engines.open_vectors(generation, False)
        recipe = index.recipe
        remedy = "run `kb index`" if store.setting(BEHIND) else REMEDY
        text = f"{index.size} passages, recipe {recipe.id}, generation {generation.name}"
        yield from _compared(
            "vector index", text, store, index, wanted, lambda one: vector_fingerprint(one, recipe), remedy
        )

    yield from found("keyword index", check_keyword)
    yield from found("vector index", check_vectors)


def _check_people(store: Store) -> Iterator[Finding]:
    people = store.people()
    active = sum(one.can_sign_in for one in people)
    facts: dict[str, JSON] = {"people": len(people), "active": active}
    if store.has_administrator():
        yield Finding("people", True, f"{len(people)} accounts, {active} active", facts=facts)
        return
    text = "no administrator has an account"
    yield Finding("people", True, text, "make one: `kb user link` prints a link that leads there", facts)


class _PreparedEncoder:
    """The encoder if it is ready: a check should neither export a model nor load torch for minutes."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._once = EncoderOnce(settings, say)
        self.waits = False
        """Whether the model is well but not exported yet."""

    def __call__(self) -> Encoder:
        """Return the encoder. Raises ModelUnavailable, also while it is not exported."""
        if self.waits:
            raise ModelUnavailable("the model is not prepared yet; run `kb index`")
        return self._once()

    def check(self) -> Iterator[Finding]:
        """Check where the model comes from, its sha256, and that it runs."""
        files = find_model(self._settings.model)
        self.waits = find_export(self._settings.model_path, files, lambda line: None) is None
        source = f"from {files.directory}" if files.directory else "of an earlier export"
        if files.directory is not None or self.waits:
            verified_directory(files)
        text = f"{files.name}, sha256 {files.revision[:12]}… verified, {source}"
        if self.waits:
            yield Finding("model", True, f"{text}; not prepared yet, the next `kb index` or start does that")
            return
        recipe = self._once().recipe
        yield Finding(
            "model",
            True,
            f"{text}, runs as {recipe.procedure}",
            facts={"model": recipe.model_name, "revision": files.revision, "recipe": recipe.id},
        )


def _check_file(path: Path) -> Iterator[Finding]:
    integrity = examine(path)
    yield from (problem("store", told) for told in integrity.problems)
    if not integrity.problems:
        text = f"{path}, schema {integrity.schema}, whole" if integrity.schema else f"{path}, empty"
        yield Finding("store", True, text, facts={"schema": integrity.schema})


def _check_server(settings: Settings) -> Iterator[Finding]:
    runs = _is_indexing(settings)
    text = "a server or a command is at work and indexes" if runs else "none runs on this home"
    yield Finding("server", True, text, facts={"indexing": runs})


def _is_indexing(settings: Settings) -> bool:
    try:
        return is_locked(settings.index_path / LOCK)
    except OSError:
        return False  # that this account may not write there is told of the home


def _check_waiting(store: Store, is_indexing: bool) -> Iterator[Finding]:
    count = store.pending_count()
    oldest = next((change.at for change in store.pending(1)), None)
    through = store.indexed_through()
    if oldest is None:
        text = f"nothing; indexed through {_time(through)}" if through else "nothing"
        yield Finding("waiting", True, text, facts={"pending": 0})
        return
    text = f"{count} {'document waits' if count == 1 else 'documents wait'} to be indexed since {_time(oldest)}"
    facts: dict[str, JSON] = {"pending": count, "since": oldest.isoformat()}
    if not is_indexing:
        yield Finding("waiting", False, text, "start the server or run `kb index`", facts)
    elif datetime.now(UTC) - oldest > PATIENCE:
        remedy = "look for errors in the log of the server, then restart it"
        yield Finding("waiting", False, f"{text}, although a process indexes", remedy, facts)
    else:
        yield Finding("waiting", True, f"{text}; a process is at work on them", facts=facts)


def _check_clock(store: Store) -> Iterator[Finding]:
    through, now = store.indexed_through(), datetime.now(UTC)
    if through is not None and through - now > CLOCK_SLACK:
        text = f"the last write is of {_time(through)}, but the clock of this machine says {_time(now)}"
        yield Finding("clock", False, text, "set the clock; what is written now gets the later time until then")
    else:
        yield Finding("clock", True, f"{_time(now)}")


def _check_ranker(services: Services) -> Iterator[Finding]:
    active = services.rankers.active()
    if active.problem:
        yield problem("ranker", f"the shipped one stands in, because {active.problem}")
        return
    since = f", since {_time(active.since)}" if active.since else ""
    yield Finding("ranker", True, f"{active.ranker.name}{since}", facts={"ranker": active.ranker.name})


def _contents(store: Store) -> _Contents:
    ids = list(store.all_ids())
    known = {*ids, *store.aliases()}
    fingerprints: dict[str, str] = {}
    examples = dangling = 0
    with progress_bar("Comparing") as progress:
        for start in range(0, len(ids), _BATCH):
            for one, document in store.documents(ids[start : start + _BATCH]).items():
                fingerprints[one] = fingerprint_of(document)
                examples += document.source == EXAMPLE_SOURCE
                if isinstance(document, Ticket):
                    dangling += sum(link.target not in known for link in document.links)
            progress(min(start + _BATCH, len(ids)), len(ids))
    return _Contents(fingerprints, examples, dangling)


def _told_documents(store: Store, contents: _Contents) -> Finding:
    counts = dict(store.counts())
    text = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "none"
    if contents.examples:
        text += f"; {contents.examples} of them are examples (`kb example remove` removes those)"
    if contents.dangling:
        text += f"; links of tickets to documents that are not here: {contents.dangling}"
    facts: dict[str, JSON] = {
        "counts": dict(counts.items()),
        "examples": contents.examples,
        "dangling_links": contents.dangling,
    }
    return Finding("documents", True, text, facts=facts)


def _compared(
    name: str,
    text: str,
    store: Store,
    index: _Index,
    stored: Mapping[str, str] | None,
    fingerprint_in: Callable[[str], str],
    remedy: str,
) -> Iterator[Finding]:
    """Compare an index with the store, document by document. What waits to be indexed is no difference."""
    if stored is None:
        yield Finding(name, None, f"{text}; not compared, because the documents cannot be read")
        return

    def differing(stored: Mapping[str, str], held: Mapping[str, str]) -> dict[str, str]:
        waiting = _pending_ids(store)
        return {
            one: "left over" if one not in stored else "missing" if one not in held else "outdated"
            for one in (stored.keys() | held.keys()) - waiting
            if one not in stored or held.get(one) != fingerprint_in(stored[one])
        }

    unlike = differing(stored, index.fingerprints())
    if unlike:  # some may have been written and indexed since the documents were read: look again
        ids = sorted(unlike)
        now = _fingerprints(store, ids)
        index.refresh()
        unlike = differing(now, index.fingerprints(ids))
    if unlike:
        counts = ", ".join(f"{count} {what}" for what, count in sorted(Counter(unlike.values()).items()))
        yield Finding(name, False, f"{text}; of its documents {counts}", remedy)
    else:
        yield Finding(name, True, text, facts={"size": index.size})


def _fingerprints(store: Store, ids: Sequence[str]) -> dict[str, str]:
    batches = (store.documents(ids[start : start + _BATCH]) for start in range(0, len(ids), _BATCH))
    return {one: fingerprint_of(document) for batch in batches for one, document in batch.items()}


def _pending_ids(store: Store) -> set[str]:
    return {change.document_id for change in store.pending(sys.maxsize)}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
