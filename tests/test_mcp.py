"""Agents ask over the Model Context Protocol, and see what their token may read."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp import MCPError

from kb.documents import Article
from kb.tickets import parse_upsert
from search.answers import AskedQuery, Retrieval, SimilarAnswer
from tests.agent import Agent, agent_over_pipes, agent_started_with, agent_within
from tests.command_line import COMMAND, REPOSITORY, run
from tests.homes import filled_home
from tests.said import results
from tests.serving import new_token, serving, until
from web.api.incident_schemas import Incident
from web.api.schemas import SearchBody, SimilarBody
from web.api.tokens import new_secret, secret_hash
from web.mcp.texts import LONGEST_TOLD, NOTHING, similar_text
from web.mcp.tools import TOOLS, DocumentBody
from web.shipped import shipped_folder
from web.wiring import Services


@pytest.fixture(scope="module")
def lasting_home(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    """A home with a few articles and tickets, indexed, that the tests of this file share."""
    return filled_home(tmp_path_factory.mktemp("mcp") / "home", model_home)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the standard error of the agent's server goes."""
    return tmp_path_factory.mktemp("mcp-log") / "stderr"


@pytest.fixture(scope="module")
def agent(lasting_home: Path, log: Path) -> Iterator[Agent]:
    """An agent with a token that reads, over the pipes of a process of its own, while nothing else runs."""
    with agent_over_pipes(lasting_home, new_token(lasting_home, "read"), log) as connected:
        yield connected


MANUAL = (shipped_folder("manual") / "mcp.md").read_text(encoding="utf-8")
CONFIGURATIONS = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", MANUAL, re.DOTALL)[:3]]
MANUAL_COMMAND, MANUAL_HOME = "/opt/fixlore/.venv/bin/kb", "/var/lib/fixlore"


def secret_with(services: Services, *scopes: str) -> str:
    secret = new_secret()
    services.store.create_token(secret[-8:], scopes, secret_hash(secret))
    return secret


def ids(body: dict[str, object]) -> list[str]:
    return [result["id"] for result in body["results"]]  # type: ignore[attr-defined]


def test_the_tools_say_what_they_are_for_and_that_they_only_read(agent: Agent) -> None:
    tools = agent.tools()

    assert list(tools) == ["search_knowledge", "find_similar_issues", "get_document"]
    for tool in tools.values():
        assert tool.annotations is not None
        assert (tool.annotations.read_only_hint, tool.annotations.open_world_hint) == (True, False)
        assert "Use it" in (tool.description or "")
        assert all(field["description"] for field in tool.input_schema["properties"].values())
        assert tool.input_schema["additionalProperties"] is False
    assert set(tools["search_knowledge"].input_schema["properties"]) == {"query", "types", "filters", "limit"}
    assert tools["find_similar_issues"].input_schema["required"] == ["title"]
    assert set((tools["search_knowledge"].output_schema or {})["properties"]) == set(SearchBody.model_fields)
    assert set((tools["find_similar_issues"].output_schema or {})["properties"]) == set(SimilarBody.model_fields)


def test_a_question_is_answered_with_the_fields_of_the_api_and_a_short_text(agent: Agent) -> None:
    told = agent.call("search_knowledge", query="vpn error 809", types=["article"], limit=2)

    assert SearchBody.model_validate(told.body).status == "ok"
    assert ids(told.body)[0] == "vpn/error-809"
    assert len(ids(told.body)) == 2
    assert told.body["retrieval"]["mode"] == "hybrid"  # type: ignore[index]
    assert "1. VPN connection fails with error 809" in told.text
    assert "Allow UDP ports 500 and 4500" in told.text
    assert f"response_id: {told.body['response_id']}" in told.text
    assert len(told.text) < len(json.dumps(told.body))


def test_a_ticket_is_answered_with_its_fix(agent: Agent) -> None:
    told = agent.call(
        "find_similar_issues",
        title="VPN breaks off at home",
        description="Since Monday the tunnel ends with error 809.",
        types="article",
        environment=None,
    )

    assert SimilarBody.model_validate(told.body).results[0].relationship == "same_problem"
    assert ids(told.body)[0] == "vpn/error-809"
    assert "mobile hotspot" in told.body["results"][0]["workaround"]  # type: ignore[index]
    assert "Fix:" in told.text


