"""The vector index on FAISS: what is open, what is committed, and who may write.

Several threads and processes may read while one writes. A reader holds one committed state until `refresh`; the files
of that state stay mapped even when a writer has since removed them.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from indexer.lock import FileLock
from indexer.vectors.compaction import first_to_merge
from indexer.vectors.manifest import (
    VectorManifest,
    commit,
    manifest_bytes,
    parsed_manifest,
    remove_orphans,
    segment_files,
)
from indexer.vectors.rows import FEW_SHARE
from indexer.vectors.segment import (
    Contents,
    Segment,
    SegmentFiles,
    added_contents,
    contents_of,
    damaged,
    joined_contents,
    write_segment,
)
from indexer.vectors.similarity import exact_query
from indexer.vectors.state import State, state_of
from kb.errors import IndexUnavailable, RecipeMismatch
from kb.protocols.encoder import Vector
from kb.protocols.vector import VectorEntry
from kb.queries import Filter, Hit, Viewer
from kb.recipe import Recipe

EXACT_ROWS = 500_000
"""Up to here every row is looked at, in about 4 ms for each 100,000 on one core, with 38 MB of codes in memory for as
many. A graph takes minutes to build and finds nearly the same, so it pays only beyond.
"""
_LOCK_NAME = "writer.lock"
_ATTEMPTS = 5


class FaissVectorIndex:
    """A VectorIndex in one directory. Made by `open_vector_index`."""

    def __init__(self, directory: Path, recipe: Recipe, *, create: bool, exact_rows: int, few_share: float):
        self._directory = directory
        self._recipe = recipe
        self._exact_rows = exact_rows
        self._few_share = few_share
        self._guard = threading.RLock()
        self._writer = FileLock(directory / _LOCK_NAME)
        self._read = b""
        self._latest: State
        self._state: State | None = None
        if create:
            self._create()
        elif manifest_bytes(directory) is None:
            raise IndexUnavailable(f"there is no vector index in {directory}; run `kb index --rebuild`")
        self.refresh()

    @property
    def recipe(self) -> Recipe:
        """Return the recipe of every vector held."""
        return self._recipe

    @property
    def size(self) -> int:
        """Return the number of passages."""
        return self._open_state().size

    def search(self, vector: Vector, where: Filter, viewer: Viewer, depth: int) -> Sequence[Hit]:
        """Return at most `depth` documents that filter and viewer admit, best first. Raises InvalidInput."""
        return self._open_state().search(exact_query(vector, self._recipe.dimension), where, viewer, depth)

    def similarities(self, vector: Vector, ids: Sequence[str]) -> Mapping[str, Mapping[int, float]]:
        """Return id → passage → similarity, without regard to filter or viewer. Raises InvalidInput."""
        return self._open_state().similarities(exact_query(vector, self._recipe.dimension), ids)

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Vector]:
        """Return id → `(passages, dimension)` vectors as they are held, without regard to filter or viewer."""
        return self._open_state().vectors(ids)

    def fingerprints(self, ids: Sequence[str] | None = None) -> Mapping[str, str]:
        """Return id → fingerprint of the documents held in the last commit, all of them when `ids` is None."""
        with self._guard:
            return self._last_commit().fingerprints(ids)

    def refresh(self) -> None:
        """See the last commit. Cheap when it is the one already seen. Raises RecipeMismatch, IndexUnavailable."""
        with self._guard:
            self._state = self._last_commit()

    def apply(self, upserts: Sequence[VectorEntry], deletes: Sequence[str]) -> None:
        """Replace and remove documents; durable on return, seen after `refresh`.

        A large merge of segments follows in a commit of its own, so that readers need not wait for it.
        Raises InvalidInput, IndexLocked, IndexUnavailable; nothing has changed then, or only the merge is missing.
        """
        if not upserts and not deletes:
            return
        contents = contents_of(upserts, deletes, self._recipe.dimension)
        with self._guard, self._writer:
            state = self._last_commit()
            remove_orphans(self._directory, state.manifest)
            self._commit(state.manifest, state.manifest.segments, contents)
            self._merge()

    @contextmanager
    def filling(self) -> Iterator[Callable[[Sequence[VectorEntry]], None]]:
        """Lend what adds documents, each once, to the empty index; at the end they are committed as one segment.

        Until then they are in memory, as for a merge: nothing is written that would be merged, and so written again.
        Raises as `apply` does; nothing has changed then.
        """
        parts: list[Contents] = []
        self._refuse_filled()
        yield lambda entries: parts.append(contents_of(entries, (), self._recipe.dimension))
        with self._guard, self._writer:
            self._refuse_filled()
            if any(part.ids for part in parts):
                self._commit(self._last_commit().manifest, (), added_contents(parts))

    def clear(self) -> None:
        """Remove every document. Raises IndexLocked, IndexUnavailable."""
        with self._guard, self._writer:
            manifest = self._last_commit().manifest
            self._commit(manifest, (), None)
            self._tidy()

    def close(self) -> None:
        """Let go of all files. Idempotent; searching afterwards raises IndexUnavailable."""
        with self._guard:
            self._state = None
            self._writer.release()

    def _open_state(self) -> State:
        state = self._state
        if state is None:
            raise IndexUnavailable("the vector index is closed")
        return state

    def _refuse_filled(self) -> None:
        with self._guard:
            if self._last_commit().segments:
                raise IndexUnavailable(f"the vector index in {self._directory} is not empty; run `kb index --rebuild`")

    def _create(self) -> None:
        """Commit the empty index where there is none yet."""
        if manifest_bytes(self._directory) is not None:
            return
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        with self._writer:
            if manifest_bytes(self._directory) is not None:
                return
            if segment_files(self._directory):
                raise damaged(self._directory, "its manifest is missing")
            self._write_manifest(VectorManifest(self._recipe, 0, ()))

    def _merge(self) -> None:
        state = self._last_commit()
        first = first_to_merge(state.sizes())
        if first == len(state.segments):
            return
        contents = joined_contents(state.segments[first:], state.live[first:], is_oldest=first == 0)
        is_empty = not contents.ids and not contents.deleted
        self._commit(state.manifest, state.manifest.segments[:first], None if is_empty else contents)
        self._tidy()

    def _commit(self, last: VectorManifest, kept: Sequence[SegmentFiles], contents: Contents | None) -> None:
        """Commit `kept` segments and, newest, one with `contents`."""
        generation = last.generation + 1
        segments = list(kept)
        if contents is not None:
            # The random part keeps a name from coming back after a crash with other contents.
            name = f"{generation:08d}-{secrets.token_hex(4)}"
            try:
                segments.append(
                    write_segment(self._directory, name, contents, self._recipe.dimension, self._exact_rows)
                )
            except (OSError, RuntimeError) as error:
                raise self._unwritable(error) from error
        self._write_manifest(VectorManifest(self._recipe, generation, tuple(segments)))

    def _tidy(self) -> None:
        """Let go of what the last commit no longer names and remove it."""
        remove_orphans(self._directory, self._last_commit().manifest)

    def _write_manifest(self, manifest: VectorManifest) -> None:
        try:
            commit(self._directory, manifest)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: Exception) -> IndexUnavailable:
        return IndexUnavailable(
            f"the vector index in {self._directory} cannot be written: {error}; free space or correct its permissions"
        )

    def _last_commit(self) -> State:
        """Return the last committed state, opening what is not open yet."""
        for attempt in range(_ATTEMPTS):
            content = manifest_bytes(self._directory)
            if content is None:
                raise damaged(self._directory, "its manifest is missing")
            if content == self._read:
                return self._latest
            manifest = parsed_manifest(self._directory, content)
            if manifest.recipe.id != self._recipe.id:
                raise RecipeMismatch(
                    f"the vector index in {self._directory} was made with {manifest.recipe.model_name} (recipe "
                    f"{manifest.recipe.id}), not {self._recipe.model_name} (recipe {self._recipe.id}); "
                    "run `kb index --rebuild`"
                )
            try:
                segments = self._opened(manifest)
            except FileNotFoundError as error:
                # A writer merged these segments after the manifest was read: read the newer one.
                if attempt + 1 < _ATTEMPTS and manifest_bytes(self._directory) != content:
                    continue
                raise damaged(self._directory, f"a file is missing ({error})") from error
            self._latest = state_of(manifest, segments)
            self._read = content
            return self._latest
        raise IndexUnavailable(f"the vector index in {self._directory} changes too fast to be opened; try again")

    def _opened(self, manifest: VectorManifest) -> tuple[Segment, ...]:
        held = {segment.files.name: segment for segment in self._latest.segments} if self._read else {}
        return tuple(
            held.get(files.name) or Segment(self._directory, files, self._recipe.dimension, self._few_share)
            for files in manifest.segments
        )


def open_vector_index(
    directory: Path,
    recipe: Recipe,
    *,
    create: bool = True,
    exact_rows: int = EXACT_ROWS,
    few_share: float = FEW_SHARE,
) -> FaissVectorIndex:
    """Open the vector index in `directory`; with `create`, make an empty one where there is none.

    A segment of more than `exact_rows` passages has a graph to propose rows instead of looking at each, unless a filter
    leaves less than `few_share` of them. Raises RecipeMismatch when the index holds vectors of another recipe,
    IndexUnavailable when it is missing or damaged, with what to do.
    """
    return FaissVectorIndex(directory, recipe, create=create, exact_rows=exact_rows, few_share=few_share)
