"""An article that begins from a ticket holds what the ticket tells, for no more readers, and nothing made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kb.documents import Article, Ticket
from kb.timeline import timeline_of
from search.started_from_ticket import filled_article, with_similar
from web.rendering import render

TEMPLATE = Article(id="new", title="", body="", kind="post-mortem", state="draft", authors=("network-l3",))
TICKET = Ticket(
    source="zammad",
    external_id="1",
    title="VPN refuses everybody",
    description="Nobody gets in.",
    language="en",
    opened_at=datetime(2026, 2, 16, 6, 18, tzinfo=UTC),
)


def other(audience: str) -> Ticket:
    return replace(TICKET, external_id=audience.replace(":", "-"), audience=audience)


@pytest.mark.parametrize(
    ("template", "ticket", "audience", "named"),
    [
        ("internal", "internal", "internal", ["zammad:public", "zammad:internal"]),
        ("public", "internal", "internal", ["zammad:public", "zammad:internal"]),
        ("public", "public", "public", ["zammad:public"]),
        ("internal", "group:board", "group:board", ["zammad:public", "zammad:internal", "zammad:group-board"]),
        ("group:board", "internal", "group:board", ["zammad:public", "zammad:internal", "zammad:group-board"]),
    ],
)
def test_an_article_is_for_the_narrower_audience_and_names_only_tickets_that_all_of_it_may_read(
    template: str, ticket: str, audience: str, named: list[str]
) -> None:
    others = [other(one) for one in ("public", "internal", "group:board", "group:hr")]
    made = filled_article(replace(TEMPLATE, audience=template), replace(TICKET, audience=ticket), others)

    assert made.audience == audience
    assert made.extra["source_tickets"] == ["zammad:1", *named]
    for hidden in {one.id for one in others} - set(named):
        assert hidden not in made.body


def test_a_note_without_a_zone_gets_none_and_stands_where_the_text_has_it() -> None:
    told = (
        "2026-02-16 07:24 CET desk: twelve tickets\n\n14:32 Uhr: Zertifikat getauscht\n\n2026-02-16 09:00 CET: all well"
    )
    made = filled_article(TEMPLATE, replace(TICKET, description=told), [])

    assert [(row.time, row.kind) for row in timeline_of(made.body) or ()] == [
        ("2026-02-16 06:18 UTC", "fact"),
        ("2026-02-16 07:24 CET", "fact"),
        ("2026-02-16 14:32", "inference"),
        ("2026-02-16 09:00 CET", "fact"),
    ]


@pytest.mark.parametrize(
    "title", ["a](https://evil.example) b", "[x][y", "f(x) [1]", r"c\](https://evil.example)", "a <b> c"]
)
def test_the_title_of_a_similar_incident_ends_no_link(title: str) -> None:
    made = with_similar(TEMPLATE, [(title, "/tickets/zammad/a(1)b", "2026-01-02")])
    page = render(made.body, made.title).html

    assert page.count("<a ") == page.count('href="/tickets/zammad/a') == 1
    assert "evil.example" not in page.partition('href="')[2].partition('"')[0]


@pytest.mark.parametrize(
    "text",
    [
        "See ![chart](https://evil.example/a.png) now",
        "See [the guide](https://evil.example) now",
        "[![a](https://evil.example/a.png)](https://evil.example)",
        r"See \\[the guide\\](https://evil.example) now",
        "See ![chart][1] and [x][1]\n\n[1]: https://evil.example/a.png",
    ],
)
def test_pictures_and_links_of_a_ticket_are_shown_as_text(text: str) -> None:
    made = filled_article(TEMPLATE, replace(TICKET, description=text, resolution=f"Fix: {text}", status="resolved"), [])
    page = render(made.body, made.title).html

    assert "<img" not in page
    assert 'href="https://evil.example' not in page
    assert "evil.example" in page or "[chart][1]" in page
