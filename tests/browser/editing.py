"""What people do in the editor, by role and label."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

KEPT = re.compile(r"Draft kept \d\d:\d\d")


def begin(page: Page, title: str, kind: str = "Troubleshooting") -> None:
    """Begin an article of that title and wait for its editor."""
    page.goto("/write")
    page.get_by_label("Title").fill(title)
    page.get_by_role("radio", name=kind).check()
    page.get_by_role("button", name="Start writing").click()
    page.wait_for_url("**/write/*")
    page.get_by_role("toolbar", name="Formatting").wait_for()


def text_of(page: Page) -> Locator:
    """Return the field that holds the article's text."""
    return page.get_by_label("Text in Markdown")


def write(page: Page, text: str) -> Locator:
    """Write a text over what is there."""
    field = text_of(page)
    field.fill(text)
    return field


def wait_until_kept(page: Page) -> None:
    """Wait until the server has what is written."""
    page.locator("#f\\:status").filter(has_text=KEPT).wait_for()
    page.wait_for_function("() => ![...Object.keys(localStorage)].some(name => name.startsWith('fixlore:draft:'))")


def trouble(page: Page, text: str) -> Locator:
    """Return the line that says what keeps the text from the server."""
    return page.get_by_role("status").filter(has_text=text)


def publish(page: Page) -> None:
    """Publish what is written and wait for its page."""
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/articles/**")


def selected(field: Locator) -> str:
    """Return what is selected in a text field."""
    return str(field.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)"))
