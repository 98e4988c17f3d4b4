"""Language: which language is a text written in?"""

from __future__ import annotations

import re

from kb.analysis.lists import word_list

_SAMPLE = 20_000
_WORDS = re.compile(r"[^\W\d_]+")


def detect_language(text: str, default: str = "en") -> str:
    """Return the BCP 47 code of the language of `text`, or `default` when it does not show."""
    words = _WORDS.findall(text[:_SAMPLE].lower())
    german = sum(word in word_list("common_de") for word in words)
    english = sum(word in word_list("common_en") for word in words)
    if german == english:
        return default
    return "de" if german > english else "en"
