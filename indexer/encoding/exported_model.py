"""Say what an exported model on disk holds and whether it is whole.

One directory per model, revision and procedure: the graph, its tokenizer and a manifest with the sha256 of both.
The directory appears under its name complete, or not at all.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from indexer.durable import sync_directory, write_atomically
from indexer.encoding.model_files import ModelFiles
from kb.errors import ModelUnavailable
from kb.reporting import Say

GRAPH = "model.onnx"
TOKENIZER = "tokenizer.json"
MANIFEST = "manifest.json"
INT8 = "onnx-int8-per-channel"
FLOAT32 = "onnx-float32"
PROCEDURES = (INT8, FLOAT32)
"""In order of preference: the second stands in where the first strays too far from the original."""

_PARTIAL = ".partial"
"""Where an export is made before it gets its name; whatever lies there without a running exporter is torn."""
_FORMAT = 1
"""Raised when an export made by older code can no longer be run; it is then made anew."""


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """What is known of an exported model: its identity, its shape, and the prompts it wants before texts.

    `longest` is the number of tokens the model can read.
    """

    model: str
    revision: str
    procedure: str
    dimension: int
    longest: int
    query_prompt: str
    document_prompt: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How close the vectors of an export come to those of the original, over the sample texts."""

    mean_cosine: float
    lowest_cosine: float

    def reaches(self, bound: Agreement) -> bool:
        """Say whether both figures are at least those of `bound`; a figure that is no number is not."""
        return self.mean_cosine >= bound.mean_cosine and self.lowest_cosine >= bound.lowest_cosine


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """An exported model in memory."""

    facts: ExportFacts
    graph: bytes
    tokenizer_json: str


def export_directory(models: Path, files: ModelFiles, procedure: str) -> Path:
    """Return where an export belongs below the directory of models."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", files.name)
    return models / f"{name}-{files.revision[:12]}-{procedure}"


def find_export(models: Path, files: ModelFiles, say: Say) -> ExportedModel | None:
    """Return the whole export of a model, `None` when there is none. Says so when there is a damaged one."""
    for procedure in PROCEDURES:
        directory = export_directory(models, files, procedure)
        if directory.exists():
            try:
                return read_export(directory)
            except ModelUnavailable as error:
                say(str(error))
    return None


def read_export(directory: Path) -> ExportedModel:
    """Return the export in a directory. Raises ModelUnavailable when it is damaged or of another format."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        contents = {name: (directory / name).read_bytes() for name in (GRAPH, TOKENIZER)}
        if manifest["format"] != _FORMAT:
            raise ValueError(f"format {manifest['format']!r} is not {_FORMAT}")
        for name, content in contents.items():
            if hashlib.sha256(content).hexdigest() != manifest["files"][name]:
                raise ValueError(f"{name} differs from what was exported")
        facts = ExportFacts(**manifest["facts"])
        return ExportedModel(facts, contents[GRAPH], contents[TOKENIZER].decode("utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"the exported model in {directory} is damaged ({error}); it is exported again, or delete the directory"
        ) from error


def write_export(models: Path, directory: Path, exported: ExportedModel, agreement: Agreement) -> None:
    """Put an export in place of whatever was in `directory`. The caller holds the lock on exports. Raises OSError."""
    beside = partial_directory(models) / directory.name
    beside.mkdir()
    contents = {GRAPH: exported.graph, TOKENIZER: exported.tokenizer_json.encode("utf-8")}
    manifest = {
        "format": _FORMAT,
        "facts": asdict(exported.facts),
        "agreement": asdict(agreement),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    }
    contents[MANIFEST] = (json.dumps(manifest, indent=1) + "\n").encode("utf-8")
    for name, content in contents.items():
        write_atomically(beside / name, content)
    if directory.exists():
        # No system replaces a full directory in one step. Killed between the two, the model is exported once more.
        directory.replace(partial_directory(models) / "damaged")
    beside.replace(directory)
    sync_directory(models)


def partial_directory(models: Path) -> Path:
    """Return the scratch directory of the one exporter that holds the lock."""
    return models / _PARTIAL


def clear_partial(models: Path) -> Path:
    """Return the scratch directory, empty: what an exporter that was killed left behind is removed. Raises OSError."""
    partial = partial_directory(models)
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir()
    return partial
