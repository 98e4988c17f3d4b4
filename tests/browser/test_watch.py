"""The watch over the browser sees what it is there for, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from tests.browser.looks import Look, opened
from tests.browser.watch import Watch
from tests.test_cli_serve import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route, StorageState

PROOF = "/proof"
HARM = {
    "<script>console.error('broken')</script>": "The console shows a error: broken",
    "<script>console.warn('odd')</script>": "The console shows a warning: odd",
    "<script>null.length</script>": "A script failed: ",
    "<img src='http://elsewhere.example/a.png' alt=''>": "A request leaves the host: http://elsewhere.example/a.png",
    "<script>new WebSocket('ws://elsewhere.example/a')</script>": "A request leaves the host: ws://elsewhere.example/a",
    "<script>fetch('/cut-off').catch(() => {})</script>": "A request failed: ",
    "<img src='/static/missing.png' alt=''>": "An answer has the status 404: ",
}


@pytest.fixture
def unjudged(browser: Browser, served: Served, session: StorageState) -> Iterator[tuple[BrowserContext, Watch]]:
    """A browser whose watch fails no test by itself."""
    with opened(browser, served.address, Look(), session) as context:
        context.route("**/cut-off", lambda route: route.abort())
        yield context, Watch(context, served.address)


def show(context: BrowserContext, body: str) -> Page:
    """Open a page of this host with that body; the site itself has none that does harm."""

    def answer(route: Route) -> None:
        route.fulfill(body=f"<!doctype html><html lang=en><link rel=icon href=data:,><title>x</title>{body}</html>")

    page = context.new_page()
    page.route(f"**{PROOF}", answer)
    page.goto(PROOF, wait_until="networkidle")
    return page


@pytest.mark.parametrize(("body", "problem"), HARM.items(), ids=list(HARM.values()))
def test_the_watch_sees_what_a_page_does_wrong(unjudged: tuple[BrowserContext, Watch], body: str, problem: str) -> None:
    context, watch = unjudged
    show(context, body)

    assert any(one.startswith(problem) for one in watch.problems), watch.problems


def test_the_watch_sees_what_the_security_policy_of_a_page_refuses(
    unjudged: tuple[BrowserContext, Watch],
) -> None:
    context, watch = unjudged
    page = context.new_page()
    page.goto("/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")

    assert any("Content Security Policy" in one for one in watch.problems), watch.problems


def test_the_watch_sees_nothing_wrong_in_a_sound_page(unjudged: tuple[BrowserContext, Watch]) -> None:
    context, watch = unjudged
    show(context, "<script>console.log('fine')</script><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' alt=''>")

    assert watch.problems == []


def test_the_watch_lets_a_status_pass_only_where_it_is_expected(unjudged: tuple[BrowserContext, Watch]) -> None:
    context, watch = unjudged
    page = context.new_page()
    with watch.expects(HTTPStatus.NOT_FOUND):
        page.goto("/articles/no/such")
    assert watch.problems == []

    page.goto("/articles/no/other")
    assert any(one.startswith("An answer has the status 404: ") for one in watch.problems), watch.problems


def test_the_watch_demands_the_status_that_is_expected(unjudged: tuple[BrowserContext, Watch]) -> None:
    context, watch = unjudged
    with pytest.raises(AssertionError, match="no answer had the status 404"), watch.expects(HTTPStatus.NOT_FOUND):
        context.new_page().goto("/")
