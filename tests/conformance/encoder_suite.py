"""What every encoder must do. Subclass with a fixture `encoder`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.protocols.encoder import Encoder, Vector

TEXTS = (
    "Outlook keeps asking for a password after the update",
    "Drucker im Büro druckt nur leere Seiten",
    "vpn",
    "",
    "The print server ran out of space because the spool files of one stuck job grew without limit. Stop the spooler, "
    "delete the files, start it again, and move the spool directory to a volume of its own.",
    "0x80070005",
    "java.lang.OutOfMemoryError: Java heap space at com.example.Worker.run(Worker.java:214)",
    "Kennwort abgelaufen",
    "Die Anmeldung am Terminalserver dauert seit Montag mehrere Minuten, weil der Virenscanner jede Datei prüft.",
)
"""Of very different lengths: what a batch would pad and scale most."""
AWKWARD = {
    "empty": "",
    "white space": " \t\r\n\u00a0\u2003",
    "control characters": "\x00\x01\x1b[31m\x7f",
    "a lone surrogate": "before \ud800 after",
    "nothing but a lone surrogate": "\udfff",
    "emoji": "🖨️ 👩🏽‍💻 brennt 🔥",
    "joined marks": "e\u0301" * 200,
    "right to left": "الطابعة لا تعمل",
    "one endless word": "x" * 100_000,
    "many words": "the printer does not print " * 5_000,
}
_ON_ONE_ENCODER = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors, HealthCheck.too_slow]
"""An encoder keeps no state, so that examples may share one; every encoder runs the inherited test."""


class EncoderSuite:
    """The contract of `kb.protocols.encoder.Encoder`."""

    QUERY_IS_DOCUMENT = True
    """Whether a text gets the same vector as a query and as a document: not so where a model wants prompts."""

    def test_encoder_returns_one_row_of_float32_for_each_text(self, encoder: Encoder) -> None:
        vectors = encoder.encode_documents(TEXTS)
        assert vectors.shape == (len(TEXTS), encoder.recipe.dimension)
        assert vectors.dtype == np.float32

    def test_encoder_returns_one_vector_for_a_query(self, encoder: Encoder) -> None:
        vector = encoder.encode_query(TEXTS[0])
        assert vector.shape == (encoder.recipe.dimension,)
        assert vector.dtype == np.float32

    def test_encoder_returns_no_rows_when_there_are_no_texts(self, encoder: Encoder) -> None:
        assert encoder.encode_documents([]).shape == (0, encoder.recipe.dimension)

    def test_recipe_says_how_vectors_are_made(self, encoder: Encoder) -> None:
        recipe = encoder.recipe
        assert recipe == encoder.recipe
        assert recipe.normalised
        assert recipe.passage_version == 0
        assert recipe.adapter is None
        assert recipe.max_tokens > 0
        assert len(recipe.revision) == 64

    def test_vectors_have_unit_length(self, encoder: Encoder) -> None:
        assert_units(encoder.encode_documents(TEXTS))
        assert_units(encoder.encode_query(TEXTS[0])[np.newaxis])

    @pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
    def test_vector_is_a_unit_when_the_text_is_awkward(self, encoder: Encoder, text: str) -> None:
        assert_units(encoder.encode_query(text)[np.newaxis])
        assert_units(encoder.encode_documents([text, "vpn"]))

    @given(text=st.text(st.characters(codec=None), max_size=60))
    @settings(max_examples=40, deadline=None, suppress_health_check=_ON_ONE_ENCODER)
    def test_vector_is_a_unit_whatever_the_text(self, encoder: Encoder, text: str) -> None:
        assert_units(encoder.encode_query(text)[np.newaxis])

    def test_rows_keep_the_order_of_the_texts(self, encoder: Encoder) -> None:
        together = encoder.encode_documents(TEXTS)
        for row, text in zip(together, TEXTS, strict=True):
            assert same_bits(row, encoder.encode_documents([text])[0])

    @given(chosen=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=40))
    @settings(max_examples=15, deadline=None, suppress_health_check=_ON_ONE_ENCODER)
    def test_vector_is_the_same_to_the_bit_whatever_its_neighbours(self, encoder: Encoder, chosen: list[str]) -> None:
        alone = {text: encoder.encode_documents([text])[0] for text in set(chosen)}
        together = encoder.encode_documents(chosen)
        assert same_bits(together, np.stack([alone[text] for text in chosen]))

    def test_vector_is_the_same_to_the_bit_when_many_threads_encode(self, encoder: Encoder) -> None:
        queries = {text: encoder.encode_query(text) for text in TEXTS}
        documents = encoder.encode_documents(TEXTS)
        with ThreadPoolExecutor(8) as threads:
            asked = [threads.submit(encoder.encode_query, text) for _ in range(8) for text in TEXTS]
            written = [threads.submit(encoder.encode_documents, TEXTS) for _ in range(4)]
            for position, future in enumerate(asked):
                assert same_bits(future.result(), queries[TEXTS[position % len(TEXTS)]])
            for future in written:
                assert same_bits(future.result(), documents)

    def test_query_has_the_vector_of_the_same_document_unless_the_model_wants_prompts(self, encoder: Encoder) -> None:
        same = [same_bits(encoder.encode_query(text), encoder.encode_documents([text])[0]) for text in TEXTS]
        assert all(same) if self.QUERY_IS_DOCUMENT else not any(same)

    @pytest.mark.parametrize(
        ("text", "similar", "unrelated"),
        [
            ("VPN connection drops", "the VPN connection drops every ten minutes", "toner cartridge is empty"),
            ("printer prints blank pages", "blank pages come out of the printer", "reset the voicemail greeting"),
            ("Drucker druckt leere Seiten", "leere Seiten aus dem Drucker", "Zertifikat abgelaufen"),
            ("error 0x80070005 in setup", "setup ends with error 0x80070005", "the meeting room has no display"),
        ],
    )
    def test_similar_text_is_closer_than_unrelated_text(
        self, encoder: Encoder, text: str, similar: str, unrelated: str
    ) -> None:
        query = encoder.encode_query(text)
        near, far = encoder.encode_documents([similar, unrelated]) @ query
        assert near > far + 0.2

    def test_progress_rises_to_the_number_of_texts(self, encoder: Encoder) -> None:
        told: list[int] = []
        encoder.encode_documents(TEXTS * 8, told.append)
        assert told[-1] == len(TEXTS) * 8
        assert all(earlier < later for earlier, later in pairwise(told))

    def test_encoding_stops_when_progress_raises(self, encoder: Encoder) -> None:
        def interrupt(done: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            encoder.encode_documents(TEXTS * 8, interrupt)
        assert_units(encoder.encode_documents(TEXTS))

    def test_vectors_belong_to_the_caller(self, encoder: Encoder) -> None:
        first = encoder.encode_query(TEXTS[0])
        kept = first.copy()
        first[:] = 0
        assert same_bits(encoder.encode_query(TEXTS[0]), kept)
        written = encoder.encode_documents(TEXTS)
        written[:] = 0
        assert same_bits(encoder.encode_documents(TEXTS[:1])[0], encoder.encode_documents(TEXTS)[0])


def assert_units(vectors: Vector) -> None:
    """Check that every row is finite and of length 1."""
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def same_bits(one: Vector, other: Vector) -> bool:
    """Say whether two arrays are the same to the last bit."""
    return one.shape == other.shape and one.tobytes() == other.tobytes()
