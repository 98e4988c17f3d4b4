"""Incidents in the API, on pages and in the shell: what is told, to whom, and what a decision takes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.access import SHELL
from kb.documents import JSON
from kb.settings import Settings
from kb.tickets import parse_upsert
from tests.command_line import home_with_model, run
from tests.conftest import Headers, reindex
from tests.fakes.encoder import FakeEncoder
from tests.people import add_person, signed_in_as, use_cheap_hashes
from web.app import create_app
from web.links import new_sign_in_path
from web.wiring import Services, open_services

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
DOWN = "Gateway refuses every tunnel since the night"
NONE = {"candidate": False, "size": 0, "window_minutes": 240, "tickets": []}


def put(services: Services, *numbers: int, **given: JSON) -> None:
    """Store and index tickets of one burst, ten minutes apart."""
    known: dict[str, JSON] = {"source": "zammad", "title": DOWN, "language": "en", "status": "open", "service": "vpn"}
    services.store.upsert_tickets(
        [
            parse_upsert(
                {
                    **known,
                    "external_id": str(number),
                    "opened_at": (START + timedelta(minutes=10 * number)).isoformat(),
                    **given,
                }
            )
            for number in numbers
        ]
    )
    reindex(services)


@pytest.fixture
def burst(services: Services) -> Services:
    """The installation with four open tickets of one burst."""
    put(services, 1, 2, 3, 4)
    return services


def told(answer: object) -> dict[str, JSON]:
    """Return the fields of an incident that the contract names."""
    assert isinstance(answer, dict)
    return {name: answer[name] for name in NONE}


# API


def test_an_answer_tells_the_incident_that_a_ticket_would_join(
    burst: Services, client: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    ticket = {"title": DOWN, "opened_at": (START + timedelta(hours=1)).isoformat()}
    body = client.post("/api/v1/similar-issues", json={"ticket": ticket}, headers=bearer("read")).get_json()

    assert told(body["incident"]) == {
        "candidate": True,
        "size": 5,
        "window_minutes": 240,
        "tickets": ["zammad:1", "zammad:2", "zammad:3", "zammad:4"],
    }
    assert body["incident"]["id"] == "zammad:1"
    assert body["incident"]["state"] == "candidate"
    assert body["incident"]["since"] == "2026-11-21T08:10:00Z"
    assert "5 similar open tickets" in body["incident"]["explanation"]


def test_an_answer_says_that_there_is_no_incident(
    burst: Services, client: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    headers = bearer("read")
    ticket = {"title": "Scanner lamp stays dark on second floor"}
    body = client.post("/api/v1/similar-issues", json={"ticket": ticket}, headers=headers).get_json()
    assert told(body["incident"]) == NONE
    assert body["incident"]["state"] is None

    asked = {"ticket": ticket, "include": ["resolution"]}
    assert client.post("/api/v1/similar-issues", json=asked, headers=headers).get_json()["incident"] is None


def test_the_answer_for_a_stored_ticket_tells_its_incident(
    burst: Services, client: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    headers = bearer("read")
    body = client.get("/api/v1/tickets/zammad/2/similar", headers=headers).get_json()
    assert told(body["incident"])["size"] == 4
    assert told(client.get("/api/v1/tickets/mail/3/similar", headers=headers).get_json()["incident"]) == NONE


def test_incidents_are_listed_and_decided_over_the_api(
    burst: Services, client: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    reader, decider = bearer("read", "feedback"), bearer("read", "tickets:write", name="helpdesk")
    listed = client.get("/api/v1/incidents", headers=reader).get_json()
    assert (listed["size"], listed["window_minutes"], listed["cursor"]) == (4, 240, None)
    assert [one["id"] for one in listed["incidents"]] == ["zammad:1"]

    address = "/api/v1/incidents/zammad:3"
    assert client.get(address, headers=reader).get_json() == listed["incidents"][0]
    refused = client.post(address, json={"state": "dismissed"}, headers=reader)
    assert refused.status_code == 403
    made = client.post(address, json={"state": "dismissed"}, headers=decider).get_json()
    assert (made["state"], made["candidate"], made["decided_by"]) == ("dismissed", False, "token:helpdesk")
    assert client.get("/api/v1/incidents?state=candidate", headers=reader).get_json()["incidents"] == []
    assert len(client.get("/api/v1/incidents?state=dismissed", headers=reader).get_json()["incidents"]) == 1


@pytest.mark.parametrize(
    ("method", "address", "body", "status"),
    [
        ("GET", "/api/v1/incidents/zammad:99", None, 404),
        ("GET", "/api/v1/incidents/mail:3", None, 404),
        ("GET", "/api/v1/incidents?state=open", None, 422),
        ("GET", "/api/v1/incidents?limit=0", None, 422),
        ("GET", "/api/v1/incidents?cursor=zammad:99", None, 422),
        ("GET", "/api/v1/incidents/%FF", None, 422),
        ("POST", "/api/v1/incidents/zammad:99", {"state": "confirmed"}, 404),
        ("POST", "/api/v1/incidents/zammad:1", {"state": "candidate"}, 422),
        ("POST", "/api/v1/incidents/zammad:1", {}, 422),
        ("POST", "/api/v1/incidents/zammad:1", {"state": "confirmed", "note": "x"}, 422),
    ],
)
def test_what_is_no_incident_or_no_decision_is_refused(
    burst: Services,
    client: FlaskClient,
    bearer: Callable[..., Headers],
    method: str,
    address: str,
    body: dict[str, str] | None,
    status: int,
) -> None:
    answer = client.open(address, method=method, json=body, headers=bearer("read", "tickets:write"))

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_lists_go_on_from_the_cursor(burst: Services, client: FlaskClient, bearer: Callable[..., Headers]) -> None:
    put(burst, 11, 12, 13, 14, title="Payroll export ends with an empty file")
    headers = bearer("read")
    first = client.get("/api/v1/incidents?limit=1", headers=headers).get_json()
    second = client.get(f"/api/v1/incidents?limit=1&cursor={first['cursor']}", headers=headers).get_json()

    assert [one["id"] for one in (*first["incidents"], *second["incidents"])] == ["zammad:11", "zammad:1"]
    assert second["cursor"] is None


def test_a_token_is_told_of_no_tickets_beyond_its_audience(
    burst: Services, client: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    put(burst, 4, audience="group:board")
    reader, administrator = bearer("read"), bearer("admin")

    assert client.get("/api/v1/incidents", headers=reader).get_json()["incidents"] == []
    assert client.get("/api/v1/incidents/zammad:1", headers=reader).status_code == 404
    assert client.get("/api/v1/incidents/zammad:1", headers=administrator).get_json()["size"] == 4
    assert told(client.get("/api/v1/tickets/zammad/1/similar", headers=reader).get_json()["incident"]) == NONE


def test_a_deleted_ticket_is_gone_from_answers_before_anything_is_indexed(
    burst: Services, client: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    headers = bearer("read", "tickets:write")
    assert client.delete("/api/v1/tickets/zammad/4", headers=headers).status_code == 204

    assert client.get("/api/v1/incidents", headers=headers).get_json()["incidents"] == []


# Pages


def test_pages_tell_of_an_incident_under_way_and_lead_to_it(burst: Services, signed_in: FlaskClient) -> None:
    for path in ("/", "/?q=tunnel", "/tickets/zammad/2"):
        page = signed_in.get(path).get_data(as_text=True)
        assert "Possible incident" in page, path
        assert "/incidents/zammad:1" in page, path
    assert "This is one of 4 similar open tickets" in signed_in.get("/tickets/zammad/2").get_data(as_text=True)
    assert "Possible incident" not in signed_in.get("/tickets/mail/3").get_data(as_text=True)
    listed = signed_in.get("/incidents").get_data(as_text=True)
    assert DOWN in listed
    assert "4 open tickets" in listed
    assert "since 2026-11-21 08:10 UTC" in listed


def test_pages_say_so_when_nothing_is_under_way(signed_in: FlaskClient) -> None:
    assert "No burst of similar tickets is under way." in signed_in.get("/incidents").get_data(as_text=True)
    assert "Possible incident" not in signed_in.get("/").get_data(as_text=True)


def test_a_person_confirms_and_dismisses_with_the_form(burst: Services, signed_in: FlaskClient) -> None:
    page = signed_in.get("/incidents/zammad:1").get_data(as_text=True)
    assert re.search(r'name="state" value="confirmed"', page)
    for number in range(1, 5):
        assert f"/tickets/zammad/{number}" in page

    answer = signed_in.post("/incidents/zammad:1", data={"state": "confirmed"}, follow_redirects=True)
    assert "Confirmed by administrator" in answer.get_data(as_text=True)
    assert "Confirmed incident" in signed_in.get("/").get_data(as_text=True)

    answer = signed_in.post("/incidents/zammad:1", data={"state": "dismissed"}, follow_redirects=True)
    assert "Dismissed by administrator" in answer.get_data(as_text=True)
    assert DOWN not in signed_in.get("/").get_data(as_text=True)
    assert "Dismissed" in signed_in.get("/incidents").get_data(as_text=True)


def test_a_person_who_may_not_decide_is_shown_no_form_and_decides_nothing(burst: Services, app: Flask) -> None:
    use_cheap_hashes(burst)
    add_person(burst, "desk", "agent")
    add_person(burst, "network-l3", "author")
    agent, author = signed_in_as(app, "desk"), signed_in_as(app, "network-l3")

    assert 'name="state"' not in agent.get("/incidents/zammad:1").get_data(as_text=True)
    assert agent.post("/incidents/zammad:1", data={"state": "confirmed"}).status_code == 403
    assert burst.store.incident_decisions(START) == []
    assert 'name="state"' in author.get("/incidents/zammad:1").get_data(as_text=True)
    answer = author.post("/incidents/zammad:1", data={"state": "confirmed"}, follow_redirects=True)
    assert "Confirmed by network-l3" in answer.get_data(as_text=True)


def test_a_dismissal_that_ends_an_incident_is_answered_and_leads_to_the_list(
    burst: Services, client: FlaskClient, signed_in: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    burst.incidents.decide("zammad:1", "confirmed", SHELL)
    put(burst, 1, 2, status="closed")
    answer = signed_in.post("/incidents/zammad:3", data={"state": "dismissed"}, follow_redirects=True)
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert "Your decision is kept." in page
    assert DOWN not in page

    burst.store.decide_incident("confirmed", ["zammad:3"], "network-l3")
    headers = bearer("tickets:write")
    made = client.post("/api/v1/incidents/zammad:3", json={"state": "dismissed"}, headers=headers)
    assert (made.status_code, made.get_json()["state"]) == (200, "dismissed")


def test_a_decision_needs_a_session_the_token_of_the_form_and_a_choice(
    burst: Services, app: Flask, signed_in: FlaskClient
) -> None:
    assert signed_in.post("/incidents/zammad:1", data={"state": "open"}).status_code == 422
    assert signed_in.post("/incidents/zammad:99", data={"state": "confirmed"}).status_code == 404
    assert signed_in.get("/incidents/zammad:99").status_code == 404
    stranger = app.test_client().post("/incidents/zammad:1", data={"state": "confirmed"})
    assert stranger.headers["Location"].startswith("/sign-in")
    app.config["WTF_CSRF_ENABLED"] = True
    assert signed_in.post("/incidents/zammad:1", data={"state": "confirmed"}).status_code == 400
    assert burst.store.incident_decisions(START) == []


# Setting and restart


def test_settings_and_decisions_hold_after_a_restart(burst: Services) -> None:
    burst.incidents.decide("zammad:1", "confirmed", SHELL)
    before = burst.incidents.current(SHELL)
    encoder = FakeEncoder()
    with open_services(Settings(home=burst.settings.home), lambda line: None, lambda: encoder) as again:
        assert again.incidents.current(SHELL) == before
    stricter = Settings(home=burst.settings.home, incident_size=5, incident_window_minutes=60)
    put(burst, 5)
    with open_services(stricter, lambda line: None, lambda: encoder) as again:
        client = create_app(again).test_client()
        client.get(new_sign_in_path(again.store))
        page = client.get("/incidents").get_data(as_text=True)
    assert "5 similar tickets opened within 60 minutes" in page
    assert "5 open tickets" in page


# Shell


def test_the_shell_lists_incidents_as_text_and_as_the_endpoint_does(tmp_path: Path, model_home: Path) -> None:
    home = home_with_model(tmp_path / "home", model_home)
    fields = {"source": "zammad", "title": DOWN, "language": "en", "opened_at": START.isoformat()}
    file = tmp_path / "tickets.jsonl"
    file.write_text("".join(json.dumps({**fields, "external_id": str(number)}) + "\n" for number in range(1, 5)))
    assert run("--home", home, "import", "tickets", file).code == 0

    text = run("--home", home, "incidents").out
    assert f"{DOWN}  (possible incident)" in text
    assert "4 similar open tickets since 2026-11-21 08:00 UTC" in text
    assert "zammad:1, zammad:2, zammad:3, zammad:4" in text
    listed = json.loads(run("--home", home, "incidents", "--json").out)
    assert (listed["size"], [one["id"] for one in listed["incidents"]]) == (4, ["zammad:1"])
    asked = json.dumps({**fields, "external_id": "5"}).encode()
    assert run("--home", home, "similar", "-", stdin=asked).out.startswith("Possible incident: 5 similar open tickets")

    file.write_text(file.read_text().replace('"title"', '"status": "closed", "title"'))
    assert run("--home", home, "import", "tickets", file).code == 0
    assert run("--home", home, "incidents").out == "No burst of similar tickets is under way.\n"
