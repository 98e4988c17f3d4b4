"""`kb report`: how knowledge is used."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from kb.access import SHELL
from search.reuse import UseReport, use_report
from web.cli.homes import settings_in_use
from web.periods import SINCE, since_of
from web.wiring import opened_store


@click.command("report")
@click.option("--since", default=SINCE, show_default=True, metavar="WHEN", help="Days (30d), or a day or time.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def report_command(home: Path, since: str, as_json: bool) -> None:
    """Tell the link rate of resolved tickets, and which documents were reused most for them."""
    now = datetime.now(UTC)
    beginning = since_of(since, now)
    with opened_store(settings_in_use(home)) as store:
        report = use_report(store, SHELL, beginning, now)
    if as_json:
        from web.api.report import report_body

        click.echo(report_body(report).model_dump_json())
        return
    click.echo("\n".join(_lines(report)))


def _lines(report: UseReport) -> list[str]:
    if report.link_rate is None:
        return [f"No ticket was resolved since {report.since:%Y-%m-%d}."]
    lines = [
        f"Link rate since {report.since:%Y-%m-%d}: {report.link_rate:.0%}.",
        f"{report.linked} of {report.resolved} resolved tickets are linked with an article or past ticket, "
        f"{report.linked_to_article} with an article.",
    ]
    if report.reused:
        lines += ["", "Reused most:", *(f"{one.reuse:6}  {one.id}  {one.title}" for one in report.reused)]
    return lines
