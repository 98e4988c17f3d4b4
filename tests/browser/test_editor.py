"""The editor in a browser: toolbar, keys, preview, files, what covers a title, two editors at once."""

from __future__ import annotations

import base64
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kb.store.open_store import open_store
from tests.browser.accessibility import violations
from tests.browser.editing import begin, publish, selected, text_of, trouble, wait_until_kept, write
from tests.browser.looks import NARROW, Look, look_again, opened
from tests.browser.test_layout import MISFITS
from tests.browser.watch import Watch
from tests.people import PASSWORD, cheap_hasher
from tests.test_cli_serve import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, StorageState

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
GIVE_FILE = """([field, kind, content]) => {
    const bytes = Uint8Array.from(atob(content), one => one.charCodeAt(0));
    const given = new DataTransfer();
    given.items.add(new File([bytes], "plan.png", {type: "image/png"}));
    const event = kind === "paste"
        ? new ClipboardEvent("paste", {clipboardData: given, bubbles: true, cancelable: true})
        : new DragEvent(kind, {dataTransfer: given, bubbles: true, cancelable: true});
    document.querySelector(field).dispatchEvent(event);
    return event.defaultPrevented;
}"""
BODY = "#f\\:body"


def test_article_is_written_with_a_preview_that_is_its_page(page: Page) -> None:
    begin(page, "Scanner beeps twice and stops")
    write(page, "## Symptoms\n\nIt **beeps**.\n\n> [!WARNING]\n> Mind the lamp.\n\n```sh\nls -l\n```\n")
    preview = page.get_by_role("region", name="Preview")
    preview.get_by_text("Mind the lamp.").wait_for()
    shown = preview.locator(".prose").inner_html()
    assert preview.get_by_role("button", name="Copy").count() == 1
    publish(page)
    assert page.locator("article .prose").inner_html() == shown
    page.get_by_role("link", name="Edit").click()
    assert "It **beeps**." in text_of(page).input_value()


def test_buttons_and_keys_format_and_undo_takes_them_back(page: Page) -> None:
    begin(page, "Formatting")
    field = write(page, "one two")
    field.press("End")
    field.press("Shift+Control+ArrowLeft")
    assert selected(field) == "two"
    for key, made in (("b", "one **two**"), ("b", "one two"), ("i", "one *two*"), ("i", "one two"), ("e", "one `two`")):
        field.press(f"Control+{key}")
        assert field.input_value() == made
    field.press("Control+z")
    assert field.input_value() == "one two"
    field.press("Control+k")
    assert (field.input_value(), selected(field)) == ("one [two](https://)", "https://")
    bar = page.get_by_role("toolbar", name="Formatting")
    made = {
        "Heading": "## one",
        "List": "- one",
        "Numbered list": "1. one",
        "Task list": "- [ ] one",
        "Quote": "> one",
        "Code block": "```sh\none\n```",
        "Note": "> [!NOTE]\n> one",
        "Bold": "**one**",
    }
    for name, text in made.items():
        field.fill("one")
        field.press("Control+a")
        bar.get_by_role("button", name=name, exact=True).click()
        assert field.input_value().strip() == text, name
        field.press("Control+z")
        assert field.input_value() == "one", name
    field.fill("Above")
    field.press("Control+End")
    bar.get_by_role("button", name="Table").click()
    assert field.input_value().startswith("Above\n\n| Column | Column |\n| --- | --- |\n")
    assert selected(field) == "Column"
    field.fill("a\nb")
    field.press("Control+a")
    bar.get_by_role("button", name="Numbered list").click()
    assert field.input_value() == "1. a\n2. b"


def test_enter_goes_on_with_a_list_and_ends_it(page: Page) -> None:
    begin(page, "Lists")
    field = write(page, "")
    field.press_sequentially("- [x] one\ntwo\n\nplain\n1. a\nb")
    assert field.input_value() == "- [x] one\n- [ ] two\nplain\n1. a\n2. b"
    field.press("Control+]")
    assert field.input_value().endswith("\n    2. b")
    field.press("Control+[")
    assert field.input_value().endswith("\n2. b")


