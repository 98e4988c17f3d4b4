"""From text to the token numbers of the default model."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer

from indexer.encoding.model_files import find_model, verified_directory
from indexer.encoding.tokens import Tokens

FIRST, LAST = 101, 102
"""What the model's tokenizer puts around every text."""


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    directory = verified_directory(find_model(None))
    return Tokens((directory / "tokenizer.json").read_text(encoding="utf-8"), 16)


def numbers(tokens: Tokens, text: str) -> list[int]:
    (ids,) = tokens.of([text])
    assert ids.shape[0] == 1
    return [int(number) for number in ids[0]]


def test_tokens_are_not_padded_when_texts_have_different_lengths(tokens: Tokens) -> None:
    short, long = tokens.of(["vpn", "the vpn drops every ten minutes"])
    assert short.shape[1] < long.shape[1] < 16
    assert [short[0, 0], short[0, -1]] == [FIRST, LAST]


def test_tokens_are_cut_at_the_limit_with_their_end_in_place(tokens: Tokens) -> None:
    ids = numbers(tokens, "printer " * 100)
    assert len(ids) == 16
    assert ids[-1] == LAST
    assert len(numbers(tokens, "printer " * 5)) == 7


def test_tokens_of_an_empty_text_are_its_ends(tokens: Tokens) -> None:
    assert numbers(tokens, "") == [FIRST, LAST]
    assert tokens.of([]) == []


def test_tokens_survive_a_lone_surrogate(tokens: Tokens) -> None:
    assert numbers(tokens, "vpn \ud800 drops") == numbers(tokens, "vpn ? drops")


def test_tokens_of_a_huge_text_are_those_of_its_beginning(tokens: Tokens) -> None:
    assert numbers(tokens, "printer " * 6_000_000) == numbers(tokens, "printer " * 100)


@pytest.mark.parametrize(
    "text",
    [
        "printer " * 30,
        "x" * 200 + " printer offline",
        ("x" * 200 + " ") * 3 + "printer offline",
        "ä ü ß\n" * 80,
        "-" * 300,
    ],
)
def test_tokens_are_those_of_the_whole_text_when_its_beginning_is_read_first(tokens: Tokens, text: str) -> None:
    whole = Tokenizer.from_file(str(verified_directory(find_model(None)) / "tokenizer.json"))
    whole.no_padding()
    whole.enable_truncation(16)
    assert numbers(tokens, text) == whole.encode(text).ids
