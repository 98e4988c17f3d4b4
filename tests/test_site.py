"""The pages show people what they may see, escaped, and work without JavaScript."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import datetime, timedelta
from shutil import rmtree
from unittest import mock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.manifest import KEYWORD, VECTORS, current_generation
from search.answers import Resolution
from tests.conftest import reindex
from web.app import create_app
from web.links import new_sign_in_path
from web.shipped import load_examples, load_manual
from web.site.filters import duration, gist, lanes_in_words, offset
from web.site.pasting import LONGEST_TITLE, pasted_ticket
from web.site.words import words
from web.wiring import Services

PAGES = [
    "/",
    "/?q=vpn",
    "/?type=ticket",
    "/similar",
    "/articles/vpn/error-809",
    "/tickets/mail/1",
    "/status",
    "/vocabulary",
    "/tokens",
    "/report",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_leads_to_sign_in_without_a_session_and_shows_with_one(
    app: Flask, services: Services, path: str
) -> None:
    stranger, person = app.test_client(), app.test_client()
    person.get(new_sign_in_path(services.store))

    refused = stranger.get(path)

    assert refused.status_code == 302
    assert refused.headers["Location"].startswith("/sign-in")
    assert person.get(path).status_code == 200


def test_sign_in_leads_on_to_the_page_that_was_asked_for(client: FlaskClient, services: Services) -> None:
    refused = client.get("/articles/vpn/error-809")
    client.get(refused.headers["Location"])

    assert client.get(new_sign_in_path(services.store)).headers["Location"] == "/articles/vpn/error-809"


def test_a_sign_in_link_works_once(app: Flask, services: Services) -> None:
    link = new_sign_in_path(services.store)

    assert app.test_client().head(link).status_code == 200
    assert app.test_client().get(link).status_code == 302
    assert app.test_client().get(link).status_code == 403


def test_a_newer_sign_in_link_voids_the_one_before(app: Flask, services: Services) -> None:
    old = new_sign_in_path(services.store)
    new = new_sign_in_path(services.store)

    assert app.test_client().get(old).status_code == 403
    assert app.test_client().get(new).status_code == 302


@pytest.mark.parametrize(
    ("target", "location"),
    [("/similar", "/similar"), ("//evil.example", "/"), ("https://evil.example/", "/"), ("/\\evil.example", "/")],
)
def test_sign_in_leads_only_to_pages_of_this_site(
    client: FlaskClient, services: Services, target: str, location: str
) -> None:
    answer = client.get(new_sign_in_path(services.store), query_string={"next": target})

    assert answer.headers["Location"] == location


def test_a_search_shows_the_fix_the_reason_and_marked_words(signed_in: FlaskClient) -> None:
    page = signed_in.get("/?q=error 809 router").get_data(as_text=True)

    assert "VPN connection fails with error 809" in page
    assert "Allow UDP ports 500 and 4500" in page
    assert re.search(r"<mark>[^<]*(809|router)[^<]*</mark>", page, re.I)
    assert "holds <code>809</code>" in page


def test_a_search_without_results_says_so_and_what_to_do(signed_in: FlaskClient) -> None:
    page = signed_in.get('/?q="entirely unheard of words"').get_data(as_text=True)

    assert "Nothing found" in page
    assert "Paste the whole ticket" in page


def test_a_query_is_escaped_wherever_it_shows(signed_in: FlaskClient) -> None:
    page = signed_in.get("/", query_string={"q": '"><script>alert(1)</script>'}).get_data(as_text=True)

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_filter_link_narrows_the_search_to_its_count(signed_in: FlaskClient) -> None:
    page = signed_in.get("/?q=mailbox").get_data(as_text=True)
    link = re.search(r'href="(/\?q=mailbox&amp;type=ticket)"[^>]*><span>Ticket</span> <span class="count">(\d+)', page)
    assert link

    narrowed = signed_in.get(link.group(1).replace("&amp;", "&")).get_data(as_text=True)

    assert re.search(rf">{link.group(2)} documents? ", narrowed)


def test_pasting_a_ticket_shows_past_fixes(signed_in: FlaskClient) -> None:
    page = signed_in.post(
        "/similar", data={"text": "Subject: Tunnel breaks off\n\nwindows shows error 809 at home"}
    ).get_data(as_text=True)

    assert "VPN connection fails with error 809" in page
    assert "Opened UDP 4500 on the router." in page


def test_pasting_nothing_says_what_is_missing(signed_in: FlaskClient) -> None:
    answer = signed_in.post("/similar", data={"text": " \n"})

    assert answer.status_code == 422
    assert "Paste the ticket here." in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("text", "title", "description"),
    [
        ("Subject: VPN drops\r\n\r\nEvery day.", "VPN drops", "Every day."),
        ("AW: VPN bricht ab\nJeden Tag.", "VPN bricht ab", "Jeden Tag."),
        ("Betreff: Drucker", "Drucker", ""),
        ("  Error 809  ", "Error 809", ""),
        ("Re:\nrest", "Re:", "rest"),
    ],
)
def test_the_first_line_of_what_is_pasted_is_the_title(text: str, title: str, description: str) -> None:
    ticket = pasted_ticket(text)

    assert (ticket.title, ticket.description) == (title, description)


def test_a_pasted_text_without_a_short_first_line_is_searched_whole() -> None:
    text = "the printer in the hall prints nothing and " * 20
    ticket = pasted_ticket(text)

    assert ticket.title == text.strip()[:LONGEST_TITLE]
    assert ticket.description == text.strip()


def test_a_form_without_its_token_is_refused(services: Services) -> None:
    app = create_app(services)
    browser = app.test_client()
    browser.get(new_sign_in_path(services.store))

    assert browser.post("/similar", data={"title": "x"}).status_code == 400
    assert browser.post("/sign-out").status_code == 400


def test_signing_out_ends_the_session(signed_in: FlaskClient) -> None:
    assert signed_in.get("/").status_code == 200
    assert signed_in.get("/").headers["Cache-Control"] == "no-store"

    left = signed_in.post("/sign-out")

    assert left.headers["Clear-Site-Data"] == '"cache"'
    assert signed_in.get("/").status_code == 302


def test_an_article_shows_its_body_sanitised_and_the_tickets_it_solved(signed_in: FlaskClient) -> None:
    article = signed_in.get("/articles/vpn/error-809").get_data(as_text=True)
    hostile = signed_in.get("/articles/mail/shared-mailbox").get_data(as_text=True)

    assert "VPN drops every ten minutes at home" in article
    assert "<h2 id=" in article
    assert "<script>alert" not in hostile


def test_a_draft_is_marked_for_those_who_may_see_it(signed_in: FlaskClient) -> None:
    assert "Draft" in signed_in.get("/articles/mail/draft").get_data(as_text=True)


def test_a_ticket_shows_its_fix_as_written_and_similar_issues(signed_in: FlaskClient) -> None:
    page = signed_in.get("/tickets/mail/1").get_data(as_text=True)

    assert re.search(r'<p class="verbatim">[^<]*Opened UDP 4500 on the router\.', page)
    assert 'href="/articles/vpn/error-809"' in page


def test_an_unknown_page_says_so_as_a_page(signed_in: FlaskClient) -> None:
    answer = signed_in.get("/articles/no/such")

    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "no/such" in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", [*PAGES, "/sign-in", "/nothing"])
def test_no_page_names_a_resource_of_another_host(signed_in: FlaskClient, path: str) -> None:
    answer = signed_in.get(path)
    page = answer.get_data(as_text=True)

    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert " style=" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_start_page_lists_what_is_known_and_leads_to_each_type_and_service(signed_in: FlaskClient) -> None:
    page = signed_in.get("/").get_data(as_text=True)

    assert "VPN connection fails with error 809" in page
    link = re.search(r'href="(/\?type=known-error)">Known error <span class="count">(\d+)', page)
    assert link
    browsed = signed_in.get(link.group(1)).get_data(as_text=True)
    assert re.search(rf">{link.group(2)} documents? <span[^>]*>newest first", browsed)


def test_a_filter_that_is_on_can_be_taken_off(signed_in: FlaskClient) -> None:
    page = signed_in.get("/?q=vpn&type=known-error&language=en").get_data(as_text=True)

    assert re.search(r'class="chip on" href="/\?q=vpn&amp;language=en"', page)
    assert re.search(r'class="chip on" href="/\?q=vpn&amp;type=known-error"', page)
    assert 'class="chip on"' not in signed_in.get("/?q=vpn").get_data(as_text=True)


def test_only_shipped_content_is_marked_as_an_example(services: Services, signed_in: FlaskClient) -> None:
    assert ">Example<" not in signed_in.get("/?q=error 809").get_data(as_text=True)
    load_examples(services.store)
    reindex(services)

    for path in ("/?q=error 809", "/articles/vpn/l2tp-error-809-behind-nat", "/tickets/example/INC-1002", "/"):
        assert ">Example<" in signed_in.get(path).get_data(as_text=True), path
    assert ">Example<" not in signed_in.get("/articles/vpn/error-809").get_data(as_text=True)


def test_a_post_mortem_shows_its_facts_phases_root_cause_and_quick_check_first(
    services: Services, signed_in: FlaskClient
) -> None:
    load_examples(services.store)
    page = signed_in.get("/articles/post-mortems/vpn-error-13801-gateway-certificate-expired").get_data(as_text=True)

    facts = ["SEV1", "Permanent fix", "after 24 min", "after 2 h 35 min", "Root cause", "quick-check"]
    places = [page.index(fact) for fact in [*facts, "About 1,150 people", 'class="timeline"']]
    assert places == sorted(places)
    assert "UTC+01:00" in page
    assert 'href="/tickets/example/INC-1037"' in page
    assert "Not complete yet" not in page


def test_an_article_leads_to_its_translation_and_back(services: Services, signed_in: FlaskClient) -> None:
    load_examples(services.store)
    english, german = "email/outlook-keeps-asking-for-password", "email/outlook-fragt-staendig-nach-kennwort"

    for here, there in ((english, german), (german, english)):
        page = signed_in.get(f"/articles/{here}").get_data(as_text=True)
        section = page.partition("In another language")[2].partition("</ul>")[0]
        assert f'href="/articles/{there}"' in section


def test_an_incomplete_post_mortem_says_what_is_missing(services: Services, signed_in: FlaskClient) -> None:
    article = services.store.article("vpn/error-809")
    assert article is not None
    services.store.put_articles([replace(article, kind="post-mortem")], "tests")

    page = signed_in.get("/articles/vpn/error-809").get_data(as_text=True)

    assert re.search(r"Not complete yet\. Missing: [^<]*Severity[^<]*Timeline", page)


def test_browsing_leaves_the_manual_out_unless_it_is_asked_for(services: Services, signed_in: FlaskClient) -> None:
    load_manual(services.store)
    reindex(services)

    assert "/articles/manual/" not in signed_in.get("/?type=article").get_data(as_text=True).partition("<main")[2]
    assert "/articles/manual/" in signed_in.get("/?source=manual").get_data(as_text=True).partition("<main")[2]
    assert "/articles/manual/searching" in signed_in.get("/?q=excluded words").get_data(as_text=True)


def test_the_manual_is_one_click_away(services: Services, signed_in: FlaskClient) -> None:
    load_manual(services.store)
    page = signed_in.get("/").get_data(as_text=True)
    link = re.search(r'href="([^"]+)">Manual<', page)

    assert link
    assert signed_in.get(link.group(1)).status_code == 200


def test_the_status_page_says_that_everything_works(signed_in: FlaskClient) -> None:
    page = signed_in.get("/status").get_data(as_text=True)

    assert "Everything works." in page
    assert page.count(">works<") == 4


def test_a_lane_that_is_down_shows_in_answers_and_on_the_status_page_with_a_remedy(
    services: Services, signed_in: FlaskClient
) -> None:
    lose(services, VECTORS)

    found = signed_in.get("/?q=error 809").get_data(as_text=True)
    status = signed_in.get("/status").get_data(as_text=True)

    assert "The search by meaning is down." in found
    assert 'href="/status"' in found
    assert "VPN connection fails with error 809" in found
    assert "not by every part" in status
    assert "kb index --rebuild" in status


def lose(services: Services, *lanes: str) -> None:
    """Remove the files of indexes under a running installation."""
    generation = current_generation(services.settings.index_path)
    assert generation is not None
    for lane in lanes:
        rmtree(generation / lane)
    services.indexes.refresh()


def test_the_start_page_stays_when_words_cannot_be_looked_up(services: Services, signed_in: FlaskClient) -> None:
    lose(services, KEYWORD)
    answer = signed_in.get("/")

    assert answer.status_code == 200
    assert "The search by words is down." in answer.get_data(as_text=True)
    assert 'role="search"' in answer.get_data(as_text=True)
    assert "VPN connection fails with error 809" in signed_in.get("/?q=error 809").get_data(as_text=True)


def test_documents_stay_when_nothing_can_be_searched(services: Services, signed_in: FlaskClient) -> None:
    lose(services, KEYWORD, VECTORS)

    for path in ("/tickets/mail/1", "/articles/vpn/error-809", "/", "/status"):
        assert signed_in.get(path).status_code == 200, path
    assert "Opened UDP 4500 on the router." in signed_in.get("/tickets/mail/1").get_data(as_text=True)
    refused = signed_in.get("/?q=error 809")
    assert refused.status_code == 503
    assert "no index can answer now" in refused.get_data(as_text=True)


def test_a_visit_to_the_start_page_is_counted_as_no_answer(app: Flask, signed_in: FlaskClient) -> None:
    def answers() -> list[str]:
        lines = app.test_client().get("/metrics").get_data(as_text=True).splitlines()
        return [line for line in lines if line.startswith("fixlore_answers_total")]

    before = answers()
    signed_in.get("/")
    signed_in.get("/tickets/mail/1")
    assert answers() == before
    signed_in.get("/?q=vpn")
    assert answers() != before


def test_a_page_that_was_opened_hours_ago_can_still_be_sent(services: Services) -> None:
    browser = create_app(services).test_client()
    browser.get(new_sign_in_path(services.store))
    page = browser.get("/similar").get_data(as_text=True)
    token = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', page)
    assert token
    later = time.time() + 9 * 3600

    with mock.patch("itsdangerous.timed.time.time", return_value=later):
        answer = browser.post("/similar", data={"text": "error 809", "csrf_token": token[1]})

    assert answer.status_code == 200
    assert "VPN connection fails with error 809" in answer.get_data(as_text=True)


def test_dates_in_an_address_narrow_the_page_and_can_be_taken_off(signed_in: FlaskClient) -> None:
    all_of_them = signed_in.get("/?q=error 809").get_data(as_text=True)
    page = signed_in.get("/?q=error 809&before=2025-01-01").get_data(as_text=True)

    assert "VPN connection fails with error 809" in all_of_them
    assert "VPN connection fails with error 809" not in page
    assert "before:2025-01-01" in page
    assert signed_in.get("/?q=vpn&after=soon").status_code == 422


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("known-error", "Known error"),
        ("some_new_code", "Some new code"),
        ("L1-Schnellprüfung", "L1-Schnellprüfung"),
        ("de-AT", "German"),
        ("fr-CA", "fr-CA"),
        ("Timeline", "Timeline"),
        (None, ""),
    ],
)
def test_codes_are_told_in_words_and_what_people_wrote_stays(code: str | None, told: str) -> None:
    assert words(code) == told


@pytest.mark.parametrize(
    ("minutes", "told"), [(0, "0 min"), (24, "24 min"), (60, "1 h"), (102, "1 h 42 min"), (1500, "1 d 1 h")]
)
def test_a_length_of_time_is_told_in_its_two_largest_units(minutes: int, told: str) -> None:
    assert duration(timedelta(minutes=minutes)) == told


@pytest.mark.parametrize(("written", "told"), [("+00:00", "UTC"), ("+01:00", "UTC+01:00"), ("-03:30", "UTC-03:30")])
def test_a_time_is_told_with_the_offset_it_was_written_with(written: str, told: str) -> None:
    assert offset(datetime.fromisoformat(f"2026-02-16T07:00:00{written}")) == told


def test_the_gist_of_a_fix_goes_on_to_its_steps_when_the_summary_says_little() -> None:
    steps = ("Renew the certificate.", "Restart the service.")

    assert gist(Resolution("permanent_fix", "Permanent fix.", steps)) == f"{steps[0]} {steps[1]}"
    assert gist(Resolution("none", "The certificate had expired.", steps)).endswith(f"expired. {steps[0]} {steps[1]}")
    assert gist(Resolution("permanent_fix", "Permanent fix.")) == "Permanent fix."
    assert gist(Resolution("none", "x" * 100, steps)) == "x" * 100
    assert gist(Resolution("none", "Restarted.")) == "Restarted."


def test_lanes_that_are_down_are_told_in_words() -> None:
    assert lanes_in_words(["semantic"]) == "The search by meaning is down."
    assert lanes_in_words(["identifier", "keyword"]) == "The search by codes and words is down."
    assert lanes_in_words(["identifier", "keyword", "semantic"]) == "The search by codes, words and meaning is down."


def _edit(client: FlaskClient, **fields: str) -> TestResponse:
    """Send the form of the vocabulary as the page that is open now would, with some fields filled in otherwise."""
    page = client.get("/vocabulary").get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    return client.post("/vocabulary", data={"glossary": "", "synonyms": "", **hidden, **fields})


def test_own_words_are_kept_shown_and_used_by_the_next_search(signed_in: FlaskClient) -> None:
    assert "translated:" not in signed_in.get("/?q=Heimtunnel").get_data(as_text=True)

    saved = _edit(signed_in, glossary="Heimtunnel = VPN connection\n# note", synonyms="HRM, time recording")

    assert saved.status_code == 302
    page = signed_in.get(saved.headers["Location"]).get_data(as_text=True)
    assert "Saved." in page
    assert "Heimtunnel = VPN connection\n# note" in page
    assert "HRM, time recording" in page
    assert "translated: Heimtunnel → VPN connection" in signed_in.get("/?q=Heimtunnel").get_data(as_text=True)


def test_a_faulty_line_is_named_what_was_typed_stays_and_nothing_is_saved(signed_in: FlaskClient) -> None:
    _edit(signed_in, glossary="Leitstand = control desk")

    answer = _edit(signed_in, glossary="Leitstand = control room\n<b>Warte", synonyms="HRM, time recording")
    text = answer.get_data(as_text=True)

    assert answer.status_code == 422
    assert "Line 2:" in text
    assert "“&lt;b&gt;Warte” lacks “=”" in text
    assert "Leitstand = control room\n&lt;b&gt;Warte</textarea>" in text
    assert 'aria-invalid="true"' in text
    kept = signed_in.get("/vocabulary").get_data(as_text=True)
    assert "Leitstand = control desk</textarea>" in kept
    assert "time recording</textarea>" not in kept


def test_an_edit_is_refused_when_somebody_else_changed_the_lists_meanwhile(
    signed_in: FlaskClient, services: Services
) -> None:
    page = signed_in.get("/vocabulary").get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    services.vocabulary.put("glossary", "Leitstand = control desk")

    answer = signed_in.post("/vocabulary", data={"glossary": "Warte = control room", "synonyms": "", **hidden})

    assert answer.status_code == 409
    assert "Somebody else has changed the lists" in answer.get_data(as_text=True)
    assert "Warte = control room" in answer.get_data(as_text=True)
    assert services.vocabulary.own()["glossary"] == "Leitstand = control desk"


def test_the_vocabulary_is_edited_by_nobody_without_a_session(client: FlaskClient, services: Services) -> None:
    answer = client.post("/vocabulary", data={"glossary": "a = b", "synonyms": ""})

    assert answer.status_code in (302, 400)
    assert services.vocabulary.own()["glossary"] == ""


def test_shipped_words_can_be_looked_for(signed_in: FlaskClient) -> None:
    found = signed_in.get("/vocabulary?find=drucker").get_data(as_text=True)

    assert "<td>Drucker = printer" in found
    assert "No shipped entry" in signed_in.get("/vocabulary?find=xyzzy").get_data(as_text=True)


def test_a_misspelled_query_leads_to_the_corrected_one_with_its_filters(signed_in: FlaskClient) -> None:
    page = signed_in.get("/?q=conection&language=en").get_data(as_text=True)

    assert 'Did you mean <a href="/?q=connection&amp;language=en">connection</a>?' in page
    assert "corrected: conection → " in page
    german = signed_in.get("/?q=conection", headers={"Accept-Language": "de"}).get_data(as_text=True)
    assert 'Meinten Sie <a href="/?q=connection">connection</a>?' in german
    assert "Did you mean" not in signed_in.get("/?q=connection").get_data(as_text=True)


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "There is no page at this address."), ("de", "Unter dieser Adresse gibt es keine Seite.")],
)
def test_an_address_without_a_page_is_told_in_the_readers_language(
    signed_in: FlaskClient, language: str, says: str
) -> None:
    answer = signed_in.get("/nowhere", headers={"Accept-Language": language})

    assert answer.status_code == 404
    assert says in answer.text
    assert "URL was not found" not in answer.text
