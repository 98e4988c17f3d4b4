"""Choose the encoder of an installation: the exported model, exported first where needed, else the original."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from indexer.encoding.exported_model import find_export
from indexer.encoding.model_files import ModelFiles, find_model, verified_directory
from indexer.encoding.onnx_encoder import onnx_encoder
from indexer.encoding.text_encoder import TextEncoder
from kb.errors import ModelUnavailable
from kb.reporting import Say

MAX_TOKENS = 128
"""Tokens read of a text. On six labelled sets 256 found no more than 128."""
MODELS = "models"
"""Directory of exported models below the home directory; safe to delete."""

_IMPORT_ROOT = Path(__file__).resolve().parents[2]
"""Where the package `indexer` lies, in a checkout as when installed: the exporting process must find it too."""


def open_encoder(home: Path, model: str | None, say: Say, *, max_tokens: int = MAX_TOKENS) -> TextEncoder:
    """Return the encoder that an installation uses. Reads nothing from the network.

    `model` is `None` or the default model's name, the directory of a sentence-transformers model, or a name in its
    local cache. The first call exports the model, which takes about twenty seconds and is told through `say`; later
    calls import neither torch nor sentence-transformers. Where no export can be made or used, the original runs in
    this process, which `say` tells too; its vectors have another recipe.

    Raises ModelUnavailable when the model is missing, is not what it claims to be, or cannot be loaded in any way.
    """
    files = find_model(model)
    try:
        return _exported(files, home / MODELS, model or files.name, max_tokens, say)
    except _CannotExport as reason:
        say(f"{files.name} runs with torch, several times slower: {reason}")
        try:
            from indexer.encoding.torch_encoder import torch_encoder

            return torch_encoder(files, verified_directory(files), max_tokens)
        except ModelUnavailable as error:
            raise ModelUnavailable(f"{error}; before that its export failed: {reason}") from error


def _exported(files: ModelFiles, models: Path, model: str, max_tokens: int, say: Say) -> TextEncoder:
    exported = find_export(models, files, say)
    if exported is None:
        verified_directory(files)
        say(f"preparing the model {files.name}, once: about half a minute")
        _export_in_a_process(model, models, max_tokens, say)
        exported = find_export(models, files, say)
        if exported is None:
            raise _CannotExport(f"nothing whole was written to {models}")
    try:
        return onnx_encoder(exported, max_tokens)
    except ModelUnavailable as error:
        raise _CannotExport(str(error)) from error


class _CannotExport(Exception):
    """There is no usable export, and trying again would not help."""


def _export_in_a_process(model: str, models: Path, max_tokens: int, say: Say) -> None:
    command = [sys.executable, "-m", "indexer.encoding.export"]
    command += ["--model", model, "--models", str(models), "--max-tokens", str(max_tokens)]
    paths = [str(_IMPORT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUTF8": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
    }
    try:
        with tempfile.TemporaryFile() as errors:
            with subprocess.Popen(  # noqa: S603  our own module, arguments passed without a shell
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=environment
            ) as process:
                try:
                    for line in process.stdout or ():
                        say(line.decode("utf-8", "replace").rstrip())
                except BaseException:
                    process.kill()  # a signal may have reached this process alone: the other must not go on unseen
                    raise
            if process.returncode != 0:
                errors.seek(0)
                told = errors.read().decode("utf-8", "replace").split("\n")
                last = next((line for line in reversed(told) if line.strip()), f"status {process.returncode}")
                raise _CannotExport(last.strip())
    except OSError as error:
        raise _CannotExport(str(error)) from error
