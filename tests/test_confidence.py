"""How sure an answer is, what was made of it before and who should get the ticket show on pages, in shell and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from unittest import mock

import pytest
from flask.testing import FlaskClient

from kb.documents import Link, Ticket
from kb.protocols.store import Feedback
from kb.tickets import parse_upsert, ticket_object
from search.answers import (
    AskedQuery,
    Band,
    Reason,
    Resolution,
    Result,
    Retrieval,
    SearchAnswer,
    SimilarAnswer,
    Status,
    Suggestion,
)
from search.searcher import Searcher
from tests.conftest import Headers, reindex
from web.cli.printing import written_results, written_suggestions
from web.wiring import Services

GERMAN = {"Accept-Language": "de"}
QUERY = AskedQuery("en")
RETRIEVAL = Retrieval("hybrid", calibrated=True)
PRIOR = Reason("prior_feedback", helpful=12, not_helpful=1, resolved_by=9)
SUGGESTIONS = {
    "assignment_group": (Suggestion("network-l2", 0.74, 6, 8), Suggestion("desk-l1", 0.2, 2, 8)),
    "tier": (Suggestion("L2", 0.7, 6, 7),),
}
DROPS = {"title": "Tunnel drops every ten minutes", "description": "The tunnel of the badge office drops."}


def result(rank: int, band: Band | None, score: float | None, *reasons: Reason) -> Result:
    return Result(
        rank=rank,
        id=f"vpn/{rank}",
        type="known-error",
        title=f"VPN drops {rank}",
        language="en",
        band=band,
        score=score,
        reasons=reasons,
        resolution=Resolution("permanent_fix", "Open the port.", ("Open the port.",)),
    )


RESULTS = (result(1, "high", 0.874, PRIOR), result(2, "medium", 0.5), result(3, "low", 0.06))
UNCALIBRATED = tuple(replace(one, band=None, score=None, reasons=()) for one in RESULTS)


def similar_answer(
    results: tuple[Result, ...] = RESULTS, status: Status = "ok", **suggestions: tuple[Suggestion, ...]
) -> SimilarAnswer:
    return SimilarAnswer(status, RETRIEVAL, QUERY, results, suggestions)


@contextmanager
def answering(answer: SimilarAnswer | SearchAnswer) -> Iterator[None]:
    method = "similar" if isinstance(answer, SimilarAnswer) else "search"
    with mock.patch.object(Searcher, method, return_value=answer):
        yield


def page(client: FlaskClient, answer: SimilarAnswer | SearchAnswer, headers: dict[str, str] | None = None) -> str:
    with answering(answer):
        if isinstance(answer, SearchAnswer):
            return client.get("/?q=vpn", headers=headers).get_data(as_text=True)
        return client.post("/similar", data={"text": "VPN drops"}, headers=headers).get_data(as_text=True)


def said(text: str) -> str:
    """Return the words of a page on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


RELATED = tuple(replace(one, relationship="related") for one in RESULTS)
ANSWERS = [similar_answer(RELATED), SearchAnswer("ok", RETRIEVAL, QUERY, 3, RESULTS, {})]


@pytest.mark.parametrize("answer", ANSWERS, ids=["similar", "search"])
def test_a_page_says_how_sure_each_result_is_in_words_with_the_probability(
    signed_in: FlaskClient, answer: SimilarAnswer | SearchAnswer
) -> None:
    shown = page(signed_in, answer)
    badges = [
        ("high", "fits with a probability of 87%", "Likely fits"),
        ("medium", "fits with a probability of 50%", "May fit"),
        ("low", "fits with a probability of 6%", "Unlikely to fit"),
    ]
    # Of a search, most results are unlikely: their badges would say nothing but that; the reasons still tell.
    told = 3 if isinstance(answer, SimilarAnswer) else 2
    assert re.findall(r'class="badge band-(\w+)" title="([^"]+)">([^<]+)<', shown) == badges[:told]
    assert "<li>fits with a probability of 6%</li>" in shown
    assert shown.count("<li>fits with a probability of 87%</li>") == 1
    german = page(signed_in, answer, GERMAN)
    assert (
        re.findall(r'class="badge band-\w+" title="([^"]+)">([^<]+)<', german)
        == [
            ("passt mit einer Wahrscheinlichkeit von 87\N{NO-BREAK SPACE}%", "Passt wahrscheinlich"),
            ("passt mit einer Wahrscheinlichkeit von 50\N{NO-BREAK SPACE}%", "Passt vielleicht"),
            ("passt mit einer Wahrscheinlichkeit von 6\N{NO-BREAK SPACE}%", "Passt eher nicht"),
        ][:told]
    )


