"""Which way an article may go, who may send it there, and what an edit does to the trust in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product
from types import MappingProxyType

import pytest

from kb.access import MEMBER
from kb.documents import STATES, Article
from kb.errors import InvalidInput, NotAllowed
from kb.life_cycle import MOVES, next_states, settled
from kb.post_mortems import SECTIONS, gaps
from kb.queries import Viewer
from kb.roles import ROLES, Role

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
ARTICLE = Article(id="vpn/drops", title="VPN drops", body="Restart it.", state="draft", authors=("anna",))
WHOLE = replace(
    ARTICLE,
    kind="post-mortem",
    service="vpn",
    body="".join(f"## {rule.english}\n\nNone, because it is a test.\n\n" for rule in SECTIONS),
    extra=MappingProxyType(
        {
            "owner_team": "network-l3",
            "severity": "2",
            "source_tickets": ["zammad:1"],
            "started_at": "2026-11-20T08:00:00Z",
            "detected_at": "2026-11-20T08:10:00Z",
            "resolved_at": "2026-11-20T09:00:00Z",
            "cause_category": "change",
            "root_cause": "A route was lost.",
            "resolution_kind": "permanent_fix",
        }
    ),
)


def by(role: Role, name: str = "bert") -> Viewer:
    """Return somebody of that role."""
    return Viewer(name, may_edit=role != "agent", role=role)


def test_every_state_can_be_left_and_reached_and_nothing_else_is_one() -> None:
    assert {one for move in MOVES for one in move} == set(STATES)
    assert {before for before, _ in MOVES} == {after for _, after in MOVES} == set(STATES)


@pytest.mark.parametrize(
    ("role", "state", "after"), [(*one, two) for one, two in product(product(ROLES, STATES), STATES)]
)
def test_an_article_goes_where_the_role_may_send_it_and_nowhere_else(role: Role, state: str, after: str) -> None:
    before = replace(ARTICLE, state=state)
    wanted = replace(before, state=after)
    viewer = by(role)
    may = role != "agent" and (state == after or after in next_states(state, viewer))

    if may:
        assert settled(before, wanted, viewer, NOW).state == after
    else:
        with pytest.raises(NotAllowed, match="takes the role"):
            settled(before, wanted, viewer, NOW)


def test_authors_publish_but_what_waits_for_review_waits_for_a_reviewer() -> None:
    assert next_states("draft", by("author")) == ("in_review", "published", "archived")
    assert "published" not in next_states("in_review", by("author"))
    assert "published" in next_states("in_review", by("reviewer"))
    assert "published" not in next_states("draft", by("author"), "post-mortem")
    assert next_states("published", by("author")) == ()
    assert next_states("archived", by("author")) == ()  # what a reviewer ended no author brings back in two steps
    assert next_states("archived", by("reviewer")) == ("draft", "in_review", "published")
    assert next_states("draft", MEMBER) == ()


def test_an_author_does_not_validate_and_an_edit_by_one_takes_the_validation_off() -> None:
    validated = replace(ARTICLE, state="published", confidence="validated", review_due=date(2027, 1, 1))
    edited = replace(validated, body="Restart it twice.")

    with pytest.raises(NotAllowed, match="validating takes the role 'reviewer'"):
        settled(ARTICLE, replace(ARTICLE, confidence="validated"), by("author"), NOW)
    assert settled(validated, edited, by("author"), NOW).confidence == "not_validated"
    assert settled(validated, edited, by("reviewer"), NOW).confidence == "validated"


def test_what_is_validated_is_looked_at_again_in_180_days_unless_it_names_a_day() -> None:
    validated = replace(ARTICLE, confidence="validated")
    named = replace(validated, review_due=date(2027, 1, 1))

    assert settled(ARTICLE, validated, by("reviewer"), NOW).review_due == date(2027, 5, 25)
    assert settled(ARTICLE, named, by("reviewer"), NOW).review_due == date(2027, 1, 1)


def test_a_post_mortem_is_complete_only_when_it_is_and_somebody_else_completes_it() -> None:
    published = replace(WHOLE, state="published")
    lacking = replace(published, service=None)

    assert gaps(settled(WHOLE, published, by("reviewer"), NOW)) == ()
    assert settled(WHOLE, published, by("reviewer"), NOW).extra["reviewer"] == "bert"
    with pytest.raises(InvalidInput, match="it lacks service"):
        settled(WHOLE, lacking, by("reviewer"), NOW)
    with pytest.raises(InvalidInput, match="it lacks reviewer"):
        settled(WHOLE, published, by("reviewer", "anna"), NOW)
    with pytest.raises(NotAllowed, match="takes the role 'reviewer'"):
        settled(WHOLE, published, by("author"), NOW)


def test_a_post_mortem_that_was_imported_incomplete_can_be_mended_bit_by_bit_but_a_whole_one_not_broken() -> None:
    imported = replace(ARTICLE, kind="post-mortem", state="published")
    whole = settled(WHOLE, replace(WHOLE, state="published"), by("reviewer"), NOW)

    assert settled(imported, replace(imported, service="vpn"), by("author"), NOW).service == "vpn"
    with pytest.raises(InvalidInput, match="it lacks service"):
        settled(whole, replace(whole, service=None), by("reviewer"), NOW)


@pytest.mark.parametrize("state", ["published", "archived"])
def test_what_becomes_a_post_mortem_by_its_kind_is_completed_like_any_other(state: str) -> None:
    how_to = replace(ARTICLE, kind="how-to", state=state)
    lacking = replace(how_to, kind="post-mortem", state="published")
    whole = replace(WHOLE, state="published")

    with pytest.raises(NotAllowed, match="takes the role 'reviewer'"):
        settled(how_to, lacking, by("author"), NOW)
    with pytest.raises(NotAllowed, match="takes the role 'reviewer'"):
        settled(how_to, whole, by("author"), NOW)
    with pytest.raises(InvalidInput, match="it lacks service"):
        settled(how_to, lacking, by("reviewer"), NOW)
    assert settled(how_to, whole, by("reviewer"), NOW).extra["reviewer"] == "bert"


@pytest.mark.parametrize("name", ["anna", "Anna"])
def test_nobody_completes_their_own_post_mortem_whoever_it_names_as_its_reviewer(name: str) -> None:
    named = replace(WHOLE, extra=MappingProxyType({**WHOLE.extra, "reviewer": "nobody-there"}))

    with pytest.raises(InvalidInput, match="somebody who did not write it"):
        settled(named, replace(named, state="published"), by("administrator", name), NOW)
    assert settled(named, replace(named, state="published"), by("reviewer"), NOW).state == "published"


def test_only_a_person_who_completes_a_post_mortem_is_named_as_its_reviewer() -> None:
    imported = replace(ARTICLE, kind="post-mortem", state="published")
    program = by("reviewer", "token:wiki-bridge")

    assert "reviewer" not in settled(imported, replace(imported, title="VPN dropped"), by("author"), NOW).extra
    assert "reviewer" not in settled(imported, replace(imported, title="VPN dropped"), by("reviewer"), NOW).extra
    with pytest.raises(InvalidInput, match="it lacks reviewer"):
        settled(WHOLE, replace(WHOLE, state="published"), program, NOW)


def test_a_new_article_begins_as_a_draft_would() -> None:
    assert settled(None, replace(ARTICLE, state="published"), by("author"), NOW).state == "published"
    with pytest.raises(NotAllowed, match="editing takes the role 'author'"):
        settled(None, ARTICLE, by("agent"), NOW)
