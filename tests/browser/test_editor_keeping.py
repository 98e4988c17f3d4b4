"""Nothing that was written is lost: by a crash, a lost connection, a closed window or an ended session."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from kb.store.open_store import open_store
from tests.browser.chromium import ARGUMENTS, EXECUTABLE
from tests.browser.editing import begin, publish, text_of, trouble, wait_until_kept, write
from tests.command_line import home_with_model, run
from tests.serving import Server, serving
from tests.test_cli_serve import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Route

LOCAL = "() => Object.entries(localStorage).filter(([name]) => name.startsWith('fixlore:draft:')).map(one => one[1])"
OFFLINE = "Not connected. Your text is kept in this browser"


@pytest.fixture
def unwatched(context: BrowserContext) -> Page:
    """An empty page; requests may fail, because the connection is taken from it."""
    return context.new_page()


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    """A home without content, to which a server adds none."""
    home = home_with_model(tmp_path_factory.mktemp("kept") / "home", model_home)
    with closing(open_store(home / "fixlore.db")) as store:
        store.put_setting("examples", "loaded")
    return home


@pytest.fixture
def server(empty_home: Path, tmp_path: Path) -> Iterator[Server]:
    """A server that may be killed."""
    with serving(empty_home, tmp_path / "log") as one:
        yield one


def sign_in(page: Page, home: Path, address: str) -> None:
    told = run("--home", home, "user", "link", "--port", str(urlsplit(address).port))
    assert told.code == 0, told.err
    page.goto(told.out.strip())


def processes_with(argument: str) -> list[int]:
    """Return the ids of the processes whose command line holds a text that no other holds."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if argument.encode() in place.read_bytes():
                found.append(int(place.parent.name))
    return found


