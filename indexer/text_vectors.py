"""Get the vectors of texts: from the store when they were ever made, else from the encoder, and then keep them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kb.errors import ModelUnavailable
from kb.protocols.encoder import Encoder
from kb.protocols.store import VectorStore

CHUNK = 256
"""Texts encoded before their vectors are stored: a few seconds of work, which is what a kill can cost."""


class TextVectors:
    """The vectors of texts under one recipe.

    A vector is rounded to float16 once, when it is made, and never normalised again: made now or years ago, it is the
    same to the last bit.
    """

    def __init__(self, store: VectorStore, recipe_id: str, dimension: int, encoder: Encoder | None):
        """`encoder` is `None` while there is no model; then only stored vectors can be had."""
        self._store = store
        self._recipe_id = recipe_id
        self._dimension = dimension
        self._encoder = encoder

    def stored(self, texts: Mapping[str, str]) -> dict[str, NDArray[np.float16]]:
        """Return hash → vector of those of `texts` (hash → text) that are stored."""
        found = self._store.vectors(self._recipe_id, list(texts))
        return {name: vector for name, vector in found.items() if vector.shape == (self._dimension,)}

    def made(
        self,
        texts: Mapping[str, str],
        sources: Mapping[str, Sequence[str]],
        told: Callable[[int], None],
        encoding: Callable[[int], None] = lambda count: None,
    ) -> dict[str, NDArray[np.float16]]:
        """Encode `texts` (hash → text), store their vectors and return them by hash.

        `sources` maps document ids to the hashes of their texts, so that a document's vectors can be erased. `told`
        gets the count done after each chunk is stored, `encoding` more often, while one is made. Raises
        ModelUnavailable.
        """
        if texts and self._encoder is None:
            raise ModelUnavailable("there is no model to encode with")
        found: dict[str, NDArray[np.float16]] = {}
        names = list(texts)
        for start in range(0, len(names), CHUNK):
            chunk = names[start : start + CHUNK]
            found.update(self._encoded([(name, texts[name]) for name in chunk], start, encoding))
            inside = set(chunk)
            of_chunk = {one: [name for name in hashes if name in inside] for one, hashes in sources.items()}
            self._store.put_vectors(
                self._recipe_id,
                {name: found[name] for name in chunk},
                {one: hashes for one, hashes in of_chunk.items() if hashes},
            )
            told(start + len(chunk))
        return found

    def note_sources(self, sources: Mapping[str, Sequence[str]]) -> None:
        """Note which documents have which texts, also those whose vectors other documents brought."""
        self._store.put_vectors(self._recipe_id, {}, sources)

    def _encoded(
        self, texts: Sequence[tuple[str, str]], before: int, encoding: Callable[[int], None]
    ) -> dict[str, NDArray[np.float16]]:
        if self._encoder is None:
            return {}
        vectors = self._encoder.encode_documents([text for _, text in texts], lambda count: encoding(before + count))
        if vectors.shape != (len(texts), self._dimension):
            raise ModelUnavailable(f"the model returned vectors of shape {vectors.shape}; it cannot be used")
        return {name: vector for (name, _), vector in zip(texts, vectors.astype(np.float16), strict=True)}
