"""Measure incident candidates: `python -m tests.quality.incidents HOMES [--split tune] [--size 4] [--sweep] [--read]`.

Titanium is replayed in order of time. A ticket is open from `opened_at` until its `resolved_at`, which the
installations leave out and the set tells. Once a week a burst is injected: the tickets that triagers linked as one
problem, which are different reports of it, come together within a random window among the real traffic, and stay open;
of larger clusters a random number of tickets. There are few clusters, so that each comes several times, weeks apart;
where a ticket was really opened, it does not. A candidate counts as *injected* when at least half of its tickets are of
one injected burst, as *linked* when all are of one cluster, else as false: also where many people did report one thing
at once and nobody linked it. `tune` are tickets opened before `BOUNDARY`, `report` those from then on. `--sweep` tries
other thresholds, `--read` prints false candidates to be read.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from indexer.passages import passages_of, text_hash
from kb.documents import Ticket
from kb.incidents import counts_as_report
from search.bursts import ALIKE, Flags, Rows, Times, bursts, likenesses
from search.reports import HORIZON, microseconds, microseconds_of, report_of, texts_of
from search.usual import USUAL_DAYS, USUAL_TIMES, usual_size
from tests.quality.labelled_sets import TITANIUM, data_path, installation
from tests.quality.routing import BOUNDARY, written_later
from web.wiring import Services

FROM = datetime(2011, 5, 1, tzinfo=UTC)
"""Before, the set's tickets were carried over from another system, hundreds a minute."""
WINDOW = timedelta(hours=4)
EVERY = timedelta(weeks=1)
SEED = 1
THRESHOLDS = (0.45, 0.5, 0.55, 0.6, 0.65)
READ = 20


@dataclass(frozen=True, slots=True)
class Replayed:
    """The tickets of a split in order of id, with how alike each two are and the cluster of those that have one."""

    tickets: tuple[Ticket, ...]
    resolved: tuple[datetime | None, ...]
    likeness: Rows
    clusters: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Formed:
    """A candidate as it was formed; `injected` is the number of its burst, `after` how many of that had come."""

    at: datetime
    rows: tuple[int, ...]
    injected: int | None
    after: int
    is_linked: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """A ticket, by its row, that is opened; `burst` numbers the injected burst that it is of."""

    at: datetime
    row: int
    until: datetime | None
    burst: int | None = None


def replayed_tickets(services: Services, split: str) -> Replayed:
    """Return what is replayed of a split."""
    first, last = (FROM, BOUNDARY) if split == "tune" else (BOUNDARY, datetime.max.replace(tzinfo=UTC))
    later = written_later()
    store = services.store
    documents = store.documents(store.ticket_ids()).values()
    tickets = [one for one in documents if isinstance(one, Ticket) and one.opened_at and first <= one.opened_at < last]
    tickets = sorted((one for one in tickets if counts_as_report(one)), key=lambda one: one.id)
    recipe = replace(services.indexes.vectors.recipe, passage_version=0)
    hashes = {one.id: text_hash(passages_of(one)[0].text) for one in tickets}
    vectors = store.vectors(recipe.id, list(hashes.values()))
    reports = [report_of(one, one.opened_at or first, vectors[hashes[one.id]].astype(np.float32)) for one in tickets]
    texts = texts_of(reports, True)
    rows = {one.id: row for row, one in enumerate(tickets)}
    clusters = tuple(tuple(sorted(rows[one] for one in each if one in rows)) for each in clusters_of(split))
    return Replayed(
        tuple(tickets), tuple(later(one).resolved_at for one in tickets), likenesses(texts, texts), clusters
    )


def clusters_of(split: str) -> list[list[str]]:
    """Return the ids of the tickets that are linked with each other, of the clusters of a split."""
    splits = dict(_lines("split.tsv"))
    linked: dict[str, set[str]] = {}
    sides: dict[str, str] = {}
    for query, target in _lines("qrels.tsv"):
        both = linked.get(f"titanium:{query}", {f"titanium:{query}"}) | linked.get(target, {target})
        for one in both:
            linked[one] = both
        sides[f"titanium:{query}"] = splits[query]
    distinct = {min(each): sorted(each) for each in linked.values()}
    return [each for _, each in sorted(distinct.items()) if {sides[one] for one in each if one in sides} == {split}]


def _lines(name: str) -> Iterator[tuple[str, str]]:
    for line in (data_path() / "titanium" / name).read_text(encoding="utf-8").splitlines()[1:]:
        first, second, *_ = line.split("\t")
        yield first, second


def arrivals(replayed: Replayed, size: int) -> list[Arrival]:
    """Return the real tickets and an injected burst a week, in order of time."""
    chance = random.Random(SEED)
    clusters = [cluster for cluster in replayed.clusters if len(cluster) >= size]
    moved = {row for cluster in clusters for row in cluster}
    found = [
        Arrival(one.opened_at, row, replayed.resolved[row])
        for row, one in enumerate(replayed.tickets)
        if one.opened_at and row not in moved
    ]
    week, last = min(one.at for one in found) + USUAL_DAYS, max(one.at for one in found)
    number = 0
    came: dict[tuple[int, ...], datetime] = {}
    while week + EVERY <= last:
        rested = [one for one in clusters if one not in came or week - came[one] > USUAL_DAYS]
        if not rested:
            week += EVERY
            continue
        cluster = chance.choice(rested)
        came[cluster] = week
        start = week + (EVERY - WINDOW) * chance.random()
        for row in chance.sample(cluster, chance.randint(size, len(cluster))):
            found.append(Arrival(start + WINDOW * chance.random(), row, None, number))
        week, number = week + EVERY, number + 1
    return sorted(found, key=lambda one: (one.at, one.row))


