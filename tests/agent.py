"""Talk to Fixlore as an agent does: with the SDK's own client, over the pipes of `kb mcp` or in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, StdioServerParameters, Tool, stdio_client

from tests.command_line import COMMAND, REPOSITORY
from web.mcp.server import mcp_server
from web.wiring import Services


@dataclass(frozen=True)
class Told:
    """What a tool answered."""

    text: str
    body: dict[str, object]
    is_error: bool


@dataclass(frozen=True)
class Agent:
    """A client that is connected."""

    portal: BlockingPortal
    client: Client

    def tools(self) -> dict[str, Tool]:
        """Return name → description of every tool."""
        return {tool.name: tool for tool in self.portal.call(self.client.list_tools).tools}

    def call(self, tool: str, **arguments: object) -> Told:
        """Call a tool. The client itself checks the answer against the tool's output schema."""
        answer = self.portal.call(self.client.call_tool, tool, arguments)
        (content,) = answer.content
        assert content.type == "text"
        return Told(content.text, answer.structured_content or {}, answer.is_error)


@contextmanager
def agent_over_pipes(home: Path, secret: str, log: Path, *, mode: str = "auto") -> Iterator[Agent]:
    """Start `kb mcp` on a home, connect to it, and end it. Its standard error goes to `log`."""
    started = [*COMMAND, "--home", str(home), "mcp"]
    with agent_started_with(started, {"KB_TOKEN": secret, "PYTHONWARNINGS": "default"}, log, mode=mode) as agent:
        yield agent


@contextmanager
def agent_started_with(
    command: Sequence[str], environment: Mapping[str, str], log: Path, *, mode: str = "auto"
) -> Iterator[Agent]:
    """Start a server as a client does from its configuration, connect to it, and end it."""
    first, *arguments = command
    started = StdioServerParameters(command=first, args=arguments, env=dict(environment), cwd=REPOSITORY)
    with log.open("a", encoding="utf-8") as errors, start_blocking_portal() as portal:
        client = Client(stdio_client(started, errlog=errors), mode=mode)
        with portal.wrap_async_context_manager(client) as connected:
            yield Agent(portal, connected)


@contextmanager
def agent_within(services: Services, secret: str) -> Iterator[Agent]:
    """Connect to an installation that is open in this process."""
    client = Client(mcp_server(services, secret))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(client) as connected:
        yield Agent(portal, connected)
