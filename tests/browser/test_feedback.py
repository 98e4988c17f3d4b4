"""A reader's word on a result is taken in place, and a new token can be copied, once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.actions import ask, follow, result_link, results
from tests.browser.looks import Look
from tests.browser.site_pages import WHOLE_TICKET

if TYPE_CHECKING:
    from playwright.sync_api import Page

THANKS = "Thank you, it is noted."


def test_a_word_is_taken_without_leaving_the_results(page: Page) -> None:
    page.goto("/")
    ask(page, "vpn error 809")
    first, second = results(page).nth(0), results(page).nth(1)
    address = page.url
    first.get_by_role("button", name="This helped").click()
    first.get_by_text(THANKS).wait_for()

    assert page.url == address
    assert first.get_by_role("button").filter(has_text="helped").count() == 0
    second.get_by_role("button", name="This helped").wait_for()
    assert page.locator("[role=status].unseen").inner_text() == THANKS


def test_the_document_that_a_result_led_to_takes_a_word_too(page: Page) -> None:
    page.goto("/")
    ask(page, "vpn error 809")
    follow(page, result_link(results(page).first))
    page.get_by_role("button", name="Did not help").click()

    page.locator("article").get_by_text(THANKS).wait_for()
    assert page.locator("article").get_by_role("button", name="Did not help").count() == 0


@pytest.mark.parametrize("look", [Look(), Look(javascript=False)], indirect=True)
def test_a_fix_of_a_pasted_ticket_asks_for_the_ticket_with_and_without_scripts(page: Page) -> None:
    page.goto("/similar")
    page.get_by_label(WHOLE_TICKET).fill("VPN drops, error 809")
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button").click()
    follow(page, results(page).first.get_by_role("button", name="This fixed it"))
    page.get_by_label("Which ticket did it fix?").fill("example:INC-1042")
    follow(page, page.get_by_role("button", name="Link the ticket"))

    assert re.search(r"fixed example:INC-1042|said so already", page.get_by_role("status").first.inner_text())


def test_a_new_token_is_shown_with_a_button_that_copies_it_and_never_again(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/tokens")
    page.get_by_label("Name").fill("browser")
    follow(page, page.get_by_role("button", name="Create the token"))
    secret = page.locator("pre code").inner_text()
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()

    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.goto("/tokens")
    assert secret not in page.content()
    row = page.get_by_role("row").filter(has_text="browser")
    row.locator("summary").click()
    follow(page, row.get_by_role("button", name="Revoke browser now"))
    page.get_by_text("browser is revoked.").wait_for()
