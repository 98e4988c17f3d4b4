"""Every keyword index passes the one suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.keyword.open_keyword import open_keyword_index
from kb.protocols.keyword import KeywordIndex
from tests.conformance.keyword_suite import (
    ANYTHING,
    EVERYONE,
    KeywordIndexSuite,
    MakeIndex,
    seeded_entries,
    seeded_queries,
)
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

    def test_scores_do_not_depend_on_segments_when_there_are_many_documents(self, make_index: MakeIndex) -> None:
        entries = seeded_entries(9_000, longest=9)
        at_once, in_parts = make_index(), make_index()
        at_once.apply(entries, [])
        for start in range(0, len(entries), 1_500):
            in_parts.apply(entries[start : start + 1_500][::-1], [])
        at_once.refresh(), in_parts.refresh()
        for query in seeded_queries(30):
            hits = list(at_once.search(query, ANYTHING, EVERYONE, 300))
            assert list(in_parts.search(query, ANYTHING, EVERYONE, 300)) == hits
            assert len(hits) > 100


class TestWhooshIndex(KeywordIndexSuite):
    """The second engine."""

    @pytest.fixture
    def make_index(self, tmp_path: Path) -> Iterator[MakeIndex]:
        """Return a maker of indexes in new directories."""
        yield from made(tmp_path, "whoosh")

    def test_documents_stay_when_they_come_and_go_one_by_one(self, make_index: MakeIndex, tmp_path: Path) -> None:
        index, reference = make_index(), MemoryKeywordIndex()
        entries = seeded_entries(150)
        for number, one in enumerate(entries):
            gone = [entries[number - 20].facts.id] if number >= 20 and number % 3 == 0 else []
            index.apply([one], gone)
            reference.apply([one], gone)
        index.refresh(), reference.refresh()
        assert len(list((tmp_path / "index-0").glob("*.seg"))) < 20
        assert index.fingerprints() == reference.fingerprints()
        assert index.size == 107
        for query in seeded_queries(30):
            expected = reference.search(query, ANYTHING, EVERYONE, 200)
            hits = index.search(query, ANYTHING, EVERYONE, 200)
            assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in expected], rel=2e-4)


def made(below: Path, engine: str) -> Iterator[MakeIndex]:
    """Yield a maker of indexes, each in a directory of its own; close them afterwards."""
    opened: list[KeywordIndex] = []

    def make() -> KeywordIndex:
        opened.append(open_keyword_index(engine, below / f"index-{len(opened)}"))
        return opened[-1]

    yield make
    for index in opened:
        index.close()
