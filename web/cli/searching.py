"""`kb search`: one question, or a file of them."""

from __future__ import annotations

from pathlib import Path

import click

from kb.access import SHELL
from kb.errors import InvalidInput
from search.answers import SearchAnswer
from search.batch import run_searches
from search.lanes import LANES, Lane
from search.searcher import SearchRequest
from web.bodies import FACETS, filter_of, logged, search_body
from web.cli.homes import settings_in_use
from web.cli.printing import tell_limits, write_lines, written_results
from web.cli.progress import progress_bar, say
from web.wiring import open_services

RUN_LIMIT = 100
"""Lines of a run for each query unless limited."""


@click.command("search")
@click.argument("text", required=False)
@click.option("--type", "types", multiple=True, help="A type, or 'article' for every kind; may be repeated.")
@click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="May be repeated.")
@click.option("--limit", type=click.IntRange(1, 1000), help="Results; 10 unless given, 100 in a batch.")
@click.option("--json", "as_json", is_flag=True, help="Print the body that the endpoint answers.")
@click.option("--queries", type=click.Path(path_type=Path), help="Batch: JSONL of id, text, title.")
@click.option("--run", "run_file", type=click.Path(path_type=Path), help="Batch: where the TREC run goes.")
@click.option("--lanes", multiple=True, type=click.Choice(LANES), help="Use only these lanes; may be repeated.")
@click.pass_obj
def search_command(
    home: Path,
    text: str | None,
    types: tuple[str, ...],
    filters: tuple[str, ...],
    limit: int | None,
    as_json: bool,
    queries: Path | None,
    run_file: Path | None,
    lanes: tuple[str, ...],
) -> None:
    """Search articles and tickets for TEXT, in words, codes and our query syntax."""
    if (queries is None) != (run_file is None) or (text is None) == (queries is None):
        raise click.UsageError("Give TEXT, or both --queries and --run.")
    settings = settings_in_use(home)
    where = filter_of(filters_from(filters, types))
    with open_services(settings, say) as services:
        if queries is not None and run_file is not None:
            with progress_bar("Searching") as progress:
                lines = run_searches(
                    services.searcher(), queries, where, limit or RUN_LIMIT, SHELL, chosen_lanes(lanes), progress
                )
                write_lines(run_file, lines)
            return
        request = SearchRequest(
            text=text or "", filter=where, limit=limit or 10, viewer=SHELL, facets=FACETS, lanes=chosen_lanes(lanes)
        )
        answer = services.searcher().search(request)
        if as_json:
            response_id = logged(services, [result.id for result in answer.results], by=SHELL.name)
            click.echo(search_body(answer, response_id, settings.base_url).model_dump_json(indent=2))
        else:
            _show(answer)


def chosen_lanes(names: tuple[str, ...]) -> tuple[Lane, ...]:
    """Return the lanes of these names, all of them when none is named."""
    return tuple(lane for lane in LANES if lane in names) or LANES


def filters_from(pairs: tuple[str, ...], types: tuple[str, ...]) -> dict[str, list[str]]:
    """Return field → values of `FIELD=VALUE` options. Raises InvalidInput for one without `=`."""
    values: dict[str, list[str]] = {"type": list(types)} if types else {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not value:
            raise InvalidInput(f"--filter {pair!r} must be FIELD=VALUE, such as service=vpn", field="filter")
        values.setdefault(name.strip(), []).append(value.strip())
    return values


def _show(answer: SearchAnswer) -> None:
    tell_limits(answer)
    if not answer.results:
        click.echo("Nothing found by the parts that answer." if answer.retrieval.degraded else "Nothing found.")
        return
    click.echo(f"{answer.total} {'document' if answer.total == 1 else 'documents'} in {answer.retrieval.took_ms} ms\n")
    click.echo(written_results(answer.results))
