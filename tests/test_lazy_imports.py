"""A command imports no more than it uses: help answers at once, and a search waits for no model framework."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import REPOSITORY, SAMPLES, home_with_model, run

ENGINES = {"torch", "faiss", "tantivy", "whoosh", "onnxruntime", "tokenizers", "sentence_transformers"}
_REPORTING = """
import atexit, sys
atexit.register(lambda: print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr))
from web.cli.main import main
main()
"""


def imported(home: Path, *arguments: str) -> set[str]:
    """Return the top-level packages in memory when a command that succeeds has ended."""
    told = subprocess.run(
        [sys.executable, "-c", _REPORTING, "--home", str(home), *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    return set(told.stderr.splitlines()[-1].split())


@pytest.fixture(scope="module")
def indexed_home(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    """A home with the sample articles, indexed."""
    home = home_with_model(tmp_path_factory.mktemp("lazy") / "home", model_home)
    assert run("--home", home, "import", "articles", SAMPLES / "articles").code == 0
    return home


def test_help_imports_click_and_nothing_that_takes_time(home: Path) -> None:
    packages = imported(home, "--help")

    assert "click" in packages
    assert not packages & (ENGINES | {"sqlalchemy", "alembic", "flask", "numpy", "pydantic", "yaml", "markdown"})


def test_help_of_a_command_imports_no_engine(home: Path) -> None:
    for command in ("serve", "import", "search", "mcp"):
        packages = imported(home, command, "--help")

        assert not packages & (ENGINES | {"flask", "waitress", "mcp", "anyio"}), command


def test_listing_tokens_opens_the_store_and_no_engine(indexed_home: Path) -> None:
    packages = imported(indexed_home, "token", "list")

    assert "sqlalchemy" in packages
    assert not packages & (ENGINES | {"alembic", "flask", "pydantic", "markdown"})


def test_a_search_uses_the_exported_model_without_its_framework_and_without_the_site(indexed_home: Path) -> None:
    packages = imported(indexed_home, "search", "vpn error 809", "--json")

    assert {"onnxruntime", "tokenizers", "faiss", "tantivy"} <= packages
    assert not packages & {"torch", "sentence_transformers", "transformers", "flask", "waitress", "alembic", "mcp"}


def test_an_export_imports_no_engine(indexed_home: Path, tmp_path: Path) -> None:
    assert not imported(indexed_home, "export", str(tmp_path / "copy")) & (ENGINES | {"flask", "pydantic"})


def test_an_import_that_changes_nothing_leaves_out_what_makes_models_and_pages(indexed_home: Path) -> None:
    packages = imported(indexed_home, "import", "articles", str(SAMPLES / "articles"))

    assert not packages & {"torch", "sentence_transformers", "transformers", "flask", "waitress", "alembic"}
