"""Find other words for what a query says: translations, synonyms, and the parts of compounds. Pure.

Words are compared by their stems, so that inflected forms are found; the longest sequence of words that the vocabulary
knows counts, so that "freigegebenes Postfach" is no mailbox that was released. What is an identifier is never looked
up, nor is what `kept` names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from kb.analysis.analyse import LANGUAGES, Word, analyse
from kb.analysis.compounds import split_compound
from kb.analysis.lists import word_lines, word_list
from kb.analysis.stems import stem, stop_words
from kb.analysis.words import is_stop_word
from kb.language import detect_language
from kb.vocabulary import Vocabulary
from search.form_table import FormTable, surfaces_of

ExpansionKind = Literal["translated_words", "synonym", "corrected_word"]
MOST_TARGETS = 4
"""Other forms taken of each word: those that stand first in the lists, of those that documents hold."""
LONGEST_EXPANDED = 3_000
"""Characters of a text whose words are looked up: a ticket says what it is about long before."""
FEW_WORDS = 16
"""Words of a text whose language is looked for in the vocabulary too; a longer one shows it by its look."""
SHORTEST_GERMAN = 5
"""Letters of a term that makes a text German: shorter ones may be English words that the vocabulary does not know."""
_LINKS = ("", "s", "n", "en")
_EMPTY = frozenset(
    ("no", "not", "on", "off", "in", "out", "of", "up", "down", "left", "any", "more", "longer", "be", "by", "unable",
     "cannot", "can't", "won't", "won", "doesn't", "doesn", "nicht", "nichts", "nix", "kein", "keine", "keinen", "mehr")
)  # fmt: skip
"""What tells nothing of a form of several words when it stands in a text by itself, beside the stop words."""


@dataclass(frozen=True, slots=True)
class Target:
    """Another form: as the list writes it, and the index terms of each of its words that has any.

    `is_complete` is false when words of it ("no", "not", "left") are left out because they tell nothing by themselves.
    """

    form: str
    words: tuple[tuple[str, ...], ...]
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Expansion:
    """Other forms of the words between `start` and `end` of the text; `written` is what stands there.

    `is_whole` is false when the targets translate a compound part by part, `is_inner` says that the words are part of
    a longer form that is expanded too.
    """

    kind: ExpansionKind
    start: int
    end: int
    written: str
    targets: tuple[Target, ...]
    is_whole: bool = True
    is_inner: bool = False


@dataclass(frozen=True, slots=True)
class Expanded:
    """What was found: expansions in text order, and the text word by word in English when it is German, else `None`.

    In the translation word order stays, and so do words that the glossary does not know. `language` is "" where neither
    the look of the words nor the glossary tells it.
    """

    expansions: tuple[Expansion, ...] = ()
    translation: str | None = None
    language: str = ""


NOTHING = Expanded()


class Expander:
    """Looks words up in one vocabulary; immutable, may be used by several threads."""

    def __init__(self, vocabulary: Vocabulary, *, translates_texts: bool = True):
        """`translates_texts`: a German text is also given in English, for a model that knows no German."""
        self._translates_texts = translates_texts
        self._english_of, self._german_of = FormTable("de"), FormTable("en")
        self._synonyms = {language: FormTable(language) for language in LANGUAGES}
        for german, english in vocabulary.glossary.items():
            self._english_of.add(german, english)
            for form in english:
                self._german_of.add(form, (german,))
        for group in vocabulary.synonyms:
            for form in group:
                for table in self._synonyms.values():
                    table.add(form, [one for one in group if one != form])
        self._tables = (self._english_of, self._german_of, *self._synonyms.values())
        self._function_words = _function_words()
        self._joining_from: dict[str, int] = {}
        for said in self._function_words:
            self._joining_from[said[0]] = max(self._joining_from.get(said[0], 0), len(said))
        # The lists never change, and texts say the same words again and again.
        self._known = lru_cache(maxsize=2**13)(self._look_up_forms)
        self._reach = lru_cache(maxsize=2**13)(self._look_up_reach)

    def expanded(
        self, text: str, identifiers: Sequence[tuple[int, int]] = (), kept: frozenset[str] = frozenset()
    ) -> Expanded:
        """Return other words for those of `text`.

        `identifiers` are half-open ranges of the text that are left alone, `kept` surfaces likewise (those of quoted
        phrases).
        """
        text = text[:LONGEST_EXPANDED]
        spoken = detect_language(text, default="")
        if spoken not in ("en", "de", ""):
            return NOTHING
        words = analyse(text, "en").words
        if spoken != "de" and len(words) <= FEW_WORDS:
            spoken = self._spoken([word.surface for word in words], spoken)
        free = _free(words, identifiers, kept)
        runs = _adjacent(text, words, free)
        found: list[Expansion] = []
        pieces: list[tuple[int, int, str]] = []
        at = 0
        while at < len(words):
            if not free[at]:
                at += 1
                continue
            reach = self._reach(words[at].surface, spoken)
            if reach == 0:
                at += 1
                continue
            longest = min(runs[at], reach)
            at += self._look_up(text, words[at : at + longest], spoken, found, pieces)
        translation = _replaced(text, pieces) if pieces and self._translates_texts else None
        return Expanded(tuple(found), translation, spoken)

    def _look_up_reach(self, surface: str, spoken: str) -> int:
        """Return how many words from this one on are to be looked up at most; 0 where that would find nothing."""
        longest = self._longest_from(surface)
        if longest <= 1 and spoken == "en" and not self._known((surface,), spoken, False):
            return 0
        return max(longest, 1)

    def _longest_from(self, surface: str) -> int:
        """Return how many words the longest form has that begins with this one, in any list; mostly none does."""
        return max(self._joining_from.get(surface, 0), *(table.longest_from(surface) for table in self._tables))

    def _spoken(self, surfaces: Sequence[str], looks: str) -> str:
        """Return the language of a short text that does not look German: product names make German ones look English.

        A joining word and a term that only the German side knows make it German, one of them leaves it open.
        """
        joining = any((one,) in self._function_words and one not in _english_words() for one in surfaces)
        named = any(
            len(one) >= SHORTEST_GERMAN and self._english_of.holds(one) and not self._german_of.others((one,))
            for one in surfaces
            if one not in _english_words()
        )
        if joining and named:
            return "de"
        return "" if joining or named else looks

    def _look_up(
        self,
        text: str,
        words: Sequence[Word],
        spoken: str,
        found: list[Expansion],
        pieces: list[tuple[int, int, str]],
    ) -> int:
        """Look up the longest known beginning of `words` and return its length in words, at least 1."""
        for length in range(len(words), 0, -1):
            start, end = words[0].start, words[length - 1].end
            said = tuple([word.surface for word in words[:length]])
            joining = self._function_words.get(said, "") if spoken != "en" else ""
            known = self._known(said, spoken, bool(joining))
            if not (known or joining):
                continue
            found += _expansions(text, words[:length], known)
            translation = next((forms[0] for _, forms, language in known if language == "en"), joining)
            if translation:
                pieces.append((start, end, translation))
            if length > 1 and (not any(map(_is_empty, said)) or (spoken == "de" and not translation)):
                self._look_up_inner(text, words[:length], spoken, found, [] if translation else pieces)
            return length
        if spoken != "en":
            self._look_up_parts(text, words[0], found, pieces)
        return 1

    def _look_up_forms(
        self, said: tuple[str, ...], spoken: str, is_joining: bool
    ) -> tuple[tuple[ExpansionKind, tuple[str, ...], str], ...]:
        """Return the other forms of these words by kind, with the language they are in, "" for any."""
        is_empty = len(said) == 1 and spoken != "en" and is_stop_word(said[0], "de")
        kinds: tuple[tuple[ExpansionKind, tuple[str, ...], str], ...] = (
            (
                "translated_words",
                self._english_of.others(said) if spoken != "en" and not (is_empty or is_joining) else (),
                "en",
            ),
            ("translated_words", self._german_of.others(said) if spoken != "de" else (), "de"),
            ("synonym", self._synonyms["en"].others(said) or self._synonyms["de"].others(said), ""),
        )
        return tuple(one for one in kinds if one[1])

    def _look_up_inner(
        self,
        text: str,
        words: Sequence[Word],
        spoken: str,
        found: list[Expansion],
        pieces: list[tuple[int, int, str]],
    ) -> None:
        """Look up what a form of several words is made of, so that it does not hide what its words are called too."""
        at = 0
        while at < len(words):
            reach = at + self._longest_from(words[at].surface)
            for end in range(min(reach, len(words) if at else len(words) - 1), at, -1):
                inner = words[at:end]
                said = tuple(word.surface for word in inner)
                joining = self._function_words.get(said, "") if spoken != "en" else ""
                known = self._known(said, spoken, bool(joining))
                if known or joining:
                    found += _expansions(text, inner, known, is_inner=True)
                    translation = next((forms[0] for _, forms, language in known if language == "en"), joining)
                    if translation:
                        pieces.append((inner[0].start, inner[-1].end, translation))
                    at = end - 1
                    break
            at += 1

    def _look_up_parts(self, text: str, word: Word, found: list[Expansion], pieces: list[tuple[int, int, str]]) -> None:
        """Translate a compound that is not in the glossary part by part, the longest known parts first."""
        translated = list(self._parts(split_compound(word.surface)))
        known = " ".join(english for _, english in translated if english)
        if not known:
            return
        targets = _targets((known,), "en", (word.surface,))
        if targets:
            written = text[word.start : word.end]
            found.append(Expansion("translated_words", word.start, word.end, written, targets, is_whole=False))
        pieces.append((word.start, word.end, " ".join(english or part for part, english in translated)))

    def _parts(self, parts: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield the parts, joined where they are known together, each with its English form, "" where unknown."""
        at = 0
        while at < len(parts):
            for length in range(len(parts) - at, 0, -1):
                english = self._part(parts[at : at + length])
                if english or length == 1:
                    yield "".join(parts[at : at + length]), english
                    at += length
                    break

    def _part(self, parts: Sequence[str]) -> str:
        for link in _LINKS if len(parts) > 1 else ("",):
            known = self._english_of.others((link.join(parts),))
            if known:
                return known[0]
        return ""


