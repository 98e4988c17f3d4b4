"""The page *Connect your ticket system* works when it is followed word for word."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command_line import REPOSITORY
from tests.homes import copied
from tests.serving import Server, serving
from web.problems import TITLES
from web.shipped import shipped_folder

PAGE = shipped_folder("manual").joinpath("connecting-a-ticket-system.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
ADDRESS = "http://127.0.0.1:8080"
SAME = ("id", "outcome", "status", "title", "type", "field", "recorded", "band", "line")
"""Fields whose value is the page's; of others only the form is."""
END = "--- end of the step ---"


@dataclass(frozen=True)
class Step:
    """Commands that the page shows, and the lines that it says they print."""

    commands: str
    shown: list[str]


def steps(page: str) -> list[Step]:
    """Return the steps of a page in order; a block that is no commands shows what those right above it print."""
    found: list[Step] = []
    above = ""
    for kind, text in BLOCK.findall(page):
        if kind == "sh":
            found.append(Step(text, []))
        elif above == "sh":
            found[-1].shown.extend(values(text))
        above = kind
    return found


def values(text: str) -> list[str]:
    """Return the JSON values of a text, or its lines where it holds none."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text.rstrip()):
        _, end = decoder.raw_decode(text, at)
        found.append(text[at:end])
        at = end + len(text[end:]) - len(text[end:].lstrip())
    return found


def differences(shown: object, printed: object, place: str = "") -> Iterator[str]:
    """Say where what was printed has not the form of what the page shows; it may hold more, and other texts."""
    if isinstance(shown, dict) and isinstance(printed, dict):
        for name, value in shown.items():
            if name not in printed:
                yield f"{place}.{name} is missing"
            else:
                yield from differences(value, printed[name], f"{place}.{name}")
    elif isinstance(shown, list) and isinstance(printed, list):
        if len(printed) < len(shown):
            yield f"{place} has {len(printed)} entries"
        for number, (one, other) in enumerate(zip(shown, printed, strict=False)):
            yield from differences(one, other, f"{place}[{number}]")
    elif type(shown) is not type(printed) or (place.rpartition(".")[2] in SAME and shown != printed):
        yield f"{place} is {printed!r}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, shipped_home: Path) -> Iterator[Server]:
    """A server on a home with the shipped content."""
    place = tmp_path_factory.mktemp("followed")
    with serving(copied(shipped_home, place / "home"), place / "log") as one:
        yield one


@pytest.fixture(scope="module")
def printed(server: Server) -> list[str]:
    """What each step prints."""
    return typed(server, PAGE)


def typed(server: Server, page: str) -> list[str]:
    """Type the steps of a page one after the other into one shell and return what each prints."""
    kb = f'kb() {{ {shlex.quote(sys.executable)} -m web.cli.main --home {shlex.quote(str(server.home))} "$@"; }}\n'
    lines = "".join(f"{step.commands}\nprintf '%s' {shlex.quote(END)}\n" for step in steps(page))
    ran = subprocess.run(
        ["bash", "-eu"],
        input=kb + lines.replace(ADDRESS, server.address),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split(END)[:-1]


def test_every_step_of_the_page_prints_what_it_shows(printed: list[str]) -> None:
    followed = steps(PAGE)

    assert len(printed) == len(followed) > 8
    for step, text in zip(followed, printed, strict=True):
        told = [json.loads(value) for value in values(text)]
        shown = [json.loads(value) for value in step.shown]
        assert len(told) == len(shown), (step.commands, text)
        found = [one for pair in zip(shown, told, strict=True) for one in differences(*pair)]
        assert found == [], (step.commands, text)


def test_links_of_an_answer_lead_to_the_server_that_was_asked(printed: list[str]) -> None:
    asked = next(text for text in printed if '"response_id"' in text)

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/articles/vpn/\S+", json.loads(asked)["results"][0]["url"])


def test_the_page_names_every_status_of_a_problem_once() -> None:
    rows = re.findall(r"^\| (\d{3}) \|", PAGE, re.M)

    assert rows == [str(status) for status in sorted(TITLES)]


def test_no_command_of_the_page_is_left_out() -> None:
    assert PAGE.count("curl ") == sum(step.commands.count("curl ") for step in steps(PAGE))
    assert "$TOKEN" not in BLOCK.sub("", PAGE)


def test_an_article_is_created_and_edited_as_its_page_shows(server: Server) -> None:
    page = shipped_folder("manual").joinpath("articles-over-rest.md").read_text(encoding="utf-8")
    created, edited = (text.replace("\r", "") for text in typed(server, page))

    assert created.startswith("HTTP/1.1 201 ")
    assert edited.startswith("HTTP/1.1 200 ")
    assert [re.findall(r"^etag: (.*)$", text, re.M | re.I) for text in (created, edited)] == [['"1"'], ['"2"']]
