"""Read the vocabulary: which words mean the same, and what words of one language are called in the other. Pure.

Two lists of lines, shipped with Fixlore and added to by an organisation's own:

    Drucker, Druckgerät = printer, printing device         the glossary: German forms = English forms
    MFA, 2FA, multi-factor authentication                  the synonyms: forms that mean the same

A form is a word or several. In an own list a line that begins with `-` takes something out of the shipped one:
`-Drucker` every translation of that form, `-Drucker = printing device` this one, `-2FA` the form from every group of
synonyms. `#` after white space begins a comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from kb.analysis.folding import fold
from kb.analysis.lists import without_comment, word_lines

ListName = Literal["glossary", "synonyms"]
LISTS: tuple[ListName, ...] = ("glossary", "synonyms")
SETTING_PREFIX = "vocabulary."
"""An own list is kept in the store under this and its name."""
LONGEST_FORM = 80
"""Characters of a form."""
MOST_WORDS = 10
"""Words of a form: a sentence is no term, and nobody would write it in just these words."""
MOST_FORMS = 24
"""Forms on one side of a line."""
LONGEST_LIST = 100_000
"""Characters of an own list."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: the forms of both sides, in order; synonyms have a left side alone. `removes`: it began with `-`."""

    left: tuple[str, ...]
    right: tuple[str, ...] = ()
    removes: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that cannot be used: its number from 1, and a sentence that says why and what to write."""

    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class ReadList:
    """What a list says: the lines that can be used, in order, and the faults of the others."""

    lines: tuple[Line, ...]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What holds for an installation.

    `glossary`: German form → its English forms, none twice; `synonyms`: groups of two forms or more. Own entries come
    before shipped ones.
    """

    glossary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    synonyms: tuple[tuple[str, ...], ...] = ()


def read_list(name: ListName, text: str, shipped: Vocabulary | None = None) -> ReadList:
    """Read an own list. With `shipped`, a line that takes out what is not shipped is a fault too."""
    lines: list[Line] = []
    faults: list[Fault] = []
    if len(text) > LONGEST_LIST:
        return ReadList((), (Fault(1, f"the list is longer than {LONGEST_LIST} characters; leave lines out"),))
    for number, written in enumerate(text.split("\n"), 1):
        content = without_comment(written)
        if not content:
            continue
        try:
            line = _line(name, content)
            if shipped is not None and line.removes:
                _check_removal(name, line, shipped)
        except ValueError as error:
            faults.append(Fault(number, str(error)))
        else:
            lines.append(line)
    return ReadList(tuple(lines), tuple(faults))


@lru_cache(maxsize=1)
def shipped_vocabulary() -> Vocabulary:
    """Return what is shipped, alone."""
    return Vocabulary(
        _joined(_line("glossary", line) for line in word_lines("glossary")),
        tuple(_line("synonyms", line).left for line in word_lines("synonyms")),
    )


def vocabulary_of(own: Mapping[ListName, str]) -> Vocabulary:
    """Return the shipped vocabulary with the own lists applied; lines of theirs that cannot be used are passed over."""
    shipped = shipped_vocabulary()
    glossary = read_list("glossary", own.get("glossary", "")).lines
    synonyms = read_list("synonyms", own.get("synonyms", "")).lines
    if not glossary and not synonyms:
        return shipped
    return Vocabulary(_with_own_glossary(shipped, glossary), _with_own_synonyms(shipped, synonyms))


def same_form(form: str) -> str:
    """Return what two forms have in common that count as one: case, umlauts, hyphens and white space aside."""
    return " ".join(fold(form).replace("-", " ").split())


