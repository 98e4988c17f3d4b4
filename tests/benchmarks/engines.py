"""Ask the bare engines what a search asks them: the least that a search over these indexes could take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import tantivy

from indexer.keyword.query_plan import plan_of
from indexer.keyword.tantivy_query import TantivyQueries
from indexer.keyword.tantivy_schema import keyword_schema
from indexer.manifest import KEYWORD, VECTORS, current_generation
from indexer.vectors.rows import GRAPH_SEARCH_WIDTH
from indexer.vectors.segment import GRAPH, ROWS
from kb.protocols.encoder import Vector
from kb.queries import KeywordQuery
from kb.settings import Settings
from search.lanes import DEPTH

if TYPE_CHECKING:
    faiss: Any
else:
    import faiss


class BareEngines:
    """The files of a home, opened with Tantivy and FAISS and nothing else."""

    def __init__(self, settings: Settings):
        """Open the current generation, which must have been made with Tantivy."""
        generation = current_generation(settings.index_path)
        if generation is None or settings.keyword_engine != "tantivy":
            raise SystemExit(f"{settings.index_path} holds no index of Tantivy and FAISS")
        index = tantivy.Index.open(str(generation / KEYWORD))
        index.config_reader("manual", 0)
        self._searcher = index.searcher()
        self._queries = TantivyQueries(keyword_schema())
        self._rows = [_opened(file) for file in sorted((generation / VECTORS).glob(f"*{ROWS}"))]

    def words(self, query: KeywordQuery) -> tantivy.Query:
        """Return a query as Tantivy takes it."""
        scoring = self._queries.scoring(plan_of(query), self._searcher.doc_freq, self._searcher.num_docs)
        return tantivy.Query.empty_query() if scoring is None else scoring

    def ask_words(self, query: tantivy.Query) -> None:
        """Have Tantivy find as many documents as a lane hands on."""
        self._searcher.search(query, limit=DEPTH, count=False)

    def ask_vectors(self, vector: Vector) -> None:
        """Have FAISS look at every row or walk the graph, on one thread as the product does."""
        faiss.omp_set_num_threads(1)
        for rows, parameters in self._rows:
            rows.search(vector[None], DEPTH, params=parameters)


def _opened(file: Path) -> tuple[Any, Any]:
    """Return the rows of a segment, mapped, or the graph over them where there is one, and how it is searched."""
    rows = faiss.read_index(str(file), getattr(faiss, "IO_FLAG_MMAP_IFC", 0))
    beside = file.with_suffix(GRAPH)
    if not beside.is_file():
        return rows, None
    graph = faiss.read_index(str(beside))
    graph.storage, graph.own_fields = rows, False
    graph.referenced_objects = [rows]
    return graph, faiss.SearchParametersHNSW(efSearch=GRAPH_SEARCH_WIDTH)
