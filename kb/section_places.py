"""Say where the sections of a Markdown text stand, so that one can be read, marked and rewritten alone. Pure.

Offsets count code points. Headings in code blocks and in comments are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.plain_text import heading_text, inline_text, without_comments

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]++(.*)$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")


@dataclass(frozen=True, slots=True)
class PlacedSection:
    """One section: `start` is where its heading begins, `text_start` where its text does.

    `own_end` is where the next heading of any level begins, `end` where the next of its own or a higher level does.
    """

    heading: str
    level: int
    start: int
    text_start: int
    own_end: int
    end: int


def placed_sections(markdown: str) -> tuple[PlacedSection, ...]:
    """Return the sections in the order of their headings; text before the first heading is in none."""
    found: list[tuple[str, int, int, int]] = []
    at, before_at, before = 0, 0, ""
    fence: str | None = None
    for line in without_comments(markdown).splitlines(keepends=True):
        end = at + len(line)
        bare = line.rstrip("\r\n")
        mark = _FENCE.match(bare)
        if fence is not None:
            if mark and mark.group(1).startswith(fence) and not bare.strip().strip(fence[0]):
                fence = None
        elif mark:
            fence = mark.group(1)
        elif heading := _HEADING.match(bare):
            found.append((inline_text(heading_text(heading.group(2))), len(heading.group(1)), at, end))
        elif (rule := _UNDERLINE.match(bare)) and before.strip() and not before.lstrip().startswith(("|", "-", ">")):
            found.append((inline_text(before), 1 if "=" in rule.group(1) else 2, before_at, end))
        before_at, before = at, "" if fence or mark or _HEADING.match(bare) else bare
        at = end
    placed: list[PlacedSection] = []
    begins = dict.fromkeys(range(1, 7), at)  # level → where the next heading of it or of a higher one begins
    own_end = at
    for name, level, start, text_start in reversed(found):
        placed.append(PlacedSection(name, level, start, text_start, own_end, begins[level]))
        begins |= dict.fromkeys(range(level, 7), start)
        own_end = start
    return tuple(reversed(placed))
