"""Everything can be done with the keyboard, and the focus can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.browser.actions import ask, result_link, results
from tests.browser.looks import NARROW, Look
from tests.browser.site_pages import KNOWN, WHOLE_TICKET, SitePage, visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

CONTROLS = """() => {
    const all = document.querySelectorAll(
        "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex^='-'])");
    const usable = [...all].filter(one => one.checkVisibility() && !one.disabled && one.tabIndex >= 0);
    usable.forEach((one, number) => one.dataset.number = number);
    return usable.map(one => one.outerHTML.slice(0, 120));
}"""
FOCUSED = """() => {
    const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
    return {
        number: one.dataset.number ?? null, html: one.outerHTML.slice(0, 120), page: one === document.body,
        outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1
            && style.outlineColor !== "rgba(0, 0, 0, 0)",
        inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        covered: !one.contains(document.elementFromPoint(
            Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1),
            Math.min(Math.max(box.top + box.height / 2, 0), innerHeight - 1))) && box.width * box.height > 0
            && one.getClientRects().length === 1,
    };
}"""
# The start page puts the cursor into its box; Tab goes on from the element that had the focus last.
FROM_THE_TOP = (
    "() => { const body = document.body; body.tabIndex = -1; body.focus(); body.removeAttribute('tabindex') }"
)
PAGES = ("start", "results with filters", "an article: troubleshooting", "a resolved ticket", "paste form", "sign-in")
WALKED = [one for one in KNOWN if one.name in PAGES]


def focus_text(page: Page) -> str:
    """Return the text of the element that has the focus."""
    return str(page.evaluate("document.activeElement.innerText"))


def test_slash_puts_the_cursor_into_the_search_box(page: Page) -> None:
    page.goto("/articles/identity/account-keeps-locking")
    box = page.get_by_role("searchbox", name="Search")
    assert box.evaluate("box => box !== document.activeElement")

    page.keyboard.press("/")

    assert box.evaluate("box => box === document.activeElement")
    assert box.input_value() == ""


def test_slash_is_a_letter_like_others_where_somebody_types(page: Page) -> None:
    page.goto("/similar")
    page.get_by_label(WHOLE_TICKET).press("/")

    assert page.get_by_label(WHOLE_TICKET).input_value() == "/"


def test_arrows_walk_through_results_and_enter_opens_one(page: Page) -> None:
    page.goto("/")
    ask(page, "vpn")
    titles = result_link(results(page)).all_inner_texts()
    page.keyboard.press("/")

    walked = []
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
        walked.append(focus_text(page))
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert walked == [titles[0], titles[1], titles[2], titles[1]]
    assert page.get_by_role("heading", level=1).inner_text() == titles[1]


def test_arrow_up_from_the_first_result_leads_back_to_the_search_box(page: Page) -> None:
    page.goto("/?q=vpn")
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")

    assert page.evaluate("document.activeElement.type") == "search"


def test_the_skip_link_comes_first_and_leads_to_the_content(page: Page) -> None:
    page.goto("/articles/identity/account-keeps-locking")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    assert skip.evaluate("link => link === document.activeElement")
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0 and box["y"] >= 0

    page.keyboard.press("Enter")

    assert urlsplit(page.url).fragment == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("look", [Look(), Look(size=NARROW)], ids=["wide", "narrow"], indirect=True)
@pytest.mark.parametrize("one", WALKED, ids=[one.name for one in WALKED])
def test_tab_reaches_every_control_and_the_focus_is_seen(page: Page, one: SitePage) -> None:
    visit(page, one)
    controls = page.evaluate(CONTROLS)
    page.evaluate(FROM_THE_TOP)

    seen = []
    for _ in range(len(controls) + 20):  # a region that scrolls takes the focus, and is no control
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUSED)
        if focus["page"]:
            break
        seen.append(focus)

    reached = {int(focus["number"]) for focus in seen if focus["number"]}
    assert [html for number, html in enumerate(controls) if number not in reached] == []
    assert [focus["html"] for focus in seen if not focus["outlined"]] == []
    assert [focus["html"] for focus in seen if not focus["inView"]] == []
    assert [focus["html"] for focus in seen if focus["covered"]] == []


def test_a_focus_that_cannot_be_seen_is_noticed(page: Page) -> None:
    page.goto("/similar")
    page.get_by_label(WHOLE_TICKET).focus()
    assert page.evaluate(FOCUSED)["outlined"]

    page.evaluate("document.activeElement.style.outline = 'none'")

    assert not page.evaluate(FOCUSED)["outlined"]
