"""Without scripts every page shows the same, and no control that would do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.looks import Look
from tests.browser.site_pages import KNOWN, WHOLE_TICKET, visit
from tests.browser.watch import Watch

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A button does something without scripts when it sends a form; a link when it leads somewhere.
IDLE = """() => [...document.querySelectorAll("button, input[type=button], [role=button], a, [onclick]")]
    .filter(one => one.checkVisibility())
    .filter(one => one.tagName === "A"
        ? !one.getAttribute("href") || one.getAttribute("href") === "#"
        : !(one.form && one.type === "submit"))
    .map(one => one.outerHTML)"""


@pytest.mark.parametrize("look", [Look(javascript=False)], indirect=True)
def test_a_page_without_scripts_shows_no_control_that_does_nothing(page: Page, watch: Watch) -> None:
    idle: dict[str, list[str]] = {}
    for one in KNOWN:
        visit(page, one, watch)
        idle[one.name] = page.evaluate(IDLE)
        page.get_by_role("heading", level=1).wait_for()

    assert {name: controls for name, controls in idle.items() if controls} == {}


def test_a_control_that_does_nothing_without_scripts_is_noticed(page: Page) -> None:
    page.goto("/articles/identity/account-keeps-locking")

    assert any("Copy" in control for control in page.evaluate(IDLE))


@pytest.mark.parametrize("look", [Look(javascript=False)], indirect=True)
def test_a_page_without_scripts_has_no_copy_button(page: Page) -> None:
    page.goto("/articles/identity/account-keeps-locking")

    assert page.locator("pre").count() > 0
    assert page.get_by_role("button", name="Copy").count() == 0
    assert page.evaluate(IDLE) == []


@pytest.mark.parametrize("look", [Look(javascript=False)], indirect=True)
def test_a_form_without_scripts_says_what_is_missing(page: Page, watch: Watch) -> None:
    form = next(one for one in KNOWN if one.name == "paste form with an error")
    visit(page, form, watch)

    assert page.get_by_label(WHOLE_TICKET).get_attribute("aria-invalid") == "true"
    page.get_by_text("Paste the ticket here.").wait_for()
