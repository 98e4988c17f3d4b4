"""Why a result is there."""

from __future__ import annotations

import pytest

from kb.documents import Article, Ticket
from search.answers import Reason
from search.reasons import holds_on_problem_side, identifier_reasons, passage_reasons, shared_reasons

ARTICLE = Article(
    id="a",
    title="Update fails",
    body="Intro KB5034441.\n\n## Symptoms and environment\n\nError 0x80070643 shows.\n\n### Details\n\nEvent 20227.\n\n"
    "## Root cause\n\nORA-12154.\n\n## Lösung\n\nERR_CONNECTION_RESET is gone.\n",
    error_signatures=("0x8024402c",),
    service="Windows",
    components=("update", "winre"),
)
TICKET = Ticket(
    source="desk",
    external_id="1",
    title="Outlook 0x80040610",
    description="ORA-12154 again",
    environment="KB5034441",
    resolution="Removed 0x8024402c.",
    service="windows",
    components=("WinRE", "boot"),
)


def _place(document: Article | Ticket, value: str, *, with_fix: bool = True) -> str | None:
    reasons = identifier_reasons(document, [(value, value.casefold())], with_fix=with_fix)
    return reasons[0].field if reasons else None


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("0x8024402C", "error_signatures"),
        ("0x80070643", "symptoms"),
        ("20227", "symptoms"),
        ("ORA-12154", "root_cause"),
        ("ERR_CONNECTION_RESET", "resolution"),
        ("KB5034441", "body"),
        ("0x8007064", None),
    ],
)
def test_reasons_name_the_part_of_an_article_that_holds_an_identifier(value: str, field: str | None) -> None:
    assert _place(ARTICLE, value) == field


@pytest.mark.parametrize(
    ("value", "field"),
    [("0x80040610", "title"), ("ORA-12154", "description"), ("kb5034441", "environment"), ("0x8024402c", "resolution")],
)
def test_reasons_name_the_field_of_a_ticket_that_holds_an_identifier(value: str, field: str) -> None:
    assert _place(TICKET, value) == field


def test_reasons_do_not_look_into_the_fix_when_it_must_not_be_known() -> None:
    assert _place(TICKET, "0x8024402c", with_fix=False) is None
    assert _place(TICKET, "ORA-12154", with_fix=False) == "description"


@pytest.mark.parametrize(
    ("value", "loose", "strict"),
    [("ORA-12154", True, True), ("0x8024402c", False, False), ("written otherwise", True, False)],
)
def test_reasons_tell_the_problem_side_from_the_fix(value: str, loose: bool, strict: bool) -> None:
    assert holds_on_problem_side(TICKET, [(value, value)], strict=False) is loose
    assert holds_on_problem_side(TICKET, [(value, value)], strict=True) is strict
    assert holds_on_problem_side(ARTICLE, [(value, value)], strict=True)


def test_reasons_find_an_identifier_that_the_document_writes_in_another_form() -> None:
    ticket = Ticket(source="d", external_id="1", title="x", description="It says -2147024891 there.")
    assert identifier_reasons(ticket, [("0x80070005", "0x80070005")])[0].field == "description"


def test_reasons_name_a_similar_passage_only_when_it_is_similar() -> None:
    assert passage_reasons("the text", 0.71) == (Reason("similar_passage", passage="the text", similarity=0.71),)
    assert passage_reasons("the text", 0.2) == ()
    assert passage_reasons(None, None) == ()


def test_reasons_name_what_a_ticket_has_in_common() -> None:
    assert shared_reasons(TICKET, ARTICLE) == (
        Reason("same_service", value="Windows"),
        Reason("same_component", value="winre"),
    )
    assert shared_reasons(Ticket(source="d", external_id="1", title="x"), ARTICLE) == ()
