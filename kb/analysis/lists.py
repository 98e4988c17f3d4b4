"""Lists: the words that the analysis knows by heart, one text file each in `data/`."""

from __future__ import annotations

from functools import lru_cache


def word_lines(name: str) -> tuple[str, ...]:
    """Return the lines of `data/NAME.txt` that hold words; `#` to the end of a line is a comment."""
    # Imported when first needed, since it is slow to load and `kb --help` reads no list.
    from importlib.resources import files

    text = files("kb.analysis").joinpath("data", f"{name}.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


@lru_cache(maxsize=16)
def word_list(name: str) -> frozenset[str]:
    """Return the words of `data/NAME.txt`, which are separated by white space."""
    return frozenset(word for line in word_lines(name) for word in line.split())
