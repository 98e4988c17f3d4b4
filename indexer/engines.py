"""Say which engines keep the indexes of a generation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.manifest import KEYWORD, PASSAGE_VERSION, VECTORS, BuiltWith
from kb.facts import ANALYSIS_VERSION
from kb.protocols.encoder import Encoder
from kb.protocols.keyword import KeywordIndex
from kb.protocols.vector import VectorIndex


@dataclass(frozen=True, slots=True)
class Engines:
    """How both indexes of a generation are opened: given its directory, and whether to write (and make) it.

    `open_vectors` raises ModelUnavailable while there is no model, since then the recipe is not known.
    """

    built: BuiltWith
    open_keyword: Callable[[Path, bool], KeywordIndex]
    open_vectors: Callable[[Path, bool], VectorIndex]


def installed_engines(keyword_engine: str, encoder: Callable[[], Encoder]) -> Engines:
    """Return the engines that the settings name; nothing of them is imported before it is needed.

    `encoder` returns the encoder, the same at each call, or raises ModelUnavailable.
    """

    def open_keyword(directory: Path, write: bool) -> KeywordIndex:
        from indexer.keyword.open_keyword import open_keyword_index

        return open_keyword_index(keyword_engine, directory / KEYWORD, write=write)

    def open_vectors(directory: Path, write: bool) -> VectorIndex:
        from indexer.vectors.index import open_vector_index

        recipe = replace(encoder().recipe, passage_version=PASSAGE_VERSION)
        return open_vector_index(directory / VECTORS, recipe, create=write)

    return Engines(BuiltWith(keyword_engine, ANALYSIS_VERSION, PASSAGE_VERSION), open_keyword, open_vectors)
