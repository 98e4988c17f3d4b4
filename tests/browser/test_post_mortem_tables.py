"""The tables of a post-mortem as rows beside the text, in a browser: neither takes anything from the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.editing import begin, text_of, wait_until_kept, write

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

    from tests.browser.watch import Watch

FIRST = "| 2026-02-16 07:00 CET | log | Down | fact |"
SECOND = "| 2026-02-16 08:00 CET | log | Up | fact |"
TIMELINE = f"## Timeline\n\n| Time | Source | Event | Kind |\n| --- | --- | --- | --- |\n{FIRST}\n"


def timeline(page: Page) -> Locator:
    return page.locator("#f\\:timeline")


def test_row_typed_into_the_text_stays_when_a_field_is_changed_at_once(page: Page, watch: Watch) -> None:
    begin(page, "Typed at once", "Post-mortem")
    field = write(page, TIMELINE)
    source = timeline(page).get_by_label("Source")
    expect(source).to_have_value("log")
    with watch.expects(409), page.expect_response(lambda one: one.status == 409):
        # All at once, before anybody has looked at the text.
        page.evaluate(
            """([text, to]) => {
                const field = document.querySelector("#f\\\\:body");
                field.value = text;
                field.dispatchEvent(new Event("input", {bubbles: true}));
                const one = document.querySelector("#f\\\\:timeline input[data-name=source]");
                one.focus();
                one.value = to;
                one.dispatchEvent(new Event("change", {bubbles: true}));
            }""",
            [f"{TIMELINE}{SECOND}\n", "monitoring"],
        )
    expect(field).to_have_value(f"{TIMELINE}{SECOND}\n".replace("| log | Down", "| monitoring | Down"))
    expect(timeline(page).get_by_label("Event")).to_have_count(2)
    expect(source.first).to_be_focused()
    wait_until_kept(page)


def test_rows_follow_the_text_while_a_field_has_the_focus_that_nobody_changed(page: Page) -> None:
    begin(page, "Followed", "Post-mortem")
    field = write(page, TIMELINE)
    expect(timeline(page).get_by_label("Event")).to_have_value("Down")
    field.fill(f"{TIMELINE}{SECOND}\n")
    timeline(page).get_by_label("Event").focus()
    expect(timeline(page).get_by_label("Event")).to_have_count(2)
    expect(timeline(page).get_by_label("Event").first).to_be_focused()
    wait_until_kept(page)


def test_no_row_is_added_before_it_is_known_which_are_there(page: Page) -> None:
    begin(page, "Slow look", "Post-mortem")
    write(page, TIMELINE)
    wait_until_kept(page)
    held: list[Route] = []
    page.route("**/lint", lambda route: held.append(route))
    page.reload()
    add = timeline(page).get_by_role("button", name="Add a row")
    expect(text_of(page)).to_have_value(TIMELINE)
    expect(add).to_be_visible()
    expect(add).to_be_disabled()
    held[-1].continue_()
    page.unroute("**/lint")
    add.click()
    timeline(page).get_by_label("Event").last.fill("Up")
    timeline(page).get_by_label("Event").first.focus()
    expect(text_of(page)).to_have_value(f"{TIMELINE}|  |  | Up |  |\n")
    wait_until_kept(page)
