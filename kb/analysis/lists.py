"""Lists: the words that the analysis knows by heart, one text file each in `data/`."""

from __future__ import annotations

import re
from functools import lru_cache

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")


def word_lines(name: str) -> tuple[str, ...]:
    """Return the lines of `data/NAME.txt` that hold words, without their comments."""
    # Imported when first needed, since it is slow to load and `kb --help` reads no list.
    from importlib.resources import files

    text = files("kb.analysis").joinpath("data", f"{name}.txt").read_text(encoding="utf-8")
    lines = map(without_comment, text.splitlines())
    return tuple(line for line in lines if line)


def without_comment(line: str) -> str:
    """Return a line without what follows a `#` at its beginning or after white space; "C#" is a word."""
    return _COMMENT.sub("", line).strip()


@lru_cache(maxsize=16)
def word_list(name: str) -> frozenset[str]:
    """Return the words of `data/NAME.txt`, which are separated by white space."""
    return frozenset(word for line in word_lines(name) for word in line.split())
