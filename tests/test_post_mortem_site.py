"""Post-mortems in the site: from a ticket, with fields, lint and rows, to a complete one with action items."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from kb.action_items import action_items_of
from kb.documents import ARTICLE, Article
from kb.post_mortem_lint import SENTENCES
from kb.post_mortems import gaps
from kb.timeline import TimelineRow, timeline_of, timeline_text
from tests.conformance.store_samples import delivery
from tests.conftest import reindex
from tests.serving import until
from tests.test_post_mortems import SHIPPED
from tests.writing_app import browser_of, writer, writing_app
from web.api.tokens import new_secret, secret_hash
from web.site.lint_words import SENTENCES as TOLD
from web.site.post_mortem_form import joined_time, post_mortem_fields, split_time
from web.wiring import Services

WHOLE = next(one for one in SHIPPED if one.id.endswith("vpn-error-13801-gateway-certificate-expired"))
DESCRIPTION = """Hello,

since this morning nobody gets in. It says "IKE authentication credentials are unacceptable", error 13801.
2026-02-16 07:24 CET service desk: twelve equal tickets
2026-02-16T07:00:00.123Z INFO RasClient started

Kind regards
Anna Berg
Tel. 030 901820
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Services]]:
    """An application with two tickets of one problem and another one's article, shared by these tests."""
    with writing_app(tmp_path_factory.mktemp("pm") / "home") as (app, services):
        told = {"description": DESCRIPTION, "status": "resolved", "service": "vpn", "language": "en"}
        services.store.upsert_tickets(
            [
                delivery(
                    "1",
                    title="RE: VPN refuses everybody",
                    resolution="Root cause: the certificate had expired.\nIssued a new one.",
                    resolution_code="fixed",
                    assignment_group="network-l3",
                    opened_at=datetime(2026, 2, 16, 6, 18, tzinfo=UTC),
                    resolved_at=datetime(2026, 2, 16, 8, 35, tzinfo=UTC),
                    **told,
                ),
                delivery("2", title="VPN again", opened_at=datetime(2026, 2, 16, 6, 30, tzinfo=UTC), **told),
                delivery("9", title="VPN refused everybody last year", **told),
                delivery("7", title="Secret VPN", audience="group:hr", **told),
            ]
        )
        services.store.upsert_tickets([delivery("2", links=(_duplicate("zammad:1"),))])
        reindex(services)
        yield app, services


def _duplicate(target: str) -> object:
    from kb.documents import Link

    return Link("duplicate_of", target)


@pytest.fixture
def services(opened: tuple[Flask, Services]) -> Services:
    return opened[1]


@pytest.fixture
def author(opened: tuple[Flask, Services]) -> FlaskClient:
    return browser_of(opened[0], writer("network-l3"))


@pytest.fixture
def reviewer(opened: tuple[Flask, Services]) -> FlaskClient:
    return browser_of(opened[0], writer("identity-l3", "reviewer"))


@pytest.fixture
def agent(opened: tuple[Flask, Services]) -> FlaskClient:
    return browser_of(opened[0], writer("desk", "agent"))


def begun(browser: FlaskClient, **asked: object) -> dict[str, str]:
    """Begin to write and return the fields of the form that opens."""
    answer = browser.post("/write", data={"kind": "post-mortem", "title": "", **asked})
    assert answer.status_code == 303, answer.text
    form = fields_of(browser.get(answer.location).text)
    return {**form, "address": answer.location}


def fields_of(page: str) -> dict[str, str]:
    """Return name → value of the fields of the editor's form."""
    form = page[page.index('id="f:form"') :]
    found: dict[str, str] = {}
    for name, value in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL):
        found[name] = unescape(value)
    for tag in re.findall(r"<input[^>]*>", form):
        if (name := re.search(r' name="(\w+)"', tag)) and 'type="checkbox"' not in tag:
            value = re.search(r' value="([^"]*)"', tag)
            found[name[1]] = unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        found[name] = unescape(chosen[1]) if chosen else ""
    return found


def saved(browser: FlaskClient, form: dict[str, str], **changed: str) -> str:
    """Send the form and return the id of the article that it made."""
    sent = {name: value for name, value in {**form, **changed}.items() if name != "address"}
    answer = browser.post(form["address"], data=sent)
    assert answer.status_code == 303, answer.text
    return str(answer.location).removeprefix("/articles/")


