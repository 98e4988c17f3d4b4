"""Run a model as it is with torch: the original that an export is checked against, and the fallback without one.

Torch and sentence-transformers are imported here only, and only inside functions: they take seconds and 500 MB.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexer.encoding.model_files import ModelFiles
from indexer.encoding.text_encoder import TextEncoder
from indexer.encoding.tokens import TokenIds, Tokens
from kb.errors import ModelUnavailable
from kb.protocols.encoder import Vector
from kb.recipe import Recipe

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PROCEDURE = "torch-float32"
_LONGEST = 512
"""Tokens that are read of a text when a model names no limit of its own."""


def load_original(directory: Path) -> SentenceTransformer:
    """Return the model in a directory, on the processor, in evaluation mode. Reads nothing from the network.

    Raises ModelUnavailable when torch or sentence-transformers is missing or refuses the files.
    """
    try:
        import sentence_transformers
        import transformers

        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]

        # Eager attention is plain matrix products: traceable, and free of kernels chosen by the shape of the input.
        model = sentence_transformers.SentenceTransformer(
            str(directory), device="cpu", local_files_only=True, model_kwargs={"attn_implementation": "eager"}
        )
        return model.eval()
    except Exception as error:  # whatever a damaged file or installation makes of it
        raise ModelUnavailable(
            f"sentence-transformers cannot load the model in {directory} ({error}); check the directory, or reinstall "
            "torch and sentence-transformers"
        ) from error


def longest_text(model: SentenceTransformer) -> int:
    """Return how many tokens the model reads."""
    return int(model.max_seq_length or _LONGEST)


def prompts(model: SentenceTransformer) -> tuple[str, str]:
    """Return what the model wants before a query and before a document; the names are those it looks up itself."""
    known = {name: prompt for name, prompt in model.prompts.items() if prompt}
    document = next((known[name] for name in ("document", "passage", "corpus") if name in known), "")
    return known.get("query", ""), document


def tokenizer_json(model: SentenceTransformer) -> str:
    """Return the model's tokenizer as the `tokenizers` library writes it.

    Raises ModelUnavailable when it has none that this library can run.
    """
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelUnavailable("the model's tokenizer is not one of the tokenizers library; choose another model")
    return str(backend.to_str())


def torch_encoder(files: ModelFiles, directory: Path, max_tokens: int) -> TextEncoder:
    """Return an encoder that runs the original in this process, several times slower than an export.

    Raises ModelUnavailable when it cannot be loaded.
    """
    model = load_original(directory)
    import torch

    # For the whole process, which uses torch for nothing else: with one thread sums have one order.
    torch.set_num_threads(1)

    def forward(ids: TokenIds) -> Vector:
        with torch.inference_mode():
            tensor = torch.from_numpy(ids)
            features = model({"input_ids": tensor, "attention_mask": torch.ones_like(tensor)})
            vector = torch.nn.functional.normalize(features["sentence_embedding"][0].float(), dim=0)
            result: Vector = vector.numpy().astype(np.float32, copy=False)
            return result

    limit = min(max_tokens, longest_text(model))
    tokens = Tokens(tokenizer_json(model), limit)
    query_prompt, document_prompt = prompts(model)
    dimension = len(forward(tokens.of([""])[0]))
    return TextEncoder(
        Recipe(model=files.name, revision=files.revision, procedure=PROCEDURE, dimension=dimension, max_tokens=limit),
        tokens,
        forward,
        query_prompt=query_prompt,
        document_prompt=document_prompt,
    )
