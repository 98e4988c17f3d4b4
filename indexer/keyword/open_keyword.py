"""Open the keyword index that the settings name."""

from __future__ import annotations

import shutil
from pathlib import Path

from indexer.keyword.index_stamp import LOCK_NAME, STAMP_NAME
from indexer.lock import FileLock
from kb.errors import ConfigurationError, IndexUnavailable
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


def erase_keyword_index(directory: Path) -> None:
    """Remove the files of an index, whatever their state, so that opening makes it anew.

    Raises IndexLocked while another process writes, IndexUnavailable when files cannot be removed.
    """
    if not directory.is_dir():
        return
    with FileLock(directory / LOCK_NAME):
        try:
            (directory / STAMP_NAME).unlink(missing_ok=True)
            for path in directory.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif path.name != LOCK_NAME:
                    path.unlink()
        except OSError as error:
            raise IndexUnavailable(f"the keyword index in {directory} cannot be removed: {error}") from error
