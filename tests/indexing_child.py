"""Index an installation in a process that may be killed: `python -m tests.indexing_child HOME`."""

from __future__ import annotations

import sys
from pathlib import Path

import indexer.sync
import indexer.text_vectors
from indexer.engines import installed_engines
from indexer.indexing import Indexing
from kb.store.open_store import open_store
from tests.fakes.encoder import FakeEncoder


def main(home: Path) -> None:
    indexer.sync.BATCH = 40  # many commits in a short time
    indexer.text_vectors.CHUNK = 16
    encoder = FakeEncoder(64)
    store = open_store(home / "fixlore.db")
    indexing = Indexing(store, home / "index", installed_engines("tantivy", lambda: encoder), lambda: encoder)
    print("ready", flush=True)
    if "--rebuild" in sys.argv:
        indexing.rebuild()
    indexing.drain()
    store.close()
    print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
