"""The page on which the API can be tried works under the site's own security policy, with nothing from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.looks import NARROW, Look
from tests.serving import new_token
from tests.test_cli_serve import Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOOKS = [Look(signed_in=False), Look(scheme="dark", size=NARROW, signed_in=False)]


@pytest.mark.parametrize("look", LOOKS, indirect=True)
def test_a_search_can_be_tried_with_a_token(page: Page, served: Served, look: Look) -> None:
    token = new_token(served.home, "read")
    page.goto("/api/docs")
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("auth-bearer-value").fill(token)
    page.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close", exact=True).click()
    search = page.locator("#operations-search-get_search")
    search.locator(".opblock-summary-control").click()
    search.get_by_role("button", name="Try it out").click()
    with page.expect_response(lambda answer: "/api/v1/search?" in answer.url) as answered:
        search.get_by_role("button", name="Execute").click()

    answer = answered.value
    assert answer.url == f"{served.address}/api/v1/search?q=VPN%20error%20809&limit=10&offset=0"
    assert answer.status == 200
    search.locator(".live-responses-table .response").get_by_text("response_id").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("look", LOOKS, indirect=True)
def test_the_page_shows_every_endpoint_in_the_colours_that_the_reader_prefers(page: Page, look: Look) -> None:
    page.goto("/api/docs")
    page.locator(".opblock").first.wait_for()
    described = page.request.get("/api/v1/openapi.json").json()["paths"]

    assert page.locator(".opblock").count() == sum(len(methods) for methods in described.values())
    assert ("dark-mode" in (page.locator("html").get_attribute("class") or "")) == (look.scheme == "dark")


def test_every_page_leads_to_it_and_it_leads_to_the_description(page: Page) -> None:
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="API", exact=True).click()
    page.wait_for_url("**/api/docs")
    link = page.locator("hgroup").get_by_role("link", name="/api/v1/openapi.json")
    link.wait_for()

    assert (link.get_attribute("href") or "").endswith("/api/v1/openapi.json")


@pytest.mark.parametrize("look", [Look(javascript=False, signed_in=False)], indirect=True)
def test_without_scripts_the_page_leads_to_the_description(page: Page, look: Look) -> None:
    page.goto("/api/docs")

    assert page.get_by_role("link", name="/api/v1/openapi.json").get_attribute("href") == "/api/v1/openapi.json"