def test_keyboard_reaches_everything_and_is_trapped_nowhere(page: Page) -> None:
    begin(page, "Keyboard")
    bar = page.get_by_role("toolbar", name="Formatting")
    bar.get_by_role("button", name="Bold").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "I"
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.textContent") == "Image or file"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "B"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "f:body"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "f:preview"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.textContent") == "B"


def test_control_enter_saves_and_control_s_keeps_the_draft(page: Page) -> None:
    begin(page, "Saved by keys")
    field = write(page, "Some text.")
    field.press("Control+s")
    wait_until_kept(page)
    assert "/write/" in page.url
    field.press("Control+Enter")
    page.wait_for_url("**/articles/saved-by-keys")
    page.get_by_role("article").locator(".badge").filter(has_text="Draft").wait_for()


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_picture_is_stored_and_shown_when_it_is_given(page: Page, kind: str) -> None:
    begin(page, f"Picture by {kind}")
    field = write(page, "Before ")
    field.press("Control+End")
    assert page.evaluate(GIVE_FILE, [BODY, kind, PNG])
    page.get_by_role("status").filter(has_text="plan.png is stored.").wait_for()
    assert field.input_value().startswith("Before ![")
    picture = page.get_by_role("region", name="Preview").get_by_role("img")
    picture.wait_for()
    assert picture.evaluate("async one => { await one.decode(); return one.naturalWidth }") == 1
    publish(page)
    assert page.locator("article .prose img").evaluate("one => one.naturalWidth") == 1


def test_several_files_stand_on_lines_of_their_own(page: Page) -> None:
    begin(page, "Several files")
    field = write(page, "Before ")
    field.press("Control+End")
    content = base64.b64decode(PNG)
    page.locator("#f\\:file").set_input_files(
        [{"name": name, "mimeType": "image/png", "buffer": content} for name in ("one.png", "two.png")]
    )
    page.get_by_role("status").filter(has_text="two.png is stored.").wait_for()
    first, second = field.input_value().split("\n")
    assert first.startswith("Before ![") and "one.png" in first
    assert second.startswith("![") and "two.png" in second


def test_file_that_is_refused_is_said_with_its_reason_and_the_text_stays(page: Page, watch: Watch) -> None:
    begin(page, "Refused file")
    field = write(page, "Text.")
    with watch.expects(415), page.expect_response("**/attachments") as answer:
        page.locator("#f\\:file").set_input_files({"name": "run.exe", "mimeType": "x/y", "buffer": b"MZ\x90"})
    assert answer.value.status == 415
    page.get_by_role("status").filter(has_text="run.exe was not stored:").wait_for()
    assert field.input_value() == "Text."


def test_articles_that_cover_a_title_are_shown_while_it_is_typed(page: Page) -> None:
    page.goto("/write")
    title = page.get_by_label("Title")
    title.press_sequentially("Monitor an der Dockingstation bleibt schwarz")
    covers = page.get_by_role("region", name="Already covered?")
    covers.get_by_role("link", name="External monitor stays black on the docking station").wait_for()
    assert covers.get_by_text("similar in meaning").count() >= 1
    title.fill("")
    title.press_sequentially("Zqwx grblft")
    covers.wait_for(state="detached")
    page.get_by_role("button", name="Start writing").click()
    page.wait_for_url("**/write/*")
    page.get_by_label("Title").fill("Print queue stuck")
    covers.get_by_role("link", name="Print jobs are stuck in the queue and cannot be deleted").wait_for()


