"""Feedback comes from who got the answer, counts once for each person, and links what it resolved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.documents import FEEDBACK
from kb.exporting import export, import_export
from kb.store.open_store import open_store
from search.learning.examples import examples_of
from tests.conftest import Headers
from tests.said import people
from web.app import create_app
from web.links import new_sign_in_path
from web.wiring import Services

Bearer = Callable[..., Headers]
Answer = tuple[int, Mapping[str, object]]
FEEDBACK_PATH = "/api/v1/feedback"
FIX = "vpn/error-809"


class Desk:
    """A ticket system with a token."""

    def __init__(self, client: FlaskClient, header: Headers):
        self.client, self.header = client, header

    def asks(self, **ticket: object) -> str:
        """Ask for similar issues and return the answer's id; the fix is among its results."""
        body = {"ticket": {"title": "VPN breaks off at home, error 809", **ticket}}
        answer = self.client.post("/api/v1/similar-issues", json=body, headers=self.header).get_json()
        assert FIX in [result["id"] for result in answer["results"]]
        return str(answer["response_id"])

    def says(self, response_id: str, action: str, **more: object) -> Answer:
        """Say something of the fix; return status and body."""
        body: dict[str, object] = {"response_id": response_id, "result_id": FIX, "action": action, **more}
        answer = self.client.post(FEEDBACK_PATH, json=body, headers=self.header)
        return answer.status_code, answer.get_json()

    def put(self, number: str, **fields: object) -> None:
        """Send a ticket."""
        put = self.client.put(f"/api/v1/tickets/desk/{number}", json={"title": "VPN", **fields}, headers=self.header)
        assert put.status_code in (200, 201)

    def links(self, number: str) -> object:
        """Return the links of a ticket as the API tells them, without times."""
        ticket = self.client.get(f"/api/v1/tickets/desk/{number}", headers=self.header).get_json()
        return [{name: link[name] for name in link if name != "at"} for link in ticket.get("links", [])]


@pytest.fixture
def desk(client: FlaskClient, bearer: Bearer) -> Desk:
    return Desk(client, bearer("read", "feedback", "tickets:write", name="desk"))


def made(target: str = FIX) -> dict[str, str]:
    return {"type": "resolved_by", "target": target, "by": FEEDBACK}


def test_a_stranger_learns_nothing_of_an_answer(desk: Desk, client: FlaskClient, bearer: Bearer) -> None:
    response_id = desk.asks()
    stranger, administrator = Desk(client, bearer("read", "feedback")), Desk(client, bearer("admin"))

    foreign, unknown = stranger.says(response_id, "helpful"), stranger.says("0" * 32, "helpful")
    assert foreign[0] == unknown[0] == 404
    told = [str(one[1]["detail"]).replace(response_id, "ID").replace("0" * 32, "ID") for one in (foreign, unknown)]
    assert told[0] == told[1]
    assert stranger.says(response_id, "helpful", result_id="no/such") == foreign
    assert stranger.says(response_id, "resolved_by", ticket="no:such") == foreign
    assert desk.says(response_id, "helpful") == (200, {"recorded": True})
    assert administrator.says(response_id, "helpful") == (200, {"recorded": True})


def test_a_renewed_token_of_the_same_name_goes_on_for_the_one_before(
    desk: Desk, client: FlaskClient, bearer: Bearer, services: Services
) -> None:
    response_id = desk.asks()
    services.store.revoke_token("desk")
    assert Desk(client, bearer("feedback", name="desk")).says(response_id, "helpful") == (200, {"recorded": True})


def test_each_person_behind_a_token_counts_once(desk: Desk, services: Services) -> None:
    response_id = desk.asks()
    said = [desk.says(response_id, "helpful", person=person)[1]["recorded"] for person in ("17", "18", "17")]

    assert said == [True, True, False]
    assert desk.says(response_id, "helpful")[1] == {"recorded": True}
    assert people(services.store, [FIX]) == {FIX: {"helpful": 3}}
    given = services.store.feedback_given([FIX], ["helpful"])
    assert [one.by for one in given] == ["token:desk\t17", "token:desk\t18", "token:desk"]


def test_the_last_word_counts_in_the_answers_that_follow(desk: Desk) -> None:
    def prior() -> dict[str, object]:
        body = {"ticket": {"title": "VPN breaks off at home, error 809"}}
        answer = desk.client.post("/api/v1/similar-issues", json=body, headers=desk.header).get_json()
        reasons = next(one["reasons"] for one in answer["results"] if one["id"] == FIX)
        return next(({**one, "type": ""} for one in reasons if one["type"] == "prior_feedback"), {})

    response_id = desk.asks()
    desk.says(response_id, "helpful")
    assert prior() == {"type": "", "helpful": 1, "not_helpful": 0, "resolved_by": 1}  # its own ticket's link
    assert desk.says(response_id, "not_helpful") == (200, {"recorded": True})
    assert prior() == {"type": "", "helpful": 0, "not_helpful": 1, "resolved_by": 1}
    desk.says(response_id, "resolved_by")
    assert prior() == {"type": "", "helpful": 0, "not_helpful": 0, "resolved_by": 2}