def complete(form: dict[str, str], **changed: str) -> dict[str, str]:
    """Return the form with all that a complete post-mortem needs."""
    return {
        **form,
        "body": WHOLE.body.partition("\n")[2],
        "severity": "SEV1",
        "cause_category": "human_process",
        "started_at": "2026-02-16T07:00",
        "started_at_zone": "+01:00",
        **changed,
    }


def test_every_sentence_of_the_lint_is_the_one_that_is_translated(opened: tuple[Flask, Services]) -> None:
    with opened[0].test_request_context():
        assert {rule: str(text) for rule, text in TOLD.items()} == dict(SENTENCES)


def test_a_resolved_ticket_offers_to_be_written_up_to_who_may_write(author: FlaskClient, agent: FlaskClient) -> None:
    page = author.get("/tickets/zammad/1").text
    assert "kind=post-mortem&amp;from=zammad:1" in page or "from=zammad%3A1" in page
    assert "Write a post-mortem" in page
    assert "Write a post-mortem" not in agent.get("/tickets/zammad/1").text
    assert agent.get("/write?from=zammad:1").status_code == 403


def test_what_happened_before_is_shown_first_and_named_when_it_is_marked(author: FlaskClient) -> None:
    page = author.get("/write?kind=post-mortem&from=zammad:1").text
    assert page.index("VPN refused everybody last year") < page.index('id="f:begin"')
    assert "Part of a trend" in page
    assert "VPN again" not in page  # its own duplicate is no past incident

    form = begun(author, **{"from": "zammad:1", "similar": "zammad:9"})
    assert "- [VPN refused everybody last year](/tickets/zammad/9)" in form["body"]


def test_a_ticket_fills_in_its_facts_and_nothing_else(author: FlaskClient) -> None:
    form = begun(author, **{"from": "zammad:1"})

    assert form["title"] == "VPN refuses everybody"
    assert (form["service"], form["owner_team"]) == ("vpn", "network-l3")
    assert form["source_tickets"].splitlines() == ["zammad:1", "zammad:2"]
    assert form["error_signatures"].splitlines() == ["13801", "IKE authentication credentials are unacceptable"]
    assert (form["detected_at"], form["detected_at_zone"]) == ("2026-02-16T06:18:00", "+00:00")
    assert (form["started_at"], form["severity"], form["cause_category"]) == ("", "", "")
    assert form["root_cause"] == "the certificate had expired."
    assert form["resolution_kind"] == "permanent_fix"
    assert "> since this morning nobody gets in." in form["body"]
    assert "Anna Berg" not in form["body"]
    assert "030 901820" not in form["body"]
    assert "INFO RasClient" not in form["body"]
    assert "Reported in 2 tickets: zammad:1, zammad:2." in form["body"]
    assert [(row.time, row.source, row.kind) for row in timeline_of(form["body"]) or ()] == [
        ("2026-02-16 06:18 UTC", "zammad:1", "fact"),
        ("2026-02-16 07:24 CET", "zammad:1", "fact"),
        ("2026-02-16 06:30 UTC", "zammad:2", "fact"),
        ("2026-02-16 08:35 UTC", "zammad:1", "fact"),
    ]


def test_a_time_that_is_only_the_tickets_says_so_until_it_is_corrected(author: FlaskClient) -> None:
    form = begun(author, **{"from": "zammad:1"})
    page = author.get(form["address"]).text
    assert "From when the ticket was opened." in page
    assert "From when the ticket was resolved." in page
    assert "Vom Eröffnen des Tickets." in author.get(form["address"], headers={"Accept-Language": "de"}).text

    changed = {name: value for name, value in form.items() if name != "address"} | {"detected_at": "2026-02-16T06:10"}
    corrected = author.post(form["address"], data={**changed, "preview": "1"}).text
    assert "From when the ticket was opened." not in corrected
    assert "From when the ticket was resolved." in corrected


def test_secrets_in_the_fields_are_pointed_out_by_the_name_of_the_field(author: FlaskClient) -> None:
    form = {
        "kind": "post-mortem",
        "title": "Passwort Sommer2024 does not work",
        "body": "x",
        "root_cause": "It was password=hunter2.",
        "error_signatures": "curl -u admin:Secret12 https://x",
        "language": "en",
    }
    told = unescape(author.post("/lint", data=form).get_json()["html"])

    for name, field in (("title", "Title"), ("root_cause", "Root cause"), ("error_signatures", "Error messages")):
        assert f'<a href="#f:{name}">a password, in “{field}”</a>' in told
    assert "hunter2" not in told


