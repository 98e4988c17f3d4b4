"""Open the keyword index that the settings name."""

from __future__ import annotations

from pathlib import Path

from kb.errors import ConfigurationError
from kb.protocols.keyword import KeywordIndex


def open_keyword_index(engine: str, directory: Path, *, write: bool = True) -> KeywordIndex:
    """Open the index that `engine` (`tantivy` or `whoosh`) keeps in `directory`; with `write`, make it where missing.

    Raises IndexUnavailable when it is damaged, was made by another engine or version, or (without `write`) is missing;
    ConfigurationError for an unknown engine.
    """
    if engine == "tantivy":
        from indexer.keyword.tantivy_index import TantivyIndex

        return TantivyIndex(directory, write=write)
    if engine == "whoosh":
        from indexer.keyword.whoosh_index import WhooshIndex

        return WhooshIndex(directory, write=write)
    raise ConfigurationError(f"setting keyword_engine must be tantivy or whoosh, not {engine!r}")