def test_what_was_opened_or_copied_changes_no_answer(desk: Desk) -> None:
    answer = desk.client.get("/api/v1/search?q=mailbox", headers=desk.header).get_json()
    for action in ("opened", "copied", "dismissed"):
        for result in answer["results"]:
            assert desk.says(answer["response_id"], action, result_id=result["id"]) == (200, {"recorded": True})
    assert "prior_feedback" not in str(desk.client.get("/api/v1/search?q=mailbox", headers=desk.header).get_json())


def test_a_word_on_an_article_that_moved_since_is_taken(desk: Desk, signed_in: FlaskClient, services: Services) -> None:
    response_id = desk.asks()
    form = next(one for one in forms(signed_in.get("/?q=vpn+809").get_data(as_text=True)) if one["result_id"] == FIX)
    stored = services.store.article(FIX)
    assert stored is not None
    services.store.put_articles([replace(stored, id="vpn/moved")], "tests")
    services.store.delete_articles([FIX])
    services.store.add_alias(FIX, "vpn/moved")

    assert desk.says(response_id, "helpful") == (200, {"recorded": True})
    page = signed_in.post("/feedback", data={**form, "action": "helpful"}).get_data(as_text=True)
    assert 'href="/articles/vpn/moved"' in page
    services.store.put_articles([replace(stored, id="vpn/moved", audience="group:security")], "tests")
    assert desk.says(response_id, "not_helpful")[0] == 422


WRONG: tuple[tuple[str, object], ...] = (
    ("person", ""),
    ("person", "x" * 201),
    ("person", "a\tb"),
    ("person", 7),
    ("ticket", ""),
    ("ticket", "desk:\x00"),
    ("action", "loved"),
    ("result_id", "no/such"),
    ("result_id", "x\n"),
    ("colour", "red"),
)


def test_a_wrong_field_of_feedback_is_named(desk: Desk) -> None:
    response_id = desk.asks()
    for field, value in WRONG:
        sent = {"action": "helpful", field: value}
        status, body = desk.says(response_id, **sent)  # type: ignore[arg-type]
        assert (status, body["field"]) == (422, field), value


def test_a_result_that_may_not_be_read_any_more_is_none(desk: Desk, services: Services) -> None:
    response_id = desk.asks()
    article = services.store.article(FIX)
    assert article is not None
    services.store.update_article(replace(article, audience="group:network"), "tests", article.revision)
    status, body = desk.says(response_id, "helpful")
    assert (status, body["field"]) == (422, "result_id")


def test_a_ticket_is_linked_with_its_fix_and_both_tell(desk: Desk, signed_in: FlaskClient, services: Services) -> None:
    desk.put("1", title="Tunnel is gone", status="open")
    response_id = desk.asks()

    assert desk.says(response_id, "resolved_by", ticket="desk:1") == (200, {"recorded": True, "ticket": "desk:1"})
    assert desk.says(response_id, "resolved_by", ticket="desk:1") == (200, {"recorded": False, "ticket": "desk:1"})
    assert desk.links("1") == [made()]
    assert "Tunnel is gone" in signed_in.get(f"/articles/{FIX}").get_data(as_text=True)
    assert f'href="/articles/{FIX}"' in signed_in.get("/tickets/desk/1").get_data(as_text=True).partition("<aside")[2]


def test_a_past_ticket_that_resolved_another_names_it_on_its_page(desk: Desk, signed_in: FlaskClient) -> None:
    desk.put("1", title="Tunnel is gone")
    desk.says(desk.asks(), "resolved_by", result_id="mail:1", ticket="desk:1")
    assert desk.links("1") == [made("mail:1")]
    aside = signed_in.get("/tickets/mail/1").get_data(as_text=True).partition("<aside")[2]
    assert "Tunnel is gone" in aside
    assert "reused for 1 problem" in aside


def test_the_ticket_of_the_question_is_meant_when_none_is_named(desk: Desk) -> None:
    desk.put("1")
    stored = desk.client.get("/api/v1/tickets/desk/1/similar", headers=desk.header).get_json()["response_id"]
    assert desk.says(stored, "resolved_by") == (200, {"recorded": True, "ticket": "desk:1"})
    named = desk.asks(source="desk", external_id="1")
    assert desk.says(named, "resolved_by") == (200, {"recorded": True, "ticket": "desk:1"})
    not_stored = desk.asks(source="desk", external_id="77")
    assert desk.says(not_stored, "resolved_by") == (200, {"recorded": True})


