"""Read and write the plain part of YAML that front matter uses: texts, numbers, lists and mappings. Pure.

PyYAML cuts the text into events; from these comes a tree that knows the line of every value, so that a message can
name it. No tag constructs anything, aliases are counted, depth and size are bounded: any text is safe to read.
A number is one only when it would be written again as it stands: `1.10`, `007` and `0x80070005` stay text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from kb.documents import JSON
from kb.errors import InvalidInput
from kb.json_values import DEEPEST, storable

LARGEST = 256 * 1024
"""Code points of front matter; beyond it the fence was forgotten or it is an attack."""
MOST_VALUES = 20_000
"""Values after aliases are followed."""

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"-?\d{1,4300}")
_REAL = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SPACED_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt \t]+(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)[ \t]*([Zz]|[+-]\d\d(?::?\d\d)?)?")
_SAFE = re.compile(
    r"[^\W\d_](?:[\w./@()+%' -]*[\w.)%+])?|\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?"
)
_WORDS = {"null": None, "~": None, "": None, "true": True, "false": False}
_READ_AS_OTHER = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
_ESCAPED = re.compile('[\\\\"\n\t]|[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]')
_WIDEST_LIST = 110
_LONGEST_KEY = 1000
"""YAML ends a name that stands before its colon at 1,024 characters; longer ones need a mark of their own."""


@dataclass(slots=True)
class Scalar:
    """One value as it was written; `plain` says that it stood there without quotes or tag."""

    line: int
    text: str
    plain: bool


@dataclass(slots=True)
class Items:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)

    def add(self, node: Node) -> None:
        """Append one item."""
        self.items.append(node)


@dataclass(slots=True)
class Fields:
    """A mapping in its order; `lines` holds the line of every name."""

    line: int
    values: dict[str, Node] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    name: str | None = None

    def add(self, node: Node) -> None:
        """Take a name, then its value. Raises InvalidInput for a repeated name or one that is no text."""
        if self.name is not None:
            self.values[self.name] = node
            self.name = None
            return
        if not isinstance(node, Scalar):
            raise InvalidInput("a field's name must be text, not a list or mapping", line=node.line)
        if node.text in self.lines:
            first = self.lines[node.text]
            raise InvalidInput(f"field {node.text!r} is there twice (first in line {first}); keep one", line=node.line)
        self.name = node.text
        self.lines[node.text] = node.line


Node: TypeAlias = Scalar | Items | Fields


def read_yaml(text: str, first_line: int = 1) -> Node | None:
    """Return the tree of one YAML document, `None` when it holds nothing but comments.

    `first_line` is the line of the file on which `text` begins. Raises InvalidInput with the line.
    """
    if len(text) > LARGEST:
        raise InvalidInput(f"front matter is longer than {LARGEST // 1024} KiB; is its closing line missing?", line=1)
    if unprintable := _UNPRINTABLE.search(text):
        line = first_line + text.count("\n", 0, unprintable.start())
        raise InvalidInput(f"the control character {unprintable.group()!r} cannot stand in front matter", line=line)
    try:
        return _tree(yaml.parse(text, Loader=_Loader), first_line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"{error.problem or error.context}"
        hint = "; put a value that holds ': ' into quotes" if "mapping values" in reason else "; correct it"
        line = min(first_line + mark.line, first_line + text.count("\n")) if mark else first_line
        raise InvalidInput(f"front matter is not valid YAML: {reason}{hint}", line=line) from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"front matter is not valid YAML: {error}", line=first_line) from error


def value_of(node: Node) -> JSON:
    """Return a node as a JSON value. Raises InvalidInput where following aliases makes it too large or too deep."""
    return _Counter().value_of(node, 0)


def text_of(node: Scalar) -> str | None:
    """Return a scalar's text as written, with `2026-11-21 08:12:00 +01` as ISO 8601; `None` where it is null."""
    if not node.plain:
        return storable(node.text)
    if node.text.casefold() in _WORDS and _WORDS[node.text.casefold()] is None:
        return None
    if time := _SPACED_TIME.fullmatch(node.text):
        return f"{time[1]}T{time[2]}{(time[3] or '').upper()}"
    return storable(node.text)


