"""Read what a person types into the search box.

    vpn drops service:vpn kind:post-mortem "exact words" -word -"exact words" -service:mail after:2025-01-01

- `field:value` keeps documents that have the value; several values of one field (`service:vpn,mail`, or the field
  twice) mean any of them. `field:"two words"` holds spaces. `-field:value` keeps documents that do not have it.
- `after:` and `before:` take a day, month or year (`2025-01-31`, `2025-01`, `2025`); the first is included, the second
  is not.
- `"…"` wants the words in that order; `-word` and `-"…"` drop documents that hold them.

Everything else is plain text, and so is whatever cannot be read this way: an unknown field (`http://host`,
`C:\\temp`), a value the field cannot have, a date that is none, a lone quote. A minus excludes only before a word of
two letters or more, so that `-2147024891`, `-f` and `--force` stay what they are. Text of several lines was pasted, not
typed: nothing in it is syntax.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kb.documents import CONFIDENCES, STATES, TIERS, TYPES
from kb.queries import FILTER_FIELDS, Filter

ALIASES: Mapping[str, str] = {
    "kind": "type",
    "tag": "tags",
    "component": "components",
    "lang": "language",
    "group": "assignment_group",
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "type": (*TYPES, "article"),
    "status": ("open", "resolved"),
    "state": STATES,
    "confidence": CONFIDENCES,
    "tier": tuple(tier.casefold() for tier in TIERS),
}
"""Fields with fixed values; any other value is plain text (`status:500` is a log line, not a filter)."""

_TOKEN = re.compile(
    r"""(?<!\S)(?P<minus>-?)
    (?: (?P<field>[A-Za-z_]+):(?: "(?P<quoted>[^"]+)" | (?P<value>[^\s":/\\][^\s"]*) )
      | (?P<phrase> "[^"]+" | “[^“”]+” | „[^„“”]+[“”] ) (?P<after>[.,;:!?]*)
      | (?<=-) (?P<word>[^\W\d_][\w.@'’-]*\w)
    )(?!\S)""",
    re.VERBOSE,
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
NO_VALUE = ""
"""A value that no document has: what is left where two filters contradict each other."""


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A typed query, taken apart.

    `text` is everything to look for, the words of `phrases` included, for words and meaning. `problems` are sentences
    about what looked like syntax but was searched as plain words.
    """

    text: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    excluded_phrases: tuple[str, ...] = ()
    filter: Filter = field(default_factory=Filter)
    problems: tuple[str, ...] = ()


def parse(text: str) -> ParsedQuery:
    """Take a typed query apart. Never raises; time is linear in the text."""
    text = text.strip()
    if "\n" in text:
        return ParsedQuery(text)
    reading = _Reading()
    left = _TOKEN.sub(reading.text_left_by, text)
    if left != text:
        left = " ".join(left.split())
    if not left and not reading.values and not reading.unwanted and reading.after is None and reading.before is None:
        # Exclusions alone would find nothing: `-Force` is then more likely what is looked for.
        return ParsedQuery(text)
    return ParsedQuery(
        text=left,
        phrases=tuple(reading.phrases),
        excluded=tuple(reading.excluded),
        excluded_phrases=tuple(reading.excluded_phrases),
        filter=Filter(
            {name: frozenset(values) for name, values in reading.values.items()},
            {name: frozenset(values) for name, values in reading.unwanted.items()},
            after=reading.after,
            before=reading.before,
        ),
        problems=tuple(reading.problems),
    )


def narrowed(one: Filter, other: Filter) -> Filter:
    """Return the filter that admits what both admit, but for `as_of`, where the earlier one holds."""
    values: dict[str, frozenset[str]] = dict(one.wanted())
    for name, wanted in other.wanted().items():
        values[name] = (values[name] & wanted or frozenset({NO_VALUE})) if name in values else wanted
    excluded = {name: frozenset(unwanted) for name, unwanted in one.excluded.items()}
    for name, unwanted in other.excluded.items():
        excluded[name] = excluded.get(name, frozenset()) | unwanted
    return Filter(
        values,
        excluded,
        after=_later(one.after, other.after),
        before=_earlier(one.before, other.before),
        as_of=_earlier(one.as_of, other.as_of),
        without=one.without | other.without,
    )


class _Reading:
    """What has been understood so far."""

    def __init__(self) -> None:
        self.phrases: list[str] = []
        self.excluded: list[str] = []
        self.excluded_phrases: list[str] = []
        self.values: dict[str, set[str]] = {}
        self.unwanted: dict[str, set[str]] = {}
        self.after: datetime | None = None
        self.before: datetime | None = None
        self.problems: list[str] = []

    def text_left_by(self, token: re.Match[str]) -> str:
        """Understand one token and return what of it is still to be searched as text."""
        minus = bool(token["minus"])
        if token["word"]:
            self.excluded.append(token["word"])
            return ""
        if token["phrase"]:
            phrase = token["phrase"][1:-1].strip()
            if not any(character.isalnum() for character in phrase):
                return token.group()
            (self.excluded_phrases if minus else self.phrases).append(phrase)
            return "" if minus else phrase + token["after"]
        name = token["field"].casefold()
        if name in ("after", "before") and not minus:
            return self._bound(name, token)
        name = ALIASES.get(name, name)
        if name not in FILTER_FIELDS:
            return token.group()
        values = {token["quoted"]} if token["quoted"] else set(token["value"].split(","))
        values = {value.strip().casefold() for value in values} - {""}
        if not values:
            return token.group()
        for value in sorted(values):
            if problem := _problem(name, value):
                self.problems.append(f"{problem}; searched as plain words.")
                return token.group()
        (self.unwanted if minus else self.values).setdefault(name, set()).update(values)
        return ""

    def _bound(self, name: str, token: re.Match[str]) -> str:
        day = _day(token["quoted"] or token["value"])
        if day is None:
            self.problems.append(f"{token.group()} is no date (write {name}:2025-01-31); searched as plain words.")
            return token.group()
        if name == "after":
            self.after = _later(self.after, day)
        else:
            self.before = _earlier(self.before, day)
        return ""


def _problem(name: str, value: str) -> str | None:
    choices = CHOICES.get(name)
    if choices and value not in choices:
        return f"{name}:{value} is unknown ({name} is one of {', '.join(choices)})"
    if name == "language" and not _LANGUAGE.fullmatch(value):
        return f"language:{value} is no language code (such as en or de)"
    return None


def _day(value: str) -> datetime | None:
    match = _DATE.fullmatch(value.strip())
    if match is None:
        return None
    try:
        return datetime(int(match[1]), int(match[2] or 1), int(match[3] or 1), tzinfo=UTC)
    except ValueError:
        return None


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((time for time in (one, other) if time is not None), default=None)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((time for time in (one, other) if time is not None), default=None)