def test_a_page_claims_no_certainty_while_answers_are_not_calibrated(signed_in: FlaskClient) -> None:
    shown = page(signed_in, similar_answer(UNCALIBRATED))
    assert "VPN drops 1" in shown
    assert "band-" not in shown
    assert "probability" not in shown


def test_a_page_says_who_usually_handles_such_tickets(signed_in: FlaskClient) -> None:
    shown = page(signed_in, similar_answer(**SUGGESTIONS))
    assert "Usually handled by network-l2 (6 of 8 similar tickets), tier L2 . Otherwise: desk-l1 (2 of 8)." in said(
        shown
    )
    assert 'title="Right with a probability of 74%"' in shown
    german = said(page(signed_in, similar_answer(**SUGGESTIONS), GERMAN))
    assert "Meist bearbeitet von network-l2 (6 von 8 ähnlichen Tickets), Stufe L2 . Sonst: desk-l1 (2 von 8)." in german


@pytest.mark.parametrize(
    ("names", "english", "german"),
    [
        (["assignment_group"], "handled by network-l2 (6 of 8", "bearbeitet von network-l2 (6 von 8"),
        (["tier"], "solved in tier L2 (6 of 7", "gelöst in Stufe L2 (6 von 7"),
    ],
)
def test_a_page_says_what_it_can_suggest_alone(
    signed_in: FlaskClient, names: list[str], english: str, german: str
) -> None:
    answer = similar_answer(**{name: SUGGESTIONS[name] for name in names})
    assert f"Usually {english} similar tickets)." in said(page(signed_in, answer))
    assert f"Meist {german} ähnlichen Tickets)." in said(page(signed_in, answer, GERMAN))


def test_a_page_suggests_nothing_where_similar_tickets_do_not_agree(signed_in: FlaskClient) -> None:
    assert "Usually" not in page(signed_in, similar_answer())


@pytest.mark.parametrize(
    ("reason", "english", "german"),
    [
        (PRIOR, "solved 9 tickets; 12 found it helpful, 1 did not", "löste 9 Tickets; 12 fanden es hilfreich, 1 nicht"),
        (replace(PRIOR, resolved_by=1, helpful=0), "solved 1 ticket; 1 did not find it helpful", "löste 1 Ticket"),
        (replace(PRIOR, resolved_by=0, helpful=1, not_helpful=0), "1 found it helpful", "1 fand es hilfreich"),
    ],
)
def test_prior_feedback_is_told_in_words(signed_in: FlaskClient, reason: Reason, english: str, german: str) -> None:
    answer = similar_answer((result(1, None, None, reason),))
    assert f"<li>{english}</li>" in page(signed_in, answer)
    assert german in page(signed_in, answer, GERMAN)
    assert f"   Why: {english}\n" in written_results(answer.results)


@pytest.mark.parametrize("kind", ["similar", "search"])
def test_a_page_sets_apart_what_comes_nearest_when_nothing_fits(signed_in: FlaskClient, kind: str) -> None:
    status: Status = "no_confident_match"
    low = (RESULTS[2],)
    answer = similar_answer(low, status) if kind == "similar" else SearchAnswer(status, RETRIEVAL, QUERY, 1, low, {})
    shown = page(signed_in, answer)
    assert "Nothing known fits well; here is what comes nearest." in shown
    assert "exact error message" in shown
    assert shown.index("here is what comes nearest") < shown.index('class="results distant"')
    assert '<details class="fix">' in shown  # no fix is unfolded as if it were the one
    assert "Nichts Bekanntes passt gut" in page(signed_in, answer, GERMAN)
    sure = page(signed_in, replace(answer, status="ok"))
    assert "Nothing known fits well" not in sure
    assert "distant" not in sure


def test_the_shell_prints_how_sure_a_result_is_and_who_handles_such_tickets() -> None:
    told = written_results(RESULTS)
    assert "vpn/1  (likely fits, 87%, known-error, en)" in told
    assert "vpn/3  (unlikely to fit, 6%, known-error, en)" in told
    assert "vpn/1  (known-error, en)" in written_results(UNCALIBRATED)
    assert written_suggestions(similar_answer(**SUGGESTIONS)) == (
        "Usually handled by network-l2 (6 of 8 similar tickets), tier L2. Otherwise: desk-l1 (2 of 8)."
    )
    assert written_suggestions(similar_answer(tier=SUGGESTIONS["tier"])) == (
        "Usually solved in tier L2 (6 of 7 similar tickets)."
    )
    assert written_suggestions(similar_answer()) == ""


def test_the_shell_says_why_a_result_is_there() -> None:
    reasons = (
        Reason("identifier", value="809", field="error_signatures"),
        Reason("same_service", value="vpn"),
        Reason("matched_words", value="tunnel, drops"),
        Reason("similar_passage", similarity=0.714),
    )
    assert (
        "   Why: holds 809 (error signatures); same service: vpn; words: tunnel, drops; similar in meaning (0.71)\n"
    ) in written_results((result(1, None, None, *reasons),))


