"""What is read of a document is remembered as long as it says the same."""

from __future__ import annotations

import threading
from dataclasses import replace

from kb.documents import Article, Document, Ticket
from search.readings import LONGEST_READ, Readings

ARTICLE = Article(id="a", title="A", body="## Resolution\n\nRestart.\n")
TICKET = Ticket(source="d", external_id="1", title="T", description="Drops.", resolution="Fixed.", status="closed")


class _Passages:
    """Counts how often a passage is cut."""

    def __init__(self) -> None:
        self.cut = 0

    def __call__(self, document: Document, number: int) -> str | None:
        self.cut += 1
        return f"passage {number} of {document.id}"


def test_readings_are_made_once_for_the_same_content() -> None:
    passages = _Passages()
    readings = Readings(passages)
    assert readings.of(ARTICLE) is readings.of(replace(ARTICLE, revision=2))
    assert readings.passage(ARTICLE, 3) == readings.passage(ARTICLE, 3) == "passage 3 of a"
    assert passages.cut == 1


def test_readings_are_made_anew_when_the_content_changes() -> None:
    readings = Readings(_Passages())
    before, after = readings.of(ARTICLE), readings.of(replace(ARTICLE, body="## Resolution\n\nReplace it.\n"))
    assert before.fix.resolution is not None and before.fix.resolution.summary == "Restart."
    assert after.fix.resolution is not None and after.fix.resolution.summary == "Replace it."
    stated = readings.of(replace(ARTICLE, extra={"resolution_kind": "permanent_fix"}))
    assert stated.fix.resolution is not None and stated.fix.resolution.kind == "permanent_fix"
    assert readings.of(replace(TICKET, status="open")).fix.status == "open"
    assert readings.of(TICKET).fix.status == "resolved"


def test_readings_forget_what_was_shown_longest_ago() -> None:
    readings = Readings(_Passages(), most=2)
    first = readings.of(ARTICLE)
    readings.of(TICKET)
    assert readings.of(ARTICLE) is first
    readings.of(replace(ARTICLE, id="b"))
    assert readings.of(ARTICLE) is first
    ticket = readings.of(TICKET)
    readings.of(replace(ARTICLE, id="c"))
    assert readings.of(TICKET) is ticket
    assert readings.of(ARTICLE) is not first


def test_readings_of_the_title_passage_are_the_title() -> None:
    passages = _Passages()
    assert Readings(passages).passage(ARTICLE, 0) == "A"
    assert Readings(passages).passage(TICKET, 0) == "passage 0 of d:1"
    assert Readings(passages).passage(ARTICLE, None) is None
    assert passages.cut == 1


def test_readings_of_a_very_long_document_are_of_its_beginning() -> None:
    long = replace(ARTICLE, body=f"{ARTICLE.body}{'word ' * LONGEST_READ}end")
    passages = _Passages()
    readings = Readings(passages)
    assert len(readings.of(long).texts["body"]) <= LONGEST_READ
    assert readings.of(long).fix.resolution is not None
    assert readings.passage(long, 5) is None
    assert passages.cut == 0
    log = replace(TICKET, description="x" * (LONGEST_READ + 1))
    assert len(readings.of(log).texts["body"]) == LONGEST_READ


def test_readings_may_be_shared_by_threads() -> None:
    readings = Readings(_Passages(), most=5)
    failures: list[Exception] = []

    def read() -> None:
        try:
            for number in range(300):
                assert readings.of(replace(ARTICLE, id=str(number % 11), title=str(number % 7))).fix.resolution
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
