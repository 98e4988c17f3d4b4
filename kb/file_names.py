"""Read the words of an article's file name, which often tell the problem in other words than its title. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote

_ENDINGS = re.compile(r"(?:\.(?:md|markdown|html?|erb|txt|rst|adoc))+$", re.IGNORECASE)
_HUMPS = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])")
_JOINTS = re.compile(r"[-_\s]+")


def name_words(document_id: str) -> str:
    """Return the last part of an article's id as words: `exchange/cannot-open-mailbox` gives `cannot open mailbox`.

    An article without an id of its own is named by its path, so this is its file name; the id that a person gave reads
    alike. CamelCase is cut at its humps.
    """
    name = _ENDINGS.sub("", unquote(document_id).rsplit("/", 1)[-1])
    return _JOINTS.sub(" ", _HUMPS.sub(" ", name)).strip()


def says_more(name: str, title: str) -> bool:
    """Say whether a name of several words holds one that the title lacks."""
    words = name.casefold().split()
    return len(words) > 1 and not set(words) <= set(re.findall(r"\w+", title.casefold()))
