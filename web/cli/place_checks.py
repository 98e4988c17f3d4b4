"""Check what can be told without the store: the home and its disk, settings, leftovers, and versions."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from indexer.lock import is_locked
from indexer.manifest import LOCK, current_generation
from kb.documents import JSON
from kb.errors import ConfigurationError, IndexUnavailable
from kb.settings import FILE_NAME, Settings, changed_settings, read_settings
from web.cli.findings import Finding, problem

LEAST_FREE = 200 * 2**20
"""Bytes that indexing and SQLite's log may want for a moment even in a small home."""
_NOWHERE = Path(os.devnull)
"""A home without a file of settings."""
_PREFIX = "KB_"
_EXPORT_LOCK = "export.lock"
"""Held below the models while one is exported; its module would bring onnxruntime along."""
_REPORTED = (
    "torch",
    "sentence-transformers",
    "onnxruntime",
    "tokenizers",
    "faiss-cpu",
    "tantivy",
    "SQLAlchemy",
    "Flask",
)
"""Packages whose version decides most often what goes wrong."""


def usable_settings(home: Path) -> Settings:
    """Return the settings as they are, or with those that are wrong left at their default. Raises nothing."""
    try:
        return read_settings(home)
    except (ConfigurationError, OSError):
        good: dict[str, str] = {}
        for name, value in _given(home).items():
            if _refusal(name, value) is None:
                good[name] = value
        try:
            return replace(read_settings(_NOWHERE, good), home=home)
        except ConfigurationError:
            return Settings(home=home)


def check_home(settings: Settings) -> Iterator[Finding]:
    """Check that the directory is there, can be written and has room to work."""
    home = settings.home
    facts: dict[str, JSON] = {"path": str(home)}
    if not home.exists() or not settings.store_path.exists():
        text = f"{home} holds no store"
        yield Finding("home", False, text, "check --home and KB_HOME, or begin with `kb serve` or `kb import`", facts)
        return
    used = sum(_size(path) for path in home.rglob("*"))
    free = shutil.disk_usage(home).free
    facts |= {"used_bytes": used, "free_bytes": free}
    unwritable = [
        path for path in (home, settings.store_path, settings.index_path) if path.exists() and not _writable(path)
    ]
    if unwritable:
        places = ", ".join(map(str, unwritable))
        text = f"this account may not write {places}"
        yield Finding("home", False, text, "give it the right, or run `kb` as the account that owns them", facts)
    wanted = max(LEAST_FREE, used - _size_below(settings.model_path))
    if free < wanted:
        text = f"the disk of {home} has {_told(free)} left; a rebuild of the indexes or a copy may want {_told(wanted)}"
        yield Finding("home", False, text, "free space on it", facts)
    elif not unwritable:
        yield Finding("home", True, f"{home}, {_told(used)} used, {_told(free)} free", facts=facts)


def check_settings(home: Path) -> Iterator[Finding]:
    """Name everything that is wrong with the settings, not only what is found first."""
    wrong = [error for name, value in _given(home).items() if (error := _refusal(name, value)) is not None]
    path = home / FILE_NAME
    known = _known()
    wrong += [
        f"{path}: unknown setting {name!r}; known are {', '.join(sorted(known))}"
        for name in _in_file(path)
        if name not in known
    ]
    try:
        settings = read_settings(home)
    except ConfigurationError as error:
        yield from (problem("settings", one) for one in dict.fromkeys([*wrong, str(error)]))
        return
    changed = changed_settings(settings)
    text = f"{', '.join(changed)} set, the rest at their defaults" if changed else "all at their defaults"
    shown: dict[str, JSON] = {name: str(value) for name, value in changed.items()}
    yield Finding("settings", True, text, facts={"set": shown})


