"""The query syntax: what is understood, and what stays plain text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.documents import Article
from kb.facts import facts_of
from kb.queries import Filter
from search.syntax import narrowed, parse


def test_syntax_takes_every_part_of_a_query_apart() -> None:
    parsed = parse(
        'drops service:vpn kind:post-mortem "exact words" -printer -"not these" after:2025-01-01 before:2026'
    )
    assert parsed.text == "drops exact words"
    assert parsed.phrases == ("exact words",)
    assert parsed.excluded == ("printer",)
    assert parsed.excluded_phrases == ("not these",)
    assert parsed.filter.values == {"service": {"vpn"}, "type": {"post-mortem"}}
    assert parsed.filter.after == datetime(2025, 1, 1, tzinfo=UTC)
    assert parsed.filter.before == datetime(2026, 1, 1, tzinfo=UTC)
    assert parsed.problems == ()


@pytest.mark.parametrize(
    ("typed", "name", "values"),
    [
        ("type:article", "type", {"article"}),
        ("KIND:Runbook", "type", {"runbook"}),
        ("tag:a,b", "tags", {"a", "b"}),
        ("tag:a tag:b", "tags", {"a", "b"}),
        ('component:"Office Client"', "components", {"office client"}),
        ("lang:de", "language", {"de"}),
        ("group:network-l2", "assignment_group", {"network-l2"}),
        ("source:titanium", "source", {"titanium"}),
        ("tier:L3", "tier", {"l3"}),
    ],
)
def test_syntax_reads_a_filter(typed: str, name: str, values: set[str]) -> None:
    parsed = parse(f"word {typed}")
    assert (parsed.text, dict(parsed.filter.values)) == ("word", {name: values})


def test_syntax_excludes_a_value_when_a_minus_leads_the_field() -> None:
    parsed = parse("word -service:vpn")
    assert (parsed.filter.values, parsed.filter.excluded) == ({}, {"service": {"vpn"}})


@pytest.mark.parametrize(
    "typed",
    [
        "ORA-12154",
        "-2147024891",
        "0x80070005",
        "error -2147024891 in setup",
        r"C:\temp",
        r"C:\temp\log.txt not found",
        "http://x:80",
        "source://x",
        "error: x",
        "type: x",
        "foo:bar",
        "kubectl logs -f --since 5m",
        "status:500",
        "kind:letter",
        "language:klingonisch!",
        "tag:",
        "service:,",
        'a lone " quote',
        'unclosed "quote here',
        '"',
        '"" ""',
        '"..."',
        "-",
        "- bullet",
        "-bash: foo: command not found",
        "foo-bar",
        "-Force",
        "state:DOWN",
        'several\nlines -word "phrase" type:article',
    ],
)
def test_syntax_leaves_text_alone_when_it_is_no_syntax(typed: str) -> None:
    parsed = parse(typed)
    assert parsed.text == typed
    assert (parsed.phrases, parsed.excluded, parsed.excluded_phrases) == ((), (), ())
    assert parsed.filter == Filter()


@pytest.mark.parametrize("typed", ["after:yesterday", "before:2025-13-01", "after:2025-02-30", "kind:letter"])
def test_syntax_says_what_it_could_not_read(typed: str) -> None:
    parsed = parse(f"word {typed}")
    assert parsed.text == f"word {typed}"
    assert len(parsed.problems) == 1
    assert typed in parsed.problems[0].replace("type:", "kind:")


def test_syntax_keeps_the_narrower_bound_when_dates_repeat() -> None:
    parsed = parse("x after:2024 after:2025-03 before:2026 before:2025-06-30")
    assert parsed.filter.after == datetime(2025, 3, 1, tzinfo=UTC)
    assert parsed.filter.before == datetime(2025, 6, 30, tzinfo=UTC)


def test_syntax_reads_typographic_quotes() -> None:
    assert parse("„kein Zugriff“ “access denied”").phrases == ("kein Zugriff", "access denied")


def test_syntax_excludes_an_identifier_when_a_minus_leads_it() -> None:
    assert parse("database -ORA-12154").excluded == ("ORA-12154",)


@given(st.text())
def test_syntax_never_raises(typed: str) -> None:
    parse(typed)


_PIECES = st.sampled_from(
    ['"', "-", ":", "type:", "after:", "service:", "2025", "-word", "„", "“", "vpn", " ", "  ", "\\", "tag:a"]
)


@given(st.lists(_PIECES).map("".join))
def test_syntax_loses_no_word(typed: str) -> None:
    parsed = parse(typed)
    held = [parsed.text, *parsed.phrases, *parsed.excluded, *parsed.excluded_phrases]
    for values in (*parsed.filter.values.values(), *parsed.filter.excluded.values()):
        held.extend(values)
    for word in ("vpn", "word"):
        assert (word in typed) == any(word in text for text in held)


@given(st.lists(st.from_regex(r"[a-z0-9äöüß.]+", fullmatch=True)).map(" ".join))
def test_syntax_returns_plain_words_unchanged(typed: str) -> None:
    parsed = parse(typed)
    assert (parsed.text, parsed.filter, parsed.problems) == (typed, Filter(), ())


def _article(kind: str, service: str) -> Article:
    return Article(id="a", title="A", body="", kind=kind, service=service)


def test_syntax_narrows_a_filter_by_another() -> None:
    both = narrowed(
        Filter({"type": frozenset({"article"})}),
        Filter({"type": frozenset({"Runbook", "ticket"}), "service": frozenset({"vpn"})}),
    )
    assert both.admits(facts_of(_article("runbook", "vpn")))
    assert not both.admits(facts_of(_article("runbook", "mail")))
    assert not both.admits(facts_of(_article("how-to", "vpn")))


def test_syntax_admits_nothing_when_filters_contradict_each_other() -> None:
    both = narrowed(Filter({"service": frozenset({"vpn"})}), Filter({"service": frozenset({"mail"})}))
    assert not both.admits(facts_of(_article("runbook", "vpn")))
    assert not both.admits(facts_of(_article("runbook", "mail")))
    assert not both.admits(facts_of(Article(id="a", title="A", body="")))
