"""Say what can be set, from where it is read, and what is refused.

Settings come from `<home>/fixlore.toml` and, winning over it, from environment variables `KB_<NAME>`.
An unknown name in the file or an impossible value is a ConfigurationError that names it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from kb.errors import ConfigurationError

FILE_NAME = "fixlore.toml"
HOME_VARIABLE = "KB_HOME"
TOKEN_VARIABLE = "KB_TOKEN"  # noqa: S105
"""Names the token of `kb mcp`. A secret is no setting: it is in no file, in no list of processes and in no log."""
ENGINES = ("tantivy", "whoosh")
LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an installation may decide.

    Paths below `home` are not settings: one directory is one installation.
    """

    home: Path
    model: str = "all-MiniLM-L6-v2"
    """The encoder: the default model, or the directory of a sentence-transformers model."""
    multilingual: bool = False
    """Whether the model knows German as well as English. The default one does not: German questions are then also
    encoded word by word in English."""
    keyword_engine: str = "tantivy"
    """`tantivy`, or `whoosh` up to about 25,000 documents."""
    base_url: str = ""
    """The address users see, for links in answers; empty: links are paths."""
    max_body_mb: int = 20
    """Largest request body and largest imported file, in MiB."""
    attachment_mb: int = 10
    """Largest file that an article can hold, in MiB; never more than `max_body_mb`."""
    threads: int = 8
    """Requests the server answers at once."""
    processes: int = 0
    """Processes that answer questions, the server's own among them; 0: as many as there are cores, at most four."""
    rate_limit: int = 12_000
    """Requests a minute that one token may make, 0 for no limit: twice what forty searches and fifty tickets a second
    need."""
    incident_size: int = 4
    """How many similar open tickets make an incident candidate."""
    incident_window_minutes: int = 240
    """Within how many minutes they must have been opened."""
    log_format: str = "text"
    """How the server logs: `text` for people, `json` for programs, one record a line."""
    log_level: str = "info"
    """The least level that the server logs: `debug`, `info` (every request), `warning`, `error`."""

    @property
    def attachment_bytes(self) -> int:
        """Return how long a file may be that an article holds."""
        return min(self.attachment_mb, self.max_body_mb) * 2**20

    @property
    def store_path(self) -> Path:
        """Return the database file."""
        return self.home / "fixlore.db"

    @property
    def index_path(self) -> Path:
        """Return the directory that holds both indexes and the manifest; safe to delete, rebuilt from the store."""
        return self.home / "index"

    @property
    def model_path(self) -> Path:
        """Return the directory of exported models; safe to delete, exported again."""
        return self.home / "models"


def read_settings(home: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of an installation.

    Raises ConfigurationError when the file is no TOML, names an unknown setting, or a value is impossible.
    """
    environment = os.environ if environment is None else environment
    types = {field.name: type(field.default) for field in fields(Settings) if field.name != "home"}
    chosen: dict[str, object] = {}
    path = home / FILE_NAME
    if path.is_file():
        try:
            chosen = dict(tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} is not valid TOML: {error}; correct or remove it") from error
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be read: {error.strerror}; give this account the right to read it"
            ) from error
        for name in chosen:
            if name not in types:
                raise ConfigurationError(f"{path}: unknown setting {name!r}; known are {', '.join(sorted(types))}")
    variables = {f"KB_{name.upper()}": name for name in types}
    for variable in sorted(environment):
        if variable in variables:
            chosen[variables[variable]] = environment[variable]
        elif variable.startswith("KB_") and variable not in (HOME_VARIABLE, TOKEN_VARIABLE):
            raise ConfigurationError(f"{variable} is no setting; known are {', '.join(sorted(variables))}")
    checked = {name: _as_type(name, value, types[name]) for name, value in chosen.items()}
    settings = Settings(home=home, **checked)  # type: ignore[arg-type]
    _check(settings)
    return settings


def changed_settings(settings: Settings) -> dict[str, str | int | bool]:
    """Return name → value of every setting that is not at its default."""
    values = {field.name: (getattr(settings, field.name), field.default) for field in fields(Settings)}
    return {name: value for name, (value, default) in values.items() if name != "home" and value != default}


_KINDS = {int: "a whole number", bool: "true or false", str: "text"}


def _as_type(name: str, value: object, wanted: type) -> object:
    if wanted is int and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    if wanted is bool and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if type(value) is not wanted:
        raise ConfigurationError(f"setting {name} must be {_KINDS[wanted]}, not {value!r}")
    return value


def _check(settings: Settings) -> None:
    for name, choices in (("keyword_engine", ENGINES), ("log_format", LOG_FORMATS), ("log_level", LOG_LEVELS)):
        chosen = getattr(settings, name)
        if chosen not in choices:
            raise ConfigurationError(f"setting {name} must be one of {', '.join(choices)}, not {chosen!r}")
    for name, low, high in (
        ("max_body_mb", 1, 1024),
        ("attachment_mb", 1, 1024),
        ("threads", 1, 256),
        ("processes", 0, 64),
        ("rate_limit", 0, 1_000_000),
        ("incident_size", 2, 100),
        ("incident_window_minutes", 5, 10_080),
    ):
        value = getattr(settings, name)
        if not low <= value <= high:
            raise ConfigurationError(f"setting {name} must lie between {low} and {high}, not {value}")
    if settings.base_url and not settings.base_url.startswith(("http://", "https://")):
        raise ConfigurationError("setting base_url must start with http:// or https://")
