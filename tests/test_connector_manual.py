"""The manual on connectors works when it is followed word for word: commands run, mappings load, bodies fit."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.connectors.catalogue import Catalogue
from kb.connectors.parsing import RULE_KEYS, TABLE_KEYS, TOP
from kb.protocols.store import TicketUpsert
from tests.command_line import REPOSITORY
from tests.conftest import SAMPLES
from tests.homes import copied
from tests.serving import Server, new_token, serving
from web.shipped import shipped_folder

PAGE = shipped_folder("manual").joinpath("connectors.md").read_text(encoding="utf-8")
BODIES = SAMPLES / "connectors"


def blocks(language: str) -> list[str]:
    """Return the code of every fence of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def deliveries() -> dict[str, str]:
    """Return connector → the commands that try it."""
    found = {}
    for code in blocks("sh"):
        if name := re.search(r"/api/v1/webhooks/([a-z]+)", code):
            found[name[1]] = code
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, shipped_home: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("manual")
    home = copied(shipped_home, folder / "home")
    with serving(home, folder / "log") as running:
        yield running


def shell(code: str, home: Path, address: str) -> subprocess.CompletedProcess[str]:
    """Run commands of the manual on this installation."""
    kb = f'kb() {{ "{sys.executable}" -m web.cli.main --home "{home}" "$@"; }}\nset -e\n'
    return subprocess.run(
        ["bash", "-c", kb + code.replace("http://127.0.0.1:8080", address)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_every_system_can_be_tried() -> None:
    assert set(deliveries()) == {file.name for file in Catalogue(Path("none")).files()}


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
@pytest.mark.parametrize("name", sorted(deliveries()))
def test_delivery_of_the_manual_is_stored(server: Server, name: str) -> None:
    ran = shell(deliveries()[name], server.home, server.address)
    answer = json.loads(ran.stdout)

    assert (ran.returncode, answer["outcome"]) == (0, "stored"), (ran.stdout, ran.stderr)
    (ticket,) = answer["tickets"]
    assert ticket["outcome"] == "created"
    source, _, number = ticket["id"].partition(":")
    found = server.ask(f"/api/v1/tickets/{source}/{number.replace('#', '%23')}", new_token(server.home, "read"))
    assert "809" in str(found.body["title"])


def test_commands_that_switch_on_work(tmp_path: Path) -> None:
    (code,) = [code for code in blocks("sh") if "/webhooks/" not in code]
    ran = shell(code, tmp_path / "home", "")

    assert ran.returncode == 0, ran.stderr
    assert "github\toff" in ran.stdout


def test_mappings_of_the_manual_can_be_used(tmp_path: Path) -> None:
    folder = tmp_path / "connectors"
    folder.mkdir()
    names = []
    for code in blocks("toml"):
        place = re.match(r"# HOME/connectors/([\w-]+)\.toml\n", code)
        assert place, code
        folder.joinpath(f"{place[1]}.toml").write_text(code)
        names.append(place[1])
    catalogue = Catalogue(tmp_path)
    for name in names:
        assert catalogue.mapping(name).signing is not None, name
    assert {"jira-emea", "helpdesk", "servicenow-signed"} == set(names)
    (body,) = [json.loads(code) for code in blocks("json") if "case_no" in code]
    (upsert,) = catalogue.mapping("helpdesk").deliveries(body)
    assert isinstance(upsert, TicketUpsert)
    assert upsert.id == "helpdesk:7"
    assert upsert.fields.keys() == {*catalogue.mapping("helpdesk").fields, "links"}, "every field finds something"
    assert upsert.fields["description"] == "Since today.\n\nerror 809"
    assert f"{upsert.fields['opened_at']:%H:%M}" == "08:12"
    assert dict(upsert.extra) == {"customer_group": "field"}


def test_json_of_the_zendesk_trigger_has_the_fields_of_the_sample_and_fits_the_mapping() -> None:
    (template,) = [json.loads(code) for code in blocks("json") if "{{ticket.id}}" in code]
    sample = json.loads(BODIES.joinpath("zendesk-trigger.json").read_text())

    assert template["ticket"].keys() == sample["ticket"].keys() - {"resolution"}


def test_script_for_servicenow_sends_the_fields_of_the_sample() -> None:
    (script,) = blocks("javascript")
    named = {name for names in re.findall(r"\[('.*?)\]", script, re.S) for name in re.findall(r"'(\w+)'", names)}
    sample = json.loads(BODIES.joinpath("servicenow-message.json").read_text())

    assert sample.keys() - {"operation"} <= named
    assert "operation:" in script


def test_every_field_of_a_mapping_and_every_way_to_find_a_value_is_explained() -> None:
    tables = {f"{table}.{key}" for table in ("webhook", "body", "ticket") for key in TABLE_KEYS[table]}
    wanted = {*tables, *(key for key in TOP if key not in ("webhook", "body", "ticket")), *RULE_KEYS, "links"}
    cells = {cell for line in PAGE.splitlines() if line.startswith("| `") for cell in re.findall(r"`([^`]+)`", line)}

    assert wanted <= cells


def test_export_commands_of_the_manual_name_shipped_formats() -> None:
    formats = set(re.findall(r"--format (\w+)", PAGE)) - {"NAME"}

    assert formats == {file.name for file in Catalogue(Path("none")).files()} - {"generic"}
