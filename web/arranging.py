"""Arrange a page for its readers: what L1 does first stands first, and wide tables scroll by themselves."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from kb.post_mortems import section_key

AFTER_INLINE_BEFORE_CONTENTS = 15
"""Priority: headings are text by then (20), and the table of contents (5) follows the new order."""
AFTER_FENCES = 24
"""Priority: blocks of code are taken out at 25."""
QUICK_CHECK = "quick-check"
TIMELINE = "timeline"
WIDE = "wide"
_HEADING = re.compile(r"h[1-6]")
_ITEM = re.compile(r" {0,3}(?:\d{1,9}[.)]|[-*+])[ \t]+\S")
_INDENTED = re.compile(r"(?: {2,}|\t)[ \t]*\S")


class Arranging(Extension):
    """Puts the L1 quick check first, marks the timeline's table, wraps tables so that they scroll, and goes on counting
    steps where a step ends with a paragraph of its own.
    """

    def extendMarkdown(self, md: Markdown) -> None:
        """Register with a converter."""
        md.preprocessors.register(_NextStep(md), "next-step", AFTER_FENCES)
        md.treeprocessors.register(_Arrange(md), "arranging", AFTER_INLINE_BEFORE_CONTENTS)


class _NextStep(Preprocessor):
    """Sets a list item apart from an indented paragraph right above it.

    CommonMark begins a new item there, and so people write it; Python-Markdown would take it into the paragraph.
    """

    def run(self, lines: list[str]) -> list[str]:
        """Return the lines with a blank one before such items. What stands in fences is no text any more by now."""
        found: list[str] = []
        for line in lines:
            above = found[-1] if found else ""
            if _ITEM.match(line) and _INDENTED.match(above) and not _ITEM.match(above.lstrip()):
                found.append("")
            found.append(line)
        return found


class _Arrange(Treeprocessor):
    def run(self, root: Element) -> None:
        """Rearrange the page; the tree is changed in place."""
        for start, end, key in _sections(root):
            if key == "timeline":
                for element in root[start:end]:
                    if element.tag == "table":
                        element.set("class", TIMELINE)
        quick = next(((start, end) for start, end, key in _sections(root) if key == "quick_check"), None)
        if quick is not None:
            section = Element("section", {"class": QUICK_CHECK})
            section.extend(root[quick[0] : quick[1]])
            del root[quick[0] : quick[1]]
            root.insert(0, section)
        _wrap_tables(root)


def _sections(root: Element) -> list[tuple[int, int, str]]:
    """Return (first child, child behind the last, key) of every section that a post-mortem's rules name."""
    levels = [(at, int(child.tag[1])) for at, child in enumerate(root) if _HEADING.fullmatch(str(child.tag))]
    found = []
    for place, (at, level) in enumerate(levels):
        key = section_key("".join(root[at].itertext()))
        if key is not None:
            end = next((other for other, below in levels[place + 1 :] if below <= level), len(root))
            found.append((at, end, key))
    return found


def _wrap_tables(parent: Element) -> None:
    for at, child in enumerate(list(parent)):
        if child.tag == "table":
            # Whoever has no pointer scrolls with the keyboard, for which it must take the focus.
            wide = Element("div", {"class": WIDE, "tabindex": "0"})
            wide.tail, child.tail = child.tail, None
            parent[at] = wide
            wide.append(child)
        else:
            _wrap_tables(child)
