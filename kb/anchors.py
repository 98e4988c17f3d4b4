"""Say which places of an article a link can lead to, from its Markdown alone. Pure.

The page is made by a renderer, which gives every heading its text as anchor. What is said here is that for a fraction
of the work: a heading in a block of code counts too, and odd Markdown may hide one. Ask the page where one is missing.
"""

from __future__ import annotations

import re
from collections import Counter

from kb.plain_text import heading_text, inline_text

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]++(.{1,2000}+)$|^(.{1,2000}+)\n {0,3}(?:=++|-++)[ \t]*+$", re.MULTILINE)
_NOT_KEPT = re.compile(r"[^\w\s-]")
_SPACES = re.compile(r"[-\s]+")
_GIVEN = re.compile(r"\sid\s{0,3}=\s{0,3}[\"']([^\"'\n]{1,500})[\"']", re.IGNORECASE)
_FOOTNOTE = re.compile(r"\[\^([^\]\n]{1,200})\]")


def written_anchors(markdown: str, title: str = "") -> frozenset[str]:
    """Return the anchors of headings, of elements with an id, and of footnotes; a first heading that repeats `title`
    is not on the page.
    """
    head, _, rest = markdown.lstrip("\n").partition("\n")
    if head.startswith("# ") and head[2:].strip().casefold() == title.strip().casefold():
        markdown = rest
    counts = Counter(_slug(inline_text(heading_text(one) or two)) for one, two in _HEADING.findall(markdown))
    found = set(counts)
    found |= {f"{anchor}_{number}" for anchor, count in counts.items() for number in range(1, count)}
    if "id" in markdown:
        found.update(_GIVEN.findall(markdown))
    for name in _FOOTNOTE.findall(markdown) if "[^" in markdown else ():
        found |= {f"fn:{name}", f"fnref:{name}"}
    return frozenset(found)


def _slug(heading: str) -> str:
    """Return the anchor of a heading as Python-Markdown's `slugify_unicode` makes it."""
    return _SPACES.sub("-", _NOT_KEPT.sub("", heading).strip().lower())
