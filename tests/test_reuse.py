"""Reuse counts problems, the link rate counts resolved tickets, and neither tells what its reader may not read."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kb.access import MEMBER, SHELL
from kb.documents import EXAMPLE_SOURCE, Article, Document, Link, Ticket
from kb.errors import InvalidInput
from kb.protocols.store import Feedback
from kb.queries import Viewer
from kb.store.open_store import open_store
from kb.tickets import parse_upsert, ticket_object
from search.reuse import Reused, reuse_of, use_report
from tests.command_line import run
from tests.conftest import Headers
from tests.library import Library
from web.periods import since_of
from web.wiring import Services

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
MONTH = NOW - timedelta(days=30)
FIX = Article(id="vpn/drops", title="VPN drops", body="Open UDP 4500.", kind="known-error")


def ticket(number: int, *targets: str, type: str = "resolved_by", **values: object) -> Ticket:
    given = Ticket(
        source="desk",
        external_id=str(number),
        title=f"Ticket {number}",
        status="resolved",
        resolved_at=NOW - timedelta(days=1),
        links=tuple(Link(type, target) for target in targets),
    )
    return replace(given, **values)  # type: ignore[arg-type]


def said(action: str, ticket: str | None = None, response: str = "r", by: str = "anna", hours: int = 0) -> Feedback:
    return Feedback(response, FIX.id, action, by, NOW + timedelta(hours=hours), ticket)


def library(*documents: Document, given: tuple[Feedback, ...] = ()) -> Library:
    made = Library(FIX, *documents)
    for one in given:
        made.store.add_feedback(one)
    return made


def reuse(made: Library, viewer: Viewer = SHELL, of: Document = FIX) -> int:
    return reuse_of(made.store, [of], viewer).get(of.id, 0)


def test_reuse_counts_each_ticket_once_however_often_it_is_told() -> None:
    given = (said("resolved_by", "desk:1"), said("linked", "desk:1"), said("resolved_by", "desk:1", by="ben"))
    assert reuse(library(ticket(1, FIX.id), ticket(2), given=given)) == 1
    assert reuse(library(ticket(1, FIX.id), ticket(2, FIX.id), ticket(3, FIX.id, type="duplicate_of"))) == 3


def test_reuse_counts_answers_where_no_ticket_is_named() -> None:
    given = (said("resolved_by"), said("resolved_by", by="ben"), said("linked"), said("linked", response="s"))
    assert reuse(library(given=given)) == 2


def test_reuse_counts_no_click_no_opinion_and_no_other_link() -> None:
    given = tuple(said(action, "desk:1") for action in ("opened", "copied", "helpful", "dismissed"))
    made = library(ticket(1, FIX.id, type="related"), ticket(2, FIX.id, type="caused_by"), given=given)
    assert reuse_of(made.store, [FIX], SHELL) == {}


def test_reuse_forgets_what_was_taken_back() -> None:
    given = (said("resolved_by"), said("not_helpful", hours=1))
    assert reuse(library(given=given)) == 0
    assert reuse(library(given=(*given, said("resolved_by", hours=2)))) == 1


def test_reuse_tells_nothing_of_closed_tickets_and_counts_no_example() -> None:
    closed, example = ticket(1, FIX.id, audience="group:net"), ticket(2, FIX.id, source=EXAMPLE_SOURCE)
    made = library(closed, example, given=(said("linked", "example:2"), said("linked", "desk:1")))
    assert (reuse(made), reuse(made, MEMBER)) == (1, 0)
    shipped = replace(FIX, id="shipped", source=EXAMPLE_SOURCE)
    assert reuse(library(shipped, ticket(1, "shipped")), of=shipped) == 0


def test_reuse_follows_an_article_that_has_another_id_now() -> None:
    made = library(ticket(1, "old"), ticket(2, "older"), ticket(3, FIX.id))
    made.store.add_alias("old", FIX.id)
    made.store.add_alias("older", "old")
    assert reuse(made) == 3
    assert use_report(made.store, SHELL, MONTH, NOW).linked_to_article == 3


def test_reuse_of_a_ticket_does_not_count_itself() -> None:
    past = ticket(1, "desk:1")
    assert reuse(library(past, ticket(2, "desk:1")), of=past) == 1


def test_link_rate_is_the_share_of_resolved_tickets_that_are_linked() -> None:
    made = library(
        ticket(1, FIX.id),
        ticket(2, "desk:1", type="duplicate_of"),
        ticket(3),
        ticket(4, "nowhere"),
        ticket(5, FIX.id, status="open"),
        ticket(6, FIX.id, resolved_at=None),
        ticket(7, FIX.id, resolved_at=MONTH - timedelta(seconds=1)),
        ticket(8, FIX.id, source=EXAMPLE_SOURCE),
        ticket(9, "desk:1", FIX.id),
        ticket(10, "desk:10"),
        ticket(11),
        given=(said("linked", "desk:11"),),
    )
    report = use_report(made.store, SHELL, MONTH, NOW)

    assert (report.resolved, report.linked, report.linked_to_article) == (7, 4, 3)
    assert report.link_rate == pytest.approx(4 / 7)
    assert report.reused == (Reused(FIX.id, "known-error", "VPN drops", 3), Reused("desk:1", "ticket", "Ticket 1", 2))


def test_link_rate_forgets_what_was_taken_back() -> None:
    made = library(ticket(1), given=(said("resolved_by", "desk:1"), said("not_helpful", hours=1)))
    assert use_report(made.store, SHELL, MONTH, NOW).linked == 0


def test_link_rate_counts_what_its_reader_may_read() -> None:
    closed = Article(id="secret", title="Secret", body="x", audience="group:net")
    made = library(closed, ticket(1, "secret"), ticket(2, FIX.id, audience="group:net"), ticket(3, FIX.id))
    everything, member = (use_report(made.store, viewer, MONTH, NOW) for viewer in (SHELL, MEMBER))
    assert (everything.resolved, everything.linked) == (3, 3)
    assert (member.resolved, member.linked, [one.id for one in member.reused]) == (2, 1, [FIX.id])


def test_link_rate_is_unknown_when_nothing_was_resolved() -> None:
    report = use_report(library().store, SHELL, MONTH, NOW)
    assert (report.resolved, report.link_rate, report.reused) == (0, None, ())


@pytest.mark.parametrize(
    ("told", "since"),
    [
        ("30d", MONTH),
        ("0d", NOW),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-26T11:00:00+02:00", NOW - timedelta(hours=1)),
    ],
)
def test_a_period_begins_so_many_days_ago_or_at_a_time(told: str, since: datetime) -> None:
    assert since_of(told, NOW) == since


@pytest.mark.parametrize("told", ["", "month", "-1d", "99999d9", "2027-01-01", "99999999d"])
def test_any_other_period_is_refused(told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        since_of(told, NOW)
    assert raised.value.field == "since"


def test_endpoint_shell_and_page_tell_the_same(
    client: FlaskClient, services: Services, bearer: Callable[..., Headers]
) -> None:
    services.store.upsert_tickets(
        [
            parse_upsert(ticket_object(replace(ticket(number, *targets), resolved_at=datetime.now(UTC))))
            for number, targets in ((1, ("vpn/error-809",)), (2, ("vpn/error-809",)), (3, ()), (4, ()))
        ]
    )
    told = client.get("/api/v1/report?since=7d", headers=bearer("read")).get_json()
    printed = json.loads(run("--home", services.settings.home, "report", "--since", "7d", "--json").out)
    lines = run("--home", services.settings.home, "report", "--since", "7d").out

    same = ("resolved", "linked", "linked_to_article", "link_rate", "reused")
    assert [told[name] for name in same] == [printed[name] for name in same]
    assert (told["resolved"], told["linked"], told["link_rate"]) == (4, 2, 0.5)
    assert [(one["id"], one["reuse"]) for one in told["reused"]] == [("vpn/error-809", 2)]
    assert "50%" in lines
    assert "2  vpn/error-809  VPN connection fails" in lines
    wrong = client.get("/api/v1/report?since=month", headers=bearer("read"))
    assert (wrong.status_code, wrong.get_json()["field"]) == (422, "since")


def test_pages_and_lists_show_reuse(signed_in: FlaskClient, services: Services, bearer: Callable[..., Headers]) -> None:
    header = bearer("read")
    listed = {
        one["id"]: one["reuse"] for one in signed_in.get("/api/v1/articles", headers=header).get_json()["articles"]
    }
    assert listed["vpn/error-809"] == 1  # mail:1 names it
    assert listed["mail/shared-mailbox"] == 0
    assert signed_in.get("/api/v1/articles/vpn/error-809", headers=header).get_json()["reuse"] == 1
    assert "reused for 1 problem" in signed_in.get("/articles/vpn/error-809").get_data(as_text=True)
    assert "reused for 1 problem" in signed_in.get("/?type=article").get_data(as_text=True)
    page = signed_in.get("/report?days=365").get_data(as_text=True)
    assert "Link rate" in page or "No ticket was resolved" in page


def test_tickets_of_a_large_store_are_found_by_their_time(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "fixlore.db")) as store:
        for start in range(0, 1200, 400):
            tickets = [ticket(number, FIX.id) for number in range(start, start + 400)]
            store.upsert_tickets([parse_upsert(ticket_object(one)) for one in tickets])
        store.put_articles([FIX], "tests")
        report = use_report(store, SHELL, MONTH, NOW)
    assert (report.resolved, report.linked, report.reused[0].reuse) == (1200, 1200, 1200)
