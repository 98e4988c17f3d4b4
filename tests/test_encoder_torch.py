"""The original run by torch, which stands in where no export can be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.encoding.model_files import find_model, verified_directory
from indexer.encoding.open_encoder import open_encoder
from indexer.encoding.text_encoder import TextEncoder
from indexer.encoding.torch_encoder import torch_encoder
from kb.errors import ModelUnavailable
from tests.conformance.encoder_suite import EncoderSuite


@pytest.fixture(scope="module")
def original() -> TextEncoder:
    files = find_model(None)
    return torch_encoder(files, verified_directory(files), 128)


class TestTorchEncoder(EncoderSuite):
    @pytest.fixture
    def encoder(self, original: TextEncoder) -> TextEncoder:
        return original


def test_original_and_export_have_different_recipes(original: TextEncoder, model_home: Path) -> None:
    exported = open_encoder(model_home, None, lambda line: None)
    assert original.recipe.revision == exported.recipe.revision
    assert original.recipe.procedure == "torch-float32"
    assert original.recipe.id != exported.recipe.id


def test_original_is_refused_when_its_files_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="sentence-transformers cannot load the model"):
        torch_encoder(find_model(None), tmp_path, 128)
