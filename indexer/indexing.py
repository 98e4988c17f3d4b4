"""Index an installation: one process at a time, into its current generation or, to rebuild, into a new one."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.engines import Engines
from indexer.lock import FileLock, is_locked
from indexer.manifest import (
    LOCK,
    REMEDY,
    built_with,
    current_generation,
    new_generation,
    publish_generation,
    remove_other_generations,
)
from indexer.opened import OpenIndexes, made_indexes, opened_indexes
from indexer.sync import Sync, SyncedStore, SyncReport
from kb.errors import IndexLocked, IndexUnavailable, ModelUnavailable
from kb.protocols.encoder import Encoder
from kb.reporting import Progress, Say

REBUILD_WANTED = "index.rebuild_wanted"
"""Setting of the store by which a command asks the server, which holds the lock, to rebuild."""


def _quiet(done: int, total: int) -> None:
    pass


class Indexing:
    """Brings the indexes of an installation up to its store. For one thread at a time."""

    def __init__(
        self,
        store: SyncedStore,
        path: Path,
        engines: Engines,
        encoder: Callable[[], Encoder],
        say: Say = lambda line: None,
    ):
        """`path` is the directory of all generations; `encoder` returns the encoder or raises ModelUnavailable."""
        self._store = store
        self._path = path
        self._engines = engines
        self._encoder = encoder
        self._say = say
        self._lock = FileLock(path / LOCK)
        self._open: OpenIndexes | None = None

    def acquire(self) -> None:
        """Hold the lock until `release`, so that this process indexes for all. Raises IndexLocked."""
        self._lock.acquire()

    def release(self) -> None:
        """Close the indexes and free the lock. Idempotent."""
        self._close()
        self._lock.release()

    def is_locked(self) -> bool:
        """Say whether some process, this one included, is indexing."""
        return is_locked(self._path / LOCK)

    def drain(self, progress: Progress = _quiet, keep_going: Callable[[], bool] = lambda: True) -> SyncReport:
        """Do every pending change; make the indexes first where there are none.

        Both are built anew from the store when another version made them, or when a part of them is missing or damaged:
        an empty index in its place would answer as if it held everything. Raises IndexLocked, IndexUnavailable,
        StoreError. What was committed until then stays.
        """
        with self._held():
            if self._has_none():
                opened = self._begun()
            else:
                try:
                    opened = self._opened()
                except IndexLocked:
                    raise
                except IndexUnavailable as loss:
                    return self._mended(loss, progress, keep_going)
            try:
                return self._sync(opened, progress, keep_going).drain()
            except IndexLocked:
                raise
            except IndexUnavailable:
                self._close()
                try:
                    opened = self._opened()
                    opened.read_all()
                except IndexLocked:
                    raise
                except IndexUnavailable as loss:
                    return self._mended(loss, progress, keep_going)
                return self._sync(opened, progress, keep_going).drain()  # what is no damage, as a full disk, comes back

    def is_whole(self) -> bool:
        """Say whether what the last `drain` has left open is current and can be read. Cheap; opens nothing."""
        try:
            generation = current_generation(self._path)
        except IndexUnavailable:
            return False
        return self._open is not None and self._open.generation == generation and self._open.can_be_read()

    def rebuild(self, progress: Progress = _quiet, keep_going: Callable[[], bool] = lambda: True) -> SyncReport:
        """Build both indexes anew from the store and its vectors; answers come from the old ones until it is done.

        Until then changes wait. Stopped or killed, it leaves everything as it was. Raises ModelUnavailable,
        IndexLocked, IndexUnavailable, StoreError; then, too, nothing has changed.
        """
        with self._held():
            self._encoder()  # without a model a rebuild would lose the vectors that there are
            return self._rebuild(progress, keep_going)

    def ask_for_rebuild(self) -> None:
        """Ask the process that holds the lock to rebuild; it takes back the wish when that is done.

        A rebuild that is under way already does not fulfil it: it may have read what has changed since.
        """
        self._store.put_setting(REBUILD_WANTED, secrets.token_hex(8))

    def is_rebuild_wanted(self) -> bool:
        """Say whether a rebuild was asked for and is not done."""
        return self._store.setting(REBUILD_WANTED) is not None

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the lock; free it afterwards unless it was held before."""
        if self._lock.is_held:
            yield
            return
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def _has_none(self) -> bool:
        try:
            return current_generation(self._path) is None
        except IndexUnavailable:
            return False

    def _begun(self) -> OpenIndexes:
        """Make the first generation. It is current while it is filled: there are no older answers to give."""
        self._close()
        generation = new_generation(self._path)
        self._open = made_indexes(self._engines, generation, self._say)
        self._store.enqueue_all()  # before it is published: killed in between, this is done again
        publish_generation(generation, self._engines.built)
        return self._open

    def _opened(self) -> OpenIndexes:
        """Return the indexes of the current generation. Raises IndexUnavailable when they must be built anew."""
        generation = current_generation(self._path)
        if generation is None or built_with(generation) != self._engines.built:
            raise IndexUnavailable(f"the indexes in {self._path} were made by another version or are damaged; {REMEDY}")
        if self._open is None or self._open.vectors is None or not self.is_whole():
            self._close()
            self._open = opened_indexes(self._engines, generation, self._say)
        return self._open

    def _mended(self, loss: IndexUnavailable, progress: Progress, keep_going: Callable[[], bool]) -> SyncReport:
        """Build both indexes anew, even without a model: the store keeps the vectors until there is one again."""
        self._say(f"building the indexes anew from the store: {str(loss).partition('; ')[0]}")
        return self._rebuild(progress, keep_going)

    def _rebuild(self, progress: Progress, keep_going: Callable[[], bool]) -> SyncReport:
        self._close()
        wish = self._store.setting(REBUILD_WANTED)
        generation = new_generation(self._path)
        try:
            self._open = made_indexes(self._engines, generation, self._say)
            report = self._sync(self._open, progress, keep_going).fill(list(self._store.all_ids()))
        except BaseException:
            self._discard(generation)
            raise
        if report.stopped:
            self._discard(generation)
            return report
        publish_generation(generation, self._engines.built)
        remove_other_generations(self._path)  # before the wish is taken back: whoever waits for it may want them gone
        if wish is not None:
            self._store.take_setting(REBUILD_WANTED, wish)
        # What was written meanwhile is brought in; the rest is found as wanted.
        self._sync(self._open, _quiet, keep_going).drain()
        return report

    def _discard(self, generation: Path) -> None:
        """Free the room of a generation that was not published."""
        self._close()
        shutil.rmtree(generation, ignore_errors=True)

    def _sync(self, opened: OpenIndexes, progress: Progress, keep_going: Callable[[], bool]) -> Sync:
        try:
            encoder = self._encoder()
        except ModelUnavailable:
            encoder = None
        keyword, vectors = opened.keyword, opened.vectors
        return Sync(self._store, keyword, vectors, encoder, say=self._say, progress=progress, keep_going=keep_going)

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