@pytest.fixture
def routed(services: Services) -> Services:
    """The installation with resolved tickets of one problem, all of one group, and an open one without a group."""
    march = datetime(2026, 3, 1, tzinfo=UTC)
    solved = [
        Ticket(
            source="desk",
            external_id=str(number),
            status="resolved",
            assignment_group="network-l2",
            tier="L2",
            opened_at=march,
            resolved_at=march,
            links=(Link("resolved_by", "vpn/error-809", march),),
            **DROPS,  # type: ignore[arg-type]
        )
        for number in range(5)
    ]
    fresh = Ticket(source="desk", external_id="9", status="open", **DROPS)  # type: ignore[arg-type]
    services.store.upsert_tickets([parse_upsert(ticket_object(ticket)) for ticket in (*solved, fresh)])
    reindex(services)
    return services


def test_the_api_suggests_group_and_tier_when_routing_is_included(
    routed: Services, client: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    def asked(**body: object) -> dict[str, dict[str, list[dict[str, object]]]]:
        answer = client.post("/api/v1/similar-issues", json={"ticket": DROPS, **body}, headers=bearer("read"))
        return dict(answer.get_json())

    suggestions = asked()["suggestions"]
    assert suggestions.keys() == {"assignment_group", "tier"}
    (group,) = suggestions["assignment_group"]
    assert group.keys() == {"value", "confidence", "support", "voters"}
    assert (group["value"], group["support"], group["voters"]) == ("network-l2", 5, 5)
    assert suggestions["tier"][0]["value"] == "L2"
    assert asked(include=["routing"])["suggestions"] == suggestions
    assert asked(include=["reasons"])["suggestions"] == {}
    nothing = asked(ticket={"title": "Zebra quantum"})["suggestions"]
    assert nothing == {"assignment_group": [], "tier": []}


def test_the_api_drops_results_below_the_least_band_once_answers_are_calibrated(
    client: FlaskClient, bearer: Callable[..., Headers], services: Services
) -> None:
    def asked(bands: tuple[Band | None, ...], least: str) -> list[tuple[int, str | None]]:
        made = tuple(result(rank, band, None) for rank, band in enumerate(bands, 1))
        with mock.patch("search.similar.results_of", return_value=made):
            body = {"ticket": DROPS, "min_band": least}
            answer = client.post("/api/v1/similar-issues", json=body, headers=bearer("read")).get_json()
        return [(one["rank"], one["band"]) for one in answer["results"]]

    assert asked(("high", "medium", "low"), "medium") == [(1, "high"), (2, "medium")]
    assert asked(("high", "medium", "low"), "low") == [(1, "high"), (2, "medium"), (3, "low")]
    assert asked((None, None), "high") == [(1, None), (2, None)]


def test_the_api_tells_prior_feedback_as_a_reason(
    routed: Services, client: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    routed.store.add_feedback(Feedback("r", "vpn/error-809", "helpful", "anna", datetime(2026, 3, 2, tzinfo=UTC)))
    answer = client.get("/api/v1/search?q=error 809", headers=bearer("read")).get_json()
    reasons = next(one["reasons"] for one in answer["results"] if one["id"] == "vpn/error-809")
    assert {
        "type": "prior_feedback",
        "helpful": 1,
        "not_helpful": 0,
        "resolved_by": 6,
    } in reasons  # one of the samples, too


def test_the_page_of_an_open_ticket_says_who_usually_handles_such_tickets(
    routed: Services, signed_in: FlaskClient
) -> None:
    line = "Usually handled by network-l2 (5 of 5 similar tickets), tier L2 ."
    assert line in said(signed_in.get("/tickets/desk/9").get_data(as_text=True))
    assert line not in said(signed_in.get("/tickets/desk/1").get_data(as_text=True))
    pasted = signed_in.post("/similar", data={"text": "\n".join(DROPS.values())}).get_data(as_text=True)
    assert line in said(pasted)


def test_the_body_of_an_answer_holds_band_and_score(signed_in: FlaskClient, bearer: Callable[..., Headers]) -> None:
    with answering(similar_answer(**SUGGESTIONS)):
        told = signed_in.post("/api/v1/similar-issues", json={"ticket": DROPS}, headers=bearer("read"))
    body = json.loads(told.get_data(as_text=True))
    assert [(one["band"], one["score"]) for one in body["results"]] == [
        ("high", 0.874),
        ("medium", 0.5),
        ("low", 0.06),
    ]
    assert body["suggestions"]["tier"] == [{"value": "L2", "confidence": 0.7, "support": 6, "voters": 7}]
