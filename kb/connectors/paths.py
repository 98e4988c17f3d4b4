"""Follow paths into JSON, written in JMESPath (https://jmespath.org), which can choose and filter, but run nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions

from kb.documents import JSON
from kb.errors import ConfigurationError

_RELATIVE = (
    "subexpression", "index_expression", "projection", "value_projection", "filter_projection", "flatten", "pipe",
)  # fmt: skip
_REMEDY = "see https://jmespath.org for how paths are written"


@dataclass(frozen=True, slots=True)
class JsonPath:
    """One path, ready to be followed; `text` is how it was written."""

    text: str
    _compiled: Any
    _chains: tuple[tuple[str, ...], ...]
    """The names, from the top of the value on, that the path begins with; several where it joins paths."""

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

    def is_carried(self, value: JSON) -> bool:
        """Say whether `value` has the place that the path leads to, be it with `null` in it or on the way to it."""
        return not self._chains or any(_has(value, chain) for chain in self._chains)

    def name(self) -> str | None:
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
    return JsonPath(text, compiled, tuple(_chains(compiled.parsed)))


def _has(value: JSON, chain: tuple[str, ...]) -> bool:
    for name in chain:
        if value is None:
            return True
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True


def _chains(node: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    kind, children = node["type"], node["children"]
    if kind == "field":
        yield (str(node["value"]),)
    elif kind == "subexpression" and (chain := _chain(node)):
        yield chain
    elif kind in _RELATIVE:
        yield from _chains(children[0])  # what follows is looked for in what this finds
    else:
        for child in children:
            if isinstance(child, dict):
                yield from _chains(child)


def _chain(node: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a path that is nothing but names, else none."""
    if node["type"] == "field":
        return (str(node["value"]),)
    if node["type"] != "subexpression":
        return ()
    parts = [_chain(child) for child in node["children"]]
    return tuple(name for part in parts for name in part) if all(parts) else ()


def _functions(node: Mapping[str, Any]) -> Iterator[str]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one["type"] == "function_expression":
            yield str(one["value"])
        waiting += [child for child in one["children"] if isinstance(child, dict)]
