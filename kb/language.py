"""Language: which language is a text written in?"""

from __future__ import annotations

import re
from functools import lru_cache

from kb.analysis.compounds import split_compound
from kb.analysis.folding import fold
from kb.analysis.lists import word_lines, word_list

_SAMPLE = 4_000
"""Characters looked at. A language shows long before; what follows in a ticket is often a log in English."""

_WORDS = re.compile(r"(?<![\w./\\:@&+])[^\W\d_]+(?![\w/\\@+]|[.:]\w)")
"""Words between spaces or hyphens: parts of paths, addresses and codes say nothing about the language of a text."""

_GERMAN_SHAPE = re.compile(
    "[äöüß]|.{3}(?:ung|ungen|keit|keiten|heit|lich|lichen|schaft|ier(?:en|t|te)|tion(?:en|s))$|^(?:ge|ver|ent|zer).{3,}t$"
    "|sch[aeiounrlmtw]|eh[lmnr]|ei[ntcgs]|.{4}(?:[^eio]en|ern|em|kt)$|[bflrsz]ie[bgl]|nzei|tz|(?:ts|ks|gs|ns|ls)[bfghkmpvwz]"
)
_ENGLISH_SHAPE = re.compile(
    "^[wk][hnr][aeio]|.{3}(?:ing|ed|ly|ness|ity|ies|able|ould|ght|ack|ick|ock|ive|ous|ance|ence|ment|ments)$"
    "|th[aeiou]|(?:oo|ea|ou)[kdlrt]|.{2}[bdfgklmnprstvw]y$|ow|ew$|.{3}(?:[dklmnprt]s|ure|ore|ate|ute|ize)$"
)
_OTHER_WORDS, _OTHER_SHARE = 3, 0.2
"""How many words, and which share of all, must be frequent ones of another language before it is named."""

_CLOSE = 2
_SCRIPTS = (
    (re.compile("[\u0400-\u04ff]"), "ru"),
    (re.compile("[\u0370-\u03ff]"), "el"),
    (re.compile("[\u0590-\u05ff]"), "he"),
    (re.compile("[\u0600-\u06ff]"), "ar"),
    (re.compile("[\u3040-\u30ff]"), "ja"),
    (re.compile("[\uac00-\ud7a3]"), "ko"),
    (re.compile("[\u0e00-\u0e7f]"), "th"),
    (re.compile("[\u4e00-\u9fff]"), "zh"),
)
"""Scripts that one language uses far more than any other; Japanese before the characters it shares with Chinese."""


def detect_language(text: str, default: str = "en") -> str:
    """Return the BCP 47 code of the language of `text`, or `default` when nothing in it tells.

    English and German are told apart by frequent words, by the shape of words and by German compounds; another
    language is named only when its script or its frequent words leave no doubt. The same text has the same answer.
    """
    return _told(text[:_SAMPLE]) or default


@lru_cache(maxsize=128)
def _told(sample: str) -> str:
    """Return the language of a sample, "" when nothing in it tells. One question asks it of one text several times."""
    # Each word once: a log repeats its lines, and the language of the ticket is that of the prose around it.
    words = sorted({match.group().lower() for match in _WORDS.finditer(sample)})
    letters = sum(map(str.isalpha, sample))
    for script, language in _SCRIPTS:
        if 2 * len(script.findall(sample)) > letters > 0:
            return language
    folded = [fold(word) for word in words]
    german = _score(folded, "de") + sum(_GERMAN_SHAPE.search(word) is not None for word in words) / 2
    english = _score(folded, "en") + sum(_ENGLISH_SHAPE.search(word) is not None for word in folded) / 2
    hits, other = max((sum(word in known for word in words), name) for name, known in _others())
    if hits >= _OTHER_WORDS and hits >= _OTHER_SHARE * len(words) and hits > 1.5 * max(german, english):
        return other
    if abs(german - english) < _CLOSE:
        # Look at what the words are made of, which takes longer: only German builds such compounds.
        german += 0.75 * sum(word in _native_parts() or bool(split_compound(word)) for word in folded if len(word) > 3)
    if german == english:
        return ""
    return "de" if german > english else "en"


def _score(folded: list[str], language: str) -> int:
    common = _common(language)
    return sum(word in common for word in folded)


@lru_cache(maxsize=4)
def _common(language: str) -> frozenset[str]:
    return frozenset(fold(word) for word in word_list(f"common_{language}"))


@lru_cache(maxsize=1)
def _native_parts() -> frozenset[str]:
    return frozenset(fold(word).rstrip("-") for word in word_list("german_parts"))


@lru_cache(maxsize=1)
def _others() -> tuple[tuple[str, frozenset[str]], ...]:
    known = word_list("common_en") | word_list("common_de")
    lines = (line.split() for line in word_lines("common_other"))
    return tuple((line[0], frozenset(line[1:]) - known) for line in lines)