def test_a_ticket_that_the_writer_may_not_read_fills_in_nothing(author: FlaskClient) -> None:
    form = begun(author, title="Something", **{"from": "zammad:7"})
    assert form["source_tickets"] == ""
    assert "nobody gets in" not in form["body"]


def test_an_article_begins_from_a_ticket_in_the_language_that_is_asked_for(author: FlaskClient) -> None:
    form = begun(author, kind="troubleshooting", language="de", **{"from": "zammad:1"})
    assert "## Symptome" in form["body"]
    assert "Worte der Betroffenen:" in form["body"]
    assert "Issued a new one." in form["body"]


def test_a_post_mortem_is_complete_only_when_it_is_and_then_leads_from_its_tickets(
    opened: tuple[Flask, Services], author: FlaskClient, reviewer: FlaskClient, services: Services
) -> None:
    form = begun(author, **{"from": "zammad:1"})
    article_id = saved(author, form)
    draft = services.store.article(article_id)
    assert draft is not None and draft.state == "draft"
    assert services.store.links_to(article_id) == []
    assert (draft.authors, draft.error_signatures[0]) == (("network-l3",), "13801")

    address = f"/edit/{article_id}"
    form = {**fields_of(author.get(address).text), "address": address}
    refused = author.post(address, data={**form, "state": "published"})
    assert refused.status_code == 403
    hasty = browser_of(opened[0], writer("pki-l3", "reviewer"))
    refused = hasty.post(address, data={**fields_of(hasty.get(address).text), "state": "published"})
    assert refused.status_code == 422
    assert "it lacks severity" in unescape(refused.text)

    form = {**fields_of(author.get(address).text), "address": address}
    saved(author, complete(form), state="draft")
    form = {**fields_of(reviewer.get(address).text), "address": address}
    saved(reviewer, form, state="published")

    published = services.store.article(article_id)
    assert published is not None
    assert (published.state, published.extra["reviewer"], gaps(published)) == ("published", "identity-l3", ())
    ticket = services.store.ticket("zammad:1")
    assert ticket is not None
    assert [(one.type, one.target, one.by) for one in ticket.links] == [("resolved_by", article_id, ARTICLE)]
    page = author.get(f"/articles/{article_id}").text
    assert "Time to detect" in page
    assert "0 of 4 are open" in re.sub(r"<[^>]+>", "", page)
    assert article_id in author.get("/tickets/zammad/1").text


def test_fields_keep_their_zone_and_what_is_half_typed() -> None:
    assert split_time("2026-02-16T07:00:00+01:00") == ("2026-02-16T07:00:00", "+01:00")
    assert joined_time(*split_time("2026-02-16T07:00:00Z")) == "2026-02-16T07:00:00Z"
    assert joined_time("2026-02-16T07:00", "+01:00") == "2026-02-16T07:00:00+01:00"
    assert joined_time("about seven", "") == "about seven"
    given = MultiDict(
        {"severity": " SEV1 ", "root_cause": "", "known_error_shown": "1", "source_tickets": "a:1\n\na:1"}
    )
    assert post_mortem_fields(given) == {
        "severity": "SEV1",
        "root_cause": None,
        "known_error": None,
        "source_tickets": ["a:1"],
    }
    assert post_mortem_fields(MultiDict()) == {}
    assert post_mortem_fields(MultiDict({"known_error_shown": "1", "known_error": "1"})) == {"known_error": True}


@pytest.mark.parametrize("article", SHIPPED, ids=lambda article: article.id)
def test_a_post_mortem_that_is_saved_as_it_is_changes_nothing(
    article: Article, author: FlaskClient, services: Services
) -> None:
    from dataclasses import replace

    mine = services.store.create_article(replace(article, source="site", path=None, confidence="wip"), "network-l3")
    address = f"/edit/{mine.id}"
    saved(author, {**fields_of(author.get(address).text), "address": address})
    after = services.store.article(mine.id)
    assert after is not None
    assert dict(after.extra) == dict(mine.extra)
    assert after.body.rstrip() == mine.body.rstrip()
    services.store.delete_articles([mine.id])


