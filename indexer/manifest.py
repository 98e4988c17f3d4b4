"""Say where the indexes of an installation lie, and what they were built with.

    index/
    ├── CURRENT        the number of the generation that answers come from
    ├── index.lock     held by the process that indexes
    └── 3/             one generation
        ├── built.json what it was built with
        ├── keyword/
        └── vectors/

A rebuild makes a new generation beside the current one, which goes on answering, and then switches `CURRENT` in one
step. A generation that `CURRENT` does not name is left over from a rebuild that was killed, or from before the last.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from indexer.durable import write_atomically
from kb.errors import IndexUnavailable

CURRENT = "CURRENT"
LOCK = "index.lock"
KEYWORD = "keyword"
VECTORS = "vectors"
_BUILT = "built.json"
PASSAGE_VERSION = 2
"""Grows when passages are cut in another way, so that every document is cut anew."""
REMEDY = "run `kb index --rebuild`"


@dataclass(frozen=True, slots=True)
class BuiltWith:
    """What decides the contents of a generation besides the store, but for the recipe, which the vectors know."""

    engine: str
    analysis_version: int
    passage_version: int


def current_generation(path: Path) -> Path | None:
    """Return the directory that answers come from, `None` when nothing was indexed yet.

    Raises IndexUnavailable when `CURRENT` names no directory.
    """
    try:
        number = (path / CURRENT).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexUnavailable(f"{path / CURRENT} cannot be read: {error}; {REMEDY}") from error
    if not number.isdecimal():
        raise IndexUnavailable(f"{path / CURRENT} names no generation but {number[:40]!r}; {REMEDY}")
    return path / number


def new_generation(path: Path) -> Path:
    """Make an empty directory for the next generation, above every number used; half-built ones are removed.

    Raises IndexUnavailable.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        numbers = [int(one.name) for one in (*_generations(path), *_published(path))]
        remove_other_generations(path)
        directory = path / str(max(numbers, default=0) + 1)
        directory.mkdir()
    except OSError as error:
        raise IndexUnavailable(f"{path} cannot be written: {error}; free space or correct its permissions") from error
    return directory


def publish_generation(directory: Path, built: BuiltWith) -> None:
    """Let answers come from this generation from now on. Raises IndexUnavailable."""
    try:
        write_atomically(directory / _BUILT, json.dumps(asdict(built)).encode())
        write_atomically(directory.parent / CURRENT, f"{directory.name}\n".encode())
    except OSError as error:
        raise IndexUnavailable(
            f"{directory.parent} cannot be written: {error}; free space or correct its permissions"
        ) from error


def built_with(directory: Path) -> BuiltWith | None:
    """Return what a generation was built with, `None` when that cannot be told."""
    try:
        return BuiltWith(**json.loads((directory / _BUILT).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def remove_other_generations(path: Path) -> None:
    """Remove every generation but the current one. Files that a reader holds open on Windows stay for the next time."""
    try:
        current = current_generation(path)
    except IndexUnavailable:
        current = None
    for directory in _generations(path):
        if directory != current:
            shutil.rmtree(directory, ignore_errors=True)


def _published(path: Path) -> list[Path]:
    """Return the current generation, also when its directory is lost: readers may still know it by its number."""
    try:
        current = current_generation(path)
    except IndexUnavailable:
        return []
    return [] if current is None else [current]


def _generations(path: Path) -> list[Path]:
    return [one for one in path.iterdir() if one.name.isdecimal() and one.is_dir()]
