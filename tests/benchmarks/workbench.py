"""Hold what every measurement needs, and make or find the homes that are measured."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from indexer.passages import passages_of
from kb.importing import import_articles, import_tickets
from kb.language import detect_language
from kb.protocols.encoder import Encoder
from kb.protocols.store import Store
from kb.reporting import Say
from kb.settings import Settings
from tests.benchmarks import collection, variation, vectors
from tests.benchmarks.base_texts import BaseTexts
from tests.benchmarks.collection import Collection, write_collection
from tests.benchmarks.variation import SOURCE, Variation
from tests.benchmarks.vectors import stand_in
from tests.command_line import home_with_model
from web.answer_process import warm
from web.shipped import load_manual
from web.wiring import Services, open_services

_STAMP = "benchmark.json"
_MANUAL_MAY_CHANGE = 0.02
"""Share of the passages by which a home that was kept may differ: its manual is brought up to date."""
_KEPT = ("passages", "documents", "text_bytes", "import_seconds", "index_seconds")


def quiet(line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """What to measure with. `directory` keeps homes and vectors, `model_home` the exported model.

    `queries` is the number of questions in a round, `rounds` how often a latency is measured, `runs` how often a start.
    `clients` are the numbers of clients that ask at once over HTTP, `lengths` the characters of a short ticket and of
    longer ones, `stream_seconds` is how long tickets stream in, `drops_caches` whether the whole system forgets its
    files for cold starts.
    """

    directory: Path
    model_home: Path
    base: BaseTexts
    variation: Variation
    encoder: Encoder
    queries: int
    rounds: int
    runs: int
    sample: int
    clients: tuple[int, ...]
    lengths: tuple[int, ...]
    stream_seconds: float
    drops_caches: bool
    say: Say

    def new_home(self, name: str) -> Settings:
        """Return the settings of an empty home with the model in it."""
        home = self.directory / name
        shutil.rmtree(home, ignore_errors=True)
        return Settings(home=home_with_model(home, self.model_home))


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredHome:
    """An indexed home of `passages` passages, those of the manual included.

    `text_bytes` are those of the imported files, `seconds` without what the stand-in vectors took. `is_new` says that
    this run made it.
    """

    settings: Settings
    passages: int
    documents: int
    text_bytes: int
    import_seconds: float
    index_seconds: float
    is_new: bool


def indexed_home(bench: Workbench, passages: int) -> MeasuredHome:
    """Return a home whose indexes hold exactly `passages` passages: one that an earlier run left, or a new one."""
    standing = stand_in(bench.encoder, bench.base, bench.directory)
    settings = Settings(home=bench.directory / f"home-{passages}")
    made_with = _made_with(bench, passages)
    stamp = settings.home / _STAMP
    if stamp.is_file() and (held := json.loads(stamp.read_text()))["made_with"] == made_with:
        found = MeasuredHome(settings=settings, is_new=False, **held["figures"])
        if abs(_passages_in(bench, found) - passages) <= passages * _MANUAL_MAY_CHANGE:
            return found
    settings = bench.new_home(settings.home.name)
    files = bench.directory / f"files-{passages}"
    with open_services(settings, quiet, lambda: standing) as services:
        load_manual(services.store)
        shipped = sum(
            len(passages_of(one)) for one in services.store.documents(list(services.store.all_ids())).values()
        )
        if shipped >= passages:
            raise SystemExit(f"the manual alone has {shipped} passages; measure with more than {passages}")
        bench.say(f"writing a collection of {passages:,} passages")
        written = write_collection(bench.variation, passages - shipped, files)
        bench.say(f"importing {written.documents:,} documents")
        import_seconds = take_in(services.store, written)
        bench.say("indexing them")
        index_seconds, _ = bring_up(services)
    shutil.rmtree(files)
    home = MeasuredHome(
        settings=settings,
        passages=passages,
        documents=written.documents,
        text_bytes=written.text_bytes,
        import_seconds=import_seconds,
        index_seconds=index_seconds - standing.seconds,
        is_new=True,
    )
    if (held_passages := _passages_in(bench, home)) != passages:
        raise SystemExit(
            f"the index holds {held_passages} passages, not {passages}: the collection was not taken in whole"
        )
    figures = {name: getattr(home, name) for name in _KEPT}
    stamp.write_text(json.dumps({"made_with": made_with, "figures": figures}))
    return home


def take_in(store: Store, written: Collection) -> float:
    """Import a collection and return the seconds it took. Raises SystemExit when a part of it was refused."""
    began = time.perf_counter()
    articles = import_articles(store, written.articles_folder, SOURCE, detect=detect_language)
    tickets = import_tickets(store, written.tickets_file)
    seconds = time.perf_counter() - began
    if problems := (*articles.problems, *tickets.problems):
        raise SystemExit(f"the collection cannot be imported: {problems[0]}")
    return seconds


def bring_up(services: Services, *, rebuild: bool = False) -> tuple[float, int]:
    """Index what is pending, or everything anew; return the seconds it took and the texts that were encoded."""
    indexing = services.indexing()
    began = time.perf_counter()
    report = indexing.rebuild() if rebuild else indexing.drain()
    return time.perf_counter() - began, report.encoded


@contextmanager
def opened(home: MeasuredHome) -> Iterator[Services]:
    """Open a home as a server does, with the real encoder, without indexing."""
    with open_services(home.settings, quiet) as services:
        yield services


@contextmanager
def opened_warm(home: MeasuredHome) -> Iterator[Services]:
    """Open a home as a server does that has run for a while."""
    with opened(home) as services:
        warm(services.searcher())
        try:
            yield services
        finally:
            gc.unfreeze()


@contextmanager
def copied(bench: Workbench, home: MeasuredHome, name: str) -> Iterator[Settings]:
    """Lend a copy of a home, which is removed afterwards."""
    directory = bench.directory / f"{name}-{home.passages}"
    shutil.rmtree(directory, ignore_errors=True)
    try:
        shutil.copytree(home.settings.home, directory, symlinks=True)
        yield Settings(home=directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _passages_in(bench: Workbench, home: MeasuredHome) -> int:
    """Return the passages that a server will find, once it has brought the manual up to date."""
    with open_services(home.settings, quiet, lambda: bench.encoder) as services:
        load_manual(services.store)
        bring_up(services)
        services.indexes.refresh()
        return services.indexes.vectors.size


def _made_with(bench: Workbench, passages: int) -> str:
    """Return a name for what a collection depends on besides the product: texts, seed, and how both are varied."""
    sources = [Path(module.__file__ or "").read_bytes() for module in (variation, collection, vectors)]
    parts = (str(passages), bench.encoder.recipe.id, repr(bench.base), str(bench.variation.seed))
    return hashlib.sha256(b"\0".join([*sources, *(part.encode("utf-8", "replace") for part in parts)])).hexdigest()
