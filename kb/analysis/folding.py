"""Folding: one spelling for case, accents, umlauts and sharp s.

The choice for umlauts. German has one standard way to write them without the letters (ä as ae, ö as oe, ü as ue), so
the *surface* of a word uses it: "Müller" and "Mueller" have the same surface, and no English word changes ("queue"
stays "queue"). The *terms* of German text go one step further (`without_umlauts`): "mueller" becomes "muller", so that
an agent who types the bare vowel finds it too.
"""

from __future__ import annotations

import re
import unicodedata

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})

# After a vowel or q the two letters are two sounds ("neue", "Bauer", "Quelle"), not an umlaut.
_TRANSLITERATED = re.compile("(?<![aeoq])([aou])e")


def fold(token: str) -> str:
    """Return `token` in lower case, compatibility-normalised, with ae/oe/ue for umlauts, ss for ß and no accents."""
    if token.isascii():
        return token.lower()
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", token).casefold())
    return _without_marks(composed.translate(_UMLAUTS))


def bare(token: str) -> str:
    """Return `token` folded like `fold`, but with the bare vowel for an umlaut: "Müller" becomes "muller"."""
    if token.isascii():
        return token.lower()
    return _without_marks(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", token).casefold()))


def without_umlauts(folded: str) -> str:
    """Return a folded word with ae, oe and ue read as umlauts and reduced to the vowel: "mueller" becomes "muller"."""
    if "ae" in folded or "oe" in folded or "ue" in folded:
        return _TRANSLITERATED.sub(r"\1", folded)
    return folded


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    kept = (char for char in unicodedata.normalize("NFKD", text) if unicodedata.category(char) not in ("Mn", "Cf"))
    return unicodedata.normalize("NFC", "".join(kept))