def test_second_of_two_people_sees_both_texts_and_loses_nothing(
    browser: Browser, served: Served, session: StorageState, page: Page
) -> None:
    with closing(open_store(served.home / "fixlore.db")) as store:
        store.add_person("editor-two", "author", password_hash=cheap_hasher().hash(PASSWORD))
    begin(page, "Two people write")
    write(page, "one\n\ntwo\n\nthree")
    publish(page)
    edit = page.url.replace("/articles/", "/edit/")
    with opened(browser, served.address, Look(signed_in=False), session) as other:
        theirs = other.new_page()
        theirs.goto("/sign-in")
        theirs.get_by_label("Name").fill("editor-two")
        theirs.get_by_label("Password", exact=True).fill(PASSWORD)
        theirs.get_by_role("button", name="Sign in").click()
        theirs.goto(edit)
        page.goto(edit)
        write(page, "one, changed here\n\ntwo\n\nthree").press("Control+Enter")
        page.wait_for_url("**/articles/**")

        write(theirs, "one\n\ntwo\n\nthree, changed there").press("Control+Enter")
        theirs.get_by_role("heading", name="Changed meanwhile").wait_for()

        assert theirs.get_by_label("Your text").input_value() == "one\n\ntwo\n\nthree, changed there"
        together = theirs.get_by_label("Both texts together")
        assert together.input_value() == "one, changed here\n\ntwo\n\nthree, changed there"
        for scheme in ("light", "dark"):
            theirs.emulate_media(color_scheme=scheme)
            assert violations(theirs, f"conflict, {scheme}") == []
        look_again(theirs, "light", NARROW)
        assert theirs.evaluate(MISFITS) == []
        theirs.get_by_role("button", name="Save both together").click()
        theirs.wait_for_url("**/articles/**")
        page.reload()
        assert "one, changed here" in page.locator("article .prose").inner_text()
        assert "three, changed there" in page.locator("article .prose").inner_text()


def test_preview_keeps_step_with_the_text(page: Page) -> None:
    begin(page, "Long text")
    field = write(page, "\n\n".join(f"Paragraph {number}." for number in range(200)))
    preview = page.get_by_role("region", name="Preview")
    preview.get_by_text("Paragraph 199.").wait_for()
    place = "one => one.scrollTop / (one.scrollHeight - one.clientHeight)"
    for share in (0.5, 0):
        field.evaluate("(one, share) => { one.scrollTop = share * (one.scrollHeight - one.clientHeight) }", share)
        page.wait_for_function(
            "share => { const one = document.querySelector('#f\\\\:preview');"
            " return Math.abs(one.scrollTop / (one.scrollHeight - one.clientHeight) - share) < 0.05 }",
            arg=share,
        )
    assert preview.evaluate(place) < 0.05


def test_narrow_window_shows_text_or_preview(page: Page) -> None:
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    begin(page, "Narrow")
    write(page, "Some **bold** text.")
    preview = page.get_by_role("region", name="Preview")
    preview.wait_for(state="hidden")
    page.get_by_role("button", name="Preview", exact=True).click()
    preview.get_by_text("bold").wait_for()
    text_of(page).wait_for(state="hidden")
    page.get_by_role("button", name="Text", exact=True).click()
    text_of(page).wait_for()
    assert text_of(page).input_value() == "Some **bold** text."
    assert preview.is_hidden()


@pytest.mark.parametrize("look", [Look(javascript=False)], indirect=True)
def test_article_is_written_without_scripts(page: Page) -> None:
    page.goto("/write")
    page.get_by_label("Title").fill("Written without scripts")
    page.get_by_role("button", name="Start writing").click()
    page.get_by_label("Text in Markdown").fill("Some **bold** text.")
    page.get_by_role("button", name="Preview").click()
    assert page.get_by_role("region", name="Preview").locator("strong").inner_text() == "bold"
    page.get_by_role("button", name="Save draft").click()
    assert page.url.endswith("/articles/written-without-scripts")


def test_kind_of_a_post_mortem_is_chosen_without_losing_the_text(page: Page) -> None:
    begin(page, "It becomes a post-mortem")
    write(page, "Some text.")
    page.get_by_label("Kind").select_option("post-mortem")
    page.locator("form[data-post-mortem=true]").wait_for()
    assert text_of(page).input_value() == "Some text."
    assert not trouble(page, "Not").count()
