"""People on a server of their own: the first administrator, an invitation, passwords that are wrong and right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from kb.store.open_store import open_store
from tests.browser.accessibility import COLOURS, EVERYTHING, violations
from tests.browser.looks import NARROW, SIZES, Look, look_again, opened
from tests.browser.test_layout import MISFITS
from tests.browser.watch import Watch
from tests.command_line import home_with_model, run
from tests.people import PASSWORD
from tests.test_cli_serve import Served, serve, stop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[Served]:
    """A server without documents but the manual, on which nobody has an account yet."""
    place = tmp_path_factory.mktemp("people")
    home = home_with_model(place / "home", model_home)
    with closing(open_store(home / "fixlore.db")) as store:
        store.put_setting("examples", "loaded")
    one = serve(home, place / "log")
    try:
        yield one
    finally:
        code = stop(one)
    assert code == 0, (place / "log").read_text()
    assert PASSWORD not in (place / "log").read_text()


@pytest.fixture(scope="module")
def signed(browser: Browser, served: Served) -> Iterator[Page]:
    """The page on which the first administrator has just made the account, in a browser that came by the link."""
    with opened(browser, served.address, Look(), {}) as context:
        page = context.new_page()
        page.goto(served.link)
        page.get_by_role("link", name="Make the first administrator account").click()
        page.get_by_role("textbox", name="Name", exact=True).fill("chief")
        choose(page, "Make the account")
        assert urlsplit(page.url).path == "/people"
        yield page


@pytest.fixture
def fresh(browser: Browser, served: Served, look: Look) -> Iterator[tuple[Page, Watch]]:
    """An empty page without a session, and the watch over it."""
    with opened(browser, served.address, look, {}) as context:
        watch = Watch(context, served.address)
        yield context.new_page(), watch
    assert watch.problems == []


@pytest.fixture
def context(browser: Browser, served: Served, signed: Page) -> Iterator[BrowserContext]:
    """Another window of the administrator's browser."""
    yield signed.context


def choose(page: Page, button: str) -> None:
    """Type the password twice and send it."""
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()


def faults(page: Page, where: str) -> list[str]:
    """Return what axe finds and what does not fit, in both colour schemes, wide and narrow."""
    found: list[str] = []
    for size in SIZES:
        look_again(page, "light", size)
        found += violations(page, f"{where} light, {size[0]} wide", EVERYTHING)
        found += [f"{where}, {size[0]} wide: {one}" for one in page.evaluate(MISFITS)]
        look_again(page, "dark", size)
        found += violations(page, f"{where} dark, {size[0]} wide", COLOURS)
    return found


LOOKS = [Look(), Look(scheme="dark", size=NARROW, javascript=False)]


@pytest.mark.parametrize("look", LOOKS, ids=["wide", "narrow, dark, without scripts"], indirect=True)
def test_somebody_who_is_invited_chooses_a_password_and_signs_in_with_it(
    signed: Page, fresh: tuple[Page, Watch], look: Look
) -> None:
    name = f"network-l{3 if look.javascript else 2}"
    signed.goto("/people")
    signed.get_by_role("textbox", name="Name", exact=True).fill(name)
    signed.get_by_role("radio", name="author").check()
    with signed.expect_navigation():
        signed.get_by_role("button", name="Add and make a link").click()
    link = signed.get_by_role("status").locator("code").inner_text()
    assert signed.get_by_role("row").filter(has_text=name).get_by_text("invited").count() == 1

    # The link leads to a page to choose a password, which signs in.
    page, watch = fresh
    page.goto(link)
    page.get_by_role("heading", name="Choose a password", level=1).wait_for()
    choose(page, "Save and sign in")
    assert urlsplit(page.url).path == "/"
    assert page.get_by_role("link", name=f"Signed in as {name}").count() == 1
    assert page.get_by_role("link", name="People", exact=True).count() == 0
    with page.expect_navigation():
        page.get_by_role("button", name="Sign out").click()

    # A wrong password is told; the right one leads on to the page that was asked for.
    page.goto("/account")
    assert urlsplit(page.url).path == "/sign-in"
    with watch.expects(422):
        sign_in(page, name, "not my password")
    assert page.get_by_role("alert").inner_text() == "Name and password do not belong together."
    assert page.get_by_label("Name").input_value() == name
    assert page.get_by_label("Password").input_value() == ""
    if look.javascript:
        assert page.evaluate("document.activeElement.id") == "password"
    sign_in(page, name.upper(), PASSWORD)
    assert urlsplit(page.url).path == "/account"
    page.get_by_role("heading", name="Your account", level=1).wait_for()

    # Who is disabled is out with the next click.
    signed.goto(f"/person/{name}")
    signed.get_by_text(f"Disable {name}").click()
    with signed.expect_navigation():
        signed.get_by_role("button", name="Disable the account").click()
    signed.get_by_role("button", name="Enable the account").wait_for()
    page.reload()
    assert urlsplit(page.url).path == "/sign-in"


def test_nothing_is_wrong_with_the_pages_about_people(signed: Page, fresh: tuple[Page, Watch], served: Served) -> None:
    told = run("--home", served.home, "user", "add", "desk", "--port", served.address.rpartition(":")[2])
    found: list[str] = []
    for path in ("/people", "/person/desk", "/person/chief", "/people/roles", "/account"):
        signed.goto(path)
        found += faults(signed, path)
    signed.goto("/account")
    signed.get_by_label("Present password").fill("wrong")
    choose(signed, "Change the password")
    found += faults(signed, "a wrong password")
    page, watch = fresh
    page.goto(told.out.strip())
    found += faults(page, "choosing a password")
    page.goto("/sign-in")
    found += faults(page, "sign-in")
    with watch.expects(422):
        sign_in(page, "desk", "wrong")
    found += faults(page, "sign-in refused")

    assert not found, "\n".join(["", *found])


def test_the_pages_about_people_are_german_for_german_readers(signed: Page) -> None:
    signed.goto("/language/de?next=/people")
    signed.get_by_role("heading", name="Personen", level=1).wait_for()
    signed.goto("/people/roles")
    assert "Eine Störung bestätigen" in signed.get_by_role("table").inner_text()
    signed.goto("/language/en")