def leaving_asks(page: Page) -> bool:
    """Try to close a page, stay if it asks, and say whether it did."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.evaluate("setTimeout(() => location.assign('/status'))")
    deadline = time.monotonic() + 20
    while not asked and "/status" not in page.url and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    page.remove_listener("dialog", stay)
    return asked == ["beforeunload"]


def test_text_is_on_the_server_within_seconds_and_offered_on_return(page: Page) -> None:
    begin(page, "Kept within seconds")
    write(page, "First.")
    publish(page)
    edit = page.url.replace("/articles/", "/edit/")
    page.goto(edit)
    write(page, "Second.")
    wait_until_kept(page)

    page.goto(edit)

    page.get_by_text("You have an unsaved draft of").wait_for()
    assert text_of(page).input_value() == "Second."
    page.get_by_role("link", name="Compare with the article").click()
    page.locator("table.changes").get_by_text("First.").wait_for()
    page.get_by_role("link", name="Continue with the draft").click()
    page.get_by_role("button", name="Discard the draft").click()
    page.wait_for_url(edit)
    assert text_of(page).input_value() == "First."


def test_leaving_asks_while_something_is_not_on_the_server_and_only_then(unwatched: Page) -> None:
    page = unwatched
    begin(page, "Leaving")
    write(page, "Unsaved.")
    assert leaving_asks(page)
    wait_until_kept(page)
    assert not leaving_asks(page)


def test_text_written_without_a_connection_is_sent_when_it_is_back(unwatched: Page, context: BrowserContext) -> None:
    page = unwatched
    begin(page, "Offline")
    context.set_offline(True)
    write(page, "Written on the train.")
    trouble(page, OFFLINE).wait_for()
    assert "Written on the train." in page.evaluate(LOCAL)[0]
    page.get_by_role("button", name="Save draft").click()
    assert text_of(page).input_value() == "Written on the train."

    context.set_offline(False)

    wait_until_kept(page)
    assert not trouble(page, OFFLINE).count()
    page.reload()
    assert text_of(page).input_value() == "Written on the train."


def test_save_waits_for_what_is_being_kept_and_is_not_taken_for_another_window(page: Page) -> None:
    begin(page, "Saved meanwhile")
    held: list[Route] = []
    page.route("**/drafts/*", lambda route: held.append(route), times=1)
    with page.expect_request("**/drafts/*"):
        write(page, "First.")
    write(page, "First. Second.").press("Control+s")
    page.get_by_role("button", name="Save draft").click()

    held[0].continue_()

    page.wait_for_url("**/articles/saved-meanwhile")
    assert "First. Second." in page.get_by_role("article").inner_text()


def test_text_that_never_reached_the_server_is_offered_by_the_browser(unwatched: Page, context: BrowserContext) -> None:
    page = unwatched
    begin(page, "Never reached")
    write(page, "On the server.")
    wait_until_kept(page)
    context.set_offline(True)
    write(page, "In the browser alone.")
    trouble(page, OFFLINE).wait_for()
    address = page.url
    page.close(run_before_unload=False)
    context.set_offline(False)

    page = context.new_page()
    page.goto(address)

    offer = page.get_by_role("status").filter(has_text="This browser keeps a text of")
    offer.wait_for()
    assert text_of(page).input_value() == "On the server."
    offer.get_by_role("button", name="Compare").click()
    offer.locator("table.changes").get_by_text("In the browser alone.").wait_for()
    offer.get_by_role("button", name="Continue with it").click()
    page.wait_for_function("() => document.querySelector('[name=body]')?.value === 'In the browser alone.'")
    page.reload()
    assert text_of(page).input_value() == "In the browser alone."
    assert page.evaluate(LOCAL) == []


def test_text_survives_the_kill_of_the_browser(browser: Browser, served: Served, tmp_path: Path) -> None:
    profile = tmp_path / "profile"

    def open_again() -> BrowserContext:
        return browser.browser_type.launch_persistent_context(
            profile, executable_path=EXECUTABLE, args=list(ARGUMENTS), base_url=served.address
        )

    page = open_again().new_page()
    sign_in(page, served.home, served.address)
    begin(page, "Killed browser")
    write(page, "Written just before.")
    wait_until_kept(page)
    address = page.url
    for process in processes_with(str(profile)):
        os.kill(process, signal.SIGKILL)

    with closing(open_again()) as context:
        page = context.new_page()
        sign_in(page, served.home, served.address)
        page.goto("/write")
        page.get_by_role("link", name="Killed browser").first.click()
        page.wait_for_url(address)
        assert text_of(page).input_value() == "Written just before."


def test_writing_goes_on_when_the_server_was_killed_and_started_again(
    browser: Browser, server: Server, empty_home: Path, tmp_path: Path
) -> None:
    with closing(browser.new_context(base_url=server.address)) as context:
        page = context.new_page()
        sign_in(page, empty_home, server.address)
        begin(page, "Killed server")
        write(page, "Before the kill.")
        wait_until_kept(page)
        server.stop(signal.SIGKILL)
        write(page, "Before the kill. After it.")
        trouble(page, OFFLINE).wait_for()

        with serving(empty_home, tmp_path / "log2", "--port", str(urlsplit(server.address).port)):
            wait_until_kept(page)
            page.reload()
            assert text_of(page).input_value() == "Before the kill. After it."


def test_session_that_ends_while_somebody_writes_loses_nothing(
    unwatched: Page, context: BrowserContext, new_link: str
) -> None:
    page = unwatched
    begin(page, "Session ends")
    write(page, "Before.")
    wait_until_kept(page)
    context.clear_cookies()
    write(page, "Before. After the session ended.")
    trouble(page, "You are signed out. Your text stays here").wait_for()
    page.get_by_role("button", name="Save draft").click()
    assert "/write/" in page.url

    other = context.new_page()
    other.goto(new_link)
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    wait_until_kept(page)
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/articles/session-ends")
    page.get_by_text("Before. After the session ended.").wait_for()


def test_nothing_private_stays_in_the_browser_after_signing_out(unwatched: Page, context: BrowserContext) -> None:
    page = unwatched
    begin(page, "Private")
    context.set_offline(True)
    write(page, "Private text.")
    trouble(page, OFFLINE).wait_for()
    assert len(page.evaluate(LOCAL)) == 1
    context.set_offline(False)
    other = context.new_page()
    other.goto("/status")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/sign-in")
    assert other.evaluate(LOCAL) == []
    write(page, "Private text, and more.")
    trouble(page, "You are signed out").wait_for()
    assert other.evaluate(LOCAL) == []
    assert text_of(page).input_value() == "Private text, and more."


def test_nothing_private_stays_in_the_browser_after_signing_out_from_the_editor_itself(unwatched: Page) -> None:
    page = unwatched
    begin(page, "Private here")
    page.route("**/drafts/*", lambda route: route.abort())
    write(page, "Private text.")
    trouble(page, OFFLINE).wait_for()
    assert len(page.evaluate(LOCAL)) == 1
    page.on("dialog", lambda dialog: dialog.accept())

    page.get_by_role("button", name="Sign out").click()

    page.wait_for_url("**/sign-in")
    assert page.evaluate(LOCAL) == []


def test_draft_kept_from_another_window_is_not_overwritten_unasked(unwatched: Page, context: BrowserContext) -> None:
    page = unwatched
    begin(page, "Two windows")
    other = context.new_page()
    other.goto(page.url)
    write(page, "From the first window.")
    wait_until_kept(page)
    write(other, "From the second window.")
    trouble(other, "kept from another window meanwhile").wait_for()
    other.get_by_role("button", name="Keep this one").click()
    wait_until_kept(other)
    page.reload()
    assert text_of(page).input_value() == "From the second window."
