"""Both stores pass the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.protocols.store import Store
from kb.store.open_store import open_store
from tests.conformance.store_samples import SetClock
from tests.conformance.store_suite import StoreSuite
from tests.fakes.store import MemoryStore


class TestSqlStore(StoreSuite):
    @pytest.fixture
    def store(self, tmp_path: Path, clock: SetClock) -> Iterator[Store]:
        store = open_store(tmp_path / "fixlore.db", clock)
        yield store
        store.close()


class TestMemoryStore(StoreSuite):
    @pytest.fixture
    def store(self, clock: SetClock) -> Store:
        return MemoryStore(clock)
