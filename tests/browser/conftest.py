"""Fixtures of the browser tests: one server on an empty home and one browser for all of them, each page watched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from kb.settings import Settings
from tests.browser.chromium import launched, require_browser, what_is_missing
from tests.browser.looks import Look, opened
from tests.browser.site_pages import KNOWN, Routes, SitePage, crawl
from tests.browser.watch import Watch
from tests.browser.writings import add_writings
from tests.command_line import run
from tests.fakes.encoder import FakeEncoder
from tests.homes import copied
from tests.test_cli_serve import Served, serve, stop
from web.app import create_app
from web.wiring import open_services

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, StorageState

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that `-m 'not browser'` leaves them out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


# Package scope, not session scope: Playwright's event loop must not go on in the thread that runs the other tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser; without one the test is skipped with the reason, or fails in CI."""
    require_browser(what_is_missing())
    with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory, shipped_home: Path) -> Iterator[Served]:
    """A server on a home of its own with the shipped content."""
    place = tmp_path_factory.mktemp("browsed")
    home = copied(shipped_home, place / "home")
    add_writings(home)
    opened_server = serve(home, place / "log")
    try:
        yield opened_server
    finally:
        code = stop(opened_server)
    assert code == 0, (place / "log").read_text()
    assert "Traceback" not in (place / "log").read_text()


@pytest.fixture(scope="package")
def session(browser: Browser, served: Served) -> StorageState:
    """What a browser keeps after it has used the link that the server printed."""
    with browser.new_context() as context:
        context.new_page().goto(served.link)
        return context.storage_state()


@pytest.fixture
def new_link(served: Served) -> str:
    """A fresh one-time link, as an administrator gets it on the command line."""
    told = run("--home", served.home, "user", "link", "--port", served.address.rpartition(":")[2])
    assert told.code == 0, told.err
    return told.out.strip()


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Look:
    """How the page is looked at; tests give another one as an indirect parameter."""
    given = getattr(request, "param", Look())
    assert isinstance(given, Look)
    return given


@pytest.fixture
def context(browser: Browser, served: Served, session: StorageState, look: Look) -> Iterator[BrowserContext]:
    """A browser with that look and a session."""
    with opened(browser, served.address, look, session) as context:
        yield context


@pytest.fixture
def watch(context: BrowserContext, served: Served) -> Iterator[Watch]:
    """The watch over everything that this browser does; what it saw fails the test at its end."""
    watch = Watch(context, served.address)
    yield watch
    assert watch.problems == []


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    """An empty page that is watched."""
    return context.new_page()


@pytest.fixture(scope="package")
def routes(tmp_path_factory: pytest.TempPathFactory) -> Routes:
    """The routes of the site's pages, as the application knows them."""
    with open_services(Settings(home=tmp_path_factory.mktemp("routes")), lambda line: None, FakeEncoder) as services:
        return Routes(create_app(services).url_map)


@pytest.fixture(scope="package")
def crawled(browser: Browser, served: Served, session: StorageState, routes: Routes) -> list[SitePage]:
    """One page of each shape that links lead to, from the known pages on, and that is not known by name."""
    known = [urlsplit(one.path) for one in KNOWN if one.signed_in and one.status == 200]
    with opened(browser, served.address, Look(), session) as context:
        watch = Watch(context, served.address)
        found = crawl(context.new_page(), [url.geturl() for url in known], routes)
    assert watch.problems == []
    for url in known:
        found.pop(routes.shape(url.path, url.query), None)
    return [SitePage(f"{endpoint} by {', '.join(names)}", path) for (endpoint, names), path in found.items()]
