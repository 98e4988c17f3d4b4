"""A model of somebody's own: other pooling, an extra layer, prompts, and weights drawn at random."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from indexer.encoding.export import BOUNDS, agreement_of, export_model
from indexer.encoding.exported_model import FLOAT32
from indexer.encoding.model_files import find_model, verified_directory
from indexer.encoding.open_encoder import open_encoder
from indexer.encoding.text_encoder import TextEncoder
from indexer.encoding.torch_encoder import load_original, torch_encoder
from kb.protocols.encoder import Vector
from tests.conformance.encoder_suite import TEXTS, same_bits

MAX_TOKENS = 24
QUERY_PROMPT, DOCUMENT_PROMPT = "question: ", "text: "
_LAYERS = ("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a small model that wants prompts, takes the first token and ends in a dense layer."""
    import torch
    from safetensors.torch import save_file
    from transformers import BertConfig, BertModel

    directory = tmp_path_factory.mktemp("models") / "own model"
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    torch.manual_seed(7)
    BertModel(BertConfig(vocab_size=30522, initializer_range=0.2, **size)).save_pretrained(directory)
    packaged = verified_directory(find_model(None))
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(packaged / name, directory / name)
    layers = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (kind, path) in enumerate(_LAYERS)
    ]
    _write_json(directory / "modules.json", layers)
    _write_json(directory / "sentence_bert_config.json", {"max_seq_length": 64, "do_lower_case": False})
    prompts = {"query": QUERY_PROMPT, "passage": DOCUMENT_PROMPT}
    _write_json(directory / "config_sentence_transformers.json", {"prompts": prompts})
    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    _write_json(directory / "1_Pooling" / "config.json", {"word_embedding_dimension": 32, **pooling})
    tanh = "torch.nn.modules.activation.Tanh"
    dense = {"in_features": 32, "out_features": 16, "bias": True, "activation_function": tanh}
    _write_json(directory / "2_Dense" / "config.json", dense)
    weights = {"linear.weight": torch.randn(16, 32), "linear.bias": torch.randn(16)}
    save_file(weights, directory / "2_Dense" / "model.safetensors")
    return directory


@pytest.fixture(scope="module")
def expected(model: Path) -> tuple[Vector, Vector]:
    """Return what sentence-transformers itself makes of TEXTS, as queries and as documents."""
    original = load_original(model)
    original.max_seq_length = MAX_TOKENS
    queries = original.encode(list(TEXTS), prompt=QUERY_PROMPT, normalize_embeddings=True)
    documents = original.encode(list(TEXTS), prompt=DOCUMENT_PROMPT, normalize_embeddings=True)
    return queries, documents


@pytest.fixture(scope="module", params=["exported", "original"])
def encoder(request: pytest.FixtureRequest, model: Path, tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    files = find_model(str(model))
    if request.param == "original":
        return torch_encoder(files, verified_directory(files), MAX_TOKENS)
    home = tmp_path_factory.mktemp("home")
    export_model(files, home / "models", MAX_TOKENS, lambda line: None, {FLOAT32: BOUNDS[FLOAT32]})
    return open_encoder(home, str(model), pytest.fail, max_tokens=MAX_TOKENS)


def test_own_model_keeps_its_name_shape_and_limit(encoder: TextEncoder) -> None:
    assert encoder.recipe.model == "own model"
    assert (encoder.recipe.dimension, encoder.recipe.max_tokens) == (16, MAX_TOKENS)


def test_own_model_keeps_its_pooling_layers_and_prompts(encoder: TextEncoder, expected: tuple[Vector, Vector]) -> None:
    queries, documents = expected
    assert agreement_of(_queries(encoder, TEXTS), queries).reaches(BOUNDS[FLOAT32])
    assert agreement_of(encoder.encode_documents(TEXTS), documents).reaches(BOUNDS[FLOAT32])
    assert not agreement_of(queries, documents).reaches(BOUNDS[FLOAT32])


def test_own_model_encodes_each_text_alone(encoder: TextEncoder) -> None:
    together = encoder.encode_documents(TEXTS)
    assert same_bits(together, np.concatenate([encoder.encode_documents([text]) for text in TEXTS]))


def test_own_model_has_a_recipe_of_its_own(encoder: TextEncoder, model_home: Path) -> None:
    assert encoder.recipe.id != open_encoder(model_home, None, lambda line: None, max_tokens=MAX_TOKENS).recipe.id


def _queries(encoder: TextEncoder, texts: Sequence[str]) -> Vector:
    return np.stack([encoder.encode_query(text) for text in texts])


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
