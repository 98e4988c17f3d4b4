"""`kb doctor`: check every part of an installation on its own, and say what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from kb.documents import JSON
from kb.errors import FixloreError
from web.cli.content_checks import check_contents
from web.cli.findings import Finding, found
from web.cli.place_checks import check_home, check_leftovers, check_settings, check_versions, usable_settings
from web.cli.progress import say

_WIDTH = 13
"""Of the longest name."""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one object for programs.")
@click.pass_context
def doctor_command(ctx: click.Context, as_json: bool) -> None:
    """Check every part of the installation and say what to do. Exit 0 when all is well, else 1."""
    home: Path = ctx.obj
    findings: list[Finding] = []
    for finding in _findings(home):
        findings.append(finding)
        if not as_json:
            click.echo(finding.line(_WIDTH), err=finding.is_well is False)
    wrong = list(dict.fromkeys(one.name for one in findings if one.is_well is False))
    if as_json:
        body: dict[str, JSON] = {"ok": not wrong, "home": str(home), "checks": [one.as_json() for one in findings]}
        click.echo(json.dumps(body, ensure_ascii=False, indent=2))
        if wrong:
            say(f"kb: not all is well: {', '.join(wrong)}")
    else:
        click.echo("Not all is well: see the lines that begin with !!." if wrong else "All is well.")
    ctx.exit(1 if wrong else 0)


def _findings(home: Path) -> Iterator[Finding]:
    """Check from the outside in; each part is checked whatever the others are like."""
    settings = usable_settings(home)
    yield from found("home", lambda: check_home(settings))
    yield from found("settings", lambda: check_settings(home))
    try:
        holds_store = settings.store_path.is_file()
    except (OSError, FixloreError):
        holds_store = False
    if holds_store:
        yield from check_contents(settings)
    yield from found("leftovers", lambda: check_leftovers(settings))
    yield from found("versions", check_versions)