def _is_empty(surface: str) -> bool:
    return surface in _EMPTY or any(is_stop_word(surface, language) for language in LANGUAGES)


def _expansions(
    text: str,
    words: Sequence[Word],
    known: Sequence[tuple[ExpansionKind, tuple[str, ...], str]],
    *,
    is_inner: bool = False,
) -> Iterator[Expansion]:
    start, end = words[0].start, words[-1].end
    said = tuple(word.surface for word in words)
    for kind, forms, language in known:
        targets = _targets(forms, language, said)
        if targets:
            yield Expansion(kind, start, end, text[start:end], targets, is_inner=is_inner)


@lru_cache(maxsize=2**13)
def _targets(forms: tuple[str, ...], language: str, said: tuple[str, ...]) -> tuple[Target, ...]:
    """Return the forms that have terms of their own, beside those of the words that are said."""
    own = {stem(surface, each) for surface in said for each in LANGUAGES}
    found = []
    for form in forms:
        terms, is_complete = _terms_of(form, language)
        if terms and not all(own.issuperset(word) for word in terms):
            found.append(Target(form, terms, is_complete))
    return tuple(found)


@lru_cache(maxsize=2**14)
def _terms_of(form: str, language: str) -> tuple[tuple[tuple[str, ...], ...], bool]:
    """Return the index terms of each telling word of a form, written in `language`, "" for any; and whether all are."""
    languages = (language,) if language else LANGUAGES
    ways = list(zip(*(analyse(form, each).words for each in languages), strict=True))
    telling = [way for way in ways if len(ways) == 1 or not _is_empty(way[0].surface)]
    terms = (tuple(dict.fromkeys(term for word in way for term in word.terms[:1])) for way in telling)
    return tuple(word for word in terms if word), len(telling) == len(ways)


