"""The journey of an L3 engineer from a resolved ticket to a complete post-mortem, and what the next agent gets of it.

It is told in English and in German, on a server of its own with the real model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.request import Request, build_opener

import pytest
from playwright.sync_api import expect

from kb.analysis.analyse import analyse
from kb.documents import ARTICLE
from kb.post_mortem_sections import section_of
from kb.post_mortems import gaps
from kb.store.open_store import open_store
from tests.browser.looks import Look, opened
from tests.browser.watch import Watch
from tests.command_line import run
from tests.conformance.store_samples import delivery
from tests.homes import copied
from tests.people import PASSWORD, cheap_hasher
from tests.serving import until
from tests.test_cli_serve import Served, serve, stop

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page


@dataclass(frozen=True)
class Story:
    """One problem: its ticket, what the engineer adds, how others put it, and the words of the pages."""

    language: str
    number: str
    title: str
    description: str
    resolution: str
    code: str
    texts: Mapping[str, str]
    """Section → what the engineer writes."""
    blame: str
    paraphrase: tuple[str, str]
    """Title and description of a later ticket, whose title shares no word with that of the post-mortem."""
    code_alone: str
    """Title of a later ticket that shares nothing but the error code."""
    words: Mapping[str, str]


ENGLISH = Story(
    language="en",
    number="100",
    title="Turnstiles reject employee cards at the north gate",
    description="Good morning,\n\nsince seven o'clock the turnstile blinks red for everybody and the door stays shut. "
    'The display says "controller handshake refused", code TRN-7741.\n\nKind regards\nGatekeeper',
    resolution="Root cause: the controller lost its shared key during the nightly firmware update.\n"
    "Workaround: open the side door by hand.\nRestored the key and restarted the controller.",
    code="TRN-7741",
    texts={
        "summary": "A firmware update left the door controller without its key; for 75 minutes no badge opened a gate.",
        "impact": "About 400 people stood outside for 75 minutes.",
        "detection": "By people waiting. A check of the handshake after each update would have warned at night.",
        "quick_check": "- Recognise it: no badge works at one entrance.\n- Escalate to facility-l3 at once.",
    },
    blame="The technician forgot the check.",
    paraphrase=(
        "Staff locked out of the building this morning",
        "Colleagues are standing outside, their access badges are refused by every door at the entrance.",
    ),
    code_alone="Display shows TRN-7741",
    words={
        "write": "Write a post-mortem",
        "start": "Start writing",
        "severity": "Severity",
        "started": "Started",
        "zone": "Zone Started",
        "cause": "Cause",
        "items": "Action items",
        "add": "Add a row",
        "action": "Action",
        "type": "Type",
        "owner": "Owner",
        "due": "Due",
        "state": "State",
        "text": "Text in Markdown",
        "look": "To look at",
        "review": "Send to review",
        "edit": "Edit",
        "publish": "Publish",
        "resolve": "Time to resolve",
        "told": "tells what somebody left undone",
    },
)
GERMAN = Story(
    language="de",
    number="200",
    title="Kassen drucken seit dem Update keine Bons mehr",
    description="Guten Morgen,\n\nseit sieben Uhr kommt an keiner Kasse im Erdgeschoss ein Beleg heraus. "
    "Am Bildschirm steht „Spooldienst nicht erreichbar“, Fehler POS-5512.\n\nViele Grüße\nFiliale Mitte",
    resolution="Ursache: Das Update hat den Dienst für die Bondrucker abgeschaltet.\n"
    "Workaround: Belege von Hand schreiben.\nDen Dienst eingeschaltet und die Kassen neu gestartet.",
    code="POS-5512",
    texts={
        "summary": "Nach einem Update lief der Druckdienst nicht; 75 Minuten lang wurde ohne Beleg kassiert.",
        "impact": "Alle zwölf Kassen im Erdgeschoss, 75 Minuten.",
        "detection": "Durch die Filiale. Eine Überwachung des Dienstes hätte nach zwei Minuten gewarnt.",
        "quick_check": "- Erkennen: kein Kassenbon an allen Kassen einer Filiale.\n- Weitergeben an retail-l3.",
    },
    blame="Der Techniker hat die Prüfung vergessen.",
    paraphrase=(
        "Kundschaft bekommt beim Bezahlen keinen Beleg",
        "Im Markt stehen die Bondrucker still, an der Kasse kommt kein Beleg heraus.",
    ),
    code_alone="Anzeige meldet POS-5512",
    words={
        "write": "Post-mortem schreiben",
        "start": "Schreiben beginnen",
        "severity": "Schweregrad",
        "started": "Begonnen",
        "zone": "Zone Begonnen",
        "cause": "Ursache",
        "items": "Maßnahmen",
        "add": "Zeile hinzufügen",
        "action": "Maßnahme",
        "type": "Art",
        "owner": "Verantwortlich",
        "due": "Fällig",
        "state": "Stand",
        "text": "Text in Markdown",
        "look": "Anzusehen",
        "review": "Zur Prüfung geben",
        "edit": "Bearbeiten",
        "publish": "Veröffentlichen",
        "resolve": "Zeit bis zur Lösung",
        "told": "sagt, was jemand unterließ",
    },
)
STORIES = pytest.mark.parametrize("story", [ENGLISH, GERMAN], ids=["english", "german"])


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory, shipped_home: Path) -> Iterator[Served]:
    """A server with the shipped content, a resolved ticket for each story, an author and a reviewer."""
    place = tmp_path_factory.mktemp("post-mortem")
    home = copied(shipped_home, place / "home")
    with closing(open_store(home / "fixlore.db")) as store:
        for name, role in (("facility-l3", "author"), ("identity-l3", "reviewer")):
            store.add_person(name, role, groups=(), password_hash=cheap_hasher().hash(PASSWORD))  # type: ignore[arg-type]
        store.upsert_tickets([_ticket(story) for story in (ENGLISH, GERMAN)])
    one = serve(home, place / "log")
    try:
        yield one
    finally:
        code = stop(one)
    log = (place / "log").read_text()
    assert (code, "Traceback" in log) == (0, False), log


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    """A token to ask as a ticket system does."""
    return run("--home", served.home, "token", "create", "desk", "--scope", "read").out.strip()


@STORIES
def test_an_engineer_turns_a_resolved_ticket_into_a_post_mortem_that_later_tickets_find(
    browser: Browser, served: Served, token: str, story: Story
) -> None:
    words = story.words
    with signed_in(browser, served, "facility-l3", story.language) as page:
        page.goto(f"/tickets/desk/{story.number}")
        page.get_by_role("link", name=words["write"]).click()
        page.get_by_role("button", name=words["start"]).click()
        page.wait_for_url("**/write/*")
        page.get_by_label(words["severity"], exact=True).fill("SEV2")
        page.get_by_label(words["started"], exact=True).and_(page.locator("input")).fill("2026-11-20T07:00:00")
        page.get_by_label(words["zone"], exact=True).fill("+01:00")
        page.get_by_label(words["cause"], exact=True).select_option("change")
        text = page.get_by_label(words["text"])
        body = text.input_value()
        for key, told in story.texts.items():
            body = filled(body, key, told)
        text.fill(f"{body}\n{story.blame}\n")
        finding = page.get_by_role("region", name=words["look"]).get_by_role("link", name=words["told"])
        finding.click()
        assert selected(text) in story.blame
        text.fill(body)
        expect(finding).to_have_count(0)
        add_action(page, story)
        expect(text).to_have_value(re.compile(r"\| facility-l3 \| 2026-12-31 \|"))
        page.get_by_role("button", name=words["review"]).click()
        page.wait_for_url("**/articles/**")
        address = page.url

    with signed_in(browser, served, "identity-l3", story.language) as page:
        page.goto(address)
        page.get_by_role("link", name=words["edit"], exact=True).click()
        page.get_by_role("button", name=words["publish"]).click()
        page.wait_for_url("**/articles/**")
        page.get_by_text(words["resolve"]).wait_for()

    article_id = address.partition("/articles/")[2]
    with closing(open_store(served.home / "fixlore.db")) as store:
        article, ticket = store.article(article_id), store.ticket(f"desk:{story.number}")
    assert article is not None and ticket is not None
    assert (article.state, article.extra["reviewer"], gaps(article)) == ("published", "identity-l3", ())
    assert story.code in article.error_signatures
    assert [(one.type, one.target, one.by) for one in ticket.links] == [("resolved_by", article_id, ARTICLE)]

    title, description = story.paraphrase
    assert not terms(title, story) & terms(article.title, story)
    until(lambda: article_id in [one["id"] for one in similar(served, token, title, description, story.language)])
    found = similar(served, token, title, description, story.language)
    of_article = next(one for one in found[:3] if one["id"] == article_id)
    assert [one for one in of_article["reasons"] if one["type"] != "identifier"]
    assert not [one for one in of_article["reasons"] if one["type"] == "identifier"]

    assert not (terms(story.code_alone, story) & terms(article.title, story))
    assert similar(served, token, story.code_alone, "", story.language)[0]["id"] == article_id


def _ticket(story: Story) -> object:
    return delivery(
        story.number,
        source="desk",
        title=story.title,
        description=story.description,
        resolution=story.resolution,
        resolution_code="fixed",
        status="resolved",
        language=story.language,
        service="access" if story is ENGLISH else "retail",
        assignment_group="facility-l3" if story is ENGLISH else "retail-l3",
        opened_at=datetime(2026, 11, 20, 6, 20, tzinfo=UTC),
        resolved_at=datetime(2026, 11, 20, 7, 15, tzinfo=UTC),
    )


@contextmanager
def signed_in(browser: Browser, served: Served, name: str, language: str) -> Iterator[Page]:
    """Open a watched page in which somebody has signed in, in a language."""
    with opened(browser, served.address, Look(signed_in=False), {}) as context:
        watch = Watch(context, served.address)
        page = context.new_page()
        page.goto("/sign-in")
        page.locator("input[name=name]").fill(name)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("form:has(input[name=password]) button").click()
        page.goto(f"/language/{language}?next=/")
        yield page
    assert watch.problems == []


def filled(body: str, key: str, text: str) -> str:
    """Return a body with a text in one of its sections, in place of the template's hints."""
    section = section_of(body, key)
    assert section is not None, key
    return f"{body[: section.text_start]}\n{text}\n\n{body[section.own_end :]}"


