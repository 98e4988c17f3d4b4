"""`kb incidents`: the bursts of similar open tickets that are under way."""

from __future__ import annotations

from pathlib import Path

import click

from kb.access import SHELL
from search.answers import Incident
from web.bodies import incident_list
from web.cli.homes import settings_in_use
from web.cli.progress import say
from web.wiring import open_services

STATE_WORDS = {"candidate": "possible incident", "confirmed": "confirmed incident", "dismissed": "dismissed"}


@click.command("incidents")
@click.option("--json", "as_json", is_flag=True, help="Print the body that the endpoint answers.")
@click.pass_obj
def incidents_command(home: Path, as_json: bool) -> None:
    """List bursts of similar open tickets: what they are about, since when, which tickets."""
    settings = settings_in_use(home)
    with open_services(settings, say) as services:
        found = services.incidents.current(SHELL)
        if as_json:
            click.echo(incident_list(services, found).model_dump_json(indent=2))
        elif found:
            click.echo("\n\n".join(_written(one) for one in found))
        else:
            click.echo("No burst of similar tickets is under way.")


def _written(incident: Incident) -> str:
    lines = [
        f"{incident.title}  ({STATE_WORDS[incident.state or 'candidate']})",
        f"   {incident.explanation}",
        f"   {', '.join(incident.tickets)}",
    ]
    if incident.decided_by and incident.decided_at:
        told = "Dismissed earlier" if incident.grown else (incident.state or "").capitalize()
        lines.append(f"   {told} by {incident.decided_by}, {incident.decided_at:%Y-%m-%d %H:%M} UTC.")
    return "\n".join(lines)
