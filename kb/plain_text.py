"""Turn Markdown into the plain text that is indexed, cut into passages and shown as snippets.

A line-based reader, not a renderer: it keeps every word a reader would see (code included) and drops the marks.
Linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.documents import Document, Ticket

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")  # in a list item a fence is indented, by any amount
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]++(.*)$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_RULE = re.compile(r"[ \t]*([-*_][ \t]*){3,}$")
_TABLE_RULE = " \t:|-"
_BLOCK_MARKS = frozenset("`~#=-*_|:>+")
"""With one of these, or a digit, begins every line that is more than text."""
_INLINE_MARK = re.compile(r"[\[<*_~\\&]")
_BULLET = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+(?:\[!\w+\][ \t]*)?")
_IMAGE = re.compile(r"!\[([^\]\n]{0,500})\]\([^)\n]{0,2000}\)")
_LINK = re.compile(r"\[([^\]\n]{0,500})\]\([^)\n]{0,2000}\)")
_REFERENCE = re.compile(r"\[([^\]\n]{1,500})\]\[[^\]\n]{0,200}\]")
_AUTOLINK = re.compile(r"<((?:https?|mailto):[^>\s]{1,2000})>")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]{0,30}(?:[ \t][^<>\n]{0,2000})?/?>|<!--[^\n]{0,2000}?-->")
_EMPHASIS = re.compile(r"(?<![\w\\])(\*{1,3}|_{1,3}|~~)(?=\S)|(?<=[^\s\\])(\*{1,3}|_{1,3}|~~)(?!\w)")
_BLANK_LINES = re.compile(r"\n{3,}")
_VISIBLE = re.compile(r"[^\n]")
_WHOLE_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_TICKS = re.compile(r"`+")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~\"'$])")
_ENTITIES = {"&nbsp;": " ", "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'"}
_ENTITY = re.compile("|".join(_ENTITIES))


@dataclass(frozen=True, slots=True)
class Section:
    """The text below one heading.

    `path` is the headings above and including it, outermost first, without the title.
    """

    path: tuple[str, ...]
    text: str


def sections(markdown: str, title: str = "") -> tuple[Section, ...]:
    """Cut Markdown at its headings, in order; a leading heading that repeats `title` is dropped.

    Text holds one line for each block line, marks removed, blank lines between paragraphs kept as one.
    """
    found: list[Section] = []
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    fence: str | None = None

    def close() -> None:
        text = "\n".join(lines).strip()
        if "\n\n\n" in text:
            text = _BLANK_LINES.sub("\n\n", text)
        lines.clear()
        if text or path:
            found.append(Section(tuple(name for _, name in path), text))

    def open_heading(level: int, raw: str) -> None:
        name = inline_text(raw)
        if not found and not path and not any(lines) and name.casefold() == title.strip().casefold():
            lines.clear()
            return
        close()
        while path and path[-1][0] >= level:
            path.pop()
        path.append((level, name))

    for line in without_comments(markdown).splitlines():
        if fence is None and _is_prose(line):
            lines.append(inline_text(line))
            continue
        mark = _FENCE.match(line)
        if fence is not None:
            if mark and mark.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = None
            else:
                lines.append(line.rstrip())
        elif mark:
            fence = mark.group(1)
        elif heading := _HEADING.match(line):
            open_heading(len(heading.group(1)), heading_text(heading.group(2)))
        elif (rule := _UNDERLINE.match(line)) and lines and lines[-1].strip():
            open_heading(1 if "=" in rule.group(1) else 2, lines.pop())
        elif _RULE.match(line) or ("-" in line and not line.strip(_TABLE_RULE)):
            lines.append("")
        else:
            lines.append(_plain_line(line))
    close()
    return tuple(found)


def plain_text(markdown: str, title: str = "") -> str:
    """Return the whole text without marks, headings included, in order."""
    parts: list[str] = []
    for section in sections(markdown, title):
        if section.path:
            parts.append(section.path[-1])
        if section.text:
            parts.append(section.text)
    return "\n".join(parts)


def text_fields(document: Document) -> dict[str, str]:
    """Return the text of each of `kb.queries.TEXT_FIELDS`: title, problem side (or whole article), fix of a ticket."""
    if isinstance(document, Ticket):
        problem = "\n\n".join(part for part in (document.description, document.environment) if part)
        return {"title": document.title, "body": problem, "fix": document.resolution}
    signatures = "\n".join(document.error_signatures)
    body = plain_text(document.body, document.title)
    return {"title": document.title, "body": f"{body}\n{signatures}" if signatures else body, "fix": ""}


def whole_lines(text: str) -> list[str]:
    """Return the lines of a text, each with its line feed: for the renderer nothing else ends a line.

    `str.splitlines` takes form feeds and line separators for ends, too, which stand in texts that were pasted.
    """
    return _WHOLE_LINE.findall(text)


def without_comments(markdown: str) -> str:
    """Return the text with its HTML comments blanked out, its lines and places as they were; code keeps its own.

    As for the renderer, one that begins a line may hold blank lines, another may not, and one that never ends is none.
    """
    if "<!--" not in markdown:
        return markdown
    kept: list[str] = []
    fence = ""
    at = comment_end = 0
    ends = [match.start() for match in re.finditer("-->", markdown)]
    blanks = [match.start() for match in re.finditer("\n\n", markdown)]
    for line in whole_lines(markdown):
        start, at = at, at + len(line)
        mark = _FENCE.match(line) if start >= comment_end else None
        if fence:
            if mark and mark.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            kept.append(line)
        elif mark:
            fence = mark.group(1)
            kept.append(line)
        else:
            written = start
            for begin, end in _comments_in(markdown, start, at, comment_end, ends, blanks):
                kept += [markdown[written:begin], _VISIBLE.sub(" ", markdown[begin : min(end, at)])]
                written, comment_end = min(end, at), end
            kept.append(markdown[written:at])
    return "".join(kept)


def _comments_in(
    markdown: str, start: int, stop: int, comment_end: int, ends: Sequence[int], blanks: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Yield begin and end of the comments that a line (from `start` to `stop`) lies in or begins.

    `comment_end` is where the one of an earlier line ends; `ends` and `blanks` are the places of all end marks and
    blank lines.
    """
    at = start
    if comment_end > start:
        yield start, comment_end
        at = comment_end
    ticks = at
    while at < stop and (begin := markdown.find("<!--", at, stop)) >= 0:
        if markdown.count("`", ticks, begin) % 2 and (close := markdown.find("`", begin, stop)) >= 0:
            at = ticks = close + 1
            continue
        place = bisect_left(ends, begin + 4)
        if place == len(ends):
            return
        blank = bisect_left(blanks, begin)
        if markdown[start:begin].strip() and blank < len(blanks) and blanks[blank] < ends[place]:
            return
        yield begin, ends[place] + 3
        at = ticks = ends[place] + 3


