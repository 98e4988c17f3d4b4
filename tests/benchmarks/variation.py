"""Vary documents: mix in sentences of others, change names and numbers. The same seed gives the same text."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kb.documents import Article, Ticket
from tests.benchmarks.base_texts import BaseTexts

SOURCE = "benchmark"
EXCHANGED = 0.35
"""Share of sentences that come from another document."""
CHANGED = 0.4
"""Share of numbers and names that are changed; the others recur, as codes and products do."""
_PLACED = 0.5
"""Share of titles that name a place or a machine, so that most titles are unlike."""
_SITES = 400
_DAYS = 700
_SYLLABLES = (
    "ba",
    "dor",
    "fen",
    "gal",
    "hol",
    "kir",
    "lun",
    "mar",
    "nor",
    "pel",
    "ros",
    "sta",
    "tor",
    "vel",
    "win",
    "zan",
)

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_PROSE = re.compile(r"^(\s*(?:[-*+]|\d+[.)])?\s*)(\S.*)$")
_NAME_OR_NUMBER = re.compile(r"\b[a-z]+(?:-[a-z]+)*-?\d+\b|\bsvc-[a-z]+\b|(?<![\w.,:-])\d{2,5}(?![\w.,:-])")
_NO_PROSE = ("#", "|", "```", "~~~", ">", "    ")


class Variation:
    """Makes as many unlike articles and tickets as wanted from a few."""

    def __init__(self, base: BaseTexts, seed: int):
        self._base = base
        self.seed = seed
        self._sentences: dict[str, list[str]] = {}
        for document in base.documents:
            text = document.body if isinstance(document, Article) else document.description
            self._sentences.setdefault(document.language, []).extend(_sentences_of(text))

    def article(self, number: int) -> Article:
        """Return article `number`, which lies in a folder by its service."""
        chance = self._chance("article", number)
        base = chance.choice(self._base.articles)
        path = f"{base.service or 'general'}/{number:07}.md"
        return replace(
            base,
            id=path.removesuffix(".md"),
            path=path,
            source=SOURCE,
            title=self._title(base.title, chance),
            body=self._markdown(base.body, base.language, chance),
            created_at=_moved(base.created_at, chance),
            related=(),
            translation_of=None,
        )

    def ticket(self, number: int, purpose: str = "ticket") -> Ticket:
        """Return ticket `number`; another `purpose` gives other tickets, such as those that only ask."""
        chance = self._chance(purpose, number)
        base = chance.choice(self._base.tickets)
        return replace(
            base,
            source=SOURCE,
            external_id=f"{purpose}-{number}",
            title=self._title(base.title, chance),
            description=self._mixed(base.description, base.language, chance),
            environment=changed(base.environment, chance),
            resolution="\n".join(self._mixed(line, base.language, chance) for line in base.resolution.splitlines()),
            opened_at=(opened := _moved(base.opened_at, chance)),
            resolved_at=None if base.resolved_at is None or opened is None else opened + timedelta(hours=5),
            updated_at=None,
            links=(),
        )

    def question(self, number: int) -> str:
        """Return a question as people type them: a few words, a title, a symptom, or a code with a word or two."""
        chance = self._chance("question", number)
        document = chance.choice(self._base.documents)
        text = document.body if isinstance(document, Article) else document.description
        words = changed(document.title, chance).split()
        kinds: Sequence[Callable[[], str]] = (
            lambda: " ".join(chance.sample(words, min(len(words), chance.randint(2, 4)))),
            lambda: " ".join(words),
            lambda: changed(chance.choice(_sentences_of(text) or [document.title]), chance),
            lambda: " ".join([*(word for word in words if any(map(str.isdigit, word))), *chance.sample(words, 1)]),
        )
        return re.sub(r"[^\w\s.-]", " ", kinds[number % len(kinds)]()).strip(" -")

    def _chance(self, purpose: str, number: int) -> random.Random:
        return random.Random(f"{self.seed} {purpose} {number}")

    def _title(self, title: str, chance: random.Random) -> str:
        place = f" ({place_name(chance)})" if chance.random() < _PLACED else ""
        return changed(title, chance) + place

    def _mixed(self, text: str, language: str, chance: random.Random) -> str:
        sentences = _SENTENCE.split(text)
        others = self._sentences.get(language)
        if others:
            sentences = [chance.choice(others) if chance.random() < EXCHANGED else one for one in sentences]
        return changed(" ".join(sentences), chance)

    def _markdown(self, body: str, language: str, chance: random.Random) -> str:
        lines = []
        is_code = False
        for line in body.splitlines():
            is_code ^= line.lstrip().startswith(("```", "~~~"))
            prose = None if is_code or line.startswith(_NO_PROSE) else _PROSE.match(line)
            lines.append(line if prose is None else prose[1] + self._mixed(prose[2], language, chance))
        lines.append(f"\nSeen at {place_name(chance)} on {host_name(chance)}.")
        return "\n".join(lines)


def changed(text: str, chance: random.Random) -> str:
    """Return the text with some of its names and numbers changed."""

    def other(found: re.Match[str]) -> str:
        written = found[0]
        if chance.random() >= CHANGED:
            return written
        if written.isdigit():
            return str(chance.randint(10 ** (len(written) - 1), 10 ** len(written) - 1))
        return host_name(chance)

    return _NAME_OR_NUMBER.sub(other, text)


def place_name(chance: random.Random) -> str:
    """Return the name of a site; a few are named often, most seldom."""
    number = min(int(chance.paretovariate(0.6)), _SITES)
    of_site = random.Random(number)
    return "".join(of_site.choices(_SYLLABLES, k=3)).capitalize()


def host_name(chance: random.Random) -> str:
    """Return the name of a machine, which hardly ever comes twice."""
    return f"{''.join(chance.choices(_SYLLABLES, k=2))}-{chance.randint(0, 9999):04}"


def _sentences_of(text: str) -> list[str]:
    prose = (_PROSE.match(line) for line in text.splitlines() if not line.startswith(_NO_PROSE))
    return [one for found in prose if found for one in _SENTENCE.split(found[2]) if one.count(" ") >= 3]


def _moved(moment: datetime | None, chance: random.Random) -> datetime | None:
    return None if moment is None else moment - timedelta(minutes=chance.randint(0, _DAYS * 24 * 60))