def test_an_article_is_read_as_markdown_with_its_front_matter_and_a_ticket_with_its_fields(agent: Agent) -> None:
    article = agent.call("get_document", id="vpn/error-809")
    ticket = agent.call("get_document", id=" desk:2 ")

    assert article.text.startswith("---\nid: vpn/error-809\ntitle: VPN connection fails")
    assert "## Root cause" in article.text
    read = DocumentBody.model_validate(article.body)
    assert read.article is not None and read.article.body in article.text
    assert read.resolution is not None and read.resolution.steps[0].startswith("Allow UDP ports")
    assert (ticket.body["type"], ticket.body["ticket"]["external_id"]) == ("ticket", "2")  # type: ignore[index]
    assert ticket.text.startswith("# Scanner shows error E-4711\n\n- id: desk:2")


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("search_knowledge", {}, "query: Field required"),
        ("search_knowledge", {"query": ""}, "query: "),
        ("search_knowledge", {"query": "vpn", "limit": 101}, "limit: "),
        ("search_knowledge", {"query": "vpn", "type": "ticket"}, "There is no argument 'type'; known are query, types"),
        ("search_knowledge", {"query": "vpn", "types": ["poem"]}, "'poem' is unknown"),
        ("search_knowledge", {"query": "vpn", "filters": {"colour": ["red"]}}, "There is no filter 'colour'"),
        ("search_knowledge", {"query": "vpn", "filters": {"after": ["soon"]}}, "'soon' is no time"),
        ("find_similar_issues", {"description": "x"}, "title: Field required"),
        ("find_similar_issues", {"title": "x", "components": [["y"]]}, "components.0: "),
        ("get_document", {"id": "no/such"}, "There is no document 'no/such'"),
        ("get_document", {"ids": "vpn/error-809"}, "There is no argument 'ids'; known are id"),
    ],
)
def test_a_wrong_call_is_told_in_one_sentence_and_the_next_one_answers(
    agent: Agent, tool: str, arguments: dict[str, object], told: str
) -> None:
    answer = agent.call(tool, **arguments)

    assert answer.is_error
    assert told in answer.text
    assert "\n" not in answer.text
    assert not agent.call("get_document", id="vpn/error-809").is_error


def test_a_tool_that_does_not_exist_is_an_error_of_the_protocol(agent: Agent) -> None:
    with pytest.raises(MCPError, match="known are search_knowledge, find_similar_issues, get_document"):
        agent.call("delete_everything")


def test_clients_of_the_handshake_before_are_answered_too(lasting_home: Path, log: Path) -> None:
    with agent_over_pipes(lasting_home, new_token(lasting_home, "admin"), log, mode="legacy") as older:
        assert len(older.tools()) == 3
        assert ids(older.call("search_knowledge", query="error 809").body)[0] == "vpn/error-809"


def test_what_is_indexed_meanwhile_is_found_and_a_token_that_is_revoked_ends_the_session(
    lasting_home: Path, log: Path, tmp_path: Path
) -> None:
    made = run("--home", lasting_home, "token", "create", "assistant", "--scope", "read")
    tickets = tmp_path / "more.jsonl"
    tickets.write_text('{"source":"desk","external_id":"77","title":"Zwiebelturm projector flickers"}\n')
    with agent_over_pipes(lasting_home, made.out.strip(), log) as connected:
        before = connected.call("search_knowledge", query="zwiebelturm", types=["ticket"])
        imported = run("--home", lasting_home, "import", "tickets", tickets)
        after = connected.call("search_knowledge", query="zwiebelturm", types=["ticket"])
        run("--home", lasting_home, "token", "revoke", "assistant")
        refused = [connected.call(tool, query="x") for tool in connected.tools()]

    assert "desk:77" not in ids(before.body)
    assert imported.code == 0, imported  # the agent's process holds no lock
    assert ids(after.body)[0] == "desk:77"
    assert all(answer.is_error and "KB_TOKEN is unknown, expired or revoked" in answer.text for answer in refused)


def test_an_agent_works_beside_a_running_server_and_its_answers_take_feedback(
    lasting_home: Path, log: Path, tmp_path: Path
) -> None:
    secret = new_token(lasting_home, "read", "tickets:write", "feedback")
    with serving(lasting_home, tmp_path / "server") as server, agent_over_pipes(lasting_home, secret, log) as connected:
        server.put_ticket(secret, 909, title="Quittenbaum gateway rejects certificates")
        until(lambda: "mail:909" in ids(connected.call("search_knowledge", query="quittenbaum gateway").body))
        answer = connected.call("find_similar_issues", title="Quittenbaum gateway rejects certificates")
        word = {"response_id": answer.body["response_id"], "result_id": "mail:909", "action": "helpful"}
        until(lambda: server.ask("/api/v1/feedback", secret, method="POST", body=word).status == 200)
        again = server.ask("/api/v1/feedback", secret, method="POST", body=word)

    assert again.body == {"recorded": False}