def replay(replayed: Replayed, come: Sequence[Arrival], size: int, alike: Flags, usual_times: float) -> list[Formed]:
    """Return the candidates that form, in order of time; each arrival is of one at most."""
    times = np.array([microseconds(one.at) for one in come], dtype=np.int64)
    rows = np.array([one.row for one in come])
    never = np.iinfo(np.int64).max
    until = np.array([microseconds(one.until) if one.until else never for one in come], dtype=np.int64)
    window, horizon = microseconds_of(WINDOW), microseconds_of(HORIZON)
    formed: list[Formed] = []
    seen: set[int] = set()
    for place, row in enumerate(rows):
        now = times[place]
        if not alike[row, rows[np.searchsorted(times, now - window) : place]].any():
            continue
        places = np.arange(np.searchsorted(times, now - horizon), place + 1)
        places = places[until[places] > now]
        for burst in bursts(times[places], alike[np.ix_(rows[places], rows[places])], size, window):
            members = [int(places[each]) for each in burst.rows]
            if place not in members or seen.intersection(members):
                continue
            usual = _usual(replayed, come, times, alike[rows[places[burst.centre]]], members[0])
            if burst.most >= usual_times * usual:
                seen.update(members)
                formed.append(_judged(replayed, come, members, place))
    return formed


def _usual(replayed: Replayed, come: Sequence[Arrival], times: Times, alike: Flags, first: int) -> int:
    begin = int(np.searchsorted(times, times[first] - microseconds_of(USUAL_DAYS)))
    earlier = [one for one in come[begin:first] if alike[one.row]]
    return usual_size([replace(replayed.tickets[one.row], opened_at=one.at) for one in earlier], WINDOW)


def _judged(replayed: Replayed, come: Sequence[Arrival], members: Sequence[int], place: int) -> Formed:
    numbers = [number for one in members if (number := come[one].burst) is not None]
    burst = max(set(numbers), key=numbers.count) if numbers else None
    if burst is not None and numbers.count(burst) * 2 < len(members):
        burst = None
    after = sum(one.burst == burst for one in come[: place + 1]) if burst is not None else 0
    rows = {come[one].row for one in members}
    is_linked = burst is None and any(rows <= set(cluster) for cluster in replayed.clusters)
    return Formed(come[place].at, tuple(come[one].row for one in members), burst, after, is_linked)


def measured(
    replayed: Replayed, size: int, *, threshold: float = ALIKE, usual_times: float = USUAL_TIMES
) -> dict[str, float]:
    """Return recall, precision, and how many false candidates there are in a week and of a thousand tickets."""
    come = arrivals(replayed, size)
    told = replay(replayed, come, size, replayed.likeness >= threshold, usual_times)
    injected = len({one.burst for one in come} - {None})
    hits = {one.injected: one.after for one in reversed(told) if one.injected is not None}
    linked = sum(one.is_linked for one in told)
    false = sum(one.injected is None and not one.is_linked for one in told)
    return {
        "tickets": len(come),
        "clusters": sum(len(cluster) >= size for cluster in replayed.clusters),
        "injected": injected,
        "recall": len(hits) / max(injected, 1),
        "tickets until found": float(np.mean(list(hits.values()))) if hits else 0.0,
        "formed": len(told),
        "precision": 1 - false / max(len(told), 1),
        "linked": linked,
        "false in a week": false / ((come[-1].at - come[0].at) / timedelta(weeks=1)),
        "false of 1,000": 1000 * false / len(come),
    }


def _read(replayed: Replayed, size: int, say: Callable[[str], None]) -> None:
    alike = replayed.likeness >= ALIKE
    come = [one for one in arrivals(replayed, size) if one.burst is None]
    told = [one for one in replay(replayed, come, size, alike, USUAL_TIMES) if not one.is_linked]
    say(f"{len(told)} false candidates")
    for one in random.Random(SEED).sample(told, min(READ, len(told))):
        say(f"\n{one.at:%Y-%m-%d %H:%M}")
        for row in one.rows:
            ticket = replayed.tickets[row]
            say(f"  {ticket.opened_at:%d %H:%M} {ticket.id:22} {ticket.title[:100]}")


def in_one_line(name: str, figures: dict[str, float]) -> str:
    """Return figures on one line."""
    return f"{name:24}" + "  ".join(f"{key} {value:.3f}".rstrip("0").rstrip(".") for key, value in figures.items())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("homes", type=Path)
    parser.add_argument("--split", choices=("tune", "report"), default="tune")
    parser.add_argument("--size", type=int, default=4)
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--read", action="store_true")
    options = parser.parse_args()
    if (options.sweep or options.read) and options.split != "tune":
        parser.error("thresholds are chosen and candidates are read on tune alone")
    with installation(TITANIUM, options.homes) as services:
        replayed = replayed_tickets(services, options.split)
    if options.read:
        _read(replayed, options.size, print)
        return
    chosen: Sequence[tuple[float, float]] = [(ALIKE, USUAL_TIMES)]
    if options.sweep:
        chosen = [(threshold, times) for threshold in THRESHOLDS for times in (0.0, USUAL_TIMES)]
    for threshold, times in chosen:
        figures = measured(replayed, options.size, threshold=threshold, usual_times=times)
        print(in_one_line(f"alike {threshold}, usual × {times:g}", figures), flush=True)


if __name__ == "__main__":
    main()
