"""axe finds nothing on any page, in both colour schemes, wide and narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.accessibility import COLOURS, EVERYTHING, violations
from tests.browser.looks import SIZES, Look, look_again
from tests.browser.site_pages import KNOWN, Routes, SitePage, visit
from tests.browser.watch import Watch

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOOKS = [Look(signed_in=one.signed_in) for one in KNOWN]


def violations_in_every_look(page: Page, watch: Watch, one: SitePage) -> list[str]:
    """Return what axe finds; each size is a visit of its own, because scripts look at the size when a page opens."""
    found: list[str] = []
    for size in SIZES:
        look_again(page, "light", size)
        visit(page, one, watch)
        found += violations(page, f"{one.path} light, {size[0]} wide", EVERYTHING)
        look_again(page, "dark", size)
        found += violations(page, f"{one.path} dark, {size[0]} wide", COLOURS)
    return found


@pytest.mark.parametrize(
    ("look", "one"), list(zip(LOOKS, KNOWN, strict=True)), ids=[one.name for one in KNOWN], indirect=["look"]
)
def test_axe_finds_nothing_on_a_page(page: Page, watch: Watch, one: SitePage) -> None:
    found = violations_in_every_look(page, watch, one)

    assert not found, "\n".join(["", *found])


def test_axe_finds_nothing_on_pages_that_only_links_lead_to(page: Page, watch: Watch, crawled: list[SitePage]) -> None:
    found = [line for one in crawled for line in violations_in_every_look(page, watch, one)]

    assert not found, "\n".join(["", *found])


def test_every_page_of_the_site_is_looked_at(routes: Routes, crawled: list[SitePage]) -> None:
    seen = {routes.endpoint(one.path.partition("?")[0]) for one in (*KNOWN, *crawled)}

    assert routes.endpoints - seen == set(), "add these pages to KNOWN in tests/browser/site_pages.py"


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        ("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>", "image-alt"),
        ("<font color='#888888'>too faint</font>", "color-contrast"),
        ("<button></button>", "button-name"),
    ],
)
def test_axe_finds_what_is_wrong_with_a_page(page: Page, harm: str, rule: str) -> None:
    page.goto("/similar")
    page.evaluate("harm => document.querySelector('main').insertAdjacentHTML('beforeend', harm)", harm)

    assert [line for line in violations(page, "here") if f" {rule} " in line]


def test_axe_finds_colours_that_are_too_close_in_the_dark_scheme_alone(page: Page) -> None:
    page.goto("/similar")
    page.evaluate("document.querySelector('h1').style.color = '#333333'")

    assert violations(page, "here", COLOURS) == []
    page.emulate_media(color_scheme="dark")
    assert [line for line in violations(page, "here", COLOURS) if " color-contrast " in line]
