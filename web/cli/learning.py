"""`kb learn`: learn ranking from linked tickets, say what came of it, and go back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from kb.documents import JSON
from kb.errors import FixloreError
from kb.protocols.store import Store
from web.cli.homes import settings_in_use
from web.cli.progress import progress_bar, say
from web.learned import Active, Record, StoredRanker, now_utc
from web.wiring import Services, open_services


@click.command("learn")
@click.option("--dry-run", is_flag=True, help="Compare, but adopt nothing and write nothing down.")
@click.option("--show", is_flag=True, help="Print the active ranker and its weights.")
@click.option("--history", is_flag=True, help="Print what was learned, adopted and undone.")
@click.option("--undo", is_flag=True, help="Return to the ranker before the active one.")
@click.option("--reset", is_flag=True, help="Return to the shipped ranker and drop the learned ones.")
@click.option("--json", "as_json", is_flag=True, help="Print one object for programs.")
@click.pass_obj
def learn_command(home: Path, dry_run: bool, show: bool, history: bool, undo: bool, reset: bool, as_json: bool) -> None:
    """Learn ranking from the links of tickets, and adopt what wins on later ones.

    Links duplicate_of and resolved_by teach, and feedback that says so. What was only opened or copied does not.
    """
    if sum((dry_run, show, history, undo, reset)) > 1:
        raise click.UsageError("--dry-run, --show, --history, --undo and --reset exclude each other.")
    with open_services(settings_in_use(home), say) as services:
        rankers = services.rankers
        if show:
            _print_active(rankers.active(), as_json)
        elif history:
            _print_history(rankers, as_json)
        else:
            if undo or reset:
                record = rankers.undo(now_utc()) if undo else rankers.reset(now_utc())
            else:
                record = learned(services, dry_run=dry_run)
            click.echo(json.dumps(record.as_json(), ensure_ascii=False) if as_json else record.text)


def learned(services: Services, *, dry_run: bool) -> Record:
    """Learn, adopt what wins unless it is a dry run, and return what was done."""
    from search.learning.collecting import collected
    from search.learning.examples import examples_of
    from search.learning.learn import FEWEST, MOST, learn, starting_adapter
    from search.ranker import shipped_ranker

    rankers, vectors = services.rankers, services.indexes.vectors
    active = rankers.active().ranker
    examples = examples_of(services.store)
    if len(examples) > MOST:
        say(f"Of {len(examples)} linked tickets the newest {MOST} are looked at.")
        examples = examples[-MOST:]
    questions = []
    adapter = None
    if len(examples) >= FEWEST:
        with progress_bar("Asking") as progress:
            questions = collected(services.searcher(), vectors, examples, progress)
        try:
            adapter = starting_adapter(vectors, services.store.all_ids, _documents(services.store))
        except FixloreError as error:
            say(f"Only weights are learned, because the vectors cannot be read: {error}")
    with progress_bar("Learning") as progress:
        told = learn(active, shipped_ranker(), questions, adapter, rankers.next_name(), progress)
    if not questions:
        told = replace(told, questions=len(examples))
    count = told.questions
    text = told.reason
    if told.ranker is not None:
        then = "would be adopted" if dry_run else "is adopted; searches use it from now on"
        record = Record(
            now_utc(),
            "adopted",
            told.ranker.name,
            f"{text} {told.ranker.name} {then}.",
            count,
            told.kind,
            told.comparison,
        )
        if not dry_run:
            rankers.adopt(told.ranker, active.name, record)
        return record
    text = f"{text} {active.name} stays."
    record = Record(now_utc(), "kept", active.name, text, count, told.kind, told.comparison)
    if not dry_run:
        rankers.note(record)
    return record


def _documents(store: Store) -> int:
    return sum(store.counts().values())


def _print_active(active: Active, as_json: bool) -> None:
    ranker = active.ranker
    since = active.since.isoformat() if active.since else None
    told: dict[str, JSON] = {
        "name": ranker.name,
        "source": ranker.source,
        "since": since,
        "adapter": ranker.adapter is not None,
        "weights": {"search": dict(ranker.search.weights), "similar": dict(ranker.similar.weights)},
        "problem": active.problem or None,
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{ranker.name}, {ranker.source}{f', since {since}' if since else ''}")
    if active.problem:
        click.echo(f"It stands in, because {active.problem}.")
    for task, weights in (("search", ranker.search.weights), ("similar", ranker.similar.weights)):
        listed = sorted(weights.items(), key=lambda one: (-one[1], one[0]))
        click.echo(f"{task}: " + ", ".join(f"{name} {weight:.3f}" for name, weight in listed))


def _print_history(rankers: StoredRanker, as_json: bool) -> None:
    records = rankers.history()
    if as_json:
        click.echo(json.dumps({"history": [one.as_json() for one in records]}, ensure_ascii=False))
        return
    for one in records:
        click.echo(f"{one.at:%Y-%m-%d %H:%M:%S} UTC  {one.outcome:<8}  {one.text}")
    if not records:
        click.echo("Nothing has been learned yet.")
