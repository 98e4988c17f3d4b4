"""Hold the facts of many documents as columns and answer a filter for all of them at once.

For each value of each field a column lists the documents that have it. `admitted` agrees with `Filter.admits` and
`may_read_facts` on every document; a property test holds it to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kb.queries import Facts, Filter, Viewer

Mask = NDArray[np.bool_]
"""`(documents,)`: whether a document is admitted."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_UNDATED = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class FactColumns:
    """Facts of documents 0 … n-1.

    `values[i]` is a (field, value); `documents[offsets[i]:offsets[i + 1]]` are those that have it, ascending.
    `dated_at` is in microseconds since 1970, the smallest integer for an undated document.
    """

    values: tuple[tuple[str, str], ...]
    offsets: NDArray[np.int64]
    documents: NDArray[np.int32]
    dated_at: NDArray[np.int64]
    by_field: Mapping[str, Mapping[str, int]]

    def admitted(self, where: Filter, viewer: Viewer, ordinals: Mapping[str, int]) -> Mask:
        """Return which documents filter and viewer admit. `ordinals` finds a document's number by its id."""
        mask = np.ones(len(self.dated_at), np.bool_)
        for name, values in where.wanted().items():
            mask &= self._having(name, values)
        for name, values in where.unwanted().items():
            for value in values:
                mask[self._documents(name, value)] = False
        for document_id in where.without:
            if (ordinal := ordinals.get(document_id)) is not None:
                mask[ordinal] = False
        self._bound_dates(mask, where)
        if viewer.audiences is not None:
            mask &= self._having("audience", viewer.audiences)
        if not viewer.may_edit:
            for value in self.by_field.get("state", {}):
                if value != "published":
                    mask[self._documents("state", value)] = False
        return mask

    def _having(self, name: str, values: Iterable[str]) -> Mask:
        mask = np.zeros(len(self.dated_at), np.bool_)
        for value in values:
            mask[self._documents(name, value)] = True
        return mask

    def _documents(self, name: str, value: str) -> NDArray[np.int32]:
        position = self.by_field.get(name, {}).get(value)
        if position is None:
            return self.documents[:0]
        return self.documents[self.offsets[position] : self.offsets[position + 1]]

    def _bound_dates(self, mask: Mask, where: Filter) -> None:
        undated = self.dated_at == _UNDATED
        if where.as_of is not None:
            mask &= undated | (self.dated_at < _microseconds(where.as_of))
        if where.after is not None:
            mask &= ~undated & (self.dated_at >= _microseconds(where.after))
        if where.before is not None:
            mask &= ~undated & (self.dated_at < _microseconds(where.before))


def columns_from(
    values: Sequence[tuple[str, str]],
    offsets: NDArray[np.int64],
    documents: NDArray[np.int32],
    dated_at: NDArray[np.int64],
) -> FactColumns:
    """Return columns from their stored parts."""
    by_field: dict[str, dict[str, int]] = {}
    for position, (name, value) in enumerate(values):
        by_field.setdefault(name, {})[value] = position
    return FactColumns(tuple(values), offsets, documents, dated_at, by_field)


def columns_of(facts: Sequence[Facts]) -> FactColumns:
    """Return the columns of documents in their order."""
    positions: dict[tuple[str, str], int] = {}
    found: list[int] = []
    counts: list[int] = []
    for one in facts:
        before = len(found)
        for name, values in one.values.items():
            for value in values:
                found.append(positions.setdefault((name, value), len(positions)))
        counts.append(len(found) - before)
    documents = np.repeat(np.arange(len(facts), dtype=np.int32), counts)
    dated_at = np.array([_UNDATED if one.dated_at is None else _microseconds(one.dated_at) for one in facts], np.int64)
    return _sorted_columns(list(positions), np.array(found, np.int32), documents, dated_at)


def joined_columns(parts: Sequence[tuple[FactColumns, NDArray[np.int64]]]) -> FactColumns:
    """Return the columns of the documents kept from each part (ascending numbers), one part after the other."""
    positions: dict[tuple[str, str], int] = {}
    values: list[NDArray[np.int32]] = []
    documents: list[NDArray[np.int32]] = []
    dated_at: list[NDArray[np.int64]] = []
    count = 0
    for columns, kept in parts:
        renumbered = np.full(len(columns.dated_at), -1, np.int32)
        renumbered[kept] = np.arange(count, count + len(kept), dtype=np.int32)
        mapped = np.array([positions.setdefault(value, len(positions)) for value in columns.values], np.int32)
        held = renumbered[columns.documents]
        values.append(np.repeat(mapped, np.diff(columns.offsets))[held >= 0])
        documents.append(held[held >= 0])
        dated_at.append(columns.dated_at[kept])
        count += len(kept)
    empty = np.zeros(0, np.int32)
    return _sorted_columns(
        list(positions),
        np.concatenate((empty, *values)),
        np.concatenate((empty, *documents)),
        np.concatenate((np.zeros(0, np.int64), *dated_at)),
    )


def _sorted_columns(
    values: Sequence[tuple[str, str]],
    value_of_pair: NDArray[np.int32],
    document_of_pair: NDArray[np.int32],
    dated_at: NDArray[np.int64],
) -> FactColumns:
    order = np.lexsort((document_of_pair, value_of_pair))
    counts = np.bincount(value_of_pair, minlength=len(values)).astype(np.int64)
    used = [value for value, count in zip(values, counts, strict=True) if count]
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts[counts > 0])))
    return columns_from(used, offsets, document_of_pair[order], dated_at)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK
