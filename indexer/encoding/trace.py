"""Turn a sentence-transformers model into an ONNX graph, and a graph into one of smaller numbers.

The graph holds the whole model: token numbers and mask in, pooled vectors of unit length out, so that every way of
pooling and every extra layer comes along.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import ModelUnavailable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_OPSET = 17
"""The first with a LayerNormalization node; every onnxruntime that may be installed runs it."""


def trace_graph(model: SentenceTransformer, target: Path) -> None:
    """Write the float32 graph of a model, for any number of texts and tokens.

    Its inputs are `input_ids` and `attention_mask`, both `(texts, tokens)` int64, its output is `(texts, dimension)`.
    Raises ModelUnavailable when the model cannot be traced.
    """
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)

    # Two texts, one of them padded: a trace of one full text could drop the mask.
    ids = torch.tensor([[5, 6, 7, 8, 9], [5, 6, 7, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    axes = {0: "texts", 1: "tokens"}
    try:
        with torch.no_grad(), warnings.catch_warnings():
            # Tracing is chosen on purpose, because the newer export needs onnxscript; and what a trace fixes shows
            # when the result is compared with the original.
            warnings.filterwarnings("ignore", message="You are using the legacy TorchScript-based ONNX export")
            warnings.filterwarnings("ignore", message="The feature will be removed", category=DeprecationWarning)
            warnings.filterwarnings("ignore", message="Converting a tensor to a Python")
            warnings.filterwarnings("ignore", message="Exporting aten::index operator of advanced indexing")
            torch.onnx.export(
                Whole().eval(),
                (ids, mask),
                str(target),
                input_names=["input_ids", "attention_mask"],
                output_names=["vectors"],
                dynamic_axes={"input_ids": axes, "attention_mask": axes, "vectors": {0: "texts"}},
                opset_version=_OPSET,
                dynamo=False,
            )
    except Exception as error:  # tracing runs the model's own code, which may raise anything
        raise ModelUnavailable(f"the model cannot be exported to ONNX ({error}); it runs with torch instead") from error


def quantise_graph(source: Path, target: Path) -> None:
    """Write a graph with int8 weights, one scale per channel; activations are scaled while it runs.

    Raises ModelUnavailable when the graph cannot be quantised.
    """
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(str(source), str(target), per_channel=True, weight_type=QuantType.QInt8)
    except Exception as error:  # onnx and onnxruntime raise many kinds, without a common base
        raise ModelUnavailable(f"the exported model cannot be quantised ({error})") from error
