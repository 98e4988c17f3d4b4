"""Timeline and action items: tables and rows of each other, without loss, and odd tables left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.action_items import (
    STATES,
    TYPES,
    ActionItem,
    action_items_of,
    action_items_text,
    why_none,
    with_action_items,
)
from kb.documents import Article
from kb.plain_text import plain_text, without_comments
from kb.post_mortem_sections import written_keys
from kb.section_places import placed_sections
from kb.timeline import TimelineRow, in_order, timeline_of, timeline_text, with_timeline
from kb.written_times import written_day, written_moment
from tests.test_post_mortems import SHIPPED

cells = (
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="`\\"), max_size=20)
    | st.sampled_from(["a | b", "`x | y` and | z", "**bold** |", "ä–ß", "1 \\* 2"])
).map(lambda text: " ".join(text.split()))
rows = st.builds(TimelineRow, cells, cells, cells, st.sampled_from(["", "fact", "inference"]))
items = st.builds(ActionItem, cells, st.sampled_from(["", *TYPES]), cells, cells, cells, st.sampled_from(["", *STATES]))
languages = st.sampled_from(["en", "de", "de-AT", "fr"])


@pytest.mark.parametrize("article", SHIPPED, ids=lambda article: article.id)
def test_a_shipped_post_mortem_is_written_again_as_it_is(article: Article) -> None:
    told, planned = timeline_of(article.body), action_items_of(article.body)
    assert told and planned

    assert all(row.at is not None and row.kind for row in told)
    assert all(item.is_whole and item.tracker for item in planned)
    assert with_timeline(article.body, told, "fr") == article.body
    assert with_action_items(article.body, planned, "fr") == article.body


@given(st.lists(rows), languages)
def test_rows_of_a_timeline_come_back_from_its_table(told: list[TimelineRow], language: str) -> None:
    body = with_timeline("## Impact\n\nMany.\n", told, language)
    assert timeline_of(body) == tuple(told)
    assert timeline_of(timeline_of_two := with_timeline(body, told[:1], "en")) == tuple(told[:1])
    assert with_timeline(timeline_of_two, told, language) == body


@given(st.lists(items), languages)
def test_action_items_come_back_from_their_table(planned: list[ActionItem], language: str) -> None:
    body = with_action_items("", planned, language)
    assert action_items_of(body) == tuple(planned)
    assert action_items_text(planned, language) in body


odd = st.text(st.sampled_from(["a", " ", "`", "|", "\\", "\xa0", "\u2028", "\x0c", "ß"]), max_size=8)


@given(st.lists(st.builds(TimelineRow, odd, odd, odd, st.sampled_from(["", "fact"])), max_size=3))
def test_cells_never_reach_into_each_other_and_come_back_the_same_from_the_second_time_on(
    told: list[TimelineRow],
) -> None:
    body = with_timeline("", told, "en")
    read = timeline_of(body)
    assert read is not None and len(read) == len(told)
    assert [[_bare(one) for one in (row.time, row.source, row.event)] for row in read] == [
        [_bare(one) for one in (row.time, row.source, row.event)] for row in told
    ]
    assert with_timeline(body, read, "en") == body
    assert with_timeline("", read, "en") == body


def _bare(cell: str) -> str:
    """Return a cell as both spell it: a mark of code that nothing closes is escaped when it is written."""
    return cell.strip(" \t").replace("\\", "")


@given(st.lists(items, min_size=1, max_size=4), st.integers(0, 3), st.sampled_from(STATES))
def test_a_state_that_changed_changes_its_cell_alone(planned: list[ActionItem], place: int, state: str) -> None:
    body = with_action_items("", planned, "en").replace("| --- | --- |", "|:---|---:|", 1)
    number = place % len(planned)
    changed = [replace(one, state=state) if at == number else one for at, one in enumerate(planned)]
    made = with_action_items(body, changed, "en")
    assert action_items_of(made) == tuple(changed)
    before, after = body.split("\n"), made.split("\n")
    assert [one for one, other in zip(before, after, strict=True) if one != other] == (
        [] if planned[number].state == state else [before[number + 4]]
    )


def test_what_did_not_change_in_a_table_stays_as_it_was_written() -> None:
    body = (
        "## Action items\n\n|Action|Type|Owner|Due|Tracker|State|\n|:---|---|:-:|--:|---|---|\n"
        "| Run `a  |  b` <!-- twice --> |Detect|  pki-l3\xa0|2026-03-13| x |open <!-- soon -->|\n"
        "| Another | prevent | y | 2026-03-14 | \\| | |\n\n## Lessons\n"
    )
    planned = action_items_of(body)
    assert planned is not None
    made = with_action_items(body, [replace(planned[0], state="done"), replace(planned[1], state="open")], "en")
    assert made == body.replace("|open <", "|done <").replace("\\| | |", "\\| | open |")
    assert with_action_items(made, [replace(planned[1], state="open")], "en") == made.replace(
        made.split("\n")[4] + "\n", ""
    )


def test_a_lone_mark_of_code_in_a_cell_does_not_swallow_the_next_cell() -> None:
    body = "## Timeline\n\n| Time | Source | Event | Kind |\n|---|---|---|---|\n| 1 ` 2 | a | b | fact |\n"
    (row,) = timeline_of(body) or ()
    made = with_timeline(body, [replace(row, event="c ` d")], "en")
    (again,) = timeline_of(made) or ()
    assert [again.time, again.source, again.event, again.kind] == ["1 \\` 2", "a", "c \\` d", "fact"]


def test_a_table_is_put_where_its_section_belongs() -> None:
    body = "## Summary\n\nDown.\n\n## Impact\n\nAll.\n\n## Trigger\n\nA change.\n"
    row = TimelineRow("2026-02-16 07:00 CET", "ticket", "First report", "fact")

    made = with_timeline(body, [row], "de")

    assert [one.heading for one in placed_sections(made)] == ["Summary", "Impact", "Zeitachse", "Trigger"]
    assert with_timeline("## Timeline\n\nAs told.\n\n## Trigger\n", [row], "en").startswith(
        "## Timeline\n\nAs told.\n\n| Time |"
    )


@pytest.mark.parametrize(
    "table",
    [
        "| When | What |\n| --- | --- |\n| 07:00 | Down |\n",
        "| Time | Source | Event | Kind |\n| --- | --- | --- | --- |\n| 07:00 | a | b | rumour |\n",
        "| Time | Source | Event | Kind |\n| --- | --- | --- | --- |\n| 07:00 | a | b | fact | more |\n",
    ],
)
def test_an_odd_timeline_is_left_as_it_is(table: str) -> None:
    body = f"## Timeline\n\n{table}\n## Trigger\n\nA change.\n"
    assert timeline_of(body) is None
    assert with_timeline(body, [TimelineRow("08:00")], "en") == body


def test_an_odd_table_of_action_items_is_left_as_it_is() -> None:
    body = "## Maßnahmen\n\n| Was | Wer |\n| --- | --- |\n| Prüfen | netz |\n"
    assert action_items_of(body) is None
    assert with_action_items(body, [ActionItem("x")], "de") == body


def test_rows_are_ordered_by_their_moment_across_zones_and_unread_ones_stay_behind_the_row_before() -> None:
    first = TimelineRow("2026-02-16 07:00 CET")
    second = TimelineRow("2026-02-16 06:30 UTC")
    unread = TimelineRow("shortly after")
    third = TimelineRow("2026-02-16T09:00:00+01:00")

    assert in_order([third, second, unread, first]) == (first, second, unread, third)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-16 07:00 CET", "2026-02-16T07:00:00+01:00"),
        ("2026-07-16 07:00 MESZ", "2026-07-16T07:00:00+02:00"),
        ("16.02.2026 07:00 Uhr MEZ", "2026-02-16T07:00:00+01:00"),
        ("2026-02-16T07:00:30Z", "2026-02-16T07:00:30+00:00"),
        ("2026-02-16 07:00 UTC+2", "2026-02-16T07:00:00+02:00"),
        ("`2026-02-16 07:00 -05:00`", "2026-02-16T07:00:00-05:00"),
        ("2026-02-16 07:00", None),
        ("07:00 CET", None),
        ("2026-02-30 07:00 CET", None),
        ("2026-02-16 07:00 XYZ", None),
        ("soon", None),
    ],
)
def test_a_time_is_read_with_its_day_and_zone_or_not_at_all(text: str, moment: str | None) -> None:
    found = written_moment(text)
    assert (found.isoformat() if found else None) == moment


def test_an_action_item_is_overdue_from_the_day_after_it_was_due_until_it_is_done() -> None:
    item = ActionItem("Alert before expiry", "detect", "monitoring-l2", "2026-03-13", "", "open")
    done = ActionItem("Alert before expiry", "detect", "monitoring-l2", "13.03.2026", "", "done")

    assert item.days_overdue(date(2026, 3, 13)) == 0
    assert item.days_overdue(date(2026, 3, 20)) == 7
    assert done.due_on == written_day("2026-03-13")
    assert done.days_overdue(date(2026, 3, 20)) == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("None, because the old gateway is gone.", "the old gateway is gone."),
        ("No action items are needed since the vendor fixed it.", "the vendor fixed it."),
        ("Keine, weil das System abgelöst ist.", "das System abgelöst ist."),
        ("None.", ""),
        ("None, because", ""),
        ("Replace the certificate because it expired.", ""),
    ],
)
def test_there_are_no_action_items_only_with_a_reason(text: str, reason: str) -> None:
    assert why_none(f"## Action items\n\n{text}\n") == reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<!-- Two or three sentences. -->",
        "<!-- Over\n\n# several\n\nlines -->",
        "| Time | Source | Event | Kind |\n| --- | --- | --- | --- |\n",
        "| Time | Source | Event | Kind |\n| --- | --- | --- | --- |\n|  |  |  |  |\n",
        "- Recognise it: <!-- how -->\n- Try this:\n- Escalate to:\n",
        "TODO: ask the network team",
        "…",
        "### Details\n\n",
    ],
)
def test_what_a_template_holds_does_not_count_as_written(text: str) -> None:
    assert written_keys(f"## Summary\n\n{text}\n\n## Impact\n\nAll.\n") == {"impact"}


def test_a_label_with_a_text_below_or_behind_it_is_written() -> None:
    assert written_keys("## Summary\n\nUsers said:\n\n> It is down\n") == {"summary"}
    assert written_keys("## L1 quick check\n\n- Recognise it: error 809\n") == {"quick_check"}
    assert written_keys("## Summary\n\n```\nERR 809\n```\n") == {"summary"}


def test_comments_are_indexed_nowhere_and_keep_every_place() -> None:
    body = (
        "One\n<!-- hint\n\n## no heading\n--> two\n\n```\n<!-- code -->\n```\n`<!-- also -->` x <!-- y -->\n<!-- open"
    )
    bare = without_comments(body)

    assert [len(line) for line in bare.splitlines()] == [len(line) for line in body.splitlines()]
    assert bare.index("two") == body.index("two")
    assert "hint" not in plain_text(body)
    assert placed_sections(body) == ()
    assert "<!-- code -->" in plain_text(body)
    assert "<!-- also -->" in plain_text(body)
    assert "<!-- open" in plain_text(body)


@given(st.lists(st.sampled_from(["<!--", "-->", "`", "\n", "\n\n", "```\n", "word ", "## h\n", "~~~\n", "a|b"])))
def test_comments_are_blanked_without_moving_anything(parts: list[str]) -> None:
    text = "".join(parts)
    bare = without_comments(text)
    assert len(bare) == len(text)
    assert all(one in (other, " ") for one, other in zip(bare, text, strict=True))
    for section in placed_sections(text):
        assert 0 <= section.start < section.text_start <= section.own_end <= section.end <= len(text)


def test_the_words_for_a_timeline_follow_the_language() -> None:
    row = TimelineRow("2026-02-16 07:00 MEZ", "Ticket", "Erste Meldung", "inference")
    assert "| Schlussfolgerung |" in timeline_text([row], "de-CH")
    assert "| inference |" in timeline_text([row], "en")
