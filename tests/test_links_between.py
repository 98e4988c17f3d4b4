"""Articles, tickets and post-mortems lead to each other in both directions, and what belongs together is proposed."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from types import MappingProxyType

import pytest
from flask.testing import FlaskClient

from kb.access import MEMBER
from kb.documents import Article, Ticket
from kb.errors import NotAllowed
from kb.queries import Viewer
from search.answers import AskedQuery, LaneScores, Result, Retrieval, SimilarAnswer
from search.related import LEAST_SIMILARITY, proposed
from search.similar import SimilarRequest
from tests.acting import acting_as
from tests.conftest import reindex
from web.site.documents import documents_naming
from web.wiring import Services


def about(client: FlaskClient, address: str) -> dict[str, list[str]]:
    """Return heading → addresses of what stands beside a document."""
    page = unescape(client.get(address).get_data(as_text=True))
    aside = page.split('<aside class="about"')[1].split("</aside>")[0].split("<section")[0]
    parts = re.split(r"<h2>(.*?)</h2>", aside)[1:]
    return {
        heading: re.findall(r'href="(/(?:articles|tickets)/[^"]+)"', part)
        for heading, part in zip(parts[::2], parts[1::2], strict=True)
    }


def test_an_article_lists_what_names_it_and_a_ticket_its_post_mortem(
    signed_in: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = MappingProxyType({"source_tickets": ["mail:1"]})
    services.store.put_articles(
        [
            Article(id="pm", title="Outage", body="", kind="post-mortem", extra=extra),
            Article(
                id="how", title="How", body="As in [the ticket](/tickets/mail/1) and [809](/articles/vpn/error-809)."
            ),
            Article(id="kept", title="Kept", body="[809](/articles/vpn/error-809)", audience="group:board"),
            Article(id="rough", title="Rough", body="", related=("vpn/error-809",), state="draft"),
        ],
        "tests",
    )

    assert about(signed_in, "/tickets/mail/1")["Post-mortem"] == ["/articles/pm"]
    assert about(signed_in, "/tickets/mail/1")["Named by"] == ["/articles/how"]
    assert about(signed_in, "/articles/vpn/error-809")["Named by"] == [
        "/articles/how", "/articles/kept", "/articles/rough"
    ]  # fmt: skip
    assert 'href="/tickets/mail/1"' in signed_in.get("/articles/pm").get_data(as_text=True)
    acting_as(monkeypatch, "agent")
    assert about(signed_in, "/articles/vpn/error-809")["Named by"] == ["/articles/how"]


def test_what_an_article_names_itself_is_not_listed_twice(signed_in: FlaskClient, services: Services) -> None:
    services.store.put_articles(
        [
            Article(id="one", title="One", body="", related=("two",)),
            Article(id="two", title="Two", body="", related=("one",)),
        ],
        "tests",
    )
    beside = about(signed_in, "/articles/one")
    assert beside["Related"] == ["/articles/two"]
    assert "Named by" not in beside


class FixedSearch:
    """Answers with these results and remembers what was asked."""

    def __init__(self, *results: Result):
        self.results = results
        self.asked: list[SimilarRequest] = []

    def beside(self, request: SimilarRequest) -> SimilarAnswer:
        self.asked.append(request)
        return SimilarAnswer(
            status="ok", results=self.results, suggestions={}, retrieval=Retrieval("hybrid"), query=AskedQuery("en")
        )


def found(one: str, similarity: float | None, band: str | None = "low") -> Result:
    return Result(
        rank=1, id=one, type="how-to", title=one, language="en", band=band,  # type: ignore[arg-type]
        scores=LaneScores(semantic=similarity),
    )  # fmt: skip


def test_proposals_are_close_or_likely_and_nothing_else() -> None:
    search = FixedSearch(
        found("word", 0.3),
        found("near", LEAST_SIMILARITY),
        found("likely", 0.4, "medium"),
        found("sure", 0.5, "high"),
        found("almost", LEAST_SIMILARITY - 0.01),
        found("unbanded", 0.9, None),
        found("lexical", None),
    )
    article = Article(id="a", title="A", body="## B\n\nText.", related=("b",))
    viewer = Viewer("anna", frozenset({"public"}))

    assert [one.id for one in proposed(article, search, viewer, ["c"])] == ["sure", "likely", "unbanded", "near"]
    (asked,) = search.asked
    assert (asked.viewer, asked.filter.without) == (viewer, frozenset({"a", "b", "c"}))
    assert asked.filter.values["state"] == frozenset({"published"})
    assert isinstance(asked.ticket, Ticket) and "Text." in asked.ticket.description
    assert MEMBER.audiences is not None


TEXT = "The tunnel to the head office drops every ten minutes because the router forgets the mapping of UDP 4500."


@pytest.fixture
def twins(services: Services) -> Article:
    """Two articles of the site that tell of one problem in the same words, one that may not be read, and one draft."""
    store = services.store
    for one, more in (
        ("net/twin", {}),
        ("net/secret", {"audience": "group:board"}),
        ("net/rough", {"state": "draft"}),
        ("net/gone", {"state": "archived"}),
    ):
        store.create_article(
            Article(id=one, title="Tunnel to the head office drops", body=TEXT, **more),  # type: ignore[arg-type]
            "tests",
        )
    article = store.create_article(Article(id="net/one", title="Tunnel to the head office drops", body=TEXT), "tests")
    reindex(services)
    return article


def proposals(client: FlaskClient, address: str = "/related/net/one") -> list[str]:
    page = client.get(address).get_data(as_text=True)
    return re.findall(r'name="with" value="([^"]+)"', page)


def test_an_article_is_related_with_one_button_in_both_directions(
    signed_in: FlaskClient, services: Services, twins: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting_as(monkeypatch, "author")
    assert "net/twin" in proposals(signed_in)
    assert not {"net/one", "net/secret", "net/rough", "net/gone"} & {*proposals(signed_in)}
    assert proposals(signed_in, "/articles/net/one") == proposals(signed_in)

    relate = {"with": "net/twin", "seen": "1", "both": "1"}
    assert signed_in.post("/related/net/one", data=relate).status_code == 303
    one, twin = services.store.article("net/one"), services.store.article("net/twin")
    assert one is not None and twin is not None
    assert (one.related, twin.related) == (("net/twin",), ("net/one",))
    assert services.store.history("net/one", 1)[0].comment == "Related to Tunnel to the head office drops"
    assert "net/twin" not in proposals(signed_in)
    assert signed_in.post("/related/net/one", data=relate).status_code == 409
    again = signed_in.post("/related/net/one", data={"with": "net/twin", "seen": "2"})
    assert again.status_code == 303
    assert services.store.article("net/one") == one


def test_articles_that_a_reader_may_not_read_take_no_place_of_those_that_name_a_ticket(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.site.documents.MOST_NAMING", 1)
    for article_id, audience in (("a/hidden", "group:board"), ("b/shown", "internal")):
        article = Article(id=article_id, title="A", body="", related=("mail:1",), audience=audience)
        services.store.put_articles([article], "tests")

    assert [*documents_naming(services.store, "mail:1", MEMBER)] == ["b/shown"]


def test_two_articles_are_related_both_or_neither(
    signed_in: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = services.store
    one = store.create_article(Article(id="net/one", title="One", body=""), "anna")
    two = store.create_article(Article(id="net/two", title="Two", body=""), "anna")

    def refused(before: Article, after: Article, *given: object) -> Article:
        if after.id == two.id:
            raise NotAllowed("no")
        return after

    monkeypatch.setattr("web.site.saving.settled", refused)
    answer = signed_in.post("/related/net/one", data={"with": "net/two", "seen": "1", "both": "1"})

    assert answer.status_code == 403
    assert (store.article(one.id), store.article(two.id)) == (one, two)


def test_what_may_not_be_read_is_neither_proposed_nor_related(
    signed_in: FlaskClient, services: Services, twins: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting_as(monkeypatch, "author")
    assert signed_in.post("/related/net/one", data={"with": "net/secret", "seen": "1"}).status_code == 404
    acting_as(monkeypatch, "agent")
    assert signed_in.get("/related/net/one").status_code == 403
    assert signed_in.post("/related/net/one", data={"with": "net/twin", "seen": "1"}).status_code == 403
    assert "Perhaps related" not in signed_in.get("/articles/net/one").get_data(as_text=True)
    assert services.store.article("net/one") == replace(twins)
