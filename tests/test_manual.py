"""The manual says what is true: every command, option, setting, endpoint and filter is in it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest
from flask import Flask

from kb.article_files import read_folder
from kb.documents import KINDS, LINK_TYPES, STATES, Article
from kb.language import detect_language
from kb.queries import FILTER_FIELDS
from kb.settings import Settings
from web.cli.main import COMMANDS, kb
from web.rendering import render
from web.shipped import shipped_folder

MANUAL = shipped_folder("manual")
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in sorted(MANUAL.glob("*.md")))
README = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")


def commands(group: click.Group, path: str = "kb") -> list[tuple[str, click.Command]]:
    """Return (full name, command) of every command below a group."""
    context = click.Context(group)
    found: list[tuple[str, click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found += commands(command, f"{path} {name}")
        else:
            found.append((f"{path} {name}", command))
    return found


ALL_COMMANDS = commands(kb)


@pytest.mark.parametrize("name", [name for name, _ in ALL_COMMANDS])
def test_every_command_is_in_the_manual(name: str) -> None:
    assert name in TEXT


@pytest.mark.parametrize(
    "option",
    sorted({name for _, command in ALL_COMMANDS for one in command.params for name in one.opts if name[:2] == "--"}),
)
def test_every_option_is_in_the_manual(option: str) -> None:
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", TEXT)


def test_the_manual_names_no_command_that_does_not_exist() -> None:
    named = set(re.findall(r"\bkb ([a-z]+)", TEXT + README))

    assert named <= set(COMMANDS)


@pytest.mark.parametrize("name", [field.name for field in fields(Settings) if field.name != "home"])
def test_every_setting_is_in_the_manual_with_its_variable_and_default(name: str) -> None:
    default = next(field.default for field in fields(Settings) if field.name == name)
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{name}` |"))

    assert f"`KB_{name.upper()}`" in row
    shown = str(default).lower() if isinstance(default, bool) else default
    assert (f"`{shown}`" if shown != "" else "empty") in row


def test_every_endpoint_is_in_the_manual(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if str(rule).startswith("/api/v1") or str(rule) in ("/healthz", "/readyz", "/metrics"):
            path = re.sub(r"<(?:path:)?(\w+)>", r"{\1}", str(rule)).removeprefix("/api/v1")
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                assert f"`{method} {path}`" in TEXT or f"`{method} {rule}`" in TEXT, f"{method} {path}"


@pytest.mark.parametrize("name", FILTER_FIELDS)
def test_every_filter_is_in_the_manual(name: str) -> None:
    singular = {"tags": "tag", "components": "component"}.get(name, name)

    assert re.search(rf"`{singular}[:`]", TEXT)


@pytest.mark.parametrize("value", [*KINDS, *STATES, *LINK_TYPES])
def test_every_value_of_the_vocabularies_is_in_the_manual(value: str) -> None:
    assert f"`{value}`" in TEXT


@pytest.mark.parametrize("path", sorted(MANUAL.glob("*.md")), ids=lambda path: path.stem)
def test_links_of_the_manual_lead_to_pages_of_the_manual(path: Path) -> None:
    pages = {f"/articles/manual/{one.stem}" for one in MANUAL.glob("*.md")} | {"/api/docs"}
    links = re.findall(r'href="(/[^"#]*)', render(path.read_text(encoding="utf-8")).html)

    assert set(links) <= pages


def test_modules_that_the_manual_names_exist() -> None:
    root = Path(__file__).parent.parent
    for name in re.findall(r"\| `?((?:kb|indexer|search|web)\.[\w.]+)`?", TEXT):
        path = root.joinpath(*name.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), name


def test_every_module_answers_a_question_of_the_table() -> None:
    table = MANUAL.joinpath("architecture.md").read_text(encoding="utf-8")
    root = Path(__file__).parent.parent
    for package in ("kb", "indexer", "search", "web"):
        files = {path.stem for path in root.joinpath(package).glob("*.py")} - {"__init__", "__main__"}
        folders = {path.parent.name for path in root.joinpath(package).glob("*/__init__.py")}
        missing = sorted(name for name in files | folders if f"`{package}.{name}`" not in table)
        assert missing == [], f"{package}: {', '.join(missing)}"


def test_the_two_commands_of_the_readme_are_those_that_ci_runs() -> None:
    ci = Path(__file__).parent.parent.joinpath(".ci/run").read_text(encoding="utf-8")

    assert "kb serve" in README
    assert "pip install -e '.[test]'" in README
    assert "pip install -e '.[test]'" in ci
    assert re.search(r"^.*pytest$", README, re.M)
    assert re.search(r"\bpytest(;|$)", ci, re.M)  # without options, as the README says


@pytest.mark.parametrize("source", ["manual", "decision", "example"])
def test_shipped_articles_import_without_a_problem(source: str) -> None:
    items = list(read_folder(shipped_folder(source), source, detect_language))

    assert items
    assert [item for item in items if not isinstance(item, Article)] == []