def _line(name: ListName, content: str) -> Line:
    """Return one line. Raises ValueError with a sentence for whoever wrote it."""
    removes = content.startswith("-")
    content = content[1:].strip() if removes else content
    if name == "glossary":
        left, equals, right = content.partition("=")
        if "=" in right:
            raise ValueError("two “=” stand on the line; write one entry a line: German = English")
        if not equals and not removes:
            raise ValueError(f"“{_short(content)}” lacks “=”; write German = English, such as: Drucker = printer")
        if equals and not right.strip():
            raise ValueError("nothing stands right of “=”; write the English word there")
        if not left.strip():
            raise ValueError("nothing stands left of “=”; write the German word there")
        return Line(_forms(left), _forms(right) if equals else (), removes)
    if "=" in content:
        raise ValueError("“=” belongs into the glossary; write synonyms with commas, such as: VM, virtual machine")
    if not content:
        raise ValueError("nothing follows the “-”; write the word to take out after it")
    forms = _forms(content)
    if len(forms) < 2 and not removes:
        raise ValueError(f"“{_short(content)}” stands alone; write at least two forms with a comma between them")
    return Line(forms, (), removes)


def _forms(side: str) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for part in side.split(","):
        form = " ".join(part.split())
        if not form:
            raise ValueError("a comma stands with nothing beside it; remove it, or write a word there")
        if not any(character.isalnum() for character in form):
            raise ValueError(f"“{_short(form)}” holds no letter; write a word")
        if len(form) > LONGEST_FORM or len(form.split()) > MOST_WORDS:
            raise ValueError(
                f"“{_short(form)}” is too long for a term; write at most {MOST_WORDS} words and {LONGEST_FORM} letters"
            )
        found.setdefault(same_form(form), form)
    if len(found) > MOST_FORMS:
        raise ValueError(f"{len(found)} forms stand side by side; write at most {MOST_FORMS}, or several lines")
    return tuple(found.values())


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _check_removal(name: ListName, line: Line, shipped: Vocabulary) -> None:
    if name == "synonyms":
        held = {same_form(form) for group in shipped.synonyms for form in group}
        unknown = [form for form in line.left if same_form(form) not in held]
    else:
        translations = {same_form(german): english for german, english in shipped.glossary.items()}
        unknown = [form for form in line.left if same_form(form) not in translations]
        if not unknown:
            known = {same_form(form) for german in line.left for form in translations[same_form(german)]}
            unknown = [form for form in line.right if same_form(form) not in known]
    if unknown:
        raise ValueError(
            f"“{_short(unknown[0])}” is not in the shipped list and cannot be taken out; "
            "write it as it stands there, or remove the line"
        )


def _with_own_glossary(shipped: Vocabulary, own: Sequence[Line]) -> Mapping[str, tuple[str, ...]]:
    gone: dict[str, set[str] | None] = {}
    for line in own:
        if line.removes:
            for german in map(same_form, line.left):
                earlier = gone.get(german, set())
                gone[german] = None if not line.right or earlier is None else earlier | {*map(same_form, line.right)}
    kept = []
    for german, english in shipped.glossary.items():
        out = gone.get(same_form(german), set())
        left = () if out is None else tuple(form for form in english if same_form(form) not in out)
        if left:
            kept.append(Line((german,), left))
    return _joined([*(line for line in own if not line.removes), *kept])


def _with_own_synonyms(shipped: Vocabulary, own: Sequence[Line]) -> tuple[tuple[str, ...], ...]:
    gone = {same_form(form) for line in own if line.removes for form in line.left}
    kept = (tuple(form for form in group if same_form(form) not in gone) for group in shipped.synonyms)
    return (*(line.left for line in own if not line.removes), *(group for group in kept if len(group) > 1))


def _joined(lines: Iterable[Line]) -> Mapping[str, tuple[str, ...]]:
    """Return German form → English forms; lines that share a German form are joined under its first spelling."""
    spelled: dict[str, str] = {}
    found: dict[str, dict[str, str]] = {}
    for line in lines:
        for german in line.left:
            english = found.setdefault(spelled.setdefault(same_form(german), german), {})
            for form in line.right:
                english.setdefault(same_form(form), form)
    return {german: tuple(english.values()) for german, english in found.items()}