def test_lint_tells_findings_with_their_place_rows_and_likely_secrets(author: FlaskClient, agent: FlaskClient) -> None:
    body = WHOLE.body.replace(
        "Nothing was changed", "The administrator forgot it. password=hunter2. Nothing was changed"
    )
    form = {"kind": "post-mortem", "title": WHOLE.title, "body": body, "language": "en"}
    told = author.post("/lint", data=form).get_json()

    start = body.index("administrator forgot")
    assert f'data-start="{start}"' in told["html"]
    assert "a password, line" in told["html"]
    assert "hunter2" not in told["html"]
    assert "owner_team" in told["html"]
    assert len(told["timeline"]["rows"]) == 9
    assert told["timeline"]["text"] in body
    assert [one["state"] for one in told["actions"]["rows"]] == ["done"] * 4
    assert agent.post("/lint", data=form).status_code == 403
    german = author.post("/lint", data=form, headers={"Accept-Language": "de"}).get_json()
    assert "sagt, was jemand unterließ" in german["html"]


def test_rows_are_put_into_the_text_and_sorted_on_request(author: FlaskClient) -> None:
    rows = [
        {"time": "2026-02-16 08:00 CET", "event": "Later", "source": "log", "kind": "fact"},
        {"time": "2026-02-16 07:00 CET", "event": "Sooner", "source": "", "kind": ""},
    ]
    sent = {"body": "## Timeline\n\n", "language": "en", "timeline": json.dumps(rows)}
    made = author.post("/tables", data=sent).get_json()
    body, shown = made["body"], made["timeline"]["text"]
    assert [row.event for row in timeline_of(body) or ()] == ["Later", "Sooner"]
    sorted_by_time = {**sent, "body": body, "timeline_text": shown, "sorted": "1"}
    ordered = author.post("/tables", data=sorted_by_time).get_json()["body"]
    assert [row.event for row in timeline_of(ordered) or ()] == ["Sooner", "Later"]
    item = json.dumps([{"action": "Alert before it expires", "type": "detect", "state": "open"}])
    made = author.post("/tables", data={"body": body, "language": "de", "actions": item}).get_json()["body"]
    assert "| Alert before it expires | erkennen |" in made
    for broken in ("{", "[1]", '[{"time": 1}]', "{}"):
        assert author.post("/tables", data={**sent, "timeline": broken}).status_code == 422


def test_rows_of_another_table_than_the_one_in_the_text_are_refused_with_what_stands_there(author: FlaskClient) -> None:
    shown = timeline_text([TimelineRow("2026-02-16 07:00 CET", "log", "Down", "fact")], "en")
    typed = shown + "| 2026-02-16 08:00 CET | log | Up | fact |\n"
    sent = {"body": f"## Timeline\n\n{typed}", "timeline": json.dumps([{"time": "2026-02-16 07:05 CET"}])}
    for before in (None, "", shown):
        refused = author.post("/tables", data={**sent, **({} if before is None else {"timeline_text": before})})
        assert refused.status_code == 409
        told = refused.get_json()
        assert told["timeline"]["text"] == typed
        assert [row["event"] for row in told["timeline"]["rows"]] == ["Down", "Up"]
        assert "body" not in told
    assert author.post("/tables", data={**sent, "timeline_text": typed.replace("\n", "\r\n")}).status_code == 200


def test_action_items_are_listed_overdue_first_and_their_state_is_changed_once(
    author: FlaskClient, agent: FlaskClient, services: Services
) -> None:
    from dataclasses import replace

    body = WHOLE.body.replace(
        "https://tracker.example.com/OPS-4414 | done", "https://tracker.example.com/OPS-4414 | open"
    )
    action = "Second rota for those who approve"
    body = body.replace("On-call rota for certificate approvals", action)
    made = services.store.create_article(
        replace(WHOLE, id="pm/overdue", source="site", path=None, body=body, confidence="validated"), "network-l3"
    )
    hidden = replace(made, id="pm/hidden", audience="group:hr", title="Hidden incident of a group")
    services.store.create_article(hidden, "network-l3")
    page = author.get("/action-items").text
    assert action in page
    assert "days overdue" in page
    assert "Hidden incident" not in page
    assert action not in author.get("/action-items?by_show=done").text
    assert action in author.get("/action-items?by_owner=pki-l3&by_service=vpn&by_type=mitigate").text
    assert action not in author.get("/action-items?by_show=mine").text
    assert 'name="state"' not in agent.get("/action-items").text

    sent = {"article": "pm/overdue", "revision": str(made.revision), "number": "3", "state": "in_progress"}
    assert agent.post("/action-items", data=sent).status_code == 403
    answer = author.post("/action-items", data={**sent, "by_owner": "pki-l3"})
    assert (answer.status_code, answer.location) == (303, "/action-items?by_owner=pki-l3")
    after = services.store.article("pm/overdue")
    assert after is not None
    assert [one.state for one in action_items_of(after.body) or ()] == ["done", "done", "done", "in_progress"]
    assert after.body == made.body.replace("OPS-4414 | open", "OPS-4414 | in progress")
    assert after.confidence == "validated"
    stale = author.post("/action-items", data={**sent, "state": "done"})
    assert stale.status_code == 409
    assert "changed meanwhile" in stale.text
    for wrong in ({"state": "gone"}, {"number": "9"}, {"number": "x"}):
        assert author.post("/action-items", data={**sent, **wrong}).status_code == 422
    assert author.post("/action-items", data={**sent, "article": "pm/hidden"}).status_code == 404


