"""What a ticket system is told about a problem: the fix, wherever it stands, its cause, a workaround, and its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from kb.tickets import parse_upsert
from tests.conftest import Headers, reindex
from web.wiring import Services

Bearer = Callable[..., Headers]
ASKED = {"title": "Plotter prints violet stripes", "description": "The plotter in the drawing office prints stripes."}
FIX = "Root cause: dried ink in the violet head.\nCleaned it:\n1. Park the head\n2. Flush it"


@pytest.fixture
def answered(client: FlaskClient, bearer: Bearer, services: Services) -> Callable[..., dict[str, dict[str, Any]]]:
    """Return a function that stores tickets, asks about the plotter and returns the results by id."""

    def ask(*tickets: dict[str, Any], **asked: object) -> dict[str, dict[str, Any]]:
        services.store.upsert_tickets([parse_upsert({"source": "desk", **ASKED, **one}) for one in tickets])
        reindex(services)
        body = {"ticket": ASKED, **asked}
        answer = client.post("/api/v1/similar-issues", json=body, headers=bearer("read")).get_json()
        return {result["id"]: result for result in answer["results"]}

    return ask


def test_the_answer_tells_steps_root_cause_and_workaround_from_the_text_of_a_ticket(
    answered: Callable[..., dict[str, dict[str, Any]]],
) -> None:
    fixed = {"external_id": "1", "status": "closed", "resolution_code": "fixed", "resolution": FIX}
    result = answered(fixed)["desk:1"]

    assert result["resolution"] == {
        "kind": "permanent_fix",
        "summary": "Cleaned it:",
        "steps": ["Park the head", "Flush it"],
    }
    assert result["root_cause"] == "dried ink in the violet head."
    assert (result["status"], result["known_error"], result["fixed_by"]) == ("resolved", False, None)


def test_a_duplicate_without_a_fix_is_answered_with_the_one_it_is_linked_to(
    answered: Callable[..., dict[str, dict[str, Any]]],
) -> None:
    fixed = {"external_id": "1", "status": "closed", "resolution_code": "fixed", "resolution": FIX}
    link = {"type": "duplicate_of", "target": "desk:1"}
    repeat = {"external_id": "2", "status": "closed", "resolution_code": "duplicate", "links": [link]}
    result = answered(fixed, repeat)["desk:2"]

    assert result["resolution"]["steps"] == ["Park the head", "Flush it"]
    assert result["root_cause"] == "dried ink in the violet head."
    told = result["fixed_by"]
    assert (told["id"], told["type"], told["title"]) == ("desk:1", "ticket", ASKED["title"])
    assert told["url"].endswith("/tickets/desk/1")


def test_an_open_known_problem_comes_back_marked_as_such(
    answered: Callable[..., dict[str, dict[str, Any]]],
) -> None:
    known = {
        "external_id": "3",
        "status": "open",
        "description": f"{ASKED['description']}\n\nWorkaround: print in grey.",
    }
    result = answered(known)["desk:3"]

    assert (result["status"], result["relationship"], result["known_error"]) == ("open", "duplicate", True)
    assert (result["workaround"], result["resolution"]) == ("print in grey.", None)


def test_only_the_parts_that_are_asked_for_are_answered(
    answered: Callable[..., dict[str, dict[str, Any]]],
) -> None:
    fixed = {"external_id": "1", "status": "closed", "resolution_code": "fixed", "resolution": FIX}
    link = {"type": "duplicate_of", "target": "desk:1"}
    results = answered(fixed, {"external_id": "2", "links": [link]}, include=["reasons"])

    for one in ("desk:1", "desk:2"):
        assert [results[one][name] for name in ("resolution", "root_cause", "workaround", "fixed_by")] == [None] * 4
        assert results[one]["reasons"]
