"""Read what a text calls its root cause, its workaround and its fix. Pure.

People write such labels as `Root cause: …`, as a heading (`## Workaround`, `h3. Ursache`), in bold or as an item of a
list (`- **Resolution**: …`), in English and German. Text without a label is nobody's part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_CAUSE = (
    r"(?:the )?(?:root|underlying)[ -](?:causes?|issue|problem)(?: analysis)?|rca|cause|contributing factors"
    r"|(?:fehler|grund|haupt)?ursachen?"
)
_WORKAROUND = (
    r"work[ -]?around|(?:temporary|interim) (?:fix|solution)"
    r"|(?:problem)?umgehung(?:slösung)?|behelfslösung|zwischenlösung"
)
_FIX = r"(?:permanent |final )?(?:resolution|solution|fix)|(?:fehler)?behebung|(?:endgültige )?lösung|abhilfe"
_OTHER = (
    r"symptoms?|impact|affected|environment|steps to reproduce|prevention|follow[ -]?up|notes?|next steps"
    r"|symptome?|auswirkung(?:en)?|betroffen|umgebung|vorbeugung|hinweise?|nächste schritte"
)
_MARKS = re.compile(r"[ \t]*(?:h[1-6]\.|\#{1,6}|>|[-*+•](?=[ \t]))?[ \t]*[*_]{0,3}", re.IGNORECASE)
"""What may stand before a label."""
_LABEL = re.compile(
    rf"{_MARKS.pattern}(?:(?P<cause>{_CAUSE})|(?P<workaround>{_WORKAROUND})|(?P<fix>{_FIX})|(?P<other>{_OTHER}))"
    r"(?P<colon>[ \t]*:)?[*_]{0,3}(?P<late_colon>[ \t]*:)?[ \t]*(?P<rest>.*)",
    re.IGNORECASE,
)
_ANY_LABEL = re.compile(
    r"[ \t]*(?:h[1-6]\.[ \t]|\#{1,6}[ \t]).*|(?:[-*+•][ \t]+)?\*\*[^*]{1,60}(?::[ \t]*\*\*|\*\*[ \t]*:)(?P<rest>.*)",
    re.IGNORECASE,
)
"""A heading or a bold label of any other name: what stands under it belongs to none of the parts."""
_OF_A_HEADING = ("h", "H", "#")
_BEGINNINGS = frozenset(
    ("the", "roo", "und", "rca", "cau", "con", "feh", "gru", "hau", "urs", "wor", "tem", "int", "pro", "umg",
     "beh", "zwi", "per", "fin", "res", "sol", "fix", "end", "lös", "abh", "sym", "imp", "aff", "env", "ste",
     "pre", "fol", "not", "nex", "aus", "bet", "vor", "hin", "näc")
)  # fmt: skip
"""The first letters of every label: nearly every line is prose, which they tell sooner than the whole pattern."""
_NAMES = ("cause", "workaround", "fix", "other")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_ENDS_A_SENTENCE = re.compile(r"[.!?][\"')\]]*$")
_BELONGS = re.compile(r"[ \t]+\S|[ \t]*(?:\d{1,3}[.)]|[-*+•])[ \t]+\S")
"""A line that goes on with what a label began: indented, or one of a list."""


@dataclass(frozen=True, slots=True)
class LabelledParts:
    """The parts of a text by their label, `""` for those it lacks; `plain` is what stands under none of them."""

    cause: str = ""
    workaround: str = ""
    fix: str = ""
    plain: str = ""


def labelled_parts(text: str) -> LabelledParts:
    """Return the parts of a text; of a label that comes twice, both, in their order."""
    held: dict[str, list[str]] = {name: [] for name in (*_NAMES, "plain")}
    for name, line in _assigned(text):
        held[name].append(line)
    parts = {name: "\n".join(lines).strip() for name, lines in held.items() if name != "other"}
    return LabelledParts(**parts)


def _assigned(text: str) -> Iterator[tuple[str, str]]:
    """Yield the part that each line belongs to, and the line without its label.

    Behind a label that stands alone on its line all belongs to it up to the next label. Behind one with text on its
    line the sentence belongs to it, and what is indented or listed below.
    """
    name, alone, before = "plain", False, ""
    is_code = False
    for line in text.splitlines():
        if _FENCE.match(line):
            is_code = not is_code
            yield name, line
            continue
        label = None if is_code else _label(line)
        if label is not None:
            name, alone, before = label[0], not label[1], label[1]
            if label[1]:
                yield name, label[1]
            continue
        goes_on = is_code or (before and not _ENDS_A_SENTENCE.search(before) and line.strip())
        if name != "plain" and not alone and not goes_on and not (_BELONGS.match(line) and line.strip()):
            name = "plain"
        before = line.strip()
        yield name, line


def _label(line: str) -> tuple[str, str] | None:
    """Return the part that a line begins and the text behind the label; `None` for any other line."""
    marks = _MARKS.match(line)
    begin = marks.end() if marks else 0
    found = _LABEL.fullmatch(line) if line[begin : begin + 3].lower() in _BEGINNINGS else None
    if found is None:
        may_be_another = "**" in line or line.lstrip(" \t")[:1] in _OF_A_HEADING
        other = _ANY_LABEL.fullmatch(line) if may_be_another else None
        return None if other is None else ("other", (other["rest"] or "").strip())
    if found["rest"].strip() and not (found["colon"] or found["late_colon"]):
        return None  # "Fix the driver first": a sentence that begins with the word
    return next(name for name in _NAMES if found[name]), found["rest"].strip()
