"""The encoder without a model, which stands in wherever a test does not ask for meaning."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.conformance.encoder_suite import TEXTS, EncoderSuite
from tests.fakes.encoder import FakeEncoder


class TestFakeEncoder(EncoderSuite):
    @pytest.fixture
    def encoder(self) -> FakeEncoder:
        return FakeEncoder()


def test_fake_encoder_gives_the_same_bits_in_another_process() -> None:
    script = f"from tests.fakes.encoder import FakeEncoder as E; print(E().encode_documents({TEXTS!r}).tobytes().hex())"
    expected = FakeEncoder().encode_documents(TEXTS).tobytes().hex()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        told = subprocess.run(
            [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
        )
        assert told.stdout.strip() == expected


def test_fake_encoder_has_the_dimension_it_is_given() -> None:
    assert FakeEncoder(64).encode_documents(["a", "b"]).shape == (2, 64)
    assert FakeEncoder(64).recipe.id != FakeEncoder(128).recipe.id


def test_fake_encoder_sees_an_inflected_word_as_close() -> None:
    encoder = FakeEncoder()
    certificate = encoder.encode_query("certificate")
    assert np.dot(certificate, encoder.encode_query("certificates")) > 0.3
    assert abs(np.dot(certificate, encoder.encode_query("printer"))) < 0.3
