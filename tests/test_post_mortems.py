"""The rules of post-mortems: sections in both languages, what is missing, how long each phase took."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kb.article_files import read_folder
from kb.documents import Article
from kb.language import detect_language
from kb.post_mortems import PHASES, SECTIONS, Metrics, gaps, is_unknown, metrics, phases, section_key
from web.shipped import shipped_folder

SHIPPED = [
    article
    for article in read_folder(shipped_folder("example"), "example", detect_language)
    if isinstance(article, Article) and article.kind == "post-mortem"
]
COMPLETE = SHIPPED[0]


@pytest.mark.parametrize("article", SHIPPED, ids=lambda article: article.id)
def test_a_shipped_post_mortem_is_complete(article: Article) -> None:
    assert gaps(article) == ()
    assert [phase.name for phase in phases(article)] == [name for name in PHASES if name in article.extra]
    assert phases(article)[-1].name == "resolved_at"


@pytest.mark.parametrize("rule", SECTIONS, ids=lambda rule: rule.key)
def test_a_section_is_known_by_its_name_in_either_language(rule: object) -> None:
    for name in (rule.english, rule.german, f"7. {rule.english}", rule.german.upper()):  # type: ignore[attr-defined]
        assert section_key(name) == rule.key  # type: ignore[attr-defined]


def test_a_heading_that_is_no_section_has_no_key() -> None:
    assert section_key("Verify") is None
    assert section_key("") is None


@pytest.mark.parametrize("field", ["severity", "started_at", "root_cause", "reviewer", "source_tickets"])
def test_a_missing_field_is_a_gap(field: str) -> None:
    extra = {name: value for name, value in COMPLETE.extra.items() if name != field}
    assert gaps(replace(COMPLETE, extra=extra)) == (field,)


def test_a_reviewer_who_wrote_it_is_a_gap() -> None:
    assert gaps(replace(COMPLETE, extra={**COMPLETE.extra, "reviewer": COMPLETE.authors[0]})) == ("reviewer",)


def test_an_unknown_cause_category_is_a_gap() -> None:
    assert gaps(replace(COMPLETE, extra={**COMPLETE.extra, "cause_category": "gremlins"})) == ("cause_category",)


def test_an_empty_section_is_a_gap_in_the_language_of_the_article() -> None:
    bare = Article(
        id="x", title="X", body="## Zusammenfassung\n\n## Zeitachse\n\nNichts.\n", language="de", service="vpn"
    )
    missing = gaps(bare)
    assert "authors" in missing
    assert "Zusammenfassung" in missing
    assert "Zeitachse" not in missing
    assert "Workaround" in missing
    fixed = replace(bare, extra={"resolution_kind": "permanent_fix"})
    assert "Workaround" not in gaps(fixed)


def test_sections_count_below_a_heading_that_is_not_the_title() -> None:
    body = COMPLETE.body.partition("\n")[2]
    assert gaps(replace(COMPLETE, body=f"# What happened\n{body}")) == ()


def test_phases_are_told_from_the_start_with_their_offset() -> None:
    times = {
        "started_at": "2026-02-16T07:00:00+01:00",
        "detected_at": "2026-02-16T06:24:00+00:00",
        "resolved_at": "2026-02-16T09:35:00+01:00",
    }
    told = phases(Article(id="x", title="X", body="", extra=times))
    assert [(phase.name, phase.after) for phase in told] == [
        ("started_at", timedelta(0)),
        ("detected_at", timedelta(minutes=24)),
        ("resolved_at", timedelta(hours=2, minutes=35)),
    ]
    assert told[0].at.isoformat() == times["started_at"]


@pytest.mark.parametrize(
    "times",
    [
        {},
        {"detected_at": "2026-02-16T07:00:00+01:00"},
        {"started_at": "2026-02-16T07:00:00+01:00", "resolved_at": "2026-02-16T06:00:00+01:00"},
        {"started_at": "yesterday"},
        {"started_at": "2026-02-16T07:00:00"},
        {"started_at": 7},
    ],
)
def test_phases_are_not_told_when_times_are_missing_or_out_of_order(times: dict[str, object]) -> None:
    assert phases(Article(id="x", title="X", body="", extra=times)) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cause",
    [
        "None of the replicas had the index loaded",
        "Pending writes were lost on failover.",
        "Unknown certificate authority in the chain of the proxy",
        "Unclear ownership of the DNS zone let the record expire",
        "Offen gelassene Verbindungen",
        "Unknown, because the logs were gone.",
        "Unbekannt, weil die Protokolle fehlen.",
    ],
)
def test_a_root_cause_that_only_begins_with_such_a_word_is_one(cause: str) -> None:
    assert not is_unknown(cause)


@pytest.mark.parametrize(
    "cause",
    ["Unknown", "still unclear", "Unbekannt.", "TBD", "unknown as yet", "None: see later", "Offen (Hersteller)"],
)
def test_a_root_cause_that_is_only_unknown_is_a_gap_until_it_says_why(cause: str) -> None:
    told = replace(COMPLETE, extra={**COMPLETE.extra, "root_cause": cause})
    explained = replace(COMPLETE, extra={**COMPLETE.extra, "root_cause": f"{cause}, because no data was kept"})

    assert gaps(told) == ("root_cause",)
    assert gaps(explained) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source_tickets", []),
        ("source_tickets", "zammad:1"),
        ("started_at", "yesterday"),
        ("resolved_at", "2026-02-16T07:00:00"),
        ("severity", "  "),
        ("owner_team", True),
        ("reviewer", f" {COMPLETE.authors[0].upper()} "),
    ],
)
def test_a_field_that_holds_nothing_usable_is_a_gap(field: str, value: object) -> None:
    assert gaps(replace(COMPLETE, extra={**COMPLETE.extra, field: value})) == (field,)  # type: ignore[dict-item]


def test_action_items_are_a_gap_until_each_is_whole_or_there_is_a_reason_for_none() -> None:
    name = "Maßnahmen" if COMPLETE.language == "de" else "Action items"
    before, _, after = COMPLETE.body.partition(f"## {name}\n")
    rest = "## " + after.partition("\n## ")[2]

    def told(text: str) -> tuple[str, ...]:
        return gaps(replace(COMPLETE, body=f"{before}## {name}\n\n{text}\n\n{rest}"))

    head = "| Action | Type | Owner | Due | Tracker | State |\n| --- | --- | --- | --- | --- | --- |\n"
    assert told("- Renew it") == (name,)
    assert told(head) == (name,)
    assert told(f"{head}| Renew it | prevent | | 2026-03-01 | | open |") == (name,)
    assert told("None.") == (name,)
    assert told("None, because the gateway is gone.") == ()
    assert told(f"{head}| Renew it | prevent | pki-l3 | 2026-03-01 | | open |") == ()


def test_metrics_count_from_the_start_and_acknowledging_from_the_detection() -> None:
    times = {
        "started_at": "2026-02-16T07:00:00+01:00",
        "detected_at": "2026-02-16T07:24:00+01:00",
        "acknowledged_at": "2026-02-16T07:31:00+01:00",
        "resolved_at": "2026-02-16T09:35:00+01:00",
    }
    told = metrics(Article(id="x", title="X", body="", extra=times))

    assert told == Metrics(timedelta(minutes=24), timedelta(minutes=7), None, timedelta(hours=2, minutes=35))
    assert metrics(Article(id="x", title="X", body="")) == Metrics()