def add_action(page: Page, story: Story) -> None:
    """Add an action item by the fields of its row."""
    box = page.locator("details").filter(has=page.get_by_text(story.words["items"], exact=True))
    box.get_by_role("button", name=story.words["add"]).click()
    row = box.get_by_role("row").last

    def field(name: str) -> Locator:
        return row.get_by_label(story.words[name], exact=True)

    field("action").fill("Check after each update that the service answers")
    field("type").select_option("detect")
    field("owner").fill("facility-l3")
    field("due").fill("2026-12-31")
    field("state").select_option("open")
    page.get_by_label(story.words["severity"], exact=True).focus()


def selected(field: Locator) -> str:
    """Return what is selected in a text field."""
    return str(field.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)"))


def terms(text: str, story: Story) -> set[str]:
    """Return the terms of a title, stop words left out."""
    return set(analyse(text, story.language).terms)


def similar(served: Served, token: str, title: str, description: str, language: str) -> list[dict[str, object]]:
    """Ask as a ticket system does; return the results, best first."""
    asked = {"title": title, "description": description, "language": language}
    ticket = {"ticket": asked, "limit": 5, "include": ["reasons"]}
    request = Request(
        f"{served.address}/api/v1/similar-issues",
        data=json.dumps(ticket).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with build_opener().open(request, timeout=30) as answer:
        found = json.loads(answer.read())["results"]
    assert isinstance(found, list)
    return found
