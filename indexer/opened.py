"""Hold both indexes of one generation open to be written."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from indexer.engines import Engines
from kb.errors import IndexUnavailable, ModelUnavailable, RecipeMismatch
from kb.protocols.keyword import KeywordIndex
from kb.protocols.vector import VectorIndex
from kb.reporting import Say


@dataclass(frozen=True, slots=True)
class OpenIndexes:
    """The indexes of a generation; `vectors` is `None` while words must do, without a model or with another one."""

    generation: Path
    keyword: KeywordIndex
    vectors: VectorIndex | None

    def can_be_read(self) -> bool:
        """Say whether the last commit of both can be seen. Cheap."""
        try:
            self.keyword.refresh()
            if self.vectors is not None:
                self.vectors.refresh()
        except IndexUnavailable:
            return False
        return True

    def read_all(self) -> None:
        """Read what every document has left in them. Raises IndexUnavailable when that cannot be done."""
        self.keyword.fingerprints()
        if self.vectors is not None:
            self.vectors.fingerprints()

    def close(self) -> None:
        """Let go of all files. Idempotent."""
        for index in (self.keyword, self.vectors):
            if index is not None:
                with suppress(IndexUnavailable):  # one that is damaged must not keep the other from being closed
                    index.close()


def made_indexes(engines: Engines, generation: Path, say: Say) -> OpenIndexes:
    """Make empty indexes in a new generation and open them. Raises IndexUnavailable."""
    return _with_vectors(engines, generation, engines.open_keyword(generation, True), True, say)


def opened_indexes(engines: Engines, generation: Path, say: Say) -> OpenIndexes:
    """Open the indexes of a generation that was published.

    Raises IndexUnavailable when one of them is missing or damaged: an empty one in its place would answer as if it
    held everything.
    """
    engines.open_keyword(generation, False).close()  # opened to be written, it would be made where it is missing
    return _with_vectors(engines, generation, engines.open_keyword(generation, True), False, say)


def _with_vectors(engines: Engines, generation: Path, keyword: KeywordIndex, create: bool, say: Say) -> OpenIndexes:
    try:
        return OpenIndexes(generation, keyword, engines.open_vectors(generation, create))
    except (ModelUnavailable, RecipeMismatch) as error:
        say(str(error))
        return OpenIndexes(generation, keyword, None)
    except BaseException:
        OpenIndexes(generation, keyword, None).close()
        raise
