"""With a part of the search down, pages say so, answer with the rest, and stay as usable as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.accessibility import EVERYTHING, violations
from tests.browser.looks import Look, opened
from tests.homes import filled_home
from tests.serving import Server, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NO_SUCH_MODEL = {"KB_MODEL": "/no/such/model"}


@pytest.fixture(scope="module")
def degraded(browser: Browser, tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[Server]:
    """A server whose model cannot be loaded."""
    place = tmp_path_factory.mktemp("degraded")
    home = filled_home(place / "home", model_home)
    with serving(home, place / "log", environment=NO_SUCH_MODEL) as server:
        yield server


def test_pages_of_a_degraded_system_say_what_is_down_and_what_to_do(browser: Browser, degraded: Server) -> None:
    link = degraded.way_in.removeprefix("Sign in once with ")
    with opened(browser, degraded.address, Look(signed_in=False), None) as context:
        page = context.new_page()
        page.goto(link)
        page.goto("/?q=badge printer")
        page.get_by_role("link", name="Badge printer prints blank cards").wait_for()
        page.get_by_text("The search by meaning is down.").wait_for()
        assert violations(page, "degraded results", EVERYTHING) == []

        page.get_by_role("main").get_by_role("link", name="System status").click()
        row = page.get_by_role("row", name="Search by meaning")
        assert "no model" in row.inner_text()
        assert "setting model" in row.inner_text()
        assert violations(page, "degraded status", EVERYTHING) == []
