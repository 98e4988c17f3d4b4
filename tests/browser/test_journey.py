"""The journey of an L1 agent, from a symptom in somebody's own words to the fix, in English and German.

It is told twice: with scripts and without, for every page works without them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest

from kb.steps import steps_of
from tests.browser.actions import (
    ask,
    filter_link,
    filter_links,
    follow,
    go_back,
    open_fix,
    paste,
    result_link,
    result_of,
    results,
    sign_out,
)
from tests.browser.looks import Look
from tests.browser.site_pages import shipped_articles
from tests.command_line import run
from tests.test_cli_serve import Served
from web.addresses import document_url

if TYPE_CHECKING:
    from playwright.sync_api import Page

STRANGERS = [Look(signed_in=False), Look(signed_in=False, javascript=False)]


@dataclass(frozen=True)
class Problem:
    """Something that users call about."""

    symptom: str
    new_words: tuple[str, ...]
    """The words of the symptom that carry it; the article has none of them."""
    article: str
    title: str
    """Of a ticket that comes in, with its description."""
    description: str
    code: str


ENGLISH = Problem(
    symptom="user gets blocked over and over since choosing a new passphrase",
    new_words=("blocked", "choosing", "passphrase"),
    article="identity/account-keeps-locking",
    title="Import stops since the new client was installed",
    description="Good morning,\nsince yesterday our import stops at once. The log says:\n\n"
    "ORA-12154: TNS:could not resolve the connect identifier specified\n\nKind regards",
    code="ORA-12154",
)
GERMAN = Problem(
    symptom="Ausdrucke bleiben im Drucker stecken",
    new_words=("ausdrucke", "stecken"),
    article="printing/druckwarteschlange-haengt",
    title="Netzlaufwerk geht seit heute nicht mehr",
    description="Guten Morgen,\nbeim Öffnen von Laufwerk H kommt Fehler 0x80070035, der Netzwerkpfad sei nicht da.\n\n"
    "Viele Grüße",
    code="0x80070035",
)
PROBLEMS = pytest.mark.parametrize("problem", [ENGLISH, GERMAN], ids=["english", "german"])


@pytest.fixture(scope="package")
def token(served: Served) -> str:
    """A token to ask the API what the pages have to show."""
    return run("--home", served.home, "token", "create", "journey", "--scope", "read").out.strip()


def words(text: str) -> str:
    """Return text as it reads, without regard to white space."""
    return " ".join(text.split())


@PROBLEMS
def test_the_symptom_is_a_paraphrase_without_the_words_of_the_article(problem: Problem) -> None:
    article = next(article for article in shipped_articles() if article.id == problem.article)
    written = set(re.findall(r"\w+", f"{article.title} {article.body}".casefold()))

    assert set(problem.new_words) <= set(problem.symptom.casefold().split())
    assert not written & set(problem.new_words)


@pytest.mark.parametrize("look", STRANGERS, ids=["with scripts", "without scripts"], indirect=True)
@PROBLEMS
def test_an_l1_agent_gets_from_a_symptom_to_the_fix(
    page: Page, served: Served, new_link: str, token: str, look: Look, problem: Problem
) -> None:
    # Without a session the site leads to sign-in; the link leads in.
    page.goto("/")
    assert urlsplit(page.url).path == "/sign-in"
    assert page.get_by_role("searchbox").count() == 0
    page.goto(new_link)
    assert urlsplit(page.url).path == "/"

    # A symptom in the user's words finds the article, with its fix and the reason, words marked.
    ask(page, problem.symptom)
    path = document_url(problem.article, "troubleshooting")
    answer = json.loads(served.get(f"/api/v1/search?limit=10&q={quote(problem.symptom)}", token)[1])
    known = next(one for one in answer["results"] if one["id"] == problem.article)
    found = result_of(page, path)
    title = result_link(found).inner_text()
    assert known["rank"] <= 3
    assert result_link(results(page).nth(known["rank"] - 1)).inner_text() == title
    assert known["resolution"]["steps"][0]
    open_fix(found)
    assert words(known["resolution"]["steps"][0]) in words(found.inner_text())
    assert found.get_by_role("list", name="Why it is here").get_by_role("listitem").count() > 0
    assert results(page).locator("mark").count() > 0
    assert all(text.strip() for text in results(page).locator("mark").all_inner_texts())

    # A filter shows its count, and as many results are left.
    name, count = next((name, count) for name, count in filter_links(page).items() if 1 < count < 10)
    follow(page, filter_link(page, name, count))
    assert results(page).count() == count
    assert page.get_by_role("searchbox", name="Search").input_value() == problem.symptom
    page.go_back(wait_until="commit")

    # The article has commands to copy.
    follow(page, result_link(result_of(page, path)))
    assert urlsplit(page.url).path == path
    block = page.get_by_role("main").locator("pre").first
    if look.javascript:
        page.get_by_role("button", name="Copy").first.click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == block.locator("code").inner_text().removesuffix("\n")
    assert block.inner_text().strip()
    page.go_back(wait_until="commit")
    result_of(page, path).wait_for()

    # A whole ticket with an error code: the first result holds the code.
    paste(page, problem.title, problem.description)
    first = results(page).first
    assert problem.code.casefold() in first.inner_text().casefold()
    follow(page, result_link(first))
    assert problem.code.casefold() in page.get_by_role("main").inner_text().casefold()
    page.go_back(wait_until="commit")

    # A past ticket shows its fix and similar issues.
    past = results(page).filter(has=page.locator('a[href^="/tickets/"]')).first
    past_title = result_link(past).inner_text()
    follow(page, result_link(past))
    page.get_by_role("heading", name=past_title, level=1).wait_for()
    ticket = json.loads(served.get(f"/api/v1{urlsplit(page.url).path}", token)[1])
    shown = words(page.get_by_role("main").inner_text())
    assert [step for step in steps_of(ticket["resolution"]) if words(step) not in shown] == []
    page.get_by_role("heading", name="Similar issues").wait_for()
    assert results(page).count() > 0

    # After signing out the ticket can be opened no more.
    ticket_url = page.url
    sign_out(page)
    page.goto(ticket_url)
    assert urlsplit(page.url).path == "/sign-in"
    assert past_title not in page.content()


def test_back_shows_nothing_private_after_signing_out(page: Page, new_link: str) -> None:
    page.goto(new_link)  # a session of its own: signing out may void it on the server
    page.goto("/tickets/example/INC-1001")
    title = page.get_by_role("heading", level=1).inner_text()
    page.goto("/similar")
    go_back(page, title)
    assert title in page.content()

    sign_out(page)
    page.go_back(wait_until="load")
    page.get_by_role("heading", name="Sign in").wait_for()

    assert title not in page.content()
