"""Say what one segment of the index is: documents, their facts and their rows, written once and never changed.

A segment `NAME` is the files `NAME.rows` (vectors), `NAME.columns` (everything else, as a NumPy archive) and, when it
is large, `NAME.graph`. `deleted` are documents that older segments may hold and that are gone since.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.durable import sync_file
from indexer.vectors.facts import FactColumns, Mask, columns_from, columns_of, joined_columns
from indexer.vectors.rows import FEW_SHARE, Rows, write_rows
from indexer.vectors.similarity import Held, held_vectors
from kb.errors import IndexUnavailable, InvalidInput
from kb.protocols.vector import VectorEntry

ROWS, COLUMNS, GRAPH = ".rows", ".columns", ".graph"
_CHUNK = 8192


@dataclass(frozen=True, slots=True)
class SegmentFiles:
    """One segment as the manifest names it: how many documents and rows it holds, and file ending → bytes."""

    name: str
    documents: int
    rows: int
    bytes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a segment holds. Rows `starts[i]:starts[i + 1]` belong to document i, in order of passage."""

    ids: Sequence[str]
    fingerprints: Sequence[str]
    starts: NDArray[np.int64]
    passages: NDArray[np.int32]
    facts: FactColumns
    deleted: frozenset[str]
    blocks: Iterable[Held]


class Segment:
    """A segment open for reading, by any number of threads."""

    def __init__(self, directory: Path, files: SegmentFiles, dimension: int, few_share: float = FEW_SHARE):
        """Open a segment and check count, shape and finiteness.

        Raises FileNotFoundError when a file is not there, IndexUnavailable when one is damaged.
        """
        self.files = files
        try:
            for ending, size in files.bytes.items():
                path = directory / (files.name + ending)
                if (found := path.stat().st_size) != size:
                    raise damaged(path, f"it has {found} bytes, not {size}")
            self._read(directory, files, dimension, few_share)
        except FileNotFoundError:
            raise
        except (OSError, RuntimeError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile) as error:
            for ending in files.bytes:
                (directory / (files.name + ending)).stat()  # removed since it was looked for: FAISS says that otherwise
            raise damaged(directory / files.name, str(error)) from error

    def _read(self, directory: Path, files: SegmentFiles, dimension: int, few_share: float) -> None:
        with np.load(directory / (files.name + COLUMNS), allow_pickle=False) as columns:
            self.ids: list[str] = _texts(columns["ids"])
            self._fingerprints: NDArray[np.uint8] = columns["fingerprints"]
            self.starts: NDArray[np.int64] = columns["starts"]
            self.passages: NDArray[np.int32] = columns["passages"]
            self.deleted = frozenset(_texts(columns["deleted"]))
            values = json.loads(columns["values"].tobytes())
            self.facts = columns_from(
                [(name, value) for name, value in values],
                columns["value_offsets"],
                columns["value_documents"],
                columns["dated_at"],
            )
        graph = directory / (files.name + GRAPH) if GRAPH in files.bytes else None
        self.rows = Rows(directory / (files.name + ROWS), graph, dimension, few_share)
        self.ordinals: Mapping[str, int] = {document_id: number for number, document_id in enumerate(self.ids)}
        counts = (len(self.ordinals), len(self.starts) - 1, len(self.facts.dated_at), len(self.rows))
        wanted = (files.documents, files.documents, files.documents, files.rows)
        if counts != wanted or len(self.passages) != files.rows or int(self.starts[-1]) != files.rows:
            raise ValueError("its columns and rows do not fit together")
        self.document_of_row = np.repeat(np.arange(files.documents, dtype=np.int32), np.diff(self.starts))

    def fingerprints(self) -> list[str]:
        """Return the fingerprint of every document, in their order."""
        return _texts(self._fingerprints)


def contents_of(upserts: Sequence[VectorEntry], deletes: Sequence[str], dimension: int) -> Contents:
    """Return what one commit adds. Of two entries of one document the last counts.

    Raises InvalidInput when vectors and passages of an entry do not fit together or are no unit vectors.
    """
    last = {entry.facts.id: entry for entry in upserts}
    for entry in last.values():
        if entry.vectors.shape != (len(entry.passages), dimension):
            raise InvalidInput(
                f"{entry.facts.id} has {len(entry.passages)} passages but vectors of shape {entry.vectors.shape}"
            )
    entries = list(last.values())
    counts = np.array([len(entry.passages) for entry in entries], np.int64)
    return Contents(
        ids=list(last),
        fingerprints=[entry.fingerprint for entry in entries],
        starts=np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))),
        passages=np.array([number for entry in entries for number in entry.passages], np.int32),
        facts=columns_of([entry.facts for entry in entries]),
        deleted=frozenset(deletes) - last.keys(),
        blocks=[held_vectors(np.concatenate([entry.vectors for entry in entries]))] if entries else [],
    )


