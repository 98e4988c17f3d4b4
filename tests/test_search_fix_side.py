"""The fix side of a document: what is shown as resolution, root cause and workaround."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.documents import Article, Ticket
from search.answers import Resolution
from search.fix_side import LONGEST_SUMMARY, fix_side, is_resolved, shortened

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
MAY = datetime(2026, 5, 1, tzinfo=UTC)
TICKET = Ticket(
    source="desk",
    external_id="1",
    title="Drops",
    resolution="The router rewrote packets.\n1. Switched it off.\n2. Restarted.",
    resolution_code="fixed",
    status="closed",
    resolved_at=MARCH,
)


def _article(body: str, kind: str = "troubleshooting", **extra: object) -> Article:
    return Article(id="a", title="A", body=body, kind=kind, extra=extra)  # type: ignore[arg-type]


def test_fix_side_of_a_ticket_is_its_resolution() -> None:
    fix = fix_side(TICKET)
    assert fix.resolution == Resolution(
        "permanent_fix", "The router rewrote packets.", ("Switched it off.", "Restarted.")
    )
    assert (fix.status, fix.resolved_at, fix.workaround, fix.root_cause) == ("resolved", MARCH, None, None)


def test_fix_side_of_a_ticket_is_unknown_when_it_was_resolved_later() -> None:
    early = fix_side(TICKET, as_of=MARCH)
    assert (early.resolution, early.status, early.resolved_at) == (None, "open", None)
    late = fix_side(TICKET, as_of=MAY)
    assert (late.resolution is not None, late.status, late.resolved_at) == (True, "resolved", MARCH)


def test_fix_side_without_a_time_counts_as_learned_at_the_last_update() -> None:
    undated = Ticket(source="desk", external_id="1", title="x", resolution="Fixed.", status="closed")
    assert fix_side(undated, as_of=MAY).resolution is None
    assert fix_side(undated).resolution is not None
    updated = Ticket(source="desk", external_id="1", title="x", resolution="Fixed.", status="closed", updated_at=MARCH)
    assert fix_side(updated, as_of=MAY).resolution is not None


def test_fix_side_of_an_open_ticket_is_empty() -> None:
    fix = fix_side(Ticket(source="desk", external_id="1", title="x", resolved_at=MARCH))
    assert (fix.resolution, fix.status, fix.resolved_at) == (None, "open", None)


def test_fix_side_of_a_ticket_names_a_workaround() -> None:
    fix = fix_side(
        Ticket(
            source="d", external_id="1", title="x", resolution="Use the other printer.", resolution_code="workaround"
        )
    )
    assert fix.workaround == "Use the other printer."
    assert fix.resolution is not None and fix.resolution.kind == "workaround"


@pytest.mark.parametrize(
    ("fix_heading", "cause_heading", "workaround_heading"),
    [
        ("## Resolution", "## Root cause and contributing factors", "## Workaround"),
        ("## 8. Resolution", "## 7. Cause", "## Workarounds"),
        ("# Solution", "# Reason", "# Temporary fix"),
        ("## Lösung", "## Ursache", "## Umgehung"),
        ("## Behebung", "## Grundursache", "## Problemumgehung"),
        ("## FIX ##", "## **Cause**", "## Workaround"),
    ],
)
def test_fix_side_of_an_article_is_in_its_sections(
    fix_heading: str, cause_heading: str, workaround_heading: str
) -> None:
    fix = fix_side(
        _article(
            f"# A\n\nIntro.\n\n{cause_heading}\n\nA *stale* file.\n\n{workaround_heading}\n\nRestart.\n\n"
            f"{fix_heading}\n\nDelete it.\n\n1. Stop **it**.\n2. Delete `file`.\n\n```\n1. no step\n```\n"
        )
    )
    assert fix.root_cause == "A stale file."
    assert fix.workaround == "Restart."
    assert fix.resolution == Resolution("permanent_fix", "Delete it.", ("Stop it.", "Delete file."))
    assert fix.resolution is not None
    assert fix.resolution.markdown.startswith("Delete it.")


def test_fix_side_of_a_section_holds_its_subsections() -> None:
    fix = fix_side(
        _article("## Resolution\n\n### Windows\n\n- Do this.\n\n### Linux\n\n- Do that.\n\n## Other\n\n- No.\n")
    )
    assert fix.resolution is not None
    assert fix.resolution.steps == ("Do this.", "Do that.")


def test_fix_side_reads_no_heading_inside_a_code_fence() -> None:
    assert fix_side(_article("```\n## Resolution\n```\n\nText.\n")).resolution is None


def test_fix_side_prefers_front_matter() -> None:
    fix = fix_side(
        _article(
            "## Root cause\n\nLong text.\n\n## Resolution\n\nRenewed.\n",
            "post-mortem",
            root_cause="The certificate expired.",
            resolution_kind="permanent_fix",
            resolved_at="2026-02-16T09:35:00+01:00",
        )
    )
    assert fix.root_cause == "The certificate expired."
    assert fix.resolution == Resolution("permanent_fix", "Renewed.")
    assert (fix.status, fix.resolved_at) == ("resolved", datetime(2026, 2, 16, 8, 35, tzinfo=UTC))


def test_fix_side_of_an_article_with_a_workaround_alone_is_that() -> None:
    fix = fix_side(_article("## Workaround\n\nRestart it.\n", "known-error"))
    assert fix.resolution == Resolution("workaround", "Restart it.")
    assert (fix.known_error, fix.status) == (True, "open")


def test_fix_side_of_other_articles_has_no_state() -> None:
    fix = fix_side(_article("Text without sections."))
    assert (fix.resolution, fix.root_cause, fix.workaround, fix.status) == (None, None, None, None)
    assert not fix.known_error


@given(
    st.text(
        st.sampled_from("#-`1. \n\tab*|>äö[]()<"),
        max_size=200,
    )
)
def test_fix_side_of_any_text_keeps_its_kind_and_stays_short(body: str) -> None:
    for document, kind in (
        (_article(f"## Resolution\n{body}", resolution_kind="workaround"), "workaround"),
        (Ticket(source="d", external_id="1", title="x", resolution=body, resolution_code="fixed"), "permanent_fix"),
    ):
        resolution = fix_side(document).resolution
        assert resolution is not None
        assert resolution.kind == kind
        assert len(resolution.summary) <= LONGEST_SUMMARY
        assert all(len(step) <= LONGEST_SUMMARY for step in resolution.steps)


@given(st.text(max_size=2000), st.integers(10, LONGEST_SUMMARY))
def test_shortened_text_keeps_within_its_length(text: str, longest: int) -> None:
    short = shortened(text, longest)
    assert len(short) <= longest
    assert "\n" not in short
    if len(" ".join(text.split())) <= longest:
        assert short == " ".join(text.split())


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ("## Resolution\n\n1. Delete the file.\n2. Restart.\n", "permanent_fix"),
        ("## Lösung\n\nDie Datei löschen.\n", "permanent_fix"),
        ("## Fix\n\nNone.\n", "none"),
        ("## Workaround\n\n1. Use the other printer.\n", "workaround"),
        ("## Mitigation\n\nMove the load to the second node.\n", "workaround"),
        ("## Resolution\n\n**Workaround:** use the other printer.\n", "workaround"),
        ("## Resolution\n\nThere is no fix yet; the vendor works on it.\n", "none"),
        ("## Resolution\n\nNone yet.\n\n## Workaround\n\nRestart it.\n", "workaround"),
        ("## Behebung\n\nNoch nicht behoben.\n", "none"),
        ("## Resolution\n\nNormally a restart is enough.\n", "permanent_fix"),
        ("## Resolution\n\n## Notes\n", "none"),
    ],
)
def test_kind_of_a_fix_comes_from_its_section_when_the_article_states_none(section: str, kind: str) -> None:
    resolution = fix_side(_article(f"# A\n\nIntro.\n\n{section}")).resolution
    assert (resolution.kind if resolution else None) == kind


@pytest.mark.parametrize(
    ("section", "status"),
    [
        ("## Resolution\n\n1. Install the update.\n", "resolved"),
        ("## Resolution\n\nThere is no fix yet.\n", "open"),
        ("## Workaround\n\nRestart it.\n", "open"),
        ("Text.\n", "open"),
    ],
)
def test_a_known_error_is_resolved_when_it_tells_a_permanent_fix(section: str, status: str) -> None:
    assert fix_side(_article(f"# A\n\n{section}", "known-error")).status == status


def test_kind_of_a_fix_is_what_the_article_states() -> None:
    body = "# A\n\nIntro.\n\n## Resolution\n\n1. Set the option.\n"
    resolution = fix_side(_article(body, resolution_kind="configuration_change")).resolution
    assert resolution is not None and resolution.kind == "configuration_change"


def test_a_ticket_was_resolved_before_a_time_only_when_it_was_learned_before_it() -> None:
    assert is_resolved(TICKET) and is_resolved(TICKET, MAY)
    assert not is_resolved(TICKET, MARCH)
    assert not is_resolved(replace(TICKET, status="in progress"), MAY)
    assert not is_resolved(replace(TICKET, resolved_at=None), MAY)
    assert is_resolved(replace(TICKET, resolved_at=None))


def test_fix_side_of_a_ticket_tells_what_its_text_calls_cause_and_workaround() -> None:
    text = "Root cause: the certificate had expired.\nWorkaround: use the web client.\nRenewed the certificate."
    fix = fix_side(replace(TICKET, resolution=text))

    assert fix.resolution == Resolution("permanent_fix", "Renewed the certificate.")
    assert (fix.root_cause, fix.workaround) == ("the certificate had expired.", "use the web client.")
    assert not fix.known_error


def test_fix_side_of_a_ticket_takes_cause_and_workaround_from_fields_of_these_names() -> None:
    fix = fix_side(replace(TICKET, extra={"root_cause": "Expired certificate", "workaround": "n/a"}))

    assert (fix.root_cause, fix.workaround) == ("Expired certificate", None)


def test_fix_side_of_an_open_ticket_whose_cause_or_workaround_is_known_is_a_known_error() -> None:
    known = Ticket(source="desk", external_id="1", title="x", description="It drops.\n\nWorkaround: use the cable.")
    unknown = replace(known, description="It drops.\n\nRoot cause: unknown\nWorkaround: none")

    assert (fix_side(known).known_error, fix_side(known).workaround) == (True, "use the cable.")
    assert (fix_side(unknown).known_error, fix_side(unknown).workaround) == (False, None)


def test_fix_side_of_a_ticket_that_names_a_workaround_alone_is_that() -> None:
    fix = fix_side(replace(TICKET, resolution="Workaround: use the cable.", resolution_code=None))

    assert fix.resolution == Resolution("workaround", "use the cable.")
    assert fix.workaround == "use the cable."


@pytest.mark.parametrize(
    ("body", "kind", "summary"),
    [
        ("## Steps\n\nRestart it.\n", "none", "Restart it."),
        ("## Steps to reproduce\n\nRestart it.\n", None, None),
        ("## Vorgehen\n\nNeu starten.\n", "none", "Neu starten."),
        ("- **Resolution**: Raised the limit.\n\n- **Impact**: none\n", "permanent_fix", "Raised the limit."),
        ("## Steps\n\nLook.\n\n## Resolution\n\nRestart it.\n", "permanent_fix", "Restart it."),
        ("It was resolved by a restart.\n", None, None),
    ],
)
def test_fix_side_of_an_article_without_a_section_for_it_is_told_otherwise(
    body: str, kind: str | None, summary: str | None
) -> None:
    resolution = fix_side(_article(body)).resolution
    assert (resolution and resolution.kind, resolution and resolution.summary) == (kind, summary)


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        (
            "## Summary\n\nPods hung. This was **resolved by** a newer chart. All is well.\n",
            "This was resolved by a newer chart.",
        ),
        ("Der Fehler wurde durch einen Neustart behoben.\n", "Der Fehler wurde durch einen Neustart behoben."),
        ("Nobody knows.\n", None),
    ],
)
def test_fix_side_of_a_post_mortem_is_the_sentence_that_says_by_what_it_was_resolved(
    body: str, summary: str | None
) -> None:
    resolution = fix_side(_article(body, "post-mortem")).resolution
    assert (resolution.summary if resolution else None) == summary


def test_fix_side_of_a_post_mortem_takes_contributing_factors_for_its_cause() -> None:
    assert fix_side(_article("## Contributing factors\n\nA race.\n", "post-mortem")).root_cause == "A race."
