"""Arrange a page for its readers: what L1 does first stands first, and wide tables scroll by themselves."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from kb.post_mortems import section_key

AFTER_INLINE_BEFORE_CONTENTS = 15
"""Priority: headings are text by then (20), and the table of contents (5) follows the new order."""
QUICK_CHECK = "quick-check"
TIMELINE = "timeline"
WIDE = "wide"
_HEADING = re.compile(r"h[1-6]")


class Arranging(Extension):
    """Puts the L1 quick check first, marks the timeline's table, and wraps tables so that they scroll."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Register with a converter."""
        md.treeprocessors.register(_Arrange(md), "arranging", AFTER_INLINE_BEFORE_CONTENTS)


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