def check_leftovers(settings: Settings) -> Iterator[Finding]:
    """Name what killed runs have left behind. It harms nothing: the next run of its kind clears it."""
    home, index = settings.home, settings.index_path
    if not home.is_dir():
        return
    left = [*home.glob(".*.restoring*"), *home.glob("*.unfinished")]
    if not _is_working(settings):
        left += settings.model_path.glob(".partial")
        left += _old_generations(index)
    if not left:
        return
    names = ", ".join(str(path.relative_to(home)) for path in left)
    text = f"killed runs left {names} ({_told(sum(_size(path) + _size_below(path) for path in left))})"
    yield Finding("leftovers", True, f"{text}; the next run of the same kind clears that", facts={"left": names})


def check_versions() -> Iterator[Finding]:
    """Tell what a report of a fault should name, and find packages that are missing."""
    versions: dict[str, JSON] = {
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "system": platform.platform(),
    }
    missing = []
    for name in ("fixlore", *_REPORTED):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            if name != "fixlore":
                missing.append(name)
    missing += [name for name in _required() if name not in missing and not _is_installed(name)]
    own = versions.pop("fixlore", "of a checkout")
    told = ", ".join(f"{name} {held}" for name, held in versions.items())
    facts: dict[str, JSON] = {"fixlore": own, "versions": versions}
    if missing:
        yield Finding("versions", False, f"packages are missing: {', '.join(missing)}", "install Fixlore again", facts)
    yield Finding("versions", True, f"Fixlore {own}, {told}", facts=facts)


def _known() -> Mapping[str, object]:
    """Return name → default of every setting."""
    return {one.name: one.default for one in fields(Settings) if one.name != "home"}


def _in_file(path: Path) -> Mapping[str, object]:
    try:
        return dict(tomllib.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
    except (OSError, ValueError):
        return {}  # read_settings says why


def _given(home: Path) -> dict[str, str]:
    """Return variable → value of every known setting that is given, as the environment would give it."""
    known = _known()
    plain = {
        name: str(value)
        for name, value in _in_file(home / FILE_NAME).items()
        if name in known and isinstance(value, (str, int)) and not isinstance(value, bool)
    }
    given = {f"{_PREFIX}{name.upper()}": value for name, value in plain.items()}
    names = {f"{_PREFIX}{name.upper()}" for name in known}
    return given | {name: value for name, value in os.environ.items() if name in names}


def _refusal(variable: str, value: str) -> str | None:
    """Return why a setting by itself is refused."""
    try:
        read_settings(_NOWHERE, {variable: value})
    except ConfigurationError as error:
        return str(error)
    return None


def _is_working(settings: Settings) -> bool:
    locks = (settings.index_path / LOCK, settings.model_path / _EXPORT_LOCK)
    try:
        return any(is_locked(lock) for lock in locks)
    except OSError:
        return True  # not to be told by this account, so that nothing is called left over


def _old_generations(index: Path) -> list[Path]:
    try:
        current = current_generation(index)
    except IndexUnavailable:
        return []
    if not index.is_dir():
        return []
    return [one for one in index.iterdir() if one.is_dir() and one.name.isdecimal() and one != current]


def _required() -> Iterable[str]:
    """Return the names of what this installation needs, none in a checkout that was never installed."""
    try:
        wanted = requires("fixlore") or []
    except PackageNotFoundError:
        return []
    names = []
    for one in wanted:
        if "extra ==" not in one:
            end = next((number for number, sign in enumerate(one) if not (sign.isalnum() or sign in "-_.")), len(one))
            names.append(one[:end])
    return names


def _is_installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK | os.X_OK if path.is_dir() else os.W_OK)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _size_below(path: Path) -> int:
    return sum(_size(one) for one in path.rglob("*")) if path.is_dir() else 0


def _told(size: int) -> str:
    """Return a number of bytes for a person."""
    if size >= 10 * 2**30:
        return f"{size / 2**30:.0f} GB"
    return f"{size / 2**20:.0f} MB" if size >= 2**20 else f"{size / 2**10:.0f} kB"