def test_standard_output_carries_nothing_but_the_protocol(lasting_home: Path) -> None:
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    }
    messages = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": {"name": "search_knowledge", "arguments": {"query": "vpn"}}},
        {"id": 4, "method": "tools/call", "params": {"name": "get_document", "arguments": {"id": "nothing"}}},
    ]
    process = subprocess.Popen(
        [*COMMAND, "--home", str(lasting_home), "mcp"],
        cwd=REPOSITORY,
        env={"KB_TOKEN": new_token(lasting_home, "read"), "PYTHONWARNINGS": "default"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    told = []
    try:
        for message in messages:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()
            if "id" in message:
                told.append(json.loads(process.stdout.readline()))
        rest, errors = process.communicate(timeout=60)  # closes standard input, which ends the session
    finally:
        process.kill()
        process.wait()

    assert [(one["jsonrpc"], one["id"]) for one in told] == [("2.0", number) for number in (1, 2, 3, 4)]
    assert told[0]["result"]["instructions"].startswith("Fixlore holds what a support organisation knows")
    assert told[3]["result"]["isError"] is True
    assert rest == ""
    assert process.returncode == 0, errors
    assert errors.count("INFO tool call") == 2
    assert "Warning" not in errors


@pytest.mark.parametrize(("secret", "told"), [("", "KB_TOKEN is not set"), (" ", "kb token create NAME --scope read")])
def test_without_a_token_it_does_not_start(lasting_home: Path, secret: str, told: str) -> None:
    ran = run("--home", lasting_home, "mcp", environment={"KB_TOKEN": secret})

    assert (ran.code, ran.out, len(ran.error_lines)) == (1, "", 1)
    assert told in ran.err


def test_without_a_store_it_does_not_start(home: Path) -> None:
    ran = run("--home", home, "mcp", environment={"KB_TOKEN": "kb_x"})

    assert (ran.code, len(ran.error_lines)) == (1, 1)
    assert "holds no store" in ran.err


@pytest.mark.parametrize(
    ("scopes", "readable"),
    [(("read",), set()), (("read", "articles:write"), {"mail/draft"}), (("admin",), {"mail/draft", "mail/secret"})],
)
def test_an_agent_sees_what_its_token_may_read_and_nothing_else(
    services: Services, scopes: tuple[str, ...], readable: set[str]
) -> None:
    services.store.put_articles([Article(id="about", title="About", body="", related=("mail/secret",))], "tests")
    with agent_within(services, secret_with(services, *scopes)) as agent:
        found = agent.call("search_knowledge", query="mailbox audit quota", limit=20)
        similar = agent.call("find_similar_issues", title="mailbox audit quota", types=["article"], limit=20)
        hidden = {one: agent.call("get_document", id=one) for one in ("mail/draft", "mail/secret")}
        related = agent.call("get_document", id="about").text

    for one in ("mail/draft", "mail/secret"):
        assert (one in ids(found.body)) == (one in readable)
        assert (one in ids(similar.body)) == (one in readable)
        assert (one in found.text) == (one in readable)
        assert hidden[one].is_error == (one not in readable)
        if one not in readable:
            assert hidden[one].text == f"There is no document {one!r}. Take ids from results of the other tools."
    assert ("mail/secret" in related) == ("mail/secret" in readable)
    if "mail/draft" in readable:
        draft = next(part for part in found.text.split("\n\n") if "mail/draft" in part)
        assert ", draft, " in draft or "(draft, " in draft


@pytest.mark.parametrize("scopes", [("feedback",), ("tickets:write", "articles:write")])
def test_a_token_without_the_scope_read_reads_nothing(services: Services, scopes: tuple[str, ...]) -> None:
    with agent_within(services, secret_with(services, *scopes)) as agent:
        answers = [agent.call(kind.name, query="vpn", title="vpn", id="vpn/error-809") for kind in TOOLS]

    assert all(answer.is_error and "lacks the scope 'read'" in answer.text for answer in answers)


def test_an_answer_is_logged_under_the_name_of_its_token(services: Services) -> None:
    with agent_within(services, secret_with(services, "read")) as agent:
        told = agent.call("search_knowledge", query="vpn error 809")
    services.responses.flush()

    assert results(services.store, str(told.body["response_id"])) == ids(told.body)


def test_a_former_id_leads_to_its_article(services: Services) -> None:
    services.store.add_alias("vpn/old name", "vpn/error-809")
    services.store.add_alias("vpn/old%20name", "vpn/error-809")
    with agent_within(services, secret_with(services, "read")) as agent:
        assert agent.call("get_document", id="vpn/old name").body["id"] == "vpn/error-809"


def test_a_text_that_would_fill_an_agents_memory_is_cut_and_said_to_be(services: Services) -> None:
    long = {"source": "jira", "external_id": "1", "title": "Long log", "description": "x" * (LONGEST_TOLD + 1)}
    services.store.upsert_tickets([parse_upsert({**long, "resolution": "1. Restart.", "status": "closed"})])
    with agent_within(services, secret_with(services, "read")) as agent:
        told = agent.call("get_document", id="jira:1")
        whole = agent.call("get_document", id="vpn/error-809")

    assert (told.body["truncated"], whole.body["truncated"]) == (True, False)
    assert len(told.text) < LONGEST_TOLD + 500
    assert "## Resolution\n\n1. Restart." in told.text
    assert told.body["resolution"]["steps"] == ["Restart."]  # type: ignore[index]


def test_an_agent_is_told_when_nothing_is_known(services: Services) -> None:
    with agent_within(services, secret_with(services, "read")) as agent:
        told = agent.call("search_knowledge", query="zzyzx", filters={"service": "nothing-has-this"})

    assert told.body["results"] == []
    assert NOTHING in told.text


def test_a_failure_nobody_foresaw_tells_the_agent_nothing_of_itself(
    services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*given: object) -> None:
        raise RuntimeError("a secret of the machine")

    secret = secret_with(services, "read")
    monkeypatch.setattr(services.store, "documents", broken)
    with agent_within(services, secret) as agent:
        told = agent.call("get_document", id="vpn/error-809")

    assert told.is_error
    assert "secret of the machine" not in told.text
    assert "secret of the machine" in caplog.text


@pytest.mark.parametrize("configuration", CONFIGURATIONS[:2], ids=["mcpServers", "servers"])
def test_a_client_configured_as_in_the_manual_is_answered(
    configuration: dict[str, dict[str, dict[str, dict[str, str]]]], lasting_home: Path, log: Path
) -> None:
    server = (configuration.get("mcpServers") or configuration["servers"])["fixlore"]
    assert server["command"] == MANUAL_COMMAND
    arguments = [str(lasting_home) if part == MANUAL_HOME else part for part in server["args"]]
    environment = dict.fromkeys(server["env"], new_token(lasting_home, "read"))

    with agent_started_with([*COMMAND, *arguments], environment, log) as connected:
        assert len(connected.tools()) == 3


def test_a_client_configured_over_ssh_as_in_the_manual_is_answered(
    lasting_home: Path, log: Path, tmp_path: Path
) -> None:
    server = CONFIGURATIONS[2]["mcpServers"]["fixlore"]
    assert (server["command"], server["args"][0]) == ("ssh", "kb.example.org")
    (tmp_path / ".fixlore-token").write_text(f"{new_token(lasting_home, 'read')}\n")
    line = server["args"][1].replace(MANUAL_COMMAND, shlex.join(COMMAND)).replace(MANUAL_HOME, str(lasting_home))

    with agent_started_with(["sh", "-c", line], {"HOME": str(tmp_path)}, log) as connected:
        assert not connected.call("get_document", id="desk:1").is_error


def test_the_manual_names_every_tool_with_its_arguments() -> None:
    for kind in TOOLS:
        row = next(line for line in MANUAL.splitlines() if line.startswith(f"| `{kind.name}` |"))
        assert re.findall(r"`(\w+)`", row.split("|")[2]) == list(kind.takes.model_fields)
    assert f"{LONGEST_TOLD:,} characters" in MANUAL


def test_the_text_of_an_answer_tells_of_an_incident_and_names_its_last_tickets() -> None:
    tickets = [f"desk:{number}" for number in range(1, 31)]
    asked = {"language": "en", "identifiers": [], "truncated": False}
    how = {"mode": "hybrid", "degraded": ["semantic"], "model": None, "calibrated": False, "took_ms": 1}
    incident = {"candidate": True, "size": 30, "window_minutes": 240, "tickets": tickets}
    body = SimilarBody.model_construct(response_id="r", incident=Incident.model_construct(**incident))  # type: ignore[arg-type]
    answer = SimilarAnswer(
        status="degraded", retrieval=Retrieval(**how), query=AskedQuery(**asked), results=()  # type: ignore[arg-type]
    )  # fmt: skip
    text = similar_text(answer, body)

    assert "30 similar open tickets within 240 minutes (desk:21, desk:22," in text
    assert "Part of the search is down: semantic. The rest answered." in text
    assert text.endswith("response_id: r")
    assert "An incident may be under way: 30" in text
    incident["state"] = "confirmed"
    confirmed = SimilarBody.model_construct(response_id="r", incident=Incident.model_construct(**incident))  # type: ignore[arg-type]
    text = similar_text(answer, confirmed)
    assert "A confirmed incident is under way: 30 similar open tickets (desk:21, desk:22," in text
    assert "may be under way" not in text
