"""Turn text into the token numbers of a model, whatever the text holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

TokenIds = NDArray[np.int64]
"""One text, `(1, tokens)`: without padding, special tokens included."""

_MOSTLY_ENOUGH = 10
"""Characters per token of `max_tokens` that are tokenised first. Text has 3 to 5 a token, so that of a long one nearly
always the beginning fills the limit, at a fraction of the time."""
_CHARACTERS_PER_TOKEN = 64
"""Text beyond `max_tokens` times this is not read: tokenising 50 MB to keep 128 tokens would take a minute."""


class Tokens:
    """A tokenizer that cuts at `max_tokens` and never pads. Safe to share between threads."""

    def __init__(self, tokenizer_json: str, max_tokens: int):
        self._tokenizer = Tokenizer.from_str(tokenizer_json)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        self._most = max_tokens
        self._characters = max_tokens * _CHARACTERS_PER_TOKEN

    def of(self, texts: Sequence[str]) -> list[TokenIds]:
        """Return the tokens of each text, in order."""
        readable = [self._readable(text) for text in texts]
        beginnings = [self._beginning(text) for text in readable]
        found = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(beginnings)]
        short = [at for at, ids in enumerate(found) if len(ids) < self._most and beginnings[at] != readable[at]]
        if short:
            for at, encoding in zip(
                short, self._tokenizer.encode_batch_fast([readable[at] for at in short]), strict=True
            ):
                found[at] = encoding.ids
        return [np.array([ids], dtype=np.int64) for ids in found]

    def _beginning(self, text: str) -> str:
        """Return what mostly fills the limit, cut between two words: what follows a space changes no token before."""
        enough = self._most * _MOSTLY_ENOUGH
        space = text.find(" ", enough)
        return text[:space] if space > 0 else text

    def _readable(self, text: str) -> str:
        # A lone surrogate is no character and cannot reach the tokenizer, which reads UTF-8.
        return text[: self._characters].encode("utf-8", "replace").decode("utf-8")
