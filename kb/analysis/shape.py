"""What the rules for shapes answer with."""

from __future__ import annotations

from typing import NamedTuple


class Found(NamedTuple):
    """An identifier; `start` and `end` count from the beginning of the token, run or text that was looked at."""

    value: str
    kind: str
    start: int
    end: int


class Shape(NamedTuple):
    """A token that is more than a plain word.

    `whole` is its canonical form ("" when it is worth no term), `parts` says whether its parts are terms as well, and
    `also` is another form to be found by as a word, though it is no equal identifier.
    """

    whole: str
    parts: bool
    found: tuple[Found, ...] = ()
    also: str = ""


def whole_shape(value: str, kind: str, length: int, *, parts: bool = False) -> Shape:
    """Return the shape of a token of `length` characters that is one identifier from end to end."""
    return Shape(value, parts, (Found(value, kind, 0, length),))