def test_a_ticket_that_is_not_there_or_closed_to_the_token_is_refused_alike(desk: Desk) -> None:
    desk.put("1", audience="group:network")
    response_id = desk.asks()
    hidden = desk.says(response_id, "resolved_by", ticket="desk:1")
    absent = desk.says(response_id, "resolved_by", ticket="desk:2")

    assert (hidden[0], hidden[1]["field"]) == (absent[0], absent[1]["field"]) == (422, "ticket")
    assert str(hidden[1]["detail"]).replace("desk:1", "") == str(absent[1]["detail"]).replace("desk:2", "")
    article = desk.says(response_id, "resolved_by", ticket=FIX)
    itself = desk.says(response_id, "resolved_by", result_id="mail:1", ticket="mail:1")
    assert (article[0], itself[0], itself[1]["field"]) == (422, 422, "ticket")


def test_deliveries_keep_the_links_that_people_made_and_exports_carry_them(
    desk: Desk, services: Services, tmp_path: Path
) -> None:
    told = {"type": "related", "target": "mail:2"}
    desk.put("1", links=[told])
    desk.says(desk.asks(), "resolved_by", ticket="desk:1")
    for links in ([told], [], None, [{"type": "caused_by", "target": "mail:3"}]):
        desk.put("1", links=links)
        assert made() in desk.links("1")  # type: ignore[operator]
    desk.put("1", links=[told])
    export(services.store, tmp_path / "copy")
    other = open_store(tmp_path / "other.db")
    import_export(other, tmp_path / "copy", detect=lambda text: "en")

    assert other.ticket("desk:1") == services.store.ticket("desk:1")
    ticket = other.ticket("desk:1")
    other.close()
    assert ticket is not None
    assert [(one.target, one.by) for one in ticket.links] == [("mail:2", None), (FIX, FEEDBACK)]


def test_a_link_that_people_made_teaches_until_it_is_taken_back(desk: Desk, services: Services) -> None:
    desk.put("1", opened_at="2026-11-20T08:00:00Z")
    response_id = desk.asks()
    before = len(examples_of(services.store))
    desk.says(response_id, "resolved_by", ticket="desk:1")
    assert [one.right for one in examples_of(services.store) if one.ticket.id == "desk:1"] == [{FIX}]
    desk.says(response_id, "not_helpful")
    assert desk.links("1") == []
    assert len(examples_of(services.store)) == before


def test_nothing_is_half_done_when_the_link_cannot_be_stored(desk: Desk, services: Services) -> None:
    desk.put("1")
    response_id = desk.asks()
    with mock.patch("kb.store.feedback.add_link", side_effect=ZeroDivisionError):
        assert desk.says(response_id, "resolved_by", ticket="desk:1")[0] == 500
    assert people(services.store, [FIX]) == {}
    assert desk.links("1") == []


def test_a_ticket_system_cannot_make_up_a_link_of_people(desk: Desk) -> None:
    forged = {"links": [made()]}
    told = {"type": "resolved_by", "target": FIX}
    desk.put("1", **forged)
    batch = json.dumps({"source": "desk", "external_id": "2", "title": "VPN", **forged})
    sent = desk.client.post("/api/v1/tickets/batch", data=batch, headers=desk.header)

    assert sent.status_code == 200
    assert desk.links("1") == desk.links("2") == [told]
    desk.put("1", links=None)
    assert desk.links("1") == []


def test_a_link_of_people_stays_theirs_when_a_system_sends_back_what_it_read(desk: Desk) -> None:
    desk.put("1")
    response_id = desk.asks()
    desk.says(response_id, "resolved_by", ticket="desk:1")
    desk.put("1", links=[made()])
    assert desk.links("1") == [made()]
    desk.says(response_id, "not_helpful")
    assert desk.links("1") == []


# the site


def forms(page: str) -> list[dict[str, str]]:
    """Return the hidden fields of every form for a word on a result."""
    found = re.findall(r'<form class="said".*?</form>', page, re.S)
    return [dict(re.findall(r'name="(\w+)" value="([^"]*)"', one.split("<button")[0])) for one in found]


