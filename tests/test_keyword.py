"""Every keyword index passes the one suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.keyword.open_keyword import open_keyword_index
from kb.protocols.keyword import KeywordIndex
from tests.conformance.keyword_suite import KeywordIndexSuite, MakeIndex
from tests.fakes.keyword import MemoryKeywordIndex


class TestMemoryKeywordIndex(KeywordIndexSuite):
    """The reference in memory."""

    @pytest.fixture
    def make_index(self) -> MakeIndex:
        """Return a maker of indexes in memory."""
        return MemoryKeywordIndex


class TestTantivyIndex(KeywordIndexSuite):
    """The default engine."""

    @pytest.fixture
    def make_index(self, tmp_path: Path) -> Iterator[MakeIndex]:
        """Return a maker of indexes in new directories."""
        yield from made(tmp_path, "tantivy")


class TestWhooshIndex(KeywordIndexSuite):
    """The second engine."""

    @pytest.fixture
    def make_index(self, tmp_path: Path) -> Iterator[MakeIndex]:
        """Return a maker of indexes in new directories."""
        yield from made(tmp_path, "whoosh")


def made(below: Path, engine: str) -> Iterator[MakeIndex]:
    """Yield a maker of indexes, each in a directory of its own; close them afterwards."""
    opened: list[KeywordIndex] = []

    def make() -> KeywordIndex:
        opened.append(open_keyword_index(engine, below / f"index-{len(opened)}"))
        return opened[-1]

    yield make
    for index in opened:
        index.close()
