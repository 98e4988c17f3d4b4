"""Compile and evaluate paths into JSON: JMESPath (https://jmespath.org), which can choose and filter, but run nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from kb.documents import JSON
from kb.errors import ConfigurationError

_REMEDY = "see https://jmespath.org for how paths are written"


@dataclass(frozen=True, slots=True)
class JsonPath:
    """One path, ready to be followed; `text` is how it was written."""

    text: str
    _compiled: Any

    def found(self, value: JSON) -> JSON:
        """Return what the path leads to in `value`, `None` when it leads nowhere.

        A function that meets a value of another type than it takes finds nothing: that depends on the ticket, and most
        often it is a `null`.
        """
        try:
            found: JSON = self._compiled.search(value)
        except JMESPathError:
            return None
        return found

    def names(self) -> str | None:
        """Return the name when the path is one plain name, which can be looked for while a file is read."""
        parsed = self._compiled.parsed
        return str(parsed["value"]) if parsed["type"] == "field" else None


def json_path(text: object, place: str) -> JsonPath:
    """Compile a path that stands at `place` of a mapping. Raises ConfigurationError that names the place."""
    if not isinstance(text, str) or not text.strip():
        raise ConfigurationError(f"{place} must be a path such as ticket.title, not {text!r}")
    try:
        compiled = jmespath.compile(text)
    except JMESPathError as error:
        told = " ".join(str(error).split("\n", 1)[0].split()).rstrip(".:")
        raise ConfigurationError(f"{place} {text!r} is no path: {told}; {_REMEDY}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{place} is nested too deeply for a path; simplify it") from error
    for name in _functions(compiled.parsed):
        if name not in Functions.FUNCTION_TABLE:
            known = ", ".join(sorted(Functions.FUNCTION_TABLE))
            raise ConfigurationError(f"{place} calls {name}, which is no function of a path; known are {known}")
    return JsonPath(text, compiled)


def _functions(node: Mapping[str, Any]) -> Iterator[str]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one["type"] == "function_expression":
            yield str(one["value"])
        waiting += [child for child in one["children"] if isinstance(child, dict)]
