"""Find the value of one field in a ticket as its system wrote it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import regex

from kb.connectors.adf_text import text_of_adf
from kb.connectors.html_text import text_of_html
from kb.connectors.paths import JsonPath
from kb.connectors.times import TimeReader
from kb.documents import JSON
from kb.errors import InvalidInput
from kb.json_values import time_text

READINGS = ("as_is", "text", "html", "adf", "time", "list")
"""How a value is read; `text` and `list` follow from the field where a rule says nothing."""
PARAGRAPHS = "\n\n"
LONGEST_MATCHED = 20_000
"""Characters that a pattern looks at: patterns are the administrator's, texts are anybody's."""
LONGEST_MATCH_S = 0.25
"""Seconds that a pattern may take: one such as `(a+)+$` would go on for years, which is why `re` will not do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a value comes from, and what is made of it, in the order of the attributes.

    `first` and `joined` hold other rules: the first that finds something, and all that do. Nothing is found where a
    path leads nowhere, to `null`, `false`, or to a blank text.
    """

    path: JsonPath | None = None
    constant: JSON = None
    first: tuple[Rule, ...] = ()
    joined: tuple[Rule, ...] = ()
    reading: str = "as_is"
    pattern: regex.Pattern[str] | None = None
    template: str = ""
    split: str = ""
    values: Mapping[str, JSON] = field(default_factory=lambda: MappingProxyType({}))
    drops_others: bool = False
    """Whether a value that `values` does not name counts as nothing."""
    clears: bool = False
    """Whether nothing in the place of the value clears the field rather than keeping what was stored."""

    def found(self, record: JSON, times: TimeReader) -> JSON:
        """Return the value, `None` for nothing. Raises InvalidInput, without a field, when it cannot be read."""
        value = self._origin(record, times)
        if self.reading == "time":
            return None if _is_nothing(value) else time_text(times.read(value))
        if isinstance(value, list):
            shaped = [
                part
                for item in value
                if not _is_nothing(one := self._shaped(item))
                for part in (one if self.split and isinstance(one, list) else [one])
            ]
            if self.reading in ("text", "html", "adf"):
                return PARAGRAPHS.join(_plain(one) for one in shaped) or None
            return shaped or None
        shaped_one = self._shaped(value)
        return None if _is_nothing(shaped_one) else shaped_one

    def is_carried(self, record: JSON) -> bool:
        """Say whether the ticket has the place where the value would be: only there `null` or nothing clears."""
        if self.path is not None:
            return self.path.is_carried(record)
        return any(rule.is_carried(record) for rule in (*self.first, *self.joined)) or not (self.first or self.joined)

    def _origin(self, record: JSON, times: TimeReader) -> JSON:
        if self.path is not None:
            return self.path.found(record)
        if self.first:
            return next((one for rule in self.first if (one := rule.found(record, times)) is not None), None)
        if self.joined:
            parts = [one for rule in self.joined if (one := rule.found(record, times)) is not None]
            if self.reading == "list":
                return [item for part in parts for item in (part if isinstance(part, list) else [part])]
            return PARAGRAPHS.join(_plain(part) for part in parts)
        return self.constant

    def _shaped(self, value: JSON) -> JSON:
        if _is_nothing(value):
            return None
        if self.reading == "html" and isinstance(value, str):
            value = text_of_html(value)
        elif self.reading == "adf":
            value = text_of_adf(value)
        if self.pattern is not None:
            value = _matched(self.pattern, self.template, value)
        elif self.template:
            value = self.template.replace("{value}", _plain(value))
        if self.split and isinstance(value, str):
            return [part.strip() for part in value.split(self.split) if part.strip()]
        if self.values and not isinstance(value, (dict, list)):
            known = self.values.get(_plain(value).strip().casefold(), _UNNAMED)
            return (None if self.drops_others else value) if known is _UNNAMED else known
        return value


_UNNAMED: JSON = ["unnamed"]


def _matched(pattern: regex.Pattern[str], template: str, value: JSON) -> JSON:
    """Return the template with the groups of the first match in it, without one the first group.

    Raises InvalidInput when looking for it takes too long.
    """
    try:
        match = pattern.search(_plain(value)[:LONGEST_MATCHED], timeout=LONGEST_MATCH_S)
    except TimeoutError as error:
        raise InvalidInput(
            f"the pattern {pattern.pattern!r} of the mapping takes too long on this text; repeat nothing that repeats"
        ) from error
    if match is None:
        return None
    groups = [match[0], *(group or "" for group in match.groups())]
    if not template:
        return groups[min(1, len(groups) - 1)]
    return re.sub(r"\{(\d)\}", lambda one: groups[int(one[1])] if int(one[1]) < len(groups) else "", template)


def _is_nothing(value: JSON) -> bool:
    return value is None or value is False or (isinstance(value, str) and not value.strip()) or value in ([], {})


def _plain(value: JSON) -> str:
    """Return a single value as text. Raises InvalidInput for lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return PARAGRAPHS.join(_plain(item) for item in value)
    if isinstance(value, dict):
        raise InvalidInput("the path leads to an object; go on to one of its fields, such as name")
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_true(paths: Sequence[JsonPath], value: JSON) -> bool:
    """Say whether any of these paths finds something in `value`, as a condition."""
    return any(not _is_nothing(path.found(value)) for path in paths)
