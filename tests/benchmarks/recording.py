"""Record the native calls that a search makes, so that they can be made again without it.

Classes of Tantivy, FAISS, onnxruntime and tokenizers are wrapped while a `with` block lasts; nothing of the product is.
A call counts whoever makes it and on whichever thread, and is kept with the very arguments it had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import onnxruntime
import tantivy
import tokenizers

if TYPE_CHECKING:
    faiss: Any
else:
    import faiss

Kind = Literal["encoder", "tantivy", "faiss", "queries"]
"""Whose call it is; `queries` are the query objects that Tantivy is given, which are made but not searched with."""
ENGINES: frozenset[Kind] = frozenset({"encoder", "tantivy", "faiss"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call, ready to be made again."""

    kind: Kind
    function: Callable[..., Any]
    positional: tuple[Any, ...]
    named: dict[str, Any]

    def again(self) -> None:
        """Make the call; what Tantivy found is read from it, as whoever asks directly would have to."""
        found = self.function(*self.positional, **self.named)
        if isinstance(found, tantivy.SearchResult):
            _ = found.hits


@contextmanager
def recording() -> Iterator[list[Recorded]]:
    """Yield a list to which every native call is added when it is made; whoever reads it may empty it."""
    calls: list[Recorded] = []
    wrapped = [(owner, name, owner.__dict__[name]) for owner, name, _ in _WATCHED]
    try:
        for owner, name, kind in _WATCHED:
            setattr(owner, name, _recorder(owner.__dict__[name], kind, calls))
        yield calls
    finally:
        for owner, name, original in wrapped:
            setattr(owner, name, original)


def _recorder(original: Any, kind: Kind, calls: list[Recorded]) -> Any:
    is_static = isinstance(original, staticmethod)
    function = original.__func__ if is_static else original

    def recorded(*positional: Any, **named: Any) -> Any:
        calls.append(Recorded(kind, function, positional, named))
        return function(*positional, **named)

    return staticmethod(recorded) if is_static else recorded


def _own(owner: type, names: Sequence[str], kind: Kind) -> list[tuple[type, str, Kind]]:
    return [(owner, name, kind) for name in names if callable(getattr(owner, name, None)) and name in owner.__dict__]


def _public(owner: type) -> list[str]:
    return [name for name in owner.__dict__ if not name.startswith("_")]


def _watched() -> list[tuple[type, str, Kind]]:
    indexes = [one for one in vars(faiss).values() if isinstance(one, type) and issubclass(one, faiss.Index)]
    return [
        *_own(tokenizers.Tokenizer, ("encode", "encode_batch", "encode_batch_fast"), "encoder"),
        *(
            one
            for owner in onnxruntime.InferenceSession.__mro__
            for one in _own(owner, ("run", "run_with_iobinding"), "encoder")
        ),
        *_own(tantivy.Searcher, _public(tantivy.Searcher), "tantivy"),
        *_own(tantivy.Query, _public(tantivy.Query), "queries"),
        *(one for owner in dict.fromkeys(indexes) for one in _own(owner, ("search", "range_search"), "faiss")),
    ]


_WATCHED = _watched()
