"""Similar issues: matched on the problem, shown with the fix, honest about time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kb.documents import Article, Ticket
from kb.errors import InvalidInput
from kb.queries import Filter
from search.ranker import Bands, Calibration, Model
from search.similar import LONGEST_TEXT, signature_in
from tests.library import TODAY, Library, ids

OPENED = datetime(2026, 3, 1, tzinfo=UTC)
EARLIER = Ticket(
    source="desk",
    external_id="1",
    title="VPN drops every ten minutes, error 809",
    description="The tunnel drops and the client shows error 809.",
    resolution="Opened port 4500.",
    resolution_code="fixed",
    status="resolved",
    service="vpn",
    components=("gateway",),
    opened_at=OPENED,
    resolved_at=OPENED + timedelta(days=10),
)
UNRELATED = Ticket(
    source="desk", external_id="2", title="Mail is late", description="The queue is long.", opened_at=OPENED
)
FIX_ONLY = Ticket(
    source="desk",
    external_id="3",
    title="Keyboard",
    description="Keys stick.",
    resolution="VPN drops every ten minutes, error 809",
    opened_at=OPENED,
)
RUNBOOK = Article(
    id="vpn/runbook", title="VPN drops", body="The tunnel drops every ten minutes.", kind="runbook", service="vpn"
)
ASKED = Ticket(
    source="desk",
    external_id="9",
    title="VPN drops every ten minutes, error 809",
    description="The tunnel drops and the client shows error 809.",
    service="vpn",
    components=("gateway",),
    opened_at=OPENED + timedelta(days=30),
)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(EARLIER, UNRELATED, FIX_ONLY, RUNBOOK, ASKED)


def test_similar_shows_the_fix_of_the_same_problem(library: Library) -> None:
    answer = library.similar(ASKED)
    first = answer.results[0]
    assert first.id == EARLIER.id
    assert first.relationship == "same_problem"
    assert first.status == "resolved"
    assert first.resolution is not None
    assert (first.resolution.kind, first.resolution.summary) == ("permanent_fix", "Opened port 4500.")
    assert [reason.type for reason in first.reasons][:3] == ["identifier", "same_service", "same_component"]
    assert (answer.status, answer.query.identifiers) == ("ok", ("809",))
    assert (answer.suggestions, answer.incident) == ({}, None)


def test_similar_never_returns_the_ticket_itself(library: Library) -> None:
    assert ASKED.id not in ids(library.similar(ASKED, limit=50))
    assert ASKED.id in ids(library.similar(replace(ASKED, external_id="10"), limit=50))


def test_similar_matches_the_problem_and_not_the_fix(library: Library) -> None:
    order = ids(library.similar(ASKED, limit=50, floor=-1.0))
    assert order.index(RUNBOOK.id) < order.index(FIX_ONLY.id)
    answer = library.similar(ASKED, limit=50, lanes=("keyword",))
    assert FIX_ONLY.id not in ids(answer)
    assert EARLIER.id in ids(answer)
    assert FIX_ONLY.id in ids(library.search("error 809", lanes=("keyword",)))


def test_similar_hides_what_came_later_as_of_a_time(library: Library) -> None:
    before = library.similar(replace(ASKED, external_id="10"), as_of=OPENED + timedelta(days=5), limit=50)
    assert ASKED.id not in ids(before)
    assert EARLIER.id in ids(before)
    assert ids(library.similar(ASKED, as_of=OPENED, limit=50)) == [RUNBOOK.id]  # undated articles stay


def test_similar_does_not_tell_a_later_resolution_as_of_a_time(library: Library) -> None:
    early = library.similar(ASKED, as_of=OPENED + timedelta(days=5)).results[0]
    assert (early.id, early.resolution, early.status, early.resolved_at) == (EARLIER.id, None, "open", None)
    assert early.relationship == "duplicate"
    assert "4500" not in early.snippet.text
    late = library.similar(ASKED, as_of=OPENED + timedelta(days=15)).results[0]
    assert (late.id, late.status, late.relationship) == (EARLIER.id, "resolved", "same_problem")
    assert late.resolution is not None


def test_similar_calls_an_open_ticket_of_the_same_problem_a_duplicate() -> None:
    library = Library(replace(EARLIER, status="in progress", resolved_at=None), UNRELATED)
    results = {result.id: result for result in library.similar(ASKED, floor=-1.0).results}
    assert results[EARLIER.id].relationship == "duplicate"
    assert results[EARLIER.id].status == "open"
    assert results[UNRELATED.id].relationship == "related"


@pytest.mark.parametrize(
    ("intercept", "band", "relationship"),
    [(20.0, "high", "duplicate"), (0.0, "medium", "duplicate"), (-2.0, "low", "related")],
)
@pytest.mark.parametrize("title", [ASKED.title, "Printer jam"], ids=["alike", "unlike"])
def test_similar_calls_the_same_problem_what_is_probable_however_alike_it_is(
    intercept: float, band: str, relationship: str, title: str
) -> None:
    library = Library(replace(EARLIER, status="in progress", resolved_at=None), RUNBOOK)
    model = Model({"semantic": 1.0}, Calibration(intercept, {}), Bands(0.1, 0.3, 0.8))
    library.ranker = replace(library.ranker, similar=model)
    answer = library.similar(replace(ASKED, title=title), floor=-1.0)
    results = {result.id: result for result in answer.results}
    assert {one.band for one in results.values()} == {band}
    assert results[EARLIER.id].relationship == relationship
    assert results[RUNBOOK.id].relationship == ("related" if relationship == "related" else "same_problem")


def test_similar_prefers_the_recent_and_the_same_component() -> None:
    old = replace(EARLIER, external_id="old", opened_at=OPENED - timedelta(days=900))
    other = replace(EARLIER, external_id="other", components=("printer",))
    library = Library(old, other, EARLIER)
    assert ids(library.similar(ASKED))[0] == EARLIER.id


def test_similar_narrows_by_type_and_filter(library: Library) -> None:
    assert ids(library.similar(ASKED, types=("article",))) == [RUNBOOK.id]
    assert ids(library.similar(ASKED, types=("runbook", "ticket"), filter=Filter({"service": frozenset({"vpn"})}))) == [
        EARLIER.id,
        RUNBOOK.id,
    ]
    assert ids(library.similar(ASKED, types=("post-mortem",))) == []


def test_similar_says_so_when_nothing_is_known() -> None:
    library = Library(UNRELATED)
    answer = library.similar(Ticket(source="x", external_id="1", title="Zebra quantum"), floor=0.4)
    assert (ids(answer), answer.status) == ([], "no_confident_match")
    assert ids(library.similar(Ticket(source="x", external_id="1", title="Late mail"), floor=0.4)) == [UNRELATED.id]


def test_similar_answers_a_ticket_that_is_not_stored_and_has_only_a_title(library: Library) -> None:
    answer = library.similar(Ticket(source="request", external_id="-", title="VPN drops"))
    assert EARLIER.id in ids(answer)
    assert answer.results[0].stale is False


def test_similar_cuts_a_long_ticket_and_says_so(library: Library) -> None:
    log = "2026-03-01 10:00:00 INFO nothing happened\n" * 5000
    answer = library.similar(replace(ASKED, description=f"{log}The tunnel drops with error 809"))
    assert answer.query.truncated
    assert "809" in answer.query.identifiers
    assert EARLIER.id in ids(answer)
    assert not library.similar(replace(ASKED, description="x " * (LONGEST_TEXT // 2))).query.truncated


@pytest.mark.parametrize("limit", [-1, 1001])
def test_similar_refuses_an_impossible_limit(library: Library, limit: int) -> None:
    with pytest.raises(InvalidInput, match="limit"):
        library.similar(ASKED, limit=limit)
    assert len(library.similar(ASKED, limit=1).results) == 1


def test_similar_takes_now_for_a_ticket_without_a_time(library: Library) -> None:
    answer = library.similar(replace(ASKED, opened_at=None))
    assert ids(answer)[0] == EARLIER.id
    assert TODAY > OPENED


def test_an_article_whose_error_message_stands_in_the_ticket_comes_first() -> None:
    stated = Article(
        id="database/too-many-clients",
        title="Connections are refused",
        body="The pool is exhausted.\n",
        error_signatures=("sorry, too many clients already",),
    )
    others = [
        Article(id=f"mail/{number}", title="Mail is slow", body="Good morning, the mail server answers late.\n")
        for number in range(5)
    ]
    asked = Ticket(
        source="desk",
        external_id="9",
        title="Mail server slow since this morning",
        description="Good morning,\nCaused by: FATAL: Sorry,  too many clients already\n",
    )
    answer = Library(stated, *others).similar(asked)

    assert ids(answer)[0] == stated.id
    assert ("identifier", "sorry, too many clients already", "error_signatures") in {
        (reason.type, reason.value, reason.field) for reason in answer.results[0].reasons
    }


@pytest.mark.parametrize(
    ("signature", "counts"), [("4711", False), ("E-4", False), ("123456", False), ("ORA-12154", True)]
)
def test_a_signature_that_stands_anywhere_by_chance_does_not_count(signature: str, counts: bool) -> None:
    article = Article(id="x", title="X", body="", error_signatures=(signature,))

    assert (signature_in(article, f"it says {signature} here") is not None) == counts
    assert signature_in(article, f"it says {signature}9 here") is None