def test_a_question_without_an_answer_is_asked_for_once_for_the_same_words_and_taken_by_one(
    author: FlaskClient, agent: FlaskClient, reviewer: FlaskClient, services: Services
) -> None:
    query = "zebra turnstile beeps"
    page = agent.get(f"/?q={query}").text
    assert "Nobody has written this down" in page
    assert "Write it" not in page
    asked = agent.post("/requests", data={"q": query, "next": f"/?q={query}"})
    assert (asked.status_code, asked.location.partition("?")[0]) == (303, "/")
    author.post("/requests", data={"q": "Turnstile beeps: zebra"})

    (one,) = [one for one in services.store.article_requests(99) if one.query == query]
    assert (one.times, one.people) == (2, 2)
    page = agent.get("/requests").text
    assert query in page
    assert "by 2 people" in page
    assert agent.post(f"/requests/{one.number}", data={"action": "take"}).status_code == 403
    assert author.post(f"/requests/{one.number}", data={"action": "take"}).status_code == 303
    assert reviewer.post(f"/requests/{one.number}", data={"action": "take"}).status_code == 409
    assert "Someone is on this" in agent.get("/?q=beeping zebra turnstiles").text
    assert agent.post(f"/requests/{one.number}", data={"action": "release"}).status_code == 403

    form = begun(author, kind="troubleshooting", request=str(one.number))
    assert form["title"] == query
    article_id = saved(author, {**form, "body": "## Resolution\n\nReset it.\n"}, state="draft")
    page = agent.get("/requests").text
    assert "There is a draft." in page
    assert article_id not in page
    address = f"/edit/{article_id}"
    saved(author, {**fields_of(author.get(address).text), "address": address}, state="published")
    reindex(services)
    assert article_id in agent.get("/requests").text
    assert "Written meanwhile" in agent.get("/requests").text


def test_a_request_that_somebody_else_is_on_or_has_answered_is_not_answered_by_another_article(
    author: FlaskClient, reviewer: FlaskClient, services: Services
) -> None:
    for text in ("walrus gate jams", "ocelot lamp hums"):
        author.post("/requests", data={"q": text})
    taken, free = (
        next(one.number for one in services.store.article_requests(99) if one.query == text)
        for text in ("walrus gate jams", "ocelot lamp hums")
    )
    author.post(f"/requests/{taken}", data={"action": "take"})
    services.store.answer_request(free, WHOLE.id)
    services.store.put_articles([WHOLE], "tests")
    form = begun(reviewer, kind="how-to", title="Other", request=str(taken))
    other = saved(reviewer, {**form, "body": "x"}, state="draft")
    saved(reviewer, {**begun(reviewer, kind="how-to", title="Third"), "body": "x"}, state="draft", request=str(free))

    assert getattr(services.store.article_request(taken), "article_id", "") is None
    assert getattr(services.store.article_request(free), "article_id", "") == WHOLE.id
    mine = saved(author, {**begun(author, kind="how-to", title="Mine", request=str(taken)), "body": "x"}, state="draft")
    assert getattr(services.store.article_request(taken), "article_id", "") == mine != other
    services.store.delete_articles([WHOLE.id, mine, other])


