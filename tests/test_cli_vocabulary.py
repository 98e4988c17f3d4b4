"""`kb glossary` and `kb synonyms`: own words from the shell."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.command_line import SAMPLES, home_with_model, run


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    home = home_with_model(tmp_path_factory.mktemp("stocked") / "home", model_home)
    assert run("--home", home, "import", "articles", SAMPLES / "articles").code == 0
    return home


@pytest.fixture
def home(stocked: Path, tmp_path: Path) -> Path:
    return shutil.copytree(stocked, tmp_path / "home", symlinks=True)


def test_an_own_list_is_set_from_a_file_and_shown_as_it_was_written(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_text("# ours\nHeimtunnel = VPN connection\n-Drucker\n", encoding="utf-8")

    told = run("--home", home, "glossary", "set", file)

    assert (told.code, told.out) == (0, "2 lines are kept; searches use them from now on.\n")
    assert run("--home", home, "glossary", "show").out == "# ours\nHeimtunnel = VPN connection\n-Drucker\n"
    assert run("--home", home, "synonyms", "show").out == ""


def test_an_own_list_is_read_from_standard_input_and_used_by_the_next_search(home: Path) -> None:
    before = run("--home", home, "search", "Heimtunnel", "--json").out
    told = run("--home", home, "synonyms", "set", "-", stdin=b"Heimtunnel, VPN\n")

    assert told.code == 0
    assert "Heimtunnel → VPN" not in before
    assert "Heimtunnel → VPN" in run("--home", home, "search", "Heimtunnel", "--json").out


def test_a_faulty_line_is_named_and_what_was_there_stays(home: Path, tmp_path: Path) -> None:
    run("--home", home, "glossary", "set", "-", stdin=b"Leitstand = control desk\n")
    file = tmp_path / "own.txt"
    file.write_text("Warte = control room\nLeitstand\n", encoding="utf-8")

    told = run("--home", home, "glossary", "set", file)

    assert told.code == 1
    assert told.err.startswith(f"kb: {file}:2: “Leitstand” lacks “=”; write German = English")
    assert run("--home", home, "glossary", "show").out == "Leitstand = control desk\n"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(home: Path, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "own.txt"
    if content is not None:
        file.write_bytes(content)

    told = run("--home", home, "synonyms", "set", file)

    assert told.code == 1
    assert str(file) in told.err


def test_shipped_lists_are_shown_in_the_form_in_which_they_can_be_written(home: Path) -> None:
    glossary = run("--home", home, "glossary", "show", "--shipped").out
    synonyms = run("--home", home, "synonyms", "show", "--shipped").out

    assert "\nDrucker = printer" in glossary
    some = "\n".join(glossary.splitlines()[:500])
    assert run("--home", home, "glossary", "set", "-", stdin=some.encode()).out.startswith("500 lines are kept")
    assert run("--home", home, "synonyms", "set", "-", stdin=synonyms.encode()).code == 0


def test_own_words_come_back_from_a_backup(home: Path, tmp_path: Path) -> None:
    run("--home", home, "glossary", "set", "-", stdin=b"Leitstand = control desk\n")
    assert run("--home", home, "backup", tmp_path / "copy.kb").code == 0

    assert run("--home", tmp_path / "new", "restore", tmp_path / "copy.kb").code == 0
    assert run("--home", tmp_path / "new", "glossary", "show").out == "Leitstand = control desk\n"