def joined_contents(segments: Sequence[Segment], live: Sequence[Mask], is_oldest: bool) -> Contents:
    """Return the live documents of several segments, oldest first, as one. `is_oldest`: nothing older remains, so
    that deletions need not be kept.
    """
    kept = [np.flatnonzero(mask) for mask in live]
    pairs = list(zip(segments, kept, strict=True))
    ids = [segment.ids[number] for segment, numbers in pairs for number in numbers]
    prints = [(segment.fingerprints(), numbers) for segment, numbers in pairs]
    row_masks = [mask[segment.document_of_row] for segment, mask in zip(segments, live, strict=True)]
    counts = [np.diff(segment.starts)[numbers] for segment, numbers in pairs]
    deleted: set[str] = set()
    if not is_oldest:
        # What was deleted and came back later is live here; its older copy is superseded by its id alone.
        deleted = set().union(*(segment.deleted for segment in segments)) - set(ids)
    return Contents(
        ids=ids,
        fingerprints=[held[number] for held, numbers in prints for number in numbers],
        starts=np.concatenate((np.zeros(1, np.int64), np.cumsum(np.concatenate(counts)))),
        passages=np.concatenate([segment.passages[m] for segment, m in zip(segments, row_masks, strict=True)]),
        facts=joined_columns([(segment.facts, numbers) for segment, numbers in pairs]),
        deleted=frozenset(deleted),
        blocks=_blocks(segments, row_masks),
    )


def added_contents(parts: list[Contents]) -> Contents:
    """Return the documents of several commits that have none in common, in order, as one.

    `parts` is emptied while the rows are read: of a large collection there is not room for them twice.
    """
    counts = [np.diff(part.starts) for part in parts]
    return Contents(
        ids=[one for part in parts for one in part.ids],
        fingerprints=[one for part in parts for one in part.fingerprints],
        starts=np.concatenate((np.zeros(1, np.int64), np.cumsum(np.concatenate(counts)))),
        passages=np.concatenate([part.passages for part in parts]),
        facts=joined_columns([(part.facts, np.arange(len(part.ids))) for part in parts]),
        deleted=frozenset(),
        blocks=_taken_blocks(parts),
    )


def write_segment(directory: Path, name: str, contents: Contents, dimension: int, exact_rows: int) -> SegmentFiles:
    """Write a segment; its files are durable on return. Raises OSError or RuntimeError."""
    paths = {ending: directory / (name + ending) for ending in (ROWS, COLUMNS, GRAPH)}
    has_graph = write_rows(
        _rechunked(contents.blocks), len(contents.passages), dimension, paths[ROWS], paths[GRAPH], exact_rows
    )
    with paths[COLUMNS].open("wb") as file:
        np.savez(
            file,
            ids=_bytes(contents.ids),
            fingerprints=_bytes(contents.fingerprints),
            starts=contents.starts,
            passages=contents.passages,
            deleted=_bytes(sorted(contents.deleted)),
            values=_bytes(contents.facts.values),
            value_offsets=contents.facts.offsets,
            value_documents=contents.facts.documents,
            dated_at=contents.facts.dated_at,
        )
    if not has_graph:
        del paths[GRAPH]
    for path in paths.values():
        sync_file(path)
    return SegmentFiles(
        name,
        len(contents.ids),
        len(contents.passages),
        {ending: path.stat().st_size for ending, path in paths.items()},
    )


def damaged(path: Path, what: str) -> IndexUnavailable:
    """Return the error for a file that is not what it should be."""
    return IndexUnavailable(f"the vector index is damaged at {path}: {what}; run `kb index --rebuild`")


def _blocks(segments: Sequence[Segment], masks: Sequence[Mask]) -> Iterator[Held]:
    for segment, mask in zip(segments, masks, strict=True):
        kept = np.flatnonzero(mask)
        for start in range(0, len(kept), _CHUNK):
            yield segment.rows.held[kept[start : start + _CHUNK]]


def _taken_blocks(parts: list[Contents]) -> Iterator[Held]:
    parts.reverse()
    while parts:
        yield from parts.pop().blocks


def _rechunked(blocks: Iterable[Held]) -> Iterator[Held]:
    """Join small blocks: the graph is built by all cores only within one block."""
    waiting: list[Held] = []
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) >= _CHUNK:
            yield np.concatenate(waiting)
            waiting.clear()
    if waiting:
        yield np.concatenate(waiting)


def _bytes(value: object) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(value).encode("ascii"), np.uint8)


def _texts(stored: NDArray[np.uint8]) -> list[str]:
    found: list[str] = json.loads(stored.tobytes())
    return found
