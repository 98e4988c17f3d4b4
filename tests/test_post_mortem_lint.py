"""What is pointed out while a post-mortem is written: blame, times, action items, title; and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.action_items import ActionItem, action_items_of, action_items_text, with_action_items
from kb.blameless import blames
from kb.documents import Article
from kb.post_mortem_lint import SENTENCES, Finding, findings_of
from kb.timeline import TimelineRow, timeline_of, with_timeline
from tests.test_post_mortems import SHIPPED

WHOLE = next(one for one in SHIPPED if one.id.endswith("vpn-error-13801-gateway-certificate-expired"))


def rules(article: Article) -> list[str]:
    return [one.rule for one in findings_of(article)]


def changed(old: str, new: str) -> Article:
    assert old in WHOLE.body
    return replace(WHOLE, body=WHOLE.body.replace(old, new, 1))


@pytest.mark.parametrize("article", SHIPPED, ids=lambda article: article.id)
def test_nothing_is_found_in_a_shipped_post_mortem(article: Article) -> None:
    assert findings_of(article) == ()


@pytest.mark.parametrize(
    ("language", "text", "phrase", "why"),
    [
        ("en", "The engineer forgot to renew it.", "engineer forgot", "omission"),
        ("en", "The on-call team should have checked the queue.", "should have checked", "counterfactual"),
        ("en", "Root cause: human error.", "human error", "error"),
        ("en", "The vendor was to blame.", "was to blame", "fault"),
        ("en", "A careless change.", "careless", "care"),
        ("en", "Be more careful next time.", "Be more careful", "care"),
        ("en", "Mrs. Miller restarted it.", "Mrs. Miller", "name"),
        ("en", "Why did nobody look at the alert?", "Why did nobody", "question"),
        (
            "de",
            "Der Administrator hat die Erneuerung vergessen.",
            "Administrator hat die Erneuerung vergessen",
            "omission",
        ),
        ("de", "Das hätte man vorher prüfen müssen.", "hätte man vorher prüfen müssen", "counterfactual"),
        ("de", "Es war menschliches Versagen.", "menschliches Versagen", "error"),
        ("de", "Der Dienstleister war schuld.", "war schuld", "fault"),
        ("de", "Das geschah aus Unachtsamkeit.", "Unachtsamkeit", "care"),
        ("de", "Künftig besser aufpassen.", "besser aufpassen", "care"),
        ("de", "Herr Meier startete neu.", "Herr Meier", "name"),
        ("de", "Warum hat niemand den Alarm gesehen?", "Warum hat niemand", "question"),
    ],
)
def test_wording_that_blames_is_named_with_why_and_a_better_one(
    language: str, text: str, phrase: str, why: str
) -> None:
    (found,) = blames(text, language)
    assert (text[found.start : found.end].strip(), found.why) == (phrase, why)
    assert found.better


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Users failed to log in. The service failed to start and forgot its session."),
        ("en", "An expiry alert would have warned 30 days earlier. Clients should have two resolvers."),
        ("en", 'A user wrote "you should have told us, this is human error".'),
        ("en", "> The admin forgot it\n\n```\nuser error: careless\n```\n\nThe command `mistake by the user` failed."),
        ("de", "Der Benutzer hat sein Kennwort vergessen. Eine Messung hätte nach zwei Minuten gewarnt."),
        ("de", "Gemeldet wurde: „Das hätte man prüfen müssen“. Der Dienst vergaß die Sitzung."),
        ("en", "The Kubernetes operator failed to reconcile. The monitoring agent failed to report."),
        ("en", "The backup agent ignored the retry header. The config should have been set. Operator error code 17."),
        ("en", "Ms Teams calls dropped."),
        ("de", "Die Firewall lief, sie hat Pakete ignoriert. Der Dienst hing; er hat den Lock vergessen."),
        ("de", "Der Fehler von Oracle und der Fehler des Treibers traten zugleich auf."),
    ],
)
def test_systems_users_symptoms_and_quotes_are_not_taken_for_blame(language: str, text: str) -> None:
    assert blames(text, language) == ()


@pytest.mark.parametrize("text", ["The operator forgot it.", "The service agent failed to ask."])
def test_an_operator_and_an_agent_are_people_unless_a_program_is_named(text: str) -> None:
    assert [one.why for one in blames(text, "en")] == ["omission"]


@pytest.mark.parametrize(
    ("action", "is_vague"),
    [
        ("Check certificates weekly", False),
        ("Zertifikate wöchentlich prüfen", False),
        ("Check certificates", True),
        ("Review the alerts", True),
        ("Prozesse prüfen", True),
        ("Improve monitoring and alerting", True),
    ],
)
def test_an_action_that_looks_at_something_is_vague_when_nothing_specific_follows(action: str, is_vague: bool) -> None:
    table = action_items_text([ActionItem(action, "detect", "pki-l3", "2026-03-13", "OPS-1", "open")], "en")
    article = replace(WHOLE, body=f"## Action items\n\n{table}")
    assert ("action_vague" in rules(article)) is is_vague


def test_a_finding_says_where_it_is_how_grave_and_why_in_a_sentence() -> None:
    article = changed("Nothing was changed on that day.", "The administrator forgot the reminder.")
    (found,) = findings_of(article)
    assert found == Finding(
        "blame_omission",
        "warning",
        "trigger",
        article.body.index("administrator forgot"),
        article.body.index("administrator forgot") + len("administrator forgot"),
        {"phrase": "administrator forgot"},
        "say what was expected, and what made it hard to do or to see",
    )
    assert found.sentence == "“administrator forgot” tells what somebody left undone, not why that seemed right."


@pytest.mark.parametrize(
    ("title", "rule"),
    [
        ("Post-mortem: VPN down for everyone", "title_opening"),
        ("Incident report 12 May for the VPN", "title_opening"),
        ("INC-1042 VPN down for everyone", "title_opening"),
        ("2026-02-16 VPN down for everyone", "title_opening"),
        ("Störung vom 16. Februar im VPN", "title_opening"),
        ("RCA VPN", "title_opening"),
        ("VPN down", "title_short"),
        ("VPN error 13801 " * 10, "title_long"),
    ],
)
def test_a_title_that_does_not_begin_with_the_symptom_is_pointed_out(title: str, rule: str) -> None:
    assert rules(replace(WHOLE, title=title)) == [rule]


def test_a_title_that_begins_with_the_symptom_is_not_pointed_out() -> None:
    for title in ("Incidents cannot be opened in the portal", "Störungen beim Anmelden am VPN", "Error 809 behind NAT"):
        assert rules(replace(WHOLE, title=title)) == []


def test_times_without_a_zone_or_out_of_order_are_pointed_out() -> None:
    assert rules(replace(WHOLE, extra={**WHOLE.extra, "mitigated_at": "2026-02-16 08:42"})) == ["time_unread"]
    assert rules(replace(WHOLE, extra={**WHOLE.extra, "detected_at": "2026-02-16T06:30:00+01:00"})) == ["time_order"]
    unread = {**WHOLE.extra, "started_at": "at seven"}
    assert rules(replace(WHOLE, extra=unread)) == ["missing", "time_unread"]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("| 2026-02-16 07:18 CET | ticket", "| 2026-02-16 07:18 | ticket", ["timeline_zone"]),
        ("| 2026-02-16 07:18 CET | ticket", "| 07:18 | ticket", ["timeline_time"]),
        ("| 2026-02-16 07:18 CET | ticket", "| 2026-02-16 07:28 CET | ticket", ["timeline_order"]),
        ("| 2026-02-16 07:18 CET | ticket", "| 2026-02-16 07:18 CET | ", ["timeline_source"]),
        ("First report of error 13801 | fact", "First report of error 13801 |", ["timeline_kind"]),
        ("| 2026-02-16 09:35 CET |", "| 2026-02-17 09:35 CET |", ["timeline_outside"]),
        (
            "| Time | Source | Event | Kind |\n| --- | --- | --- | --- |",
            "| Time | What | | |\n| --- | --- | --- | --- |",
            ["timeline_form"],
        ),
    ],
)  # fmt: skip
def test_a_row_of_the_timeline_is_pointed_out_with_its_place(old: str, new: str, found: list[str]) -> None:
    article = changed(old, new)
    assert rules(article) == found
    (one,) = findings_of(article)
    assert one.place == "timeline"
    assert article.body[one.start : one.end].startswith("## Timeline" if found == ["timeline_form"] else "| ")
    assert "\n" not in article.body[one.start : one.end].rstrip("\n")


def test_what_lies_outside_the_incident_needs_a_reason_but_for_one_event_that_set_it_off() -> None:
    row = "| 2026-02-16 07:00 CET |"
    one = "| 2026-02-15 18:00 CET | change record | Change starts | fact |\n"
    assert rules(changed(row, one + row)) == []
    assert rules(changed(row, one + one + row)) == ["timeline_outside"] * 2
    explained = changed(row, one + one + row)
    told = "\nThe first two rows tell of the change on the day before.\n\n## Trigger"
    assert rules(replace(explained, body=explained.body.replace("\n## Trigger", told))) == []
    before = one.replace("Change starts", "The day before the incident: change starts")
    assert rules(changed(row, before + before + row)) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("On-call rota for certificate approvals |", "Improve monitoring |", ["action_vague"]),
        ("On-call rota for certificate approvals |", "Monitoring verbessern |", ["action_vague"]),
        ("mitigate | pki-l3 | 2026-04-30 |", "mitigate | | 2026-04-30 |", ["missing", "action_owner"]),
        ("mitigate | pki-l3 | 2026-04-30 |", "mitigate | pki-l3 | soon |", ["missing", "action_due"]),
        ("approvals | mitigate |", "approvals | |", ["missing", "action_type"]),
        ("OPS-4414 | done", "OPS-4414 |", ["missing", "action_state"]),
        ("https://tracker.example.com/OPS-4414", "", ["action_tracker"]),
        ("| Action | Type |", "| What | Type |", ["missing", "action_form"]),
    ],
)  # fmt: skip
def test_an_action_item_that_says_too_little_is_pointed_out(old: str, new: str, found: list[str]) -> None:
    article = changed(old, new)
    assert rules(article) == found
    assert {one.place for one in findings_of(article)} == {"action_items"}


def test_a_section_before_its_turn_is_pointed_out() -> None:
    found = findings_of(replace(WHOLE, body="## Impact\n\nAll.\n\n## Summary\n\nDown.\n"))
    assert [(one.place, one.severity) for one in found if one.rule == "section_order"] == [("impact", "hint")]


def test_every_sentence_can_be_filled_and_what_is_missing_comes_first() -> None:
    for sentence in SENTENCES.values():
        assert sentence % {"name": "a", "before": "b", "value": "c", "phrase": "d"}
    bare = Article(id="x", title="Report on VPN", body="## Summary\n", kind="post-mortem", extra={"resolved_at": "now"})
    found = findings_of(bare)
    severities = [one.severity for one in found]
    assert severities == sorted(severities, key=("error", "warning", "hint").index)
    assert all(one.sentence for one in found)
    assert {"owner_team", "summary", "action_items"} <= {one.place for one in found}


ENDS = "\x0b\x0c\x1c\x85\u2028\u2029"
_piece = st.sampled_from(
    [
        *ENDS,
        *(
            "\n",
            "\n\n",
            "<!--",
            "-->",
            "`",
            "```\n",
            "|",
            "\\",
            "## Timeline\n",
            "## Maßnahmen\n",
            "should have been told",
        ),
        "| Time | Source | Event | Kind |\n|---|---|---|---|\n",
        "| 2026-02-16 07:00 CET | a | b | fact |\n",
        "| Maßnahme | Art | Verantwortlich | Fällig | Vorgang | Stand |\n|:--|-|-|-|-|-|\n",
        "| x |||||offen|\n",
    ]
)


@given(st.lists(_piece | st.text(max_size=5), max_size=25).map("".join), st.sampled_from(["en", "de"]))
def test_no_text_is_too_odd_to_be_looked_at_and_for_its_tables(body: str, language: str) -> None:
    article = Article(id="x", title="Odd", body=body, kind="post-mortem", language=language)
    for one in findings_of(article):
        assert one.start is None or 0 <= one.start <= (one.end or 0) <= len(body)
    rows, items = timeline_of(body), action_items_of(body)
    assert rows is None or with_timeline(body, rows, language) == body
    assert items is None or with_action_items(body, items, language) == body
    with_timeline(body, [TimelineRow(body, body)], language)
    with_action_items(body, [ActionItem(body)], language)


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_a_line_for_python_alone_ends_no_row(end: str) -> None:
    row = f"| 2026-02-16 07:00 CET | log | Down <!-- a{end}b --> | |"
    body = f"## Timeline\n\n| Time | Source | Event | Kind |\n| --- | --- | --- | --- |\n{row}\n"
    article = Article(id="x", title="Odd", body=body, kind="post-mortem", language="en")
    (found,) = [one for one in findings_of(article) if one.rule == "timeline_kind"]
    assert body[found.start : found.end] == row