def _free(words: Sequence[Word], identifiers: Sequence[tuple[int, int]], kept: frozenset[str]) -> list[bool]:
    """Return of each word, given in text order, whether it touches no identifier and is not kept as it is."""
    spans = sorted(identifiers)
    free: list[bool] = []
    at = reach = 0
    for word in words:
        while at < len(spans) and spans[at][0] < word.end:
            reach = max(reach, spans[at][1])
            at += 1
        free.append(reach <= word.start and word.surface not in kept)
    return free


def _adjacent(text: str, words: Sequence[Word], free: Sequence[bool]) -> list[int]:
    """Return for each word how many words stand together from there on, with no sentence or identifier between."""
    runs = [1] * len(words)
    together = [
        both and "\n" not in (gap := text[one.end : other.start]) and not any(mark in gap for mark in ".;:!?,()")
        for (one, other), both in zip(pairwise(words), map(all, pairwise(free)), strict=True)
    ]
    for at in range(len(words) - 2, -1, -1):
        if together[at]:
            runs[at] = runs[at + 1] + 1
    return runs


def _replaced(text: str, pieces: Sequence[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end, other in pieces:
        parts += [text[at:start], other]
        at = end
    return "".join((*parts, text[at:]))


@lru_cache(maxsize=1)
def _function_words() -> Mapping[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for line in word_lines("glossary_function_words"):
        german, _, english = line.partition("=")
        for form in german.split(","):
            found.setdefault(surfaces_of(form.strip()), english.strip())
    return found


@lru_cache(maxsize=1)
def _english_words() -> frozenset[str]:
    return word_list("common_en") | stop_words("en")
