"""What is kept for a group is shown to people of that group on every page, and to nobody else on any."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.tickets import parse_upsert
from tests.conftest import reindex
from tests.people import add_person, signed_in_as, use_cheap_hashes
from tests.said import people
from web.links import new_sign_in_path
from web.wiring import Services

SECRET = "Mailbox audit for the board"
OUTAGE = "Board portal refuses every certificate"
As = Callable[[str], FlaskClient]


@pytest.fixture
def as_person(services: Services, app: Flask) -> As:
    """Return a function that signs in `member` (of the group board), `agent` (of none), `author` or `chief`."""
    use_cheap_hashes(services)
    opened_at = datetime.now(UTC).isoformat()
    common = {"source": "desk", "audience": "group:board", "status": "open", "language": "en", "service": "portal"}
    services.store.upsert_tickets(
        [
            parse_upsert({**common, "external_id": str(number), "title": OUTAGE, "opened_at": opened_at})
            for number in range(1, 6)
        ]
    )
    reindex(services)
    add_person(services, "member", "agent", "board")
    add_person(services, "agent")
    add_person(services, "author", "author")
    add_person(services, "chief", "administrator")
    return lambda name: signed_in_as(app, name)


def pages(browser: FlaskClient) -> dict[str, str]:
    """Return what tells of the group's documents in each place, where it does."""
    shown = {
        "article": browser.get("/articles/mail/secret"),
        "ticket": browser.get("/tickets/desk/1"),
        "search": browser.get("/?q=mailbox audit board"),
        "exact": browser.get('/?q="Board portal refuses"'),
        "browse": browser.get("/?type=ticket"),
        "similar": browser.post("/similar", data={"text": f"{OUTAGE}\n\nsince this morning"}),
        "incidents": browser.get("/incidents"),
        "incident": browser.get("/incidents/desk:1"),
        "start": browser.get("/"),
    }
    told = {}
    for place, answer in shown.items():
        main = answer.get_data(as_text=True).partition("<main")[2]
        found = [one for one in (SECRET, OUTAGE) if one in re.sub(r"<textarea.*?</textarea>", "", main, flags=re.S)]
        if answer.status_code == 200 and found:
            told[place] = found[0]
    return told


def test_people_of_the_group_find_what_is_kept_for_it_and_others_find_it_nowhere(as_person: As) -> None:
    everywhere = {"article", "ticket", "search", "exact", "browse", "similar", "incidents", "incident", "start"}

    assert set(pages(as_person("member"))) == everywhere
    assert set(pages(as_person("chief"))) == everywhere
    assert pages(as_person("agent")) == {}
    assert pages(as_person("author")) == {}


def test_counts_and_filters_tell_nothing_of_what_is_kept_for_a_group(as_person: As) -> None:
    def services_offered(browser: FlaskClient) -> set[str]:
        page = browser.get("/?type=ticket").get_data(as_text=True)
        return set(re.findall(r'href="[^"]*service=([\w-]+)', page))

    def total(browser: FlaskClient) -> int:
        found = re.search(r">(\d+) documents? ", browser.get("/?type=ticket").get_data(as_text=True))
        assert found
        return int(found[1])

    member, agent = as_person("member"), as_person("agent")
    assert "portal" in services_offered(member)
    assert "portal" not in services_offered(agent)
    assert total(member) - total(agent) == 5


def test_leaving_the_group_closes_it_at_once(as_person: As, services: Services) -> None:
    browser = as_person("member")
    assert browser.get("/articles/mail/secret").status_code == 200
    services.store.change_person("member", groups=[])
    assert browser.get("/articles/mail/secret").status_code == 302
    assert as_person("member").get("/articles/mail/secret").status_code == 404


def test_drafts_are_for_those_who_write(as_person: As) -> None:
    assert as_person("author").get("/articles/mail/draft").status_code == 200
    assert as_person("agent").get("/articles/mail/draft").status_code == 404


def words(browser: FlaskClient) -> dict[str, str]:
    """Return the hidden fields of the first form for a word on a result."""
    page = browser.get("/?q=vpn+809").get_data(as_text=True)
    form = re.search(r'<form class="said".*?</form>', page, re.S)
    assert form
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0].split("<button")[0]))


def test_feedback_counts_once_for_each_person_beside_what_was_said_before_there_were_accounts(
    services: Services, app: Flask
) -> None:
    before = app.test_client()
    before.get(new_sign_in_path(services.store))
    sent = words(before)
    before.post("/feedback", data={**sent, "action": "helpful"})
    use_cheap_hashes(services)
    for name in ("agent", "member"):
        add_person(services, name)
    for name in ("agent", "AGENT", "member"):  # one name in two spellings is one person
        browser = signed_in_as(app, name)
        browser.post("/feedback", data={**words(browser), "action": "helpful"})

    assert people(services.store, [sent["result_id"]]) == {sent["result_id"]: {"helpful": 3}}


def test_nobody_speaks_of_an_answer_that_another_person_got(services: Services, app: Flask) -> None:
    use_cheap_hashes(services)
    add_person(services, "agent")
    add_person(services, "other", "reviewer")
    sent = words(signed_in_as(app, "agent"))
    refused = signed_in_as(app, "other").post("/feedback", data={**sent, "action": "helpful"})
    assert refused.status_code == 404
    assert people(services.store, [sent["result_id"]]) == {}
