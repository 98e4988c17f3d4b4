"""Lists: the words that the analysis knows by heart, one text file each in `data/`."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=16)
def word_list(name: str) -> frozenset[str]:
    """Return the words of `data/NAME.txt`: separated by white space, `#` to the end of a line is a comment."""
    # Imported when first needed, since it is slow to load and `kb --help` reads no list.
    from importlib.resources import files

    text = files("kb.analysis").joinpath("data", f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() for word in line.partition("#")[0].split())
