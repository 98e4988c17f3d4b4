"""Shapes: is this one token more than a word, and which identifiers does it hold?

Only the token itself is looked at; what its neighbours say ("Event ID 4625") is `kb.analysis.cues`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kb.analysis.codes import code_shape, name_shape
from kb.analysis.figures import address_shape, guid_shape, hex_shape, time_shape, version_shape
from kb.analysis.places import dotted_shape, email_shape, path_shape, url_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from kb.analysis.shape import Shape

_RULES: tuple[Callable[[str], Shape | None], ...] = (
    hex_shape,
    guid_shape,
    time_shape,
    address_shape,
    version_shape,
    url_shape,
    email_shape,
    path_shape,
    code_shape,
    name_shape,
    dotted_shape,
)
"""The most particular rule first: the first that knows a token decides."""


def recognise(token: str) -> Shape | None:
    """Return the shape of a token without surrounding punctuation, or None when it is a plain word or several."""
    if token.isalpha():
        return name_shape(token)
    for rule in _RULES:
        shape = rule(token)
        if shape is not None:
            return shape
    return None
