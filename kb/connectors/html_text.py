"""Turn HTML, as ticket systems deliver what people wrote, into the text that a reader would see.

A reader of its own, and linear in the text: anybody who can open a ticket chooses what is read here, and half a
megabyte of broken marks keeps Python's parser busy for minutes, of nested ones also those that follow HTML 5.
"""

from __future__ import annotations

import re
from html import unescape

_SPACED = frozenset(
    {"blockquote", "dl", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul"}
)
"""Blocks with a blank line around them."""
_BLOCKS = _SPACED | {
    "address", "article", "aside", "body", "dd", "div", "dt", "fieldset", "figcaption", "footer", "form", "header",
    "html", "li", "main", "nav", "section", "tbody", "tfoot", "thead", "tr",
}  # fmt: skip
_IN_ITEM = frozenset({"li", "ol", "ul", "pre"})
"""What begins a line of its own even right after the mark of an item."""
_DROPPED = frozenset({"head", "math", "noscript", "script", "style", "svg", "template", "title"})
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)[^<>]*>|<!--|<[!?][^<>]*>")
_BLANK = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_GAPS = re.compile(r"\n{3,}")
_QUOTE = "> "
_FENCE = "```"
_DEEPEST_QUOTE = 5
_DEEPEST_LIST = 8


def text_of_html(html: str) -> str:
    """Return the text of HTML: one line for each block, a blank line between paragraphs, no marks.

    List items lead with `- ` or their number, a quotation with `> ` on each line (as mails have it, so that quoted mail
    is told from new), code keeps its lines in a fence; scripts, styles and comments are left out. Broken HTML gives
    what can be read; nothing is raised.
    """
    text = _Text()
    lowered = html.lower() if len(html.lower()) == len(html) else html
    place = 0
    while tag := _TAG.search(html, place):
        text.add(unescape(html[place : tag.start()]))
        name = (tag[2] or "").lower()
        place = tag.end()
        if tag[0] == "<!--":
            place = _after("-->", html, place)
        elif name in _DROPPED:
            place = place if tag[1] else _after(">", html, _after(f"</{name}", lowered, place))
        elif tag[1]:
            text.end(name)
        elif name:
            text.begin(name)
    text.add(unescape(html[place:]))
    return text.finished()


def _after(mark: str, html: str, place: int) -> int:
    """Return the place behind a mark; one that never comes takes the rest with it, as in a browser."""
    found = html.find(mark, place)
    return len(html) if found < 0 else found + len(mark)


class _Text:
    """Collects finished lines and the line at work."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []  # joined at its end: adding to a text copies it each time
        self._quotes = 0
        self._code = 0
        self._is_fresh = False
        """Whether the line at work holds the mark of an item alone: the paragraph in an item begins no line."""
        self._numbers: list[int | None] = []
        """For each open list the number of its last item, `None` where items have none."""

    def finished(self) -> str:
        """Return what was collected."""
        self._end_line()
        return _GAPS.sub("\n\n", "\n".join(self._lines)).strip("\n")

    def begin(self, tag: str) -> None:
        """Begin a block, an item, a cell or code."""
        if tag == "br":
            self._end_line(even_empty=True)
        elif tag in _BLOCKS and not (self._is_fresh and tag not in _IN_ITEM):
            self._end_line()
            self._gap(tag)
        elif tag in ("td", "th") and self._line:
            self._line.append(" | ")
        if tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._code += 1
            self._append(_FENCE)
        elif tag in ("ol", "ul"):
            self._numbers.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._line = [self._mark()]
            self._is_fresh = True

    def end(self, tag: str) -> None:
        """End what began."""
        if tag not in _BLOCKS:
            return
        self._end_line()
        if tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        elif tag == "pre" and self._code:
            self._append(_FENCE)
            self._code -= 1
        elif tag in ("ol", "ul") and self._numbers:
            self._numbers.pop()
        self._gap(tag)

    def add(self, text: str) -> None:
        """Add text: as it stands in code, else with its white space joined."""
        self._is_fresh = self._is_fresh and not text.strip()
        if self._code:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self._line.append(first)
            for line in rest:
                self._end_line(even_empty=True)
                self._line.append(line)
            return
        joined = _BLANK.sub(" ", text)
        if not self._line or self._line[-1].endswith(" "):
            joined = joined.lstrip(" ")
        if joined:
            self._line.append(joined)

    def _mark(self) -> str:
        indent = "  " * min(max(0, len(self._numbers) - 1), _DEEPEST_LIST)
        if self._numbers and (number := self._numbers[-1]) is not None:
            self._numbers[-1] = number + 1
            return f"{indent}{number + 1}. "
        return f"{indent}- "

    def _gap(self, tag: str) -> None:
        """Leave a blank line around what stands alone; what is in a list stands close."""
        if tag in _SPACED and not self._numbers and self._lines and self._lines[-1].strip("> "):
            self._append("")

    def _end_line(self, *, even_empty: bool = False) -> None:
        line = "".join(self._line).rstrip()
        self._line = []
        self._is_fresh = False
        if line or even_empty:
            self._append(line)

    def _append(self, line: str) -> None:
        self._lines.append((_QUOTE * min(self._quotes, _DEEPEST_QUOTE) + line).rstrip())
