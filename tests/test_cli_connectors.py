"""`kb connector` and imports by a mapping, as an administrator uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb.store.open_store import open_store
from tests.command_line import Ran, home_with_model, run
from tests.conftest import SAMPLES

BODIES = SAMPLES / "connectors"


def kb(home: Path, *arguments: str | Path, stdin: bytes = b"", environment: dict[str, str] | None = None) -> Ran:
    return run("--home", home, "connector", *arguments, stdin=stdin, environment=environment)


def own(home: Path, name: str, text: str) -> None:
    (home / "connectors").mkdir(parents=True, exist_ok=True)
    (home / "connectors" / f"{name}.toml").write_text(text)


def secret_of(home: Path, name: str) -> str | None:
    store = open_store(home / "fixlore.db")
    try:
        return store.connector_secret(name)
    finally:
        store.close()


def test_connectors_are_listed_without_a_store_and_without_making_one(home: Path) -> None:
    listed = kb(home, "list")

    assert (listed.code, listed.err) == (0, "")
    assert [line.split("\t")[:3] for line in listed.out.splitlines()] == [
        [name, "off", "never"] for name in ("generic", "github", "jira", "servicenow", "zammad", "zendesk")
    ]
    assert not home.exists()


def test_list_tells_what_is_own_on_faulty_and_gone_and_no_secret(home: Path) -> None:
    own(home, "desk", 'based_on = "zammad"\ndescription = "Our desk"\n')
    own(home, "faulty", "x =")
    secret = kb(home, "enable", "desk").out.strip()
    own(home, "later", 'based_on = "zammad"\n')
    assert kb(home, "enable", "later").code == 0
    (home / "connectors" / "later.toml").unlink()
    listed = kb(home, "list")
    lines = {line.split("\t")[0]: line.split("\t")[1:] for line in listed.out.splitlines()}

    assert lines["desk"] == ["on", "never", "", "Our desk (own)"]
    assert lines["faulty"][3].startswith(f"unusable: {home / 'connectors' / 'faulty.toml'} is no valid TOML")
    assert lines["later"] == ["on", "never", "", "unusable: its mapping is gone"]
    assert secret not in listed.out


def test_enable_prints_a_secret_once_and_where_to_enter_it(home: Path) -> None:
    enabled = kb(home, "enable", "github", environment={"KB_BASE_URL": "https://kb.example.org/"})
    secret = enabled.out.strip()

    assert (enabled.code, len(secret) >= 40, enabled.out.count("\n")) == (0, True, 1)
    assert "https://kb.example.org/api/v1/webhooks/github" in enabled.err
    assert secret_of(home, "github") == secret
    another = kb(home, "enable", "github").out.strip()
    assert another != secret == secret
    assert secret_of(home, "github") == another
    assert (kb(home, "disable", "github").out, secret_of(home, "github")) == ("github is off.\n", None)
    assert kb(home, "disable", "github").code == 1


def test_enable_takes_a_given_secret_and_prints_none(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a secret of the system\n")
    by_file = kb(home, "enable", "zendesk", "--secret-file", file)
    by_input = kb(home, "enable", "jira", "--secret-file", "-", stdin=b"another secret of it\r\n")
    by_variable = kb(home, "enable", "zammad", "--secret-env", "DESK", environment={"DESK": "a third secret of it"})

    assert [(ran.code, ran.out) for ran in (by_file, by_input, by_variable)] == [(0, "")] * 3
    secrets = [secret_of(home, name) for name in ("zendesk", "jira", "zammad")]
    assert secrets == ["a secret of the system", "another secret of it", "a third secret of it"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("enable", "nothing"), 1, "known are generic, github, jira"),
        (("enable", "jira", "--secret-env", "NOT_SET"), 1, "the environment variable NOT_SET holds no secret of 16"),
        (("enable", "jira", "--secret-file", "/none"), 1, "/none does not exist"),
        (("enable", "jira", "--secret-file", "-"), 1, "standard input holds no secret"),
        (("enable", "jira", "--secret-file", "-", "--secret-env", "X"), 2, "not both"),
        (("enable", "mute"), 1, "the mapping mute has no [webhook]"),
        (("show", "nothing"), 1, "there is no mapping 'nothing'"),
        (("check", "jira", "/none"), 1, "does not exist"),
    ],
)
def test_wrong_use_is_told_in_one_line(home: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    own(home, "mute", '[ticket]\nexternal_id = "id"\n')
    ran = kb(home, *arguments)

    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err


def test_show_prints_a_mapping_that_can_be_copied_and_changed(home: Path) -> None:
    shown = kb(home, "show", "jira")
    own(home, "copy", shown.out.replace("fields.assignee", "x"))

    assert shown.code == 0
    assert kb(home, "check", "copy", BODIES / "jira-updated.json").out == (
        kb(home, "check", "jira", BODIES / "jira-updated.json").out
    )
    own(home, "faulty", "[fields]\n")
    faulty = kb(home, "show", "faulty")
    assert (faulty.code, faulty.out) == (1, "[fields]\n")
    assert "ticket.external_id is missing" in faulty.err


def test_check_prints_tickets_and_what_is_missing_and_stores_nothing(home: Path) -> None:
    ran = kb(home, "check", "zammad", BODIES / "zammad-closed.json")
    ticket = json.loads(ran.out)

    assert (ran.code, ticket["source"], ticket["external_id"]) == (0, "zammad", "10081")
    assert "language" not in ticket
    assert "1: clears resolution_code" in ran.err
    assert "in no ticket: description, tags" in ran.err
    assert ran.err.splitlines()[-1] == "1 tickets"
    assert not home.exists()


def test_check_tells_deleted_ignored_untitled_and_refused_tickets(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    lines = [{"external_id": 1, "deleted": True}, {"external_id": 2, "status": "open"}, {"title": "no id"}]
    file.write_text("\n".join(json.dumps(line) for line in lines))
    ran = kb(home, "check", "generic", file)

    assert ran.code == 1
    assert json.loads(ran.out.splitlines()[0]) == {"deleted": "generic:1"}
    assert '"title"' not in ran.out
    assert "2: generic:2 has no title" in ran.err
    assert "mixed.jsonl:3: the mapping generic finds no external_id" in ran.err
    assert ran.err.splitlines()[-1] == "1 tickets, 1 deleted, 1 refused"
    assert kb(home, "check", "github", BODIES / "github-ping.json").err == "1 ignored\n"


def test_import_takes_the_export_of_a_known_system_and_an_own_one(home: Path, model_home: Path) -> None:
    home = home_with_model(home, model_home)
    own(home, "desk", 'based_on = "zammad"\nsource = "desk"\n')

    def take(name: str, *options: str) -> Ran:
        return run("--home", home, "import", "tickets", BODIES / name, *options)

    jira = take("jira-export.csv", "--format", "jira")
    again = take("jira-export.csv", "--format", "jira")
    desk = take("zammad-export.json", "--format", "desk")
    partly = take("jira-search.json", "--format", "jira", "--source", "jira-old")
    unknown = take("jira-search.json", "--format", "nothing")

    assert (jira.code, jira.out.splitlines()[0]) == (0, "2 created")
    assert (again.code, again.out.splitlines()[0]) == (0, "2 unchanged")
    assert (desk.code, desk.out.splitlines()[0]) == (0, "2 created")
    assert (partly.code, partly.out.splitlines()[0]) == (1, "1 created, 1 refused")
    assert "jira-search.json:2: jira-old:NET-2 has no title" in partly.err
    assert (unknown.code, "or use jsonl, csv" in unknown.err) == (2, True)
    found = run("--home", home, "search", "Drucker Warteschlange", "--json")
    assert "desk:10082" in found.out
