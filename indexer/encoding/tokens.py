"""Turn text into the token numbers of a model, whatever the text holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

TokenIds = NDArray[np.int64]
"""One text, `(1, tokens)`: without padding, special tokens included."""

_CHARACTERS_PER_TOKEN = 64
"""Text beyond `max_tokens` times this is not read: tokenising 50 MB to keep 128 tokens would take a minute."""


class Tokens:
    """A tokenizer that cuts at `max_tokens` and never pads. Safe to share between threads."""

    def __init__(self, tokenizer_json: str, max_tokens: int):
        self._tokenizer = Tokenizer.from_str(tokenizer_json)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        self._characters = max_tokens * _CHARACTERS_PER_TOKEN

    def of(self, texts: Sequence[str]) -> list[TokenIds]:
        """Return the tokens of each text, in order."""
        encodings = self._tokenizer.encode_batch_fast([self._readable(text) for text in texts])
        return [np.array([encoding.ids], dtype=np.int64) for encoding in encodings]

    def _readable(self, text: str) -> str:
        # A lone surrogate is no character and cannot reach the tokenizer, which reads UTF-8.
        return text[: self._characters].encode("utf-8", "replace").decode("utf-8")
