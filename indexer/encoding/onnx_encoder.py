"""Run an exported model with onnxruntime."""

from __future__ import annotations

import numpy as np
import onnxruntime

from indexer.encoding.exported_model import ExportedModel
from indexer.encoding.text_encoder import TextEncoder
from indexer.encoding.tokens import TokenIds, Tokens
from kb.errors import ModelUnavailable
from kb.protocols.encoder import Vector
from kb.recipe import Recipe


def onnx_encoder(exported: ExportedModel, max_tokens: int) -> TextEncoder:
    """Return an encoder that runs an exported model and cuts text at `max_tokens` or where the model must.

    Raises ModelUnavailable when onnxruntime refuses the graph.
    """
    onnxruntime.disable_telemetry_events()  # Windows has another way of it than the environment
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # on the calling thread: the same bits always, and parallel texts gain more
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3  # errors only
    try:
        session = onnxruntime.InferenceSession(exported.graph, options, providers=["CPUExecutionProvider"])
        tokens = Tokens(exported.tokenizer_json, limit := min(max_tokens, exported.facts.longest))
    except Exception as error:  # both libraries raise many kinds, without a common base
        raise ModelUnavailable(
            f"the exported model {exported.facts.model} cannot be run ({error}); delete it below models/ in the home "
            "directory, and it is exported again"
        ) from error

    def forward(ids: TokenIds) -> Vector:
        outputs = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        vector: Vector = outputs[0][0]
        return vector

    facts = exported.facts
    return TextEncoder(
        Recipe(
            model=facts.model,
            revision=facts.revision,
            procedure=facts.procedure,
            dimension=facts.dimension,
            max_tokens=limit,
        ),
        tokens,
        forward,
        query_prompt=facts.query_prompt,
        document_prompt=facts.document_prompt,
    )