def test_a_reader_says_what_helped_below_a_result(signed_in: FlaskClient, services: Services) -> None:
    sent = forms(signed_in.get("/?q=vpn+809").get_data(as_text=True))[0]
    assert sent["next"] == "/?q=vpn+809"
    first = signed_in.post("/feedback", data={**sent, "action": "helpful"}).get_data(as_text=True)
    second = signed_in.post("/feedback", data={**sent, "action": "helpful"}).get_data(as_text=True)

    assert "It is noted that this helped." in first
    assert 'href="/?q=vpn+809"' in first
    assert "You had said so already" in second
    assert people(services.store, [sent["result_id"]]) == {sent["result_id"]: {"helpful": 1}}


def test_the_page_of_a_document_asks_when_it_was_opened_from_results(signed_in: FlaskClient) -> None:
    results = signed_in.get("/?q=vpn+809").get_data(as_text=True)
    link = re.search(rf'href="(/articles/{FIX}\?answer=\w+)"', results)
    assert link
    (form,) = forms(signed_in.get(link[1]).get_data(as_text=True))

    assert form["result_id"] == FIX
    assert signed_in.post("/feedback", data={**form, "action": "not_helpful"}).status_code == 200
    assert forms(signed_in.get(f"/articles/{FIX}").get_data(as_text=True)) == []
    assert forms(signed_in.get(f"/articles/{FIX}?answer=unknown").get_data(as_text=True)) == []
    answer = link[1].partition("?")[2]
    assert forms(signed_in.get(f"/articles/mail/draft?{answer}").get_data(as_text=True)) == []


def test_an_answer_that_a_token_got_is_not_asked_about_on_a_page_of_a_reader_who_reads_less(
    desk: Desk, signed_in: FlaskClient, services: Services
) -> None:
    response_id = desk.asks()
    services.responses.flush()
    answer = services.store.answer_given(response_id)
    assert answer is not None
    assert answer.asked_by == "token:desk"
    (form,) = forms(signed_in.get(f"/articles/{FIX}?answer={response_id}").get_data(as_text=True))
    assert form["response_id"] == response_id  # whoever is signed in administers the installation


def test_a_fix_for_a_pasted_ticket_asks_which_ticket_it_was(signed_in: FlaskClient, services: Services) -> None:
    pasted = signed_in.post("/similar", data={"text": "VPN breaks off, error 809"}).get_data(as_text=True)
    form = next(one for one in forms(pasted) if one["result_id"] == FIX)
    asked = signed_in.post("/feedback", data={**form, "action": "resolved_by"}).get_data(as_text=True)
    assert "Which ticket did it fix?" in asked

    wrong = signed_in.post("/feedback", data={**form, "action": "resolved_by", "ticket": "mail:99"})
    assert wrong.status_code == 422
    assert "There is no other ticket mail:99 here." in wrong.get_data(as_text=True)
    linked = signed_in.post("/feedback", data={**form, "action": "resolved_by", "ticket": "mail:2"})
    assert "this fixed mail:2" in linked.get_data(as_text=True)
    assert [one for one, _ in services.store.links_to(FIX, ["resolved_by"])] == ["mail:1", "mail:2"]


def test_a_fix_below_a_stored_ticket_links_it_at_once(signed_in: FlaskClient, desk: Desk) -> None:
    desk.put("1", title="VPN breaks off at home, error 809")
    page = signed_in.get("/tickets/desk/1").get_data(as_text=True)
    form = next(one for one in forms(page) if one["result_id"] == FIX)
    assert "this fixed desk:1" in signed_in.post("/feedback", data={**form, "action": "resolved_by"}).get_data(
        as_text=True
    )
    assert desk.links("1") == [made()]


def test_a_word_that_fits_no_answer_is_refused_on_a_page(signed_in: FlaskClient) -> None:
    form = {**forms(signed_in.get("/?q=vpn+809").get_data(as_text=True))[0], "action": "helpful"}
    for change, status in (
        ({"response_id": "x"}, 404),
        ({"result_id": "no/such"}, 422),
        ({"action": "opened"}, 422),
        ({}, 200),
    ):
        assert signed_in.post("/feedback", data={**form, **change}).status_code == status, change


def test_a_word_from_another_site_or_a_stranger_is_refused(services: Services, app: Flask) -> None:
    guarded = create_app(services).test_client()
    guarded.get(new_sign_in_path(services.store))
    form = forms(guarded.get("/?q=vpn error 809").get_data(as_text=True))[0]
    forged = {name: value for name, value in form.items() if name != "csrf_token"}

    assert guarded.post("/feedback", data={**forged, "action": "helpful"}).status_code == 400
    assert app.test_client().post("/feedback", data={**form, "action": "helpful"}).status_code == 302
    assert people(services.store, [form["result_id"]]) == {}
    assert guarded.post("/feedback", data={**form, "action": "helpful", "next": "//evil.example"}).status_code == 200
