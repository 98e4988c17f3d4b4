"""Draw the steps of a fix from its text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_STEP = re.compile(r"([ \t]*)(?:\d{1,3}[.)]|[-*+•])[ \t]+(\S.*)")
_LISTED = re.compile(r"^[ \t]*(?:\d{1,3}[.)]|[-*+•])[ \t]+\S", re.MULTILINE)
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_NUMBERED = re.compile(r"(?:(?<=\s)|^)\(?([0-9]{1,2})[.)][ \t]+(?=\S)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ])")
_FIRST_WORDS = ("first", "begin", "zuerst", "zunächst", "erstes")
_FIRST = re.compile(r"(?:first(?:ly)?|to begin|zuerst|zunächst|als erstes)\b", re.IGNORECASE)
_NEXT = re.compile(
    r"(?:second(?:ly)?|then|next|after(?: that|wards)|finally|lastly"
    r"|dann|danach|anschließend|daraufhin|zuletzt|zum schluss|abschließend|schließlich)\b",
    re.IGNORECASE,
)
LONGEST_PROSE = 4_000
"""Characters of running text that are looked at for steps; a longer one is a discussion."""


def steps_of(text: str) -> list[str]:
    """Return the steps that a text names, in order; none where it names none.

    They are its numbered or bulleted lines, each with the lines indented below it; else what is numbered within a line
    (`1) Stop it. 2) Delete the cache.`); else the sentences of a paragraph from *First* on, where others begin with
    *Then*, *Finally* and the like, in English or German.
    """
    listed = _listed(text)
    if len(listed) > 1:
        return listed
    prose = text[:LONGEST_PROSE]
    return _numbered_within(prose) or listed or _in_sequence(prose)


def before_steps(text: str, steps: Sequence[str]) -> str:
    """Return what a text says before the first of its `steps`, as `steps_of` names them; all of it without any."""
    if not steps:
        return text
    first = _LISTED.search(text)
    if first is not None:
        return text[: first.start()]
    at = text.find(steps[0])
    return re.sub(r"\(?1[.)]\s*$", "", text[: max(at, 0)])


def _listed(text: str) -> list[str]:
    """Return the lines of a list. Code in a fence below a step belongs to it, as a code span for each line; any other
    fence is no step.
    """
    steps: list[list[str]] = []
    indent, fenced = 0, False
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip())
        if _FENCE.match(line):
            fenced = not fenced
            continue
        if not line.strip():
            continue
        if fenced:
            if steps and depth > indent:
                steps[-1].append(f"`{line.strip()}`")
            continue
        step = _STEP.match(line)
        if step and (not steps or depth <= indent):
            indent = depth
            steps.append([step.group(2).strip()])
        elif steps and depth > indent:
            steps[-1].append(line.strip())
    return [" ".join(lines) for lines in steps]


def _numbered_within(text: str) -> list[str]:
    """Return what stands behind 1, 2, 3 … on one line, two at least; other numbers in between are text."""
    if not any(mark in text for mark in ("1.", "1)")):
        return []
    for line in text.splitlines():
        marks: list[re.Match[str]] = []
        for mark in _NUMBERED.finditer(line):
            if int(mark[1]) == len(marks) + 1:
                marks.append(mark)
        if len(marks) > 1:
            ends = [*(mark.start() for mark in marks[1:]), len(line)]
            steps = [line[mark.end() : end].strip(" \t;,") for mark, end in zip(marks, ends, strict=True)]
            return [step for step in steps if step]
    return []


def _in_sequence(text: str) -> list[str]:
    """Return the sentences of the first paragraph that tells an order, from the one on that begins with *First*."""
    folded = text.casefold()
    if not any(word in folded for word in _FIRST_WORDS):
        return []
    for paragraph in re.split(r"\n\s*\n", text):
        sentences = _SENTENCE_END.split(" ".join(paragraph.split()))
        first = next((at for at, one in enumerate(sentences) if _FIRST.match(one)), None)
        if first is not None and any(_NEXT.match(one) for one in sentences[first + 1 :]):
            return sentences[first:]
    return []
