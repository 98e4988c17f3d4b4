"""Build an index with each peer and ask it: the same passages, the same vectors, each engine as its own pages advise.

Lexical peers find any word of a question and rank by BM25. Every peer looks at `DEPTH` candidates and hands on `LIMIT`.
An engine is imported when it is used, so that one of them can be measured where the others are not installed.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kb.protocols.encoder import Vector

DEPTH, LIMIT = 100, 10
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Passages:
    """Texts of passages with the document each is of, and their `(count, dimension)` unit vectors."""

    documents: Sequence[str]
    texts: Sequence[str]
    vectors: Vector


Ask = Callable[[str, Vector], Sequence[int]]
"""Takes a question and its vector, returns the numbers of `LIMIT` passages at most, best first."""


class Peer(Protocol):
    """One engine over files of a directory of its own."""

    def build(self, directory: Path, passages: Passages) -> None:
        """Index the passages; all of it is on disk afterwards."""
        ...

    def opened(self, directory: Path) -> Ask:
        """Open what `build` wrote."""
        ...


class SqliteFts5:
    """SQLite's full-text index, with Porter's stemmer."""

    def build(self, directory: Path, passages: Passages) -> None:
        """Index the passages; all of it is on disk afterwards."""
        connection = sqlite3.connect(directory / "fts5.db")
        with connection:
            connection.execute("CREATE VIRTUAL TABLE passages USING fts5(text, tokenize = 'porter unicode61')")
            rows = ((number, text) for number, text in enumerate(passages.texts))
            connection.executemany("INSERT INTO passages(rowid, text) VALUES (?, ?)", rows)
            connection.execute("INSERT INTO passages(passages) VALUES ('optimize')")
        connection.close()

    def opened(self, directory: Path) -> Ask:
        """Open what `build` wrote."""
        connection = sqlite3.connect(directory / "fts5.db")
        found = "SELECT rowid FROM passages WHERE passages MATCH ? ORDER BY rank LIMIT ?"

        def ask(text: str, vector: Vector) -> Sequence[int]:
            words = " OR ".join(f'"{word}"' for word in _WORD.findall(text))
            return [row for (row,) in connection.execute(found, (words, DEPTH))][:LIMIT]

        return ask


class TantivyAlone:
    """Tantivy with its own English analysis."""

    def build(self, directory: Path, passages: Passages) -> None:
        """Index the passages; all of it is on disk afterwards."""
        import tantivy

        fields = tantivy.SchemaBuilder()
        fields.add_text_field("text", tokenizer_name="en_stem")
        fields.add_unsigned_field("number", stored=True)
        writer = tantivy.Index(fields.build(), str(directory)).writer()
        for number, text in enumerate(passages.texts):
            writer.add_document(tantivy.Document(number=number, text=text))
        writer.commit()
        writer.wait_merging_threads()

    def opened(self, directory: Path) -> Ask:
        """Open what `build` wrote."""
        import tantivy

        index = tantivy.Index.open(str(directory))
        searcher = index.searcher()

        def ask(text: str, vector: Vector) -> Sequence[int]:
            query = index.parse_query(" ".join(_WORD.findall(text)).lower(), ["text"])
            hits = searcher.search(query, DEPTH, count=False).hits
            return [searcher.doc(address).get_first("number") for _, address in hits[:LIMIT]]

        return ask


class FaissAlone:
    """FAISS, comparing with every vector."""

    def build(self, directory: Path, passages: Passages) -> None:
        """Index the passages; all of it is on disk afterwards."""
        import faiss

        index: Any = faiss.IndexFlatIP(passages.vectors.shape[1])
        index.add(np.ascontiguousarray(passages.vectors))
        faiss.write_index(index, str(directory / "flat.faiss"))

    def opened(self, directory: Path) -> Ask:
        """Open what `build` wrote."""
        import faiss

        index: Any = faiss.read_index(str(directory / "flat.faiss"))
        faiss.omp_set_num_threads(1)
        return lambda text, vector: index.search(vector[None], DEPTH)[1][0, :LIMIT].tolist()


class Bm25s:
    """bm25s with NumPy and, as its pages advise, the stemmer of Snowball."""

    def build(self, directory: Path, passages: Passages) -> None:
        """Index the passages; all of it is on disk afterwards."""
        import bm25s

        index = bm25s.BM25()
        index.index(self._tokens(list(passages.texts)), show_progress=False)
        index.save(str(directory))

    def opened(self, directory: Path) -> Ask:
        """Open what `build` wrote."""
        import bm25s

        index = bm25s.BM25.load(str(directory))
        most = min(DEPTH, int(index.scores["num_docs"]))

        def ask(text: str, vector: Vector) -> Sequence[int]:
            found, _ = index.retrieve(self._tokens([text]), k=most, show_progress=False, n_threads=0)
            numbers: list[int] = found[0, :LIMIT].tolist()
            return numbers

        return ask

    def _tokens(self, texts: list[str]) -> Any:
        import bm25s
        import Stemmer

        return bm25s.tokenize(texts, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False)


class Txtai:
    """txtai with a dense and a sparse index, its own choice of both, fused with equal weights."""

    def build(self, directory: Path, passages: Passages) -> None:
        """Index the passages; all of it is on disk afterwards."""
        index = self._index(iter(passages.vectors))
        index.index((number, text, None) for number, text in enumerate(passages.texts))
        index.save(str(directory))

    def opened(self, directory: Path) -> Ask:
        """Open what `build` wrote."""
        asked: list[Vector] = []
        index = self._index(iter(()), asked)
        index.load(str(directory), config={**json.loads((directory / "config.json").read_text()), **index.config})

        def ask(text: str, vector: Vector) -> Sequence[int]:
            asked[:] = [vector]
            return [number for number, _ in index.search(text, LIMIT)]  # it looks at ten times as many candidates

        return ask

    def _index(self, ready: Any, asked: list[Vector] | None = None) -> Any:
        from txtai import Embeddings

        def transform(texts: Sequence[str]) -> Vector:
            """Return the vector that is at hand for each text, in the order in which texts are indexed."""
            return np.stack(asked or [next(ready) for _ in texts])

        return Embeddings(method="external", transform=transform, hybrid=True, content=False)


class LanceDb:
    """LanceDB with an HNSW index and a full-text index, fused by reciprocal ranks, which is its default."""

    def build(self, directory: Path, passages: Passages) -> None:
        """Index the passages; all of it is on disk afterwards."""
        import lancedb
        import pyarrow

        vectors = pyarrow.FixedSizeListArray.from_arrays(
            pyarrow.array(np.asarray(passages.vectors).ravel()), passages.vectors.shape[1]
        )
        columns = {
            "number": pyarrow.array(range(len(passages.texts))),
            "text": pyarrow.array(passages.texts),
            "vector": vectors,
        }
        table = lancedb.connect(str(directory)).create_table("passages", pyarrow.table(columns))
        table.create_fts_index("text")
        if len(passages.texts) >= _FEWEST_TO_CLUSTER:
            table.create_index(metric="dot", index_type="IVF_HNSW_SQ")

    def opened(self, directory: Path) -> Ask:
        """Open what `build` wrote."""
        import lancedb

        table = lancedb.connect(str(directory)).open_table("passages")

        def ask(text: str, vector: Vector) -> Sequence[int]:
            words = " ".join(_WORD.findall(text))
            query = table.search(query_type="hybrid").vector(vector).text(words).distance_type("dot")
            rows = query.select(["number"]).limit(DEPTH).to_arrow()
            numbers: list[int] = rows["number"][:LIMIT].to_pylist()
            return numbers

        return ask


_FEWEST_TO_CLUSTER = 5_000
"""Fewer vectors LanceDB compares one by one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What has to be known of a peer before it is imported."""

    make: Callable[[], Peer]
    modules: tuple[str, ...]
    is_encoded: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the modules that are not installed."""
        return tuple(name for name in self.modules if find_spec(name) is None)


PEERS = {
    "Tantivy": Kind(TantivyAlone, ("tantivy",), is_encoded=False),
    "FAISS": Kind(FaissAlone, ("faiss",), is_encoded=True),
    "SQLite FTS5": Kind(SqliteFts5, ("sqlite3",), is_encoded=False),
    "bm25s": Kind(Bm25s, ("bm25s", "Stemmer"), is_encoded=False),
    "txtai, hybrid": Kind(Txtai, ("txtai",), is_encoded=True),
    "LanceDB, hybrid": Kind(LanceDb, ("lancedb",), is_encoded=True),
}
"""Name → peer. Those that compare vectors have the time of encoding a question counted."""
