"""Turn an Atlassian document (ADF), as Jira Cloud delivers descriptions and comments, into text.

The nodes are those of https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/; of one that is
unknown, whatever text lies below it is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from kb.documents import JSON
from kb.errors import InvalidInput

DEEPEST = 100
"""Levels of nodes; Jira's own editor makes far fewer."""
_INLINE = frozenset({"text", "hardBreak", "mention", "emoji", "inlineCard", "status", "date", "mediaInline"})


def text_of_adf(value: JSON) -> str:
    """Return the text of a document: paragraphs apart by a blank line, items and quotations marked as in Markdown.

    A text is returned as it is: Jira Data Center delivers one where Jira Cloud delivers a document. Raises InvalidInput
    for anything else and for nodes below `DEEPEST` levels.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping) or not isinstance(value.get("content", []), list):
        raise InvalidInput("an Atlassian document must be an object with content")
    return "\n\n".join(_blocks(value, 0)).strip("\n")


def _blocks(node: Mapping[str, JSON], depth: int) -> list[str]:
    """Return the blocks below a node, inline nodes that stand next to each other as one."""
    if depth > DEEPEST:
        raise InvalidInput(f"the Atlassian document is nested more than {DEEPEST} levels deep")
    blocks: list[str] = []
    line = ""
    for child in _children(node):
        if child.get("type") in _INLINE:
            line += _inline(child)
            continue
        if line:
            blocks.append(line)
            line = ""
        blocks += _block(child, depth + 1)
    return [block for block in (*blocks, line) if block.strip()]


def _block(node: Mapping[str, JSON], depth: int) -> list[str]:
    kind = node.get("type")
    if kind == "codeBlock":
        text = "".join(_inline(child) for child in _children(node))
        return [f"```\n{text}\n```"] if text.strip() else []
    if kind in ("bulletList", "taskList", "decisionList"):
        return ["\n".join(_item("- ", child, depth) for child in _children(node))]
    if kind == "orderedList":
        first = _attributes(node).get("order", 1)
        start = first if isinstance(first, int) else 1
        items = enumerate(_children(node), start)
        return ["\n".join(_item(f"{number}. ", child, depth) for number, child in items)]
    if kind == "blockquote":
        quoted = "\n\n".join(_blocks(node, depth))
        return ["\n".join(f"> {line}".rstrip() for line in quoted.split("\n"))]
    if kind == "tableRow":
        return [" | ".join(" ".join(" ".join(_blocks(cell, depth + 1)).split()) for cell in _children(node))]
    if kind == "table":
        return ["\n".join(_blocks(node, depth))]
    if kind in ("blockCard", "embedCard"):
        return [_text(_attributes(node).get("url"))]
    if kind == "heading":
        return ["".join(_blocks(node, depth))]
    return _blocks(node, depth)


def _item(mark: str, node: Mapping[str, JSON], depth: int) -> str:
    lines = "\n".join(_blocks(node, depth + 1)).split("\n")
    return "\n".join((mark if at == 0 else " " * len(mark)) + line for at, line in enumerate(lines))


def _inline(node: Mapping[str, JSON]) -> str:
    attributes = _attributes(node)
    kind = node.get("type")
    if kind == "text":
        text = _text(node.get("text"))
        address = next((_text(_attributes(mark).get("href")) for mark in _marks(node) if mark["type"] == "link"), "")
        return f"{text} ({address})" if address and address not in text else text
    if kind == "hardBreak":
        return "\n"
    if kind == "emoji":
        return _text(attributes.get("text")) or _text(attributes.get("shortName"))
    if kind == "inlineCard":
        return _text(attributes.get("url"))
    if kind == "date":
        return _day(attributes.get("timestamp"))
    return _text(attributes.get("text")) or _text(attributes.get("alt"))


def _day(timestamp: JSON) -> str:
    """Return the day of a date node, which Jira writes as milliseconds in a text."""
    try:
        return datetime.fromtimestamp(int(_text(timestamp)) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return _text(timestamp)


def _children(node: Mapping[str, JSON]) -> list[Mapping[str, JSON]]:
    content = node.get("content")
    return [child for child in content if isinstance(child, dict)] if isinstance(content, list) else []


def _marks(node: Mapping[str, JSON]) -> list[Mapping[str, JSON]]:
    marks = node.get("marks")
    return [mark for mark in marks if isinstance(mark, dict) and "type" in mark] if isinstance(marks, list) else []


def _attributes(node: Mapping[str, JSON]) -> Mapping[str, JSON]:
    attributes = node.get("attrs")
    return attributes if isinstance(attributes, dict) else {}


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""
