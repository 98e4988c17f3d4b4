"""`kb mcp`: answer agents over the Model Context Protocol."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from kb.errors import ConfigurationError
from kb.settings import TOKEN_VARIABLE
from web.cli.homes import settings_in_use
from web.cli.progress import say
from web.wiring import open_services


@click.command("mcp")
@click.pass_obj
def mcp_command(home: Path) -> None:
    """Answer an agent on standard input and output, with the permissions of the token in KB_TOKEN.

    An MCP client starts this command. It reads this home beside a running server, or without one.
    """
    settings = settings_in_use(home)
    secret = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not secret:
        raise ConfigurationError(
            f"{TOKEN_VARIABLE} is not set; make a token with `kb token create NAME --scope read` and give it to this "
            "command in its environment"
        )
    from web.logs import start_logging
    from web.mcp.server import serve_stdio

    start_logging(settings.log_format, settings.log_level)
    if sys.stdin.isatty():
        say("This speaks the Model Context Protocol; a client starts it. Ctrl-C ends it.")
    with open_services(settings, say) as services:
        serve_stdio(services, secret)
