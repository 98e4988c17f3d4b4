"""Which identifiers put a document first, and how far a document agrees with a question."""

from __future__ import annotations

import pytest

from kb.analysis.analyse import analyse, analyse_query
from search.agreement import STRONG, Agreement, AskedIdentifier, asked_identifiers, stands_for_the_problem, strength


def strengths(text: str) -> dict[str, float]:
    return {one.value: strength(one.value, one.kind) for one in analyse_query(text).identifiers}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Fehler 0x80070005", "0x80070005"),
        ("-2147024891", "0x80070005"),
        ("0xA00F4243", "0xa00f4243"),
        ("error 809", "809"),
        ("Ereignis-ID 4625", "event id 4625"),
        ("ORA-12154", "ora-12154"),
        ("AADSTS50076", "aadsts50076"),
        ("SSPR_0029", "sspr_0029"),
        ("MS17-010", "ms17-010"),
        ("KB5066835", "kb5066835"),
        ("CVE-2021-44228", "cve-2021-44228"),
        ("ERR_CERT_AUTHORITY_INVALID", "err_cert_authority_invalid"),
        ("org.postgresql.util.PSQLException: FATAL", "psqlexception"),
        ("java.lang.NullPointerException", "nullpointerexception"),
        ("550 5.7.26", "5.7.26"),
        ("00020906-0000-0000-C000-000000000046", "00020906-0000-0000-c000-000000000046"),
    ],
)
def test_identifier_is_strong_when_it_names_one_problem(text: str, value: str) -> None:
    assert strengths(text)[value] >= STRONG


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("vpn 809 down", "809"),
        ("Statuscode 503", "http 503"),
        ("error 404", "404"),
        ("error code 5", "5"),
        ("Ereignis-ID 4625", "4625"),
        ("version 16.0.17928", "16.0.17928"),
        ("srv01.corp.example.com", "srv01.corp.example.com"),
        ("10.20.30.40", "10.20.30.40"),
        ("/var/log/syslog", "/var/log/syslog"),
        ("GT-P7510", "gt-p7510"),
        ("max_connections", "max_connections"),
        ("Set-Mailbox", "set-mailbox"),
        ("0x10000000", "0x10000000"),
    ],
)
def test_identifier_is_weak_when_many_problems_have_it(text: str, value: str) -> None:
    assert strengths(text)[value] < STRONG


def test_identifier_of_a_ticket_decides_only_where_somebody_says_it_or_an_error_line_does() -> None:
    title = "Fails with 0x80070001"
    text = "\n".join(
        [
            title,
            "We also saw 0x80070002.",
            "ERROR 0x80070003 in setup",
            "2026-03-02 12:00:01,123 [main] INFO KB5066835 is installed",
            "if (code == 0x80070006) {",
        ]
    )
    decides = stands_for_the_problem(text, len(title))

    deciding = [one.value for one in analyse(text, "en").identifiers if decides(one)]

    assert deciding == ["0x80070001", "0x80070002", "0x80070003"]


def test_value_said_twice_decides_when_one_place_does() -> None:
    found = analyse("KB5066835 and KB5066835", "en").identifiers

    assert asked_identifiers(found, lambda one: one.start > 0) == (AskedIdentifier("kb5066835", 1.0, True),)


RARE = AskedIdentifier("kb5066835", 1.0, True)
COMMON = AskedIdentifier("typeerror", 0.8, True)
WEAK = AskedIdentifier("2.4.6", 0.1, True)


def agreed(*, only_rare: bool = True) -> Agreement:
    held = {"kb5066835": frozenset("a"), "typeerror": frozenset("ab"), "2.4.6": frozenset("abc")}
    return Agreement((RARE, COMMON, WEAK), held, {"kb5066835": 2, "typeerror": 400, "2.4.6": 5}, 1_000, only_rare)


def first(agreement: Agreement, ids: list[str]) -> list[str]:
    """Return ids with those of a higher tier first."""
    return sorted(ids, key=lambda one: one not in agreement.exact_tiers)


def test_a_code_that_no_candidate_holds_is_unknown_unless_another_that_decides_is_held() -> None:
    held, missing = AskedIdentifier("0x80070005", 1.0, True), AskedIdentifier("ora-12145", 0.9, True)
    weak, elsewhere = AskedIdentifier("10.0.0.1", 0.3, True), AskedIdentifier("ora-00001", 0.9, False)
    nowhere: dict[str, frozenset[str]] = {}
    there = {"0x80070005": frozenset("a")}

    assert Agreement((missing, weak, elsewhere), nowhere, {}, 10).unknown == ("ora-12145",)
    assert Agreement((held, missing), there, {"0x80070005": 1}, 10).unknown == ()
    assert Agreement((weak, elsewhere), nowhere, {}, 10).unknown == ()


def test_document_is_first_when_it_holds_what_decides() -> None:
    assert first(agreed(), ["d", "c", "b", "a"]) == ["a", "d", "c", "b"]
    assert first(agreed(only_rare=False), ["d", "c", "b", "a"]) == ["b", "a", "d", "c"]


def test_nothing_is_first_when_nothing_decides() -> None:
    nothing = Agreement((WEAK,), {"2.4.6": frozenset("a")}, {"2.4.6": 1}, 10)

    assert first(nothing, ["b", "a"]) == ["b", "a"]
    assert Agreement((), {}, {}, 0).exact_tiers == frozenset()


def test_most_telling_identifier_is_told_first() -> None:
    spellings = [("2.4.6", "2.4.6"), ("TypeError", "typeerror"), ("KB5066835", "kb5066835")]

    assert agreed().most_telling_first(spellings) == ["KB5066835", "TypeError", "2.4.6"]
