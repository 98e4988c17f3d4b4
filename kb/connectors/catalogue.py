"""Find mappings: those that come with Fixlore, and an organisation's own, which may be made of others."""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb.connectors.mapping import TicketMapping
from kb.connectors.parsing import mapping_of
from kb.errors import ConfigurationError, NotFound

FOLDER = "connectors"
"""Where an organisation's own mappings lie below its home."""
SHIPPED = Path(__file__).parent / "shipped"
SUFFIX = ".toml"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
_MERGED = ("webhook", "body", "ticket", "fields", "extra")
"""Tables of which a derived mapping gives only what is other; `links` are replaced as a whole."""
_LONGEST_CHAIN = 5


@dataclass(frozen=True, slots=True)
class MappingFile:
    """One mapping that can be named: its file, and whether it is the organisation's own."""

    name: str
    path: Path
    is_own: bool


class Catalogue:
    """The mappings of one installation, by name; an own one goes before a shipped one of its name.

    A file is read again when it has changed, so that a correction counts from the next delivery on. Any number of
    threads may use it.
    """

    def __init__(self, home: Path) -> None:
        self._own = home / FOLDER
        self._lock = threading.Lock()
        self._read: dict[str, tuple[object, TicketMapping]] = {}

    def files(self) -> Sequence[MappingFile]:
        """Return every mapping, ordered by name; files whose name is none are left out."""
        found = {path.stem: MappingFile(path.stem, path, False) for path in SHIPPED.glob(f"*{SUFFIX}")}
        found |= {path.stem: MappingFile(path.stem, path, True) for path in self._own.glob(f"*{SUFFIX}")}
        return [found[name] for name in sorted(found) if _NAME.fullmatch(name)]

    def mapping(self, name: str) -> TicketMapping:
        """Return a mapping. Raises NotFound for an unknown one, ConfigurationError for one that is faulty."""
        chain = self._chain(name)
        state = [(one.path, stat.st_mtime_ns, stat.st_size) for one in chain for stat in [one.path.stat()]]
        with self._lock:
            held = self._read.get(name)
        if held is not None and held[0] == state:
            return held[1]
        table: dict[str, object] = {}
        for one in reversed(chain):
            table = _derived(table, _table(one.path), str(one.path))
        table.pop("based_on", None)
        mapping = mapping_of(name, table, str(chain[0].path))
        with self._lock:
            self._read[name] = (state, mapping)
        return mapping

    def text(self, name: str) -> str:
        """Return the file of a mapping as it is written. Raises NotFound."""
        return self._file(name).path.read_text(encoding="utf-8")

    def _chain(self, name: str) -> list[MappingFile]:
        """Return the file of a mapping and those it is based on, in this order."""
        chain = [self._file(name)]
        while (base := _table(chain[-1].path).get("based_on")) is not None:
            place = f"{chain[-1].path}: based_on {base!r}"
            if not isinstance(base, str):
                raise ConfigurationError(f"{place} must be the name of a mapping, such as jira")
            if len(chain) == _LONGEST_CHAIN:
                raise ConfigurationError(f"{place} makes a chain of more than {_LONGEST_CHAIN} mappings; shorten it")
            try:
                chain.append(self._file(base, shipped=base == chain[-1].name))
            except NotFound as error:
                raise ConfigurationError(f"{place}: {error}") from error
        return chain

    def _file(self, name: str, *, shipped: bool = False) -> MappingFile:
        """Return a mapping's file, the own one unless `shipped`: it may derive from the shipped one of its name."""
        if _NAME.fullmatch(name):
            for folder, is_own in ((self._own, True), (SHIPPED, False)):
                path = folder / f"{name}{SUFFIX}"
                if path.is_file() and not (is_own and shipped):
                    return MappingFile(name, path, is_own)
        known = ", ".join(one.name for one in self.files())
        raise NotFound(f"there is no mapping {name[:80]!r}; known are {known}, and others are files in {self._own}")


def _table(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no valid TOML: {error}; correct it") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}; check its rights") from error


def _derived(base: Mapping[str, object], own: Mapping[str, object], place: str) -> dict[str, object]:
    """Return a table with what another says in its place; in `_MERGED`, name by name."""
    table = {**base, **own}
    for key in _MERGED:
        below, above = base.get(key, {}), own.get(key, {})
        if not isinstance(above, Mapping):
            raise ConfigurationError(f"{place}: {key} must be a table, begun by [{key}]")
        if isinstance(below, Mapping) and (below or above):
            table[key] = {**below, **above}
    return table