def test_a_request_that_was_answered_for_others_stays_open_and_tells_nothing_of_their_article(
    author: FlaskClient, services: Services
) -> None:
    author.post("/requests", data={"q": "lemur kiosk blinks"})
    one = next(one for one in services.store.article_requests(999) if one.query == "lemur kiosk blinks")
    board = services.store.create_article(Article(id="board/lemur", title="L", body="", audience="group:hr"), "hr-desk")
    services.store.take_request(one.number, "hr-desk")
    services.store.answer_request(one.number, board.id)

    page = author.get("/requests").text
    item = page[page.index(f'id="r{one.number}"') :].partition("</li>")[0]
    assert "I am on it" in item and "Write it" in item
    assert "Someone is on this" not in item and "hr-desk" not in item and board.id not in page
    assert author.post(f"/requests/{one.number}", data={"action": "take"}).status_code == 303
    assert getattr(services.store.article_request(one.number), "taken_by", "") == "network-l3"
    services.store.delete_articles([board.id])
    services.store.dismiss_request(one.number)


def test_open_requests_come_in_pages_that_answered_ones_do_not_fill(
    author: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.site.requests.PAGE_SIZE", 2)
    services.store.put_articles([WHOLE], "tests")
    numbers = []
    for number in range(3):
        for by in ("a", "b", "c", "d"):
            asked = services.store.ask_for_article(f"answered {number}", f"answered-{number}", by)
        services.store.answer_request(asked.number, WHOLE.id)
        numbers.append(asked.number)
        numbers.append(services.store.ask_for_article(f"okapi {number}", f"okapi-{number}", "a").number)

    first = author.get("/requests").text
    assert first.count('class="result"') == 2
    assert first.count(WHOLE.title) == 2
    seen, page = "", 1
    while f"page={page + 1}" in (text := author.get(f"/requests?page={page}").text):
        seen, page = seen + text, page + 1
    assert all(f"okapi {number}" in seen + text for number in range(3))
    both = first + author.get("/requests?answered=2").text
    assert all(f"answered {number}" in both for number in range(3))
    assert author.get(f"/requests?page={'9' * 30}").status_code == 200
    for number in numbers:
        services.store.dismiss_request(number)
    services.store.delete_articles([WHOLE.id])


def test_a_request_is_dismissed_by_a_reviewer_alone_and_personal_words_are_pointed_out(
    author: FlaskClient, agent: FlaskClient, reviewer: FlaskClient, services: Services
) -> None:
    query = "mailbox of anna.berg@firma-nord.de bounces xylophone"
    assert "Does it name a person" in agent.get("/", query_string={"q": query}).text
    agent.post("/requests", data={"q": query})
    number = next(one.number for one in services.store.article_requests(99) if one.query == query)
    assert author.post(f"/requests/{number}", data={"action": "dismiss"}).status_code == 403
    assert reviewer.post(f"/requests/{number}", data={"action": "dismiss"}).status_code == 303
    assert "anna.berg" not in agent.get("/requests").text
    assert reviewer.post(f"/requests/{number}", data={"action": "dismiss"}).status_code == 404
    assert agent.post("/requests", data={"q": " "}).status_code == 422
    assert agent.post("/requests", data={"q": "x" * 600}).status_code == 422


def test_an_error_message_finds_what_was_just_saved_first(tmp_path: Path) -> None:
    with writing_app(tmp_path / "home") as (app, services):
        services.start_indexing()
        author = browser_of(app, writer("network-l3"))
        form = begun(author, kind="known-error", title="Turnstiles reject every card")
        form |= {"body": "## Symptoms\n\nThe door stays shut.\n", "error_signatures": "TRN-7741", "language": "en"}
        article_id = saved(author, form, state="published")
        secret = new_secret()
        services.store.create_token("desk", ("read",), secret_hash(secret))
        program = app.test_client()

        def first() -> tuple[str, str] | None:
            asked = {"ticket": {"title": "Display shows TRN-7741"}, "include": ["reasons"]}
            answer = program.post("/api/v1/similar-issues", json=asked, headers={"Authorization": f"Bearer {secret}"})
            found = answer.get_json()["results"]
            return (found[0]["id"], found[0]["reasons"][0]["type"]) if found else None

        until(lambda: first() is not None and first()[0] == article_id)
        assert first() == (article_id, "identifier")


def test_a_broken_own_template_is_said_at_the_top_of_the_text(tmp_path: Path) -> None:
    with writing_app(tmp_path / "home") as (app, services):
        folder = services.settings.home / "templates"
        folder.mkdir()
        folder.joinpath("how-to.en.md").write_bytes(b"\xff")
        body = begun(browser_of(app, writer("network-l3")), kind="how-to", title="Order a badge", language="en")["body"]
        assert body.startswith("<!-- how-to.en.md cannot be used: it is no UTF-8 text")
        assert "## Steps" in body