def heading_text(written: str) -> str:
    """Return what stands behind the marks of a heading, without the marks that may close it."""
    return written.rstrip(" \t").rstrip("#").rstrip(" \t")


def inline_text(line: str) -> str:
    """Return one line without inline marks; what stands in a code span stays as it is."""
    if "`" not in line:
        return _without_marks(line).strip()
    pieces = _TICKS.split(line)
    paired = len(pieces) - (len(pieces) % 2 == 0)  # an odd mark at the end opens nothing
    texts = [piece if at % 2 and at < paired else _without_marks(piece) for at, piece in enumerate(pieces)]
    return "".join(texts).strip()


def _without_marks(text: str) -> str:
    if _INLINE_MARK.search(text) is None:
        return text
    if "[" in text:
        text = _IMAGE.sub(r"\1", text)
        text = _LINK.sub(r"\1", text)
        text = _REFERENCE.sub(r"\1", text)
    if "<" in text:
        text = _AUTOLINK.sub(r"\1", text)
        text = _TAG.sub("", text)
    if "*" in text or "_" in text or "~" in text:
        text = _EMPHASIS.sub("", text)
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    return _ENTITY.sub(lambda entity: _ENTITIES[entity.group()], text) if "&" in text else text


def _is_prose(line: str) -> bool:
    """Say whether a line begins like one that can be nothing but text or blank, as most are."""
    first = line.lstrip()[:1]
    return first not in _BLOCK_MARKS and not first.isdecimal()


def _plain_line(line: str) -> str:
    if ">" in line:
        line = _QUOTE.sub("", line, count=1)
    line = _BULLET.sub("", line, count=1)
    if line.lstrip().startswith("|"):
        line = " ".join(cell.strip() for cell in line.strip().strip("|").split("|"))
    return inline_text(line)
