"""What people do on the site, by role and label: ask, read results, paste a ticket, go back, sign out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.browser.site_pages import WHOLE_TICKET

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def ask(page: Page, text: str) -> None:
    """Type a query into the search box and send it."""
    box = page.get_by_role("searchbox", name="Search")
    box.fill(text)
    with page.expect_navigation():
        box.press("Enter")


def follow(page: Page, link: Locator) -> None:
    """Follow a link and wait for its page."""
    with page.expect_navigation():
        link.click()


def results(page: Page) -> Locator:
    """Return the results of a page, best first: list items with a heading that is a link."""
    return page.get_by_role("main").get_by_role("listitem").filter(has=page.locator(":is(h2, h3) a"))


def result_link(result: Locator) -> Locator:
    """Return the link of a result to its document."""
    return result.get_by_role("heading").get_by_role("link")


def result_of(page: Page, path: str) -> Locator:
    """Return the result that leads to the document at `path`."""
    return results(page).filter(has=page.locator(f'a[href="{path}"], a[href^="{path}?answer="]'))


def open_fix(result: Locator) -> None:
    """Open the fix of a result, where only its first line is shown."""
    fix = result.locator("details")
    if fix.get_attribute("open") is None:
        fix.locator("summary").click()


def filter_links(page: Page) -> dict[str, int]:
    """Return the names of the links that narrow a search, and the counts that they show."""
    names = page.get_by_label("Filters").get_by_role("link").all_inner_texts()
    counted = (re.fullmatch(r"(.+?)\s+(\d+)", name.strip(), re.S) for name in names)
    return {one[1].strip(): int(one[2]) for one in counted if one}


def filter_link(page: Page, name: str, count: int) -> Locator:
    """Return the link that narrows a search to one value."""
    pattern = re.compile(rf"^\s*{re.escape(name)}\s+{count}\s*$")
    return page.get_by_label("Filters").get_by_role("link").filter(has_text=pattern).first


def paste(page: Page, title: str, description: str) -> None:
    """Open the form for a whole ticket from the page that is shown, fill it in and send it."""
    follow(page, page.get_by_role("link", name="Paste a ticket"))
    page.get_by_label(WHOLE_TICKET).fill(f"{title}\n\n{description}")
    with page.expect_navigation():
        page.get_by_role("button", name="Find past fixes").click()


def go_back(page: Page, heading: str) -> None:
    """Go back to a page with that heading."""
    page.go_back(wait_until="commit")
    page.get_by_role("heading", name=heading).first.wait_for()


def sign_out(page: Page) -> None:
    """Press the button that ends the session."""
    with page.expect_navigation():
        page.get_by_role("button", name="Sign out").click()