def write_yaml(fields: Mapping[str, JSON]) -> str:
    """Return fields as YAML lines, each ended by a line feed, the same on every machine.

    Reading them with `read_yaml` and `value_of` gives the same values in the same order.
    """
    return "".join(f"{line}\n" for line in _block(dict(fields))) if fields else ""


class _Counter:
    """Follows aliases and counts what it meets."""

    def __init__(self) -> None:
        self.met = 0

    def value_of(self, node: Node, depth: int) -> JSON:
        self.met += 1
        if self.met > MOST_VALUES or depth > DEEPEST:
            raise InvalidInput("front matter holds too many or too deeply nested values; shorten it", line=node.line)
        if isinstance(node, Items):
            return [self.value_of(item, depth + 1) for item in node.items]
        if isinstance(node, Fields):
            return {storable(name): self.value_of(value, depth + 1) for name, value in node.values.items()}
        return _resolved(node)


def _tree(events: Iterable[yaml.Event], first_line: int) -> Node | None:
    root: Node | None = None
    open_nodes: list[Items | Fields] = []
    anchors: dict[str, Node] = {}
    names: list[str | None] = []
    for event in events:
        line = first_line + (event.start_mark.line if event.start_mark else 0)
        node: Node
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            if len(open_nodes) >= DEEPEST:
                raise InvalidInput(f"front matter is nested more than {DEEPEST} levels deep; flatten it", line=line)
            open_nodes.append(Items(line) if isinstance(event, yaml.SequenceStartEvent) else Fields(line))
            names.append(event.anchor)
            continue
        if isinstance(event, yaml.ScalarEvent):
            node, anchor = Scalar(line, event.value, bool(event.implicit[0])), event.anchor
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise InvalidInput(f"front matter refers to *{event.anchor}, which is not defined above", line=line)
            node, anchor = anchors[event.anchor], None
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            node, anchor = open_nodes.pop(), names.pop()
        else:
            continue
        if anchor is not None:
            anchors[anchor] = node
        if open_nodes:
            open_nodes[-1].add(node)
        else:
            root = node
    return root


def _resolved(node: Scalar) -> JSON:
    text = text_of(node)
    if text is None or not node.plain:
        return text
    if text.casefold() in _WORDS:
        return _WORDS[text.casefold()]
    if _INTEGER.fullmatch(text) and str(int(text)) == text:
        return int(text)
    if _REAL.fullmatch(text) and math.isfinite(float(text)) and repr(float(text)) == text:
        return float(text)
    return text


def _block(value: dict[str, JSON] | list[JSON]) -> list[str]:
    lines: list[str] = []
    if isinstance(value, dict):
        for name, held in value.items():
            written = _written(name)
            *before, last = [f"{written}:"] if len(written) <= _LONGEST_KEY else [f"? {written}", ":"]
            if (inline := _inline(held)) is not None:
                lines += [*before, f"{last} {inline}"]
            elif isinstance(held, (dict, list)):
                lines += [*before, last, *(f"  {line}" for line in _block(held))]
        return lines
    for item in value:
        if (inline := _inline(item)) is not None:
            lines.append(f"- {inline}")
        elif isinstance(item, (dict, list)):
            first, *rest = _block(item)
            lines.append(f"- {first}")
            lines += [f"  {line}" for line in rest]
    return lines


def _inline(value: JSON) -> str | None:
    """Return a value that fits on the line of its name, `None` for one that needs lines of its own."""
    if isinstance(value, str):
        return _written(value)
    if isinstance(value, dict):
        return None if value else "{}"
    if isinstance(value, list):
        if any(isinstance(item, (dict, list)) for item in value):
            return None
        flow = f"[{', '.join(_inline(item) or '' for item in value)}]"
        return flow if len(flow) <= _WIDEST_LIST or not value else None
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _written(text: str) -> str:
    if _SAFE.fullmatch(text) and text.casefold() not in _READ_AS_OTHER:
        return text
    return '"' + _ESCAPED.sub(_escape, storable(text)) + '"'


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}")
