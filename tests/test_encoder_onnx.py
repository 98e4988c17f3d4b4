"""The exported model: the contract of encoders, the same bits in every process, and closeness to meaning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.encoding.open_encoder import open_encoder
from indexer.encoding.text_encoder import TextEncoder
from tests.conformance.encoder_suite import TEXTS, EncoderSuite, same_bits

_ASK = """
import json, sys
from pathlib import Path
from indexer.encoding.open_encoder import open_encoder
said = []
encoder = open_encoder(Path(sys.argv[1]), None, said.append)
texts = json.loads(sys.argv[2])
answer = {
    "query": encoder.encode_query(texts[0]).tobytes().hex(),
    "documents": [row.tobytes().hex() for row in encoder.encode_documents(texts)],
    "modules": sorted(sys.modules),
    "said": said,
}
print(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def exported(model_home: Path) -> TextEncoder:
    return open_encoder(model_home, None, lambda line: None)


class TestOnnxEncoder(EncoderSuite):
    @pytest.fixture
    def encoder(self, exported: TextEncoder) -> TextEncoder:
        return exported


def test_exported_model_gives_the_same_bits_in_another_process(exported: TextEncoder, model_home: Path) -> None:
    for order in (TEXTS, TEXTS[::-1]):
        answer = _ask_another_process(model_home, order)
        assert answer["documents"] == [row.tobytes().hex() for row in exported.encode_documents(order)]
        assert answer["query"] == exported.encode_query(order[0]).tobytes().hex()


def test_exported_model_imports_nothing_heavy_to_answer_a_query(exported: TextEncoder, model_home: Path) -> None:
    answer = _ask_another_process(model_home, TEXTS)
    assert {"onnxruntime", "tokenizers", "numpy"} <= set(answer["modules"])
    heavy = {"torch", "transformers", "sentence_transformers", "onnx", "scipy", "sklearn", "huggingface_hub"}
    assert heavy & set(answer["modules"]) == set()
    assert answer["said"] == []


def test_exported_model_names_the_default_model_and_its_weights(exported: TextEncoder) -> None:
    assert exported.recipe.model == "all-MiniLM-L6-v2"
    assert exported.recipe.revision == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert exported.recipe.procedure == "onnx-int8-per-channel"
    assert (exported.recipe.dimension, exported.recipe.max_tokens) == (384, 128)


def test_exported_model_reads_max_tokens_and_no_further(model_home: Path, exported: TextEncoder) -> None:
    short = open_encoder(model_home, None, lambda line: None, max_tokens=16)
    text = " ".join(["printer"] * 14)
    assert short.recipe.max_tokens == 16
    assert short.recipe.id != exported.recipe.id
    assert same_bits(short.encode_query(text), short.encode_query(f"{text} and something else entirely"))
    assert not same_bits(exported.encode_query(text), exported.encode_query(f"{text} and something else entirely"))


def test_exported_model_reads_no_more_tokens_than_it_was_made_for(model_home: Path) -> None:
    assert open_encoder(model_home, None, lambda line: None, max_tokens=100_000).recipe.max_tokens == 256


def test_exported_model_finds_the_same_problem_in_other_words(exported: TextEncoder) -> None:
    query = exported.encode_query("cannot sign in, credentials rejected")
    same, other = (
        exported.encode_documents(["login fails because the password expired", "paper jam in tray two"]) @ query
    )
    assert same > other + 0.2


def _ask_another_process(home: Path, texts: tuple[str, ...]) -> dict[str, list[str]]:
    paths = [str(Path(__file__).resolve().parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    told = subprocess.run(
        [sys.executable, "-c", _ASK, str(home), json.dumps(texts)],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    answer: dict[str, list[str]] = json.loads(told.stdout)
    return answer
