"""Export a model once into a graph that runs without torch, and use it only when it agrees with the original.

    python -m indexer.encoding.export --model all-MiniLM-L6-v2 --models <home>/models --max-tokens 128

This is a process of its own, because the memory that torch takes is never given back. It tells on standard output
what it does, line by line, and ends with status 0, or with 1 and the reason as last line of standard error.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from indexer.encoding.exported_model import (
    FLOAT32,
    GRAPH,
    INT8,
    Agreement,
    ExportedModel,
    ExportFacts,
    clear_partial,
    export_directory,
    find_export,
    write_export,
)
from indexer.encoding.model_files import ModelFiles, find_model, verified_directory
from indexer.encoding.onnx_encoder import onnx_encoder
from indexer.encoding.sample_texts import SAMPLE_TEXTS
from indexer.encoding.torch_encoder import load_original, longest_text, prompts, tokenizer_json
from indexer.encoding.trace import quantise_graph, trace_graph
from indexer.lock import FileLock
from kb.errors import FixloreError, IndexLocked, ModelUnavailable
from kb.protocols.encoder import Vector
from kb.reporting import Say

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BOUNDS: Mapping[str, Agreement] = MappingProxyType(
    {
        INT8: Agreement(mean_cosine=0.99, lowest_cosine=0.97),
        FLOAT32: Agreement(mean_cosine=0.9999, lowest_cosine=0.999),
    }
)
"""What an export must reach, by procedure in order of preference. Over 2,400 passages and titles int8 reached .9944
on average and .987 at the lowest, float32 1.0000 and 1.0000: much less means that the arithmetic does not suit this
model, or this processor."""
_LOCK_FILE = "export.lock"
_PATIENCE_S = 900.0
"""How long the export of another process may take: that of a large model on a slow machine, several times over."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Export as the command line asks and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m indexer.encoding.export")
    parser.add_argument("--model", required=True, help="name or directory of the model")
    parser.add_argument("--models", required=True, type=Path, help="directory of exported models")
    parser.add_argument("--max-tokens", required=True, type=int, help="tokens read of a text")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)  # quantising advises preparations that change nothing here
    try:
        export_model(find_model(given.model), given.models, given.max_tokens, lambda line: print(line, flush=True))
    except FixloreError as error:
        reason = str(error)
    except OSError as error:
        reason = f"the exported model cannot be written ({error})"
    else:
        return 0
    print(" ".join(reason.split()), file=sys.stderr)
    return 1


def export_model(
    files: ModelFiles, models: Path, max_tokens: int, say: Say, bounds: Mapping[str, Agreement] = BOUNDS
) -> None:
    """Export a model by the first procedure that reaches its bound, unless a whole export is there already.

    Raises ModelUnavailable when the weights are wrong, the model cannot be exported, no procedure reaches its bound
    or another process takes too long over it; OSError when nothing can be written.
    """
    models.mkdir(parents=True, exist_ok=True)
    lock = FileLock(models / _LOCK_FILE)
    _take(lock, say)
    with lock:
        if find_export(models, files, lambda line: None) is None:
            partial = clear_partial(models)
            try:
                _export(files, models, partial, max_tokens, say, bounds)
            finally:
                shutil.rmtree(partial, ignore_errors=True)


def _export(
    files: ModelFiles, models: Path, partial: Path, max_tokens: int, say: Say, bounds: Mapping[str, Agreement]
) -> None:
    directory = verified_directory(files)
    say("loading the original model")
    original = load_original(directory)
    say("exporting it to ONNX")
    trace_graph(original, partial / GRAPH)
    query_prompt, document_prompt = prompts(original)
    limit = min(max_tokens, longest_text(original))
    expected = _original_vectors(original, document_prompt, limit)
    for procedure, bound in bounds.items():
        graph = partial / GRAPH
        if procedure == INT8:
            quantise_graph(graph, graph := partial / f"{INT8}.onnx")
        facts = ExportFacts(
            model=files.name,
            revision=files.revision,
            procedure=procedure,
            dimension=expected.shape[1],
            longest=longest_text(original),
            query_prompt=query_prompt,
            document_prompt=document_prompt,
        )
        exported = ExportedModel(facts, graph.read_bytes(), tokenizer_json(original))
        agreement = agreement_of(onnx_encoder(exported, limit).encode_documents(SAMPLE_TEXTS), expected)
        figures = f"cosine {agreement.mean_cosine:.4f} on average, {agreement.lowest_cosine:.4f} at the lowest"
        if agreement.reaches(bound):
            write_export(models, export_directory(models, files, procedure), exported, agreement)
            say(f"exported as {procedure}: {figures}")
            return
        say(f"{procedure} is not used, it strays too far from the original: {figures}")
    raise ModelUnavailable(f"no export of {files.name} agrees with the original; it runs with torch instead")


def agreement_of(vectors: Vector, expected: Vector) -> Agreement:
    """Compare two matrices of unit vectors row by row."""
    cosines = np.einsum("ij,ij->i", vectors.astype(np.float64), expected.astype(np.float64))
    return Agreement(mean_cosine=float(cosines.mean()), lowest_cosine=float(cosines.min()))


def _original_vectors(original: SentenceTransformer, document_prompt: str, max_tokens: int) -> Vector:
    """Encode the sample texts the way sentence-transformers does it, tokenizer, prompt and all."""
    longest = original.max_seq_length
    original.max_seq_length = max_tokens
    vectors: Vector = original.encode(
        list(SAMPLE_TEXTS), prompt=document_prompt, normalize_embeddings=True, show_progress_bar=False
    )
    original.max_seq_length = longest
    return vectors


def _take(lock: FileLock, say: Say) -> None:
    """Wait for the lock while another process exports. Raises ModelUnavailable when that takes too long."""
    deadline = time.monotonic() + _PATIENCE_S
    told = False
    while True:
        try:
            return lock.acquire()
        except IndexLocked as error:
            if time.monotonic() > deadline:
                raise ModelUnavailable(
                    "another process has been exporting the model for too long; stop it and try again"
                ) from error
            if not told:
                say("another process is exporting the model; waiting for it")
                told = True


if __name__ == "__main__":
    sys.exit(main())
