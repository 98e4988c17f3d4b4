"""`kb evaluate`: measure answers against labelled queries."""

from __future__ import annotations

import json
from pathlib import Path

import click

from kb.access import SHELL
from kb.queries import Filter
from search.batch import run_searches, run_similar
from search.evaluation import evaluate, read_qrels, run_of
from search.lanes import LANES
from web.cli.homes import settings_in_use
from web.cli.progress import progress_bar, say
from web.cli.searching import RUN_LIMIT, chosen_lanes
from web.wiring import open_services


@click.command("evaluate")
@click.option("--task", type=click.Choice(("search", "similar")), required=True)
@click.argument("queries", type=click.Path(path_type=Path))
@click.argument("qrels", type=click.Path(path_type=Path))
@click.option("--as-of", is_flag=True, help="Answer as the system could have when each ticket was opened.")
@click.option("--json", "as_json", is_flag=True, help="Print the measures as JSON.")
@click.option("--lanes", multiple=True, type=click.Choice(LANES), help="Use only these lanes; may be repeated.")
@click.pass_obj
def evaluate_command(
    home: Path, task: str, queries: Path, qrels: Path, as_of: bool, as_json: bool, lanes: tuple[str, ...]
) -> None:
    """Answer QUERIES (JSONL) and score them against QRELS (tab-separated: query-id, corpus-id, score)."""
    if as_of and task != "similar":
        raise click.UsageError("--as-of goes with --task similar.")
    labels = read_qrels(qrels)
    with open_services(settings_in_use(home), say) as services, progress_bar("Searching") as progress:
        used = chosen_lanes(lanes)
        if task == "search":
            lines = run_searches(services.searcher(), queries, Filter(), RUN_LIMIT, SHELL, used, progress)
        else:
            lines = run_similar(services.searcher(), queries, RUN_LIMIT, SHELL, as_of, used, progress)
        scores = evaluate(run_of(lines), labels)
    named = {"queries": len(labels), **scores.named()}
    click.echo(json.dumps(named) if as_json else "\n".join(f"{name}\t{value}" for name, value in named.items()))
