"""Pages speak English and German: every text is translated, and the reader's choice counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from web.site.languages import LANGUAGES

WEB = Path(__file__).parent.parent / "web"
GERMAN = WEB / "translations" / "de" / "LC_MESSAGES"
KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
PLACEHOLDER = re.compile(r"%\(\w+\)s|</?(?:a|code)\b")


def texts() -> set[str]:
    """Return every text of the pages; of one with a plural the singular."""
    found = extract_from_dir(str(WEB), METHODS, OPTIONS, KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with GERMAN.joinpath("messages.po").open("rb") as file:
        return read_po(file, locale="de")


def pairs(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for message in catalog:
        if message.id:
            sources = message.id if isinstance(message.id, tuple) else (message.id,)
            targets = message.string if isinstance(message.string, tuple) else (message.string,)
            yield from zip(sources, targets, strict=True)


def test_every_text_is_translated_and_no_translation_is_left_over(catalog: Catalog) -> None:
    translated = {message.id[0] if isinstance(message.id, tuple) else message.id for message in catalog if message.id}

    assert len(texts()) > 150
    assert translated == texts()
    assert [source for source, target in pairs(catalog) if not target] == []
    assert [message.id for message in catalog if message.fuzzy] == []


def test_translations_keep_what_is_filled_in_and_their_marks(catalog: Catalog) -> None:
    for source, target in pairs(catalog):
        assert sorted(PLACEHOLDER.findall(source)) == sorted(PLACEHOLDER.findall(target)), source


def test_the_compiled_catalogue_is_that_of_the_source(catalog: Catalog) -> None:
    with GERMAN.joinpath("messages.mo").open("rb") as file:
        held = GNUTranslations(file)

    for message in catalog:
        if isinstance(message.id, tuple):
            told = tuple(held.ngettext(*message.id, count) for count in (1, 2))
            assert told == message.string
        elif message.id:
            assert held.gettext(message.id) == message.string


def test_a_browser_that_asks_for_german_gets_german_pages(signed_in: FlaskClient) -> None:
    german = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}
    page = signed_in.get("/?q=error 809", headers=german)
    text = page.get_data(as_text=True)

    assert '<html lang="de">' in text
    assert "Warum es hier steht" in text
    assert "enthält <code>809</code> im Titel" in text
    assert "Accept-Language" in page.headers["Vary"]
    assert "Why it is here" not in text
    assert "Why it is here" in signed_in.get("/?q=error 809").get_data(as_text=True)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?q=vpn",
        "/?type=ticket",
        "/similar",
        "/articles/vpn/verbindung-langsam",
        "/tickets/mail/1",
        "/status",
        "/incidents",
        "/vocabulary?find=drucker",
        "/write?title=error+809",
    ],
)
def test_no_german_page_holds_an_english_text(signed_in: FlaskClient, catalog: Catalog, path: str) -> None:
    page = signed_in.get(path, headers={"Accept-Language": "de"}).get_data(as_text=True)
    found = re.findall(r">([^<>]+)<|(?:label|placeholder|title)=\"([^\"]+)\"", page)
    shown = {one.strip() for pair in found for one in pair}
    english = {source for source, target in pairs(catalog) if source != target and " " in source}

    assert shown & english == set()
    assert "Abmelden" in page


def test_a_chosen_language_is_remembered_and_leads_back(signed_in: FlaskClient) -> None:
    page = signed_in.get("/?q=vpn").get_data(as_text=True)
    link = re.search(r'href="(/language/de\?next=[^"]+)"', page)
    assert link

    chosen = signed_in.get(link[1].replace("&amp;", "&"))

    assert chosen.headers["Location"] == "/?q=vpn"
    assert '<html lang="de">' in signed_in.get("/", headers={"Accept-Language": "en"}).get_data(as_text=True)
    signed_in.get("/language/en")
    assert '<html lang="en">' in signed_in.get("/", headers={"Accept-Language": "de"}).get_data(as_text=True)


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example", "//["])
def test_choosing_a_language_leads_only_to_pages_of_this_site(client: FlaskClient, target: str) -> None:
    assert client.get("/language/de", query_string={"next": target}).headers["Location"] == "/"


def test_a_language_that_is_not_spoken_changes_nothing(client: FlaskClient) -> None:
    answer = client.get("/language/fr")

    assert "Set-Cookie" not in answer.headers
    assert set(LANGUAGES) == {"en", "de"}
    assert '<html lang="en">' in client.get("/sign-in", headers={"Accept-Language": "fr"}).get_data(as_text=True)
