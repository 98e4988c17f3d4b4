"""The pages show people what they may see, escaped, and work without JavaScript."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from web.app import create_app
from web.links import new_sign_in_path
from web.wiring import Services

PAGES = ["/", "/?q=vpn", "/similar", "/articles/vpn/error-809", "/tickets/mail/1"]


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
        "/similar", data={"title": "Tunnel breaks off", "description": "windows shows error 809 at home"}
    ).get_data(as_text=True)

    assert "VPN connection fails with error 809" in page
    assert "Opened UDP 4500 on the router." in page


def test_pasting_nothing_says_what_is_missing(signed_in: FlaskClient) -> None:
    answer = signed_in.post("/similar", data={"title": " ", "description": "x"})

    assert answer.status_code == 422
    assert "title or first line" in answer.get_data(as_text=True)


def test_a_form_without_its_token_is_refused(services: Services) -> None:
    app = create_app(services)
    browser = app.test_client()
    browser.get(new_sign_in_path(services.store))

    assert browser.post("/similar", data={"title": "x"}).status_code == 400
    assert browser.post("/sign-out").status_code == 400


def test_signing_out_ends_the_session(signed_in: FlaskClient) -> None:
    assert signed_in.get("/").status_code == 200

    signed_in.post("/sign-out")

    assert signed_in.get("/").status_code == 302


def test_an_article_shows_its_body_sanitised_and_the_tickets_it_solved(signed_in: FlaskClient) -> None:
    article = signed_in.get("/articles/vpn/error-809").get_data(as_text=True)
    hostile = signed_in.get("/articles/mail/shared-mailbox").get_data(as_text=True)

    assert "VPN drops every ten minutes at home" in article
    assert "<h2 id=" in article
    assert "<script>alert" not in hostile


def test_a_draft_is_marked_for_those_who_may_see_it(signed_in: FlaskClient) -> None:
    assert "Draft" in signed_in.get("/articles/mail/draft").get_data(as_text=True)


def test_a_ticket_shows_its_fix_as_steps_and_similar_issues(signed_in: FlaskClient) -> None:
    page = signed_in.get("/tickets/mail/1").get_data(as_text=True)

    assert "<li>Opened UDP 4500 on the router.</li>" in page
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
