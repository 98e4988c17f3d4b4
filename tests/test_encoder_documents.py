"""How many texts are encoded: each alone and unpadded, the longest first, every vector in the row of its text."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.encoding import text_encoder
from indexer.encoding.model_files import find_model, verified_directory
from indexer.encoding.text_encoder import TextEncoder
from indexer.encoding.tokens import TokenIds, Tokens
from kb.protocols.encoder import Vector
from kb.recipe import Recipe

TEXTS = [f"{'the printer prints blank pages ' * (number * 7 % 41)}{number}" for number in range(41)]
RECIPE = Recipe(model="counting", revision="1", procedure="none", dimension=2, max_tokens=128)


class Counting:
    """Stands for a model: notes how many tokens it was given each time, and gives the last word's number back."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def __call__(self, ids: TokenIds) -> Vector:
        assert ids.shape[0] == 1
        self.given.append(ids.shape[1])
        return np.array([ids.shape[1], ids[0, -2]], dtype=np.float32)


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens((verified_directory(find_model(None)) / "tokenizer.json").read_text(encoding="utf-8"), 128)


def test_documents_cost_no_token_of_padding_when_their_lengths_differ(tokens: Tokens) -> None:
    model = Counting()
    TextEncoder(RECIPE, tokens, model).encode_documents(TEXTS)
    own = [ids.shape[1] for ids in tokens.of(TEXTS)]
    assert 1 - sum(own) / sum(model.given) == 0
    assert sorted(model.given) == sorted(own)


def test_documents_are_encoded_longest_first_so_that_no_core_waits_for_a_long_last_one(
    tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_encoder, "cores", lambda: 1)
    model = Counting()
    done: list[int] = []
    TextEncoder(RECIPE, tokens, model).encode_documents(TEXTS, done.append)
    assert model.given == sorted(model.given, reverse=True)
    assert done[-1] == len(TEXTS)
    assert done == sorted(set(done))


def test_documents_have_their_vectors_in_the_order_of_the_texts(tokens: Tokens) -> None:
    encoder = TextEncoder(RECIPE, tokens, Counting())
    assert np.array_equal(encoder.encode_documents(TEXTS), np.array([encoder.encode_query(text) for text in TEXTS]))
