"""Passages follow headings, fit the model, and cover the text."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.passages import (
    MOST_PASSAGES_OF_ARTICLE,
    MOST_PASSAGES_OF_TICKET,
    Passage,
    passages_of,
    text_hash,
)
from kb.documents import Article, Ticket
from kb.plain_text import plain_text


def article(body: str, title: str = "VPN drops", language: str = "en") -> Article:
    return Article(id="a", title=title, body=body, language=language)


def ticket(description: str = "", title: str = "VPN drops", resolution: str = "") -> Ticket:
    return Ticket(source="desk", external_id="1", title=title, description=description, resolution=resolution)


def sentences(count: int, word: str = "word") -> str:
    return " ".join(f"The {word} number {number} is written down here." for number in range(count))


def covered(passages: tuple[Passage, ...], text: str) -> list[str]:
    return [word for one in passages for word in text[one.start : one.end].split()]


def test_passages_begin_with_the_title_alone_when_the_document_is_an_article() -> None:
    passages = passages_of(article("Restart the client."))
    assert [(one.number, one.text) for one in passages] == [(0, "VPN drops"), (1, "VPN drops\nRestart the client.")]


def test_passages_are_title_and_description_in_one_when_the_document_is_a_ticket() -> None:
    assert [one.text for one in passages_of(ticket("Every ten minutes."))] == ["VPN drops\nEvery ten minutes."]
    assert [one.text for one in passages_of(ticket())] == ["VPN drops"]


def test_passages_leave_the_resolution_out_when_a_ticket_has_one() -> None:
    passages = passages_of(ticket("Every ten minutes.", resolution="Replaced the secret token."))
    assert "Every" in passages[0].text
    assert not any("secret" in one.text for one in passages)


def test_passages_lead_with_the_title_when_a_description_is_long() -> None:
    passages = passages_of(ticket(sentences(60)))
    assert len(passages) > 2
    assert all(one.text.startswith("VPN drops\nThe word") for one in passages)
    assert [one.number for one in passages] == list(range(len(passages)))


def test_passages_carry_the_heading_path_when_sections_are_nested() -> None:
    body = f"# Cause\n{sentences(8)}\n## On Linux\n{sentences(9)}\n# Fix\n{sentences(10)}"
    passages = passages_of(article(body))
    assert [one.heading for one in passages] == [(), ("Cause",), ("Cause", "On Linux"), ("Fix",)]
    assert passages[2].text.startswith("VPN drops > Cause > On Linux\nThe word number 0")


def test_passages_join_short_sections_when_they_are_siblings() -> None:
    passages = passages_of(article("# Windows\nRestart it.\n# Linux\nReload it.\n# macOS\nReinstall it."))
    assert [one.text for one in passages[1:]] == [
        "VPN drops\nWindows\nRestart it.\nLinux\nReload it.\nmacOS\nReinstall it."
    ]


def test_passages_keep_short_sections_apart_when_they_belong_to_different_chapters() -> None:
    body = f"# One\n{sentences(8)}\n## Deep\n{sentences(5)}\n# Two\n## Other\n{sentences(8)}"
    headings = [one.heading for one in passages_of(article(body))]
    assert headings == [(), ("One",), ("One", "Deep"), ("Two", "Other")]


def test_passages_name_a_heading_once_when_it_has_no_text_of_its_own() -> None:
    body = f"# Fixes\n## On Linux\n{sentences(9)}"
    (_, passage) = passages_of(article(body))
    assert passage.text.startswith("VPN drops > Fixes > On Linux\nThe word number 0")
    assert covered((passage,), plain_text(body))[:3] == ["Fixes", "On", "Linux"]


def test_passages_end_at_paragraphs_when_there_are_any() -> None:
    paragraphs = "\n\n".join(sentences(5, word) for word in ("disk", "host", "port", "user"))
    passages = passages_of(article(paragraphs))[1:]
    assert len(passages) == 2
    assert passages[1].text.startswith("VPN drops\nThe port number 0")


def test_passages_end_at_sentences_when_a_paragraph_is_long() -> None:
    for passage in passages_of(article(sentences(80)))[1:]:
        assert passage.text.endswith("here.")
        assert passage.text.startswith("VPN drops\nThe word")


def test_passages_are_shorter_when_the_language_is_german() -> None:
    text = "Die Zertifikatsverwaltung der Bereitstellungsumgebung ist fehlgeschlagen. " * 40
    english, german = (passages_of(article(text, language=language)) for language in ("en", "de-AT"))
    assert len(german) > len(english)


def test_passages_are_capped_and_taken_from_both_ends_when_a_text_is_very_long() -> None:
    log = "\n".join(f"line {number}: connection refused by host" for number in range(20_000))
    passages = passages_of(article(log))
    assert len(passages) == MOST_PASSAGES_OF_ARTICLE
    assert "line 0:" in passages[1].text
    assert "line 19999:" in passages[-1].text
    assert len(passages_of(ticket(log))) == MOST_PASSAGES_OF_TICKET
    assert passages_of(ticket(log))[-1].text.endswith("by host")


def test_passages_stay_small_when_one_word_is_endless() -> None:
    passages = passages_of(article("x" * 1_000_000, title="y" * 100_000))
    assert len(passages) <= 3
    assert max(len(one.text) for one in passages) <= 2_000


def test_passages_of_a_huge_document_take_time_linear_in_its_length() -> None:
    def seconds(megabytes: int) -> float:
        text = ("word " * 12 + "\n" + "# heading\n" + "a|b " * 20 + "\n") * (megabytes * 1_000_000 // 151)
        started = time.process_time()
        passages_of(article(text))
        return time.process_time() - started

    seconds(1)
    assert seconds(8) < 8 * max(seconds(2), 0.05)  # quadratic would be sixteen times as long


def test_passages_tell_the_file_name_when_it_says_more_than_the_title() -> None:
    named = replace(article("Grant the right.", title="Event 1009"), id="exchange/cannot-open-mailbox")
    assert [(one.number, one.text, one.heading, one.start, one.end) for one in passages_of(named)] == [
        (0, "Event 1009", (), 0, 0),
        (1, "cannot open mailbox", (), 0, 0),
        (2, "Event 1009\nGrant the right.", (), 0, len("Grant the right.")),
    ]


@pytest.mark.parametrize("document_id", ["exchange/open-mailbox", "exchange/1009", "a", "exchange/mailbox/.md"])
def test_passages_leave_the_file_name_out_when_the_title_says_it_or_it_is_one_word(document_id: str) -> None:
    named = replace(article("Grant the right.", title="How to open a mailbox"), id=document_id)
    assert [one.text for one in passages_of(named)] == [
        "How to open a mailbox",
        "How to open a mailbox\nGrant the right.",
    ]


def test_passages_of_an_article_without_title_and_text_are_its_file_name() -> None:
    (one,) = passages_of(replace(article("", title=""), id="exchange/cannot-open-mailbox"))
    assert (one.number, one.text) == (0, "cannot open mailbox")


def test_passages_of_a_ticket_do_not_tell_its_id() -> None:
    one = replace(ticket("Every ten minutes."), external_id="cannot-open-mailbox")
    assert [passage.text for passage in passages_of(one)] == ["VPN drops\nEvery ten minutes."]


def test_passages_keep_the_file_name_when_the_middle_is_left_out() -> None:
    body = "\n".join(f"## Section {number}\n\n{f'word{number} ' * 60}" for number in range(90))
    named = replace(article(body, title="Event 1009"), id="exchange/cannot-open-mailbox")
    passages = passages_of(named)
    assert len(passages) == MOST_PASSAGES_OF_ARTICLE
    assert passages[1].text == "cannot open mailbox"


def test_passages_are_none_when_there_is_no_text() -> None:
    assert passages_of(article(" \n ", title=" ")) == ()
    assert passages_of(ticket("\n", title="")) == ()


def test_text_hash_differs_when_the_text_does() -> None:
    assert text_hash("a") == text_hash("a")
    assert text_hash("a") != text_hash("a ")
    assert text_hash("\ud800")


_lines = st.sampled_from(
    ["# One", "## Two", "### Three", "#", "Under", "---", "text", "", "```", "- item one. Item two", "| a | b |", "> q"]
) | st.text(st.sampled_from("ab .\t\u00a0ß€\U0001f600"), max_size=30)
_bodies = st.lists(_lines | st.integers(1, 40).map(sentences), max_size=14).map("\n".join)


@settings(deadline=None)
@example(body=f"{sentences(5)}\n---", title="Title", document_id="a")
@given(
    body=_bodies,
    title=st.sampled_from(["Title", "One", "A much longer title " * 20]),
    document_id=st.sampled_from(["a", "a/told-by-its-name"]),
)
def test_passages_of_an_article_cover_every_word_of_its_text_in_order(body: str, title: str, document_id: str) -> None:
    text = plain_text(body, title)
    passages = passages_of(replace(article(body, title), id=document_id))
    assert covered(passages, text) == text.split()
    for one, after in pairwise(passages):
        assert one.end <= after.start
    told = {word for one in passages for word in one.text.split()}
    if len(title) < 100:
        assert set(text.split()) <= told


@settings(deadline=None)
@given(description=_bodies)
def test_passages_of_a_ticket_cover_every_word_of_its_description_in_order(description: str) -> None:
    passages = passages_of(ticket(description))
    if len(passages) < MOST_PASSAGES_OF_TICKET:
        assert covered(passages, description) == description.split()
        told = " ".join(one.text.removeprefix("VPN drops") for one in passages)
        assert told.split() == description.split()
