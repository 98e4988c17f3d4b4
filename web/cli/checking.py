"""`kb doctor`: compare store and indexes document by document, and say what to do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

import click

from indexer.manifest import REMEDY, current_generation
from indexer.plan import vector_fingerprint
from indexer.sync import BEHIND
from kb.errors import FixloreError
from kb.facts import fingerprint_of
from kb.protocols.store import Store
from web.cli.homes import settings_in_use
from web.cli.progress import progress_bar, say
from web.wiring import Services, open_services

_BATCH = 200
"""Documents in memory at once; a body may have 20 MiB."""


@click.command("doctor")
@click.pass_context
def doctor_command(ctx: click.Context) -> None:
    """Check store and indexes. Exit 0 when all is well, 1 when something needs doing."""
    home: Path = ctx.obj
    with open_services(settings_in_use(home), say) as services:
        counts = services.store.counts()
        click.echo(f"home: {home}")
        click.echo("store: " + (", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "empty"))
        findings = [*_waiting(services.store), *_down(services)]
        if counts:
            findings += _differences(services)
    for finding in findings:
        click.echo(f"! {finding}", err=True)
    if not findings:
        click.echo("All is well.")
    ctx.exit(1 if findings else 0)


def _waiting(store: Store) -> list[str]:
    pending = store.pending_count()
    if not pending:
        return []
    return [f"documents that wait to be indexed: {pending}; start the server or run `kb index`"]


def _down(services: Services) -> list[str]:
    """Return what keeps a part from answering, and tell the size of each that answers."""
    findings = []
    for name, index, unit in (
        ("keyword index", services.indexes.keyword, "documents"),
        ("vector index", services.indexes.vectors, "passages"),
    ):
        try:
            click.echo(f"{name}: {index.size} {unit}")
        except FixloreError as error:
            findings.append(f"{name}: {error}")
    try:
        click.echo(f"model: {services.encoder().recipe.model_name}")
    except FixloreError as error:
        findings.append(f"model: {error}")
    return findings


def _differences(services: Services) -> list[str]:
    """Return how each index that answers differs from the store. What waits to be indexed is no difference."""
    store = services.store
    findings: list[str] = []
    waiting = _pending_ids(store)
    try:
        generation = current_generation(services.settings.index_path)
        if generation is None:
            return []
        in_keyword = services.engines.open_keyword(generation, False).fingerprints()
        wanted = _wanted(store)
        waiting |= _pending_ids(store)
        findings += _told("keyword index", wanted, in_keyword, waiting, REMEDY)
        vectors = services.engines.open_vectors(generation, False)
        recipe = vectors.recipe
        remedy = "run `kb index`" if store.setting(BEHIND) else REMEDY
        wanted = {one: vector_fingerprint(fingerprint, recipe) for one, fingerprint in wanted.items()}
        findings += _told("vector index", wanted, vectors.fingerprints(), waiting, remedy)
    except FixloreError:
        pass  # what cannot be opened was told
    return findings


def _wanted(store: Store) -> dict[str, str]:
    """Return id → fingerprint of everything stored."""
    ids = list(store.all_ids())
    wanted: dict[str, str] = {}
    with progress_bar("Comparing") as progress:
        for start in range(0, len(ids), _BATCH):
            documents = store.documents(ids[start : start + _BATCH])
            wanted |= {one: fingerprint_of(document) for one, document in documents.items()}
            progress(min(start + _BATCH, len(ids)), len(ids))
    return wanted


def _told(
    name: str, wanted: Mapping[str, str], held: Mapping[str, str], waiting: AbstractSet[str], remedy: str
) -> list[str]:
    counts = {
        "missing": sum(one not in held for one in wanted.keys() - waiting),
        "outdated": sum(one in held and held[one] != wanted[one] for one in wanted.keys() - waiting),
        "left over": len(held.keys() - wanted.keys() - waiting),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return [f"{name}: of its documents {told}; {remedy}"] if told else []


def _pending_ids(store: Store) -> set[str]:
    return {change.document_id for change in store.pending(sys.maxsize)}
