"""Every page fits: on small windows, with large text, on paper, with the colours and motion that people choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.looks import NARROW, SMALLEST, WIDE, Size, look_again
from tests.browser.site_pages import KNOWN, SitePage, visit
from tests.browser.watch import Watch

if TYPE_CHECKING:
    from playwright.sync_api import Page

# What sticks out of the window and is not within a box that scrolls by itself, and text that its own box hides.
# Boxes of at most a pixel are for screen readers.
MISFITS = """() => {
    const root = document.documentElement, found = [];
    const width = Math.min(innerWidth, root.clientWidth);
    if (root.scrollWidth > width) found.push(`the page is ${root.scrollWidth} wide in a window of ${width}`);
    const scrolls = one => ["auto", "scroll"].includes(getComputedStyle(one).overflowX);
    const hides = one => ["hidden", "clip"].includes(getComputedStyle(one).overflowX);
    for (const one of document.querySelectorAll("body *")) {
        if (!one.checkVisibility() || one.closest("svg")) continue;
        const box = one.getBoundingClientRect();
        if (box.width <= 1 || box.height <= 1 || box.right <= 0 || box.bottom <= 0) continue;
        let within = false;
        for (let outer = one.parentElement; outer; outer = outer.parentElement)
            within ||= scrolls(outer) || (hides(outer) && outer.getBoundingClientRect().width <= 1);
        const name = one.outerHTML.slice(0, 100);
        if (!within && box.right > width + 1) found.push(`sticks out by ${Math.round(box.right - width)}: ${name}`);
        if (hides(one) && one.tagName !== "INPUT" && one.scrollWidth > one.clientWidth + 1)
            found.push(`cut off: ${name}`);
    }
    return found;
}"""
TEXT_SIZE = "size => { document.documentElement.style.fontSize = size }"
MOTION = """() => [...document.querySelectorAll("*")].flatMap(one => [one, "::before", "::after"].map(part => {
    const style = part === one ? getComputedStyle(one) : getComputedStyle(one, part);
    const longest = list => Math.max(...list.split(",").map(parseFloat));
    const moves = (style.animationName !== "none" && longest(style.animationDuration) > 0.01)
        || longest(style.transitionDuration) > 0.01 || style.scrollBehavior === "smooth";
    return moves ? one.outerHTML.slice(0, 100) : null;
})).filter(Boolean)"""


CALM = ("start", "results", "an article: troubleshooting", "a resolved ticket", "paste form")
WINDOWS: dict[str, tuple[Size, str]] = {
    "320 wide": (SMALLEST, "100%"),
    "390 wide": (NARROW, "100%"),
    "390 wide, text of twice the size": (NARROW, "200%"),
    "1280 wide, text of twice the size": (WIDE, "200%"),
}


def misfits(page: Page, one: SitePage) -> dict[str, list[str]]:
    """Return what does not fit on the page that is open, by page and window."""
    found: dict[str, list[str]] = {}
    for name, (size, text) in WINDOWS.items():
        look_again(page, "light", size)
        page.evaluate(TEXT_SIZE, text)
        found[f"{one.name}, {name}"] = page.evaluate(MISFITS)
    return {name: lines for name, lines in found.items() if lines}


def test_every_page_fits_the_window(page: Page, watch: Watch, crawled: list[SitePage]) -> None:
    found: dict[str, list[str]] = {}
    for one in (*KNOWN, *crawled):
        look_again(page, "light", SMALLEST)
        visit(page, one, watch)
        found |= misfits(page, one)

    lines = [f"{where}: {line}" for where, told in found.items() for line in told]
    assert not lines, "\n".join(["", *lines])


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("width: 2000px", "the page is"),
        ("position: absolute; left: 90vw; width: 50vw", "sticks out by"),
        ("width: 3rem; overflow: hidden; white-space: nowrap", "cut off: "),
    ],
)
def test_what_does_not_fit_is_noticed(page: Page, harm: str, told: str) -> None:
    page.goto("/similar")
    assert page.evaluate(MISFITS) == []

    page.evaluate("harm => { document.querySelector('h1').style.cssText = harm }", harm)

    assert any(line.startswith(told) for line in page.evaluate(MISFITS))


def test_nothing_moves_for_those_who_asked_for_less_motion(page: Page, watch: Watch) -> None:
    page.emulate_media(reduced_motion="reduce")
    moving: dict[str, list[str]] = {}
    for one in (one for one in KNOWN if one.name in CALM):
        visit(page, one, watch)
        moving[one.name] = page.evaluate(MOTION)

    assert {name: lines for name, lines in moving.items() if lines} == {}


def test_what_moves_is_noticed(page: Page) -> None:
    page.goto("/")
    page.evaluate("() => { document.querySelector('h1').style.transition = 'color 1s' }")

    assert len(page.evaluate(MOTION)) == 1


def test_marks_controls_and_focus_are_seen_in_forced_colours(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    page.goto("/?q=vpn")
    box = page.get_by_role("searchbox", name="Search")
    box.focus()

    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    assert box.evaluate("one => getComputedStyle(one).borderTopStyle") == "solid"
    assert box.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    mark = page.get_by_role("main").locator("mark").first
    around = mark.evaluate("one => getComputedStyle(one.parentElement).backgroundColor")
    assert mark.evaluate("one => getComputedStyle(one).backgroundColor") != around


def test_an_article_on_paper_is_the_article_alone(page: Page) -> None:
    page.goto("/articles/identity/account-keeps-locking")
    search, copy = page.get_by_role("searchbox", name="Search"), page.get_by_role("button", name="Copy").first
    assert search.is_visible() and copy.is_visible()

    page.emulate_media(media="print")

    assert not search.is_visible()
    assert not copy.is_visible()
    assert not page.get_by_role("button", name="Sign out").is_visible()
    assert page.get_by_role("heading", level=1).is_visible()
    assert page.locator("pre").first.is_visible()
