"""`kb similar`: similar past issues for one ticket, or for a file of them."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

import click

from kb.access import SHELL
from kb.errors import InvalidInput, NotFound
from kb.queries import Filter
from kb.ticket_files import parse_json_line
from search.batch import run_similar
from search.lanes import LANES
from search.similar import SimilarRequest
from web.asked_ticket import asked_ticket
from web.bodies import INCLUDED, logged, similar_body
from web.cli.homes import settings_in_use
from web.cli.incidents import STATE_WORDS
from web.cli.printing import tell_limits, write_lines, written_results, written_suggestions
from web.cli.progress import progress_bar, say
from web.cli.searching import RUN_LIMIT, chosen_lanes
from web.wiring import open_services


@click.command("similar")
@click.argument("file", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), help="Results; 5 unless given, 100 in a batch.")
@click.option("--json", "as_json", is_flag=True, help="Print the body that the endpoint answers.")
@click.option("--queries", type=click.Path(path_type=Path), help="Batch: JSONL of tickets, each with an id.")
@click.option("--run", "run_file", type=click.Path(path_type=Path), help="Batch: where the TREC run goes.")
@click.option("--as-of", is_flag=True, help="Batch: answer as the system could have when each ticket was opened.")
@click.option("--lanes", multiple=True, type=click.Choice(LANES), help="Use only these lanes; may be repeated.")
@click.pass_obj
def similar_command(
    home: Path,
    file: str | None,
    limit: int | None,
    as_json: bool,
    queries: Path | None,
    run_file: Path | None,
    as_of: bool,
    lanes: tuple[str, ...],
) -> None:
    """Find similar past issues for the ticket in FILE, one JSON object; `-` is standard input."""
    if (queries is None) != (run_file is None) or (file is None) == (queries is None) or (as_of and queries is None):
        raise click.UsageError("Give FILE, or both --queries and --run; --as-of goes with a batch.")
    settings = settings_in_use(home)
    with open_services(settings, say) as services:
        if queries is not None and run_file is not None:
            with progress_bar("Searching") as progress:
                lines = run_similar(
                    services.searcher(), queries, limit or RUN_LIMIT, SHELL, as_of, chosen_lanes(lanes), progress
                )
                write_lines(run_file, lines)
            return
        ticket = asked_ticket(parse_json_line(_read(file or "-").removeprefix(codecs.BOM_UTF8)))
        answer = services.searcher().similar(
            SimilarRequest(ticket=ticket, filter=Filter(), limit=limit or 5, viewer=SHELL, lanes=chosen_lanes(lanes))
        )
        if as_json:
            response_id = logged(services, [result.id for result in answer.results], by=SHELL.name, ticket=ticket.id)
            click.echo(similar_body(answer, response_id, settings.base_url, INCLUDED).model_dump_json(indent=2))
            return
        tell_limits(answer)
        if answer.incident is not None and answer.incident.candidate:
            click.echo(
                f"{STATE_WORDS[answer.incident.state or 'candidate'].capitalize()}: {answer.incident.explanation}\n"
            )
        if routing := written_suggestions(answer):
            click.echo(f"{routing}\n")
        if answer.results:
            click.echo(written_results(answer.results))
        elif answer.status != "degraded":
            click.echo("Nothing similar is known.")


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    path = Path(name)
    if not path.is_file():
        raise NotFound(f"file {name} does not exist; check the path")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{name} cannot be read: {error.strerror}") from error
