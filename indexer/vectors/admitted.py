"""Say which rows of a segment a filter and a viewer admit, and remember it: nearly all questions have the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from indexer.vectors.facts import Mask
from indexer.vectors.rows import Allowed, allowed_rows
from indexer.vectors.segment import Segment
from kb.queries import Filter, Viewer

MOST_REMEMBERED = 8
"""Filters and viewers that are remembered for a segment, with one byte for each of its rows."""
_Key: TypeAlias = tuple[object, ...]
_Rows: TypeAlias = tuple[NDArray[np.bool_], Allowed]


class AdmittedRows:
    """The rows of live documents of one segment that may come back. May be used by several threads at once."""

    def __init__(self, segment: Segment, live: Mask):
        self._segment = segment
        self._live = live
        self._lock = threading.Lock()
        self._held: OrderedDict[_Key, _Rows] = OrderedDict()

    def of(self, where: Filter, viewer: Viewer) -> Allowed:
        """Return the rows that filter and viewer admit."""
        rows, allowed = self._remembered(where, viewer)
        segment = self._segment
        # Each ticket leaves out another one, itself; mostly it lies in another segment or in none.
        without = [number for one in where.without if (number := segment.ordinals.get(one)) is not None]
        if not without:
            return allowed
        rows = rows.copy()
        for number in without:
            rows[segment.starts[number] : segment.starts[number + 1]] = False
        return allowed_rows(rows)

    def _remembered(self, where: Filter, viewer: Viewer) -> _Rows:
        key = _key(where, viewer)
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                self._held.move_to_end(key)
                return held
        segment = self._segment
        documents = self._live & segment.facts.admitted(replace(where, without=frozenset()), viewer, segment.ordinals)
        rows = documents[segment.document_of_row]
        held = rows, allowed_rows(rows)
        with self._lock:
            self._held[key] = held
            while len(self._held) > MOST_REMEMBERED:
                self._held.popitem(last=False)
        return held


def _key(where: Filter, viewer: Viewer) -> _Key:
    """Return all that decides but the ids to leave out; who the viewer is decides by groups and rights alone."""
    wanted, unwanted = (tuple(sorted(values.items())) for values in (where.wanted(), where.unwanted()))
    return wanted, unwanted, where.after, where.before, where.as_of, viewer.audiences, viewer.may_edit
