"""Laws of the store, for any documents and any order of events."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.documents import LINK_TYPES, STATES, Article, Link, Ticket
from kb.protocols.store import InvalidTicket, Store, TicketUpsert
from kb.store.open_store import open_store
from kb.store.rows import article_from, row_of, ticket_from
from tests.conformance.store_samples import START, SetClock, article, delivery
from tests.fakes.store import MemoryStore

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = st.none() | TEXTS
LISTS = st.lists(TEXTS, max_size=3).map(tuple)
ZONES = st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.none() | st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
EXTRAS = st.dictionaries(TEXTS, JSON_VALUES, max_size=3)
ARTICLES = st.builds(
    Article,
    id=TEXTS,
    title=TEXTS,
    body=TEXTS,
    state=st.sampled_from(STATES),
    service=NAMES,
    components=LISTS,
    tags=LISTS,
    authors=LISTS,
    created_at=TIMES,
    updated_at=TIMES,
    review_due=st.none() | st.dates(),
    error_signatures=LISTS,
    extra=EXTRAS,
    source=TEXTS,
    path=NAMES,
)
LINKS = st.lists(st.builds(Link, st.sampled_from(LINK_TYPES), TEXTS, TIMES), max_size=3).map(tuple)
TICKETS = st.builds(
    Ticket,
    source=TEXTS,
    external_id=TEXTS,
    title=TEXTS,
    description=TEXTS,
    status=NAMES,
    components=LISTS,
    opened_at=TIMES,
    updated_at=TIMES,
    links=LINKS,
    extra=EXTRAS,
)

SMALL = st.sampled_from(["a", "b", "zammad:1"])
EXTERNAL = st.sampled_from(["1", "2"])
HOURS = st.none() | st.integers(-3, 3).map(lambda hours: START + timedelta(hours=hours))
STEPS = st.one_of(
    st.tuples(st.just("put"), SMALL, st.sampled_from(["One", "Two"]), st.sampled_from(["x", "y"])),
    st.tuples(st.just("upsert"), EXTERNAL, st.sampled_from([None, "One", "Two"]), HOURS),
    st.tuples(st.just("delete"), EXTERNAL, HOURS),
    st.tuples(st.just("erase"), EXTERNAL),
    st.tuples(st.just("remove"), SMALL),
    st.tuples(st.just("alias"), SMALL, SMALL),
    st.tuples(st.just("done"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.integers(-2, 4)),
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("laws")
    open_store(directory / "empty.db").close()
    return directory


@pytest.fixture(scope="module")
def names() -> Iterator[int]:
    return count()


@settings(deadline=None)
@given(ARTICLES)
def test_article_survives_the_way_to_a_row_and_back(one: Article) -> None:
    row = row_of(one)
    back = article_from(row["id"], row["source"], row["path"], row["revision"], row["content"])
    assert back == one
    assert list(back.extra) == list(one.extra)
    assert row_of(back) == row


@settings(deadline=None)
@given(TICKETS)
def test_ticket_survives_the_way_to_a_row_and_back(one: Ticket) -> None:
    row = row_of(one)
    back = ticket_from(row["source"], row["content"])
    assert back == one
    assert row_of(back) == row


@settings(deadline=None)
@given(st.lists(TIMES.filter(bool), min_size=2, max_size=5), st.dates())
def test_times_are_stored_in_an_order_that_is_theirs(times: list[datetime], day: date) -> None:
    contents = [row_of(article(created_at=one, review_due=day))["content"] for one in times]
    by_text = [article_from("a", "s", None, 1, content).created_at for content in sorted(contents)]
    assert by_text == sorted(one.astimezone(UTC) for one in times)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ARTICLES, max_size=5), st.lists(TICKETS.filter(lambda one: one.title), max_size=5))
def test_documents_survive_the_database_whatever_they_hold(
    directory: Path, names: Iterator[int], articles: list[Article], tickets: list[Ticket]
) -> None:
    path = directory / f"documents{next(names)}.db"
    shutil.copy(directory / "empty.db", path)
    with closing(open_store(path)) as store:
        wanted: dict[str, Article | Ticket] = {}
        for one in articles:
            if one.id not in wanted:
                assert store.put_articles([one], "author") == ["created"]
                assert store.put_articles([one], "author") == ["unchanged"]
                wanted[one.id] = one
        for one in tickets:
            fields = {name: getattr(one, name) for name in Ticket.__slots__}
            extra = {name: value for name, value in fields.pop("extra").items() if value is not None}
            source, external_id = fields.pop("source"), fields.pop("external_id")
            if one.id not in wanted:
                upsert = TicketUpsert(source, external_id, fields, extra)
                assert store.upsert_tickets([upsert, upsert]) == ["created", "unchanged"]
                wanted[one.id] = replace(one, extra=extra)
    with closing(open_store(path)) as store:
        assert list(store.all_ids()) == sorted(wanted)
        assert store.documents(list(wanted)) == wanted
        assert {one.document_id for one in store.pending(1000)} == set(wanted)
    path.unlink()


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEPS, max_size=25))
def test_both_stores_agree_whatever_happens_in_whatever_order(
    directory: Path, names: Iterator[int], steps: list[tuple[object, ...]]
) -> None:
    path = directory / f"steps{next(names)}.db"
    shutil.copy(directory / "empty.db", path)
    clock = SetClock()
    with closing(open_store(path, clock)) as database:
        memory = MemoryStore(clock)
        for step in steps:
            if step[0] == "wait":
                clock.advance(hours=step[1])  # type: ignore[arg-type]
            assert told(database, step) == told(memory, step), step
            assert seen(database) == seen(memory), step
    path.unlink()


def told(store: Store, step: tuple[object, ...]) -> object:
    """Take one step and return what the store says to it."""
    match step:
        case ("put", str(name), str(title), str(source)):
            try:
                return store.put_articles([article(name, title, source=source)], "author")
            except Exception as error:
                return type(error)
        case ("upsert", str(name), title, updated_at):
            fields = {"title": title} if title else {}
            outcome = store.upsert_tickets([delivery(name, **fields, updated_at=updated_at)])[0]
            return "refused" if isinstance(outcome, InvalidTicket) else outcome
        case ("delete", str(name), at):
            return store.delete_ticket(f"zammad:{name}", at)  # type: ignore[arg-type]
        case ("erase", str(name)):
            return store.erase_ticket(f"zammad:{name}")
        case ("remove", str(name)):
            return store.delete_articles([name])
        case ("alias", str(alias), str(name)):
            return store.add_alias(alias, name)
        case ("done", int(limit)):
            return store.done(store.pending(limit))
    return None


def seen(store: Store) -> object:
    """Return everything that can be seen of a store."""
    ids = list(store.all_ids())
    return (
        store.documents(ids),
        store.counts(),
        store.article_ids(),
        store.ticket_ids(),
        [store.article(one) for one in ("a", "b", "zammad:1")],
        [store.revisions(one) for one in store.article_ids()],
        store.pending(100),
        store.newest_pending(3),
        store.pending_count(),
        store.indexed_through(),
    )
