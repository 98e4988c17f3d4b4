"""Exporting once: what happens when the cache is missing, damaged, wanted twice at once or cannot be written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from indexer.encoding.export import BOUNDS, agreement_of, export_model
from indexer.encoding.exported_model import (
    FLOAT32,
    GRAPH,
    INT8,
    MANIFEST,
    TOKENIZER,
    Agreement,
    ExportedModel,
    ExportFacts,
    clear_partial,
    export_directory,
    find_export,
    read_export,
    write_export,
)
from indexer.encoding.model_files import ModelFiles, find_model
from indexer.encoding.open_encoder import open_encoder
from indexer.encoding.sample_texts import SAMPLE_TEXTS
from kb.errors import ModelUnavailable

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ("vpn drops after ten minutes", "Drucker druckt nicht", "")
_OPEN = """
import json, sys
from pathlib import Path
from indexer.encoding.open_encoder import open_encoder
said = []
encoder = open_encoder(Path(sys.argv[1]), None, said.append)
vectors = encoder.encode_documents(json.loads(sys.argv[2]))
print(json.dumps({"vectors": vectors.tobytes().hex(), "procedure": encoder.recipe.procedure, "said": said}))
"""
FILES = ModelFiles("a model", "ab" * 32, None)
EXPORTED = ExportedModel(ExportFacts("a model", "ab" * 32, INT8, 3, 128, "", ""), b"graph", '{"version": "1.0"}')
CLOSE = Agreement(mean_cosine=0.995, lowest_cosine=0.98)


@dataclass(frozen=True)
class Opened:
    """What a process that opened the encoder found."""

    vectors: np.ndarray
    procedure: str
    said: list[str]


def start(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _OPEN, str(home), json.dumps(SAMPLE)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> Opened:
    told, _ = process.communicate()
    assert process.returncode == 0
    answer = json.loads(told.splitlines()[-1])
    vectors = np.frombuffer(bytes.fromhex(answer["vectors"]), dtype=np.float32).reshape(len(SAMPLE), -1)
    return Opened(vectors, answer["procedure"], answer["said"])


@dataclass(frozen=True)
class Repair:
    """Two processes that opened the encoder at once over a damaged export and what a killed exporter left."""

    home: Path
    directory: Path
    opened: tuple[Opened, Opened]


@pytest.fixture(scope="module")
def repair(model_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repair]:
    open_encoder(model_home, None, lambda line: None)
    home = tmp_path_factory.mktemp("repair")
    shutil.copytree(model_home / "models", home / "models")
    directory = export_directory(home / "models", find_model(None), INT8)
    graph = bytearray((directory / GRAPH).read_bytes())
    graph[len(graph) // 2] ^= 0xFF
    (directory / GRAPH).write_bytes(graph)
    (home / "models" / ".partial").mkdir()
    (home / "models" / ".partial" / "torn").write_bytes(b"half a graph")
    first, second = start(home), start(home)
    yield Repair(home, directory, (finish(first), finish(second)))
    shutil.rmtree(home)


def test_damaged_export_is_made_again(repair: Repair) -> None:
    assert read_export(repair.directory).facts.procedure == INT8
    for opened in repair.opened:
        assert any("damaged" in line and GRAPH in line for line in opened.said)


def test_export_is_made_by_one_process_when_two_want_it_at_once(repair: Repair) -> None:
    said = [line for opened in repair.opened for line in opened.said]
    assert said.count("exporting it to ONNX") == 1
    assert sum(line.startswith("exported as onnx-int8-per-channel: cosine 0.99") for line in said) == 1
    assert sum("waiting" in line for line in said) <= 1


def test_every_process_gets_the_same_bits_from_a_fresh_export(repair: Repair, model_home: Path) -> None:
    first, second = repair.opened
    assert first.procedure == second.procedure == INT8
    assert first.vectors.tobytes() == second.vectors.tobytes()
    before = open_encoder(model_home, None, lambda line: None).encode_documents(SAMPLE)
    assert first.vectors.tobytes() == before.tobytes()


def test_export_leaves_nothing_behind_but_itself_and_the_lock(repair: Repair) -> None:
    assert sorted(path.name for path in (repair.home / "models").iterdir()) == sorted(
        [repair.directory.name, "export.lock"]
    )
    assert sorted(path.name for path in repair.directory.iterdir()) == sorted([GRAPH, MANIFEST, TOKENIZER])


def test_export_is_reused_without_a_word_when_it_is_whole(model_home: Path) -> None:
    open_encoder(model_home, None, lambda line: None)
    said: list[str] = []
    export_model(find_model(None), model_home / "models", 128, said.append)
    assert open_encoder(model_home, None, said.append).recipe.procedure == INT8
    assert said == []


def test_original_runs_when_nothing_can_be_exported(tmp_path: Path, model_home: Path) -> None:
    (tmp_path / "models").write_text("a file where a directory should be")
    said: list[str] = []
    original = open_encoder(tmp_path, None, said.append)
    assert original.recipe.procedure == "torch-float32"
    assert said[-1].startswith("all-MiniLM-L6-v2 runs with torch, several times slower: the exported model cannot be")
    exported = open_encoder(model_home, None, lambda line: None)
    agreement = agreement_of(exported.encode_documents(SAMPLE_TEXTS), original.encode_documents(SAMPLE_TEXTS))
    assert agreement.reaches(BOUNDS[INT8])


def test_model_is_unavailable_when_neither_export_nor_original_works(tmp_path: Path) -> None:
    model = tmp_path / "broken"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(b"no weights at all")
    with pytest.raises(
        ModelUnavailable, match=r"cannot load the model in .*; before that its export failed: "
    ) as caught:
        open_encoder(tmp_path / "home", str(model), lambda line: None)
    assert isinstance(caught.value.__cause__, ModelUnavailable)
    assert caught.value.__cause__.__cause__ is not None


def test_float32_takes_over_when_int8_strays_too_far(tmp_path: Path) -> None:
    said: list[str] = []
    out_of_reach = Agreement(mean_cosine=0.99999, lowest_cosine=0.99999)
    export_model(find_model(None), tmp_path / "models", 128, said.append, {**BOUNDS, INT8: out_of_reach})
    assert any(line.startswith("onnx-int8-per-channel is not used, it strays too far") for line in said)
    encoder = open_encoder(tmp_path, None, pytest.fail)
    assert encoder.recipe.procedure == FLOAT32
    assert np.linalg.norm(encoder.encode_query("vpn")) == pytest.approx(1.0, abs=1e-5)


def test_agreement_compares_row_by_row() -> None:
    one = np.eye(3, dtype=np.float32)
    assert agreement_of(one, one) == Agreement(mean_cosine=1.0, lowest_cosine=1.0)
    turned = agreement_of(one, one[[0, 2, 1]])
    assert turned.mean_cosine == pytest.approx(1 / 3)
    assert turned.lowest_cosine == 0.0


def test_agreement_reaches_a_bound_only_with_both_figures() -> None:
    bound = Agreement(mean_cosine=0.99, lowest_cosine=0.97)
    assert Agreement(mean_cosine=0.99, lowest_cosine=0.97).reaches(bound)
    assert not Agreement(mean_cosine=0.989, lowest_cosine=0.98).reaches(bound)
    assert not Agreement(mean_cosine=0.995, lowest_cosine=0.96).reaches(bound)
    assert not Agreement(mean_cosine=float("nan"), lowest_cosine=float("nan")).reaches(bound)


def written(models: Path) -> Path:
    """Write EXPORTED as an exporter does and return its directory."""
    models.mkdir(exist_ok=True)
    directory = export_directory(models, FILES, INT8)
    clear_partial(models)
    write_export(models, directory, EXPORTED, CLOSE)
    return directory


def test_export_comes_back_as_it_was_written(tmp_path: Path) -> None:
    directory = written(tmp_path / "models")
    assert directory.name == "a-model-abababababab-onnx-int8-per-channel"
    assert read_export(directory) == EXPORTED
    assert find_export(tmp_path / "models", FILES, pytest.fail) == EXPORTED


def test_export_takes_the_place_of_a_damaged_one(tmp_path: Path) -> None:
    directory = written(tmp_path / "models")
    (directory / GRAPH).write_bytes(b"other")
    (directory / "stray").write_bytes(b"")
    assert written(tmp_path / "models") == directory
    assert read_export(directory) == EXPORTED
    assert not (directory / "stray").exists()


@pytest.mark.parametrize("name", [GRAPH, TOKENIZER, MANIFEST])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff\xfe\x00"])
def test_export_is_damaged_when_a_file_is_missing_or_other(tmp_path: Path, name: str, content: bytes | None) -> None:
    directory = written(tmp_path / "models")
    if content is None:
        (directory / name).unlink()
    else:
        (directory / name).write_bytes(content)
    with pytest.raises(ModelUnavailable, match="is damaged") as caught:
        read_export(directory)
    assert caught.value.__cause__ is not None
    said: list[str] = []
    assert find_export(tmp_path / "models", FILES, said.append) is None
    assert len(said) == 1


def test_export_of_another_format_is_not_used(tmp_path: Path) -> None:
    directory = written(tmp_path / "models")
    manifest = json.loads((directory / MANIFEST).read_text())
    (directory / MANIFEST).write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(ModelUnavailable, match="format 99"):
        read_export(directory)
