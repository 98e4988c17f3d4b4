"""Shape articles as the API answers them."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, WithJsonSchema

from web.api.models import Described, example, example_of


class ArticleBody(Described):
    """An article: its front matter fields, the Markdown, its revision, and HTML on request."""

    model_config = ConfigDict(
        **example(
            {
                "id": "vpn/error-809",
                "title": "VPN connection fails with error 809",
                "kind": "known-error",
                "language": "en",
                "audience": "internal",
                "state": "published",
                "confidence": "validated",
                "service": "vpn",
                "body": "# VPN connection fails with error 809\n\n## Cause\n\nThe router drops UDP 4500.\n",
                "revision": 3,
                "source": "runbooks",
                "reuse": 9,
            }
        ),
        extra="allow",
    )

    id: str
    """The article's id."""
    title: str
    """Its title."""
    kind: str
    """`how-to`, `troubleshooting`, `known-error`, `post-mortem`, `runbook` or `reference`."""
    language: str
    """Its language (BCP 47)."""
    audience: str
    """Who may read it: `public`, `internal` or `group:NAME`."""
    state: str
    """`draft`, `in_review`, `published` or `archived`."""
    confidence: str
    """`wip`, `not_validated` or `validated`."""
    body: str
    """The Markdown, without front matter."""
    revision: int
    """The number of its present revision, from 1; the `ETag`, too."""
    source: Annotated[str, Field(examples=["runbooks"])]
    """The folder it was imported from, or `site`."""
    reuse: int
    """How many problems it was used for: tickets that name it in a link `resolved_by` or `duplicate_of`, or in feedback
    `resolved_by` or `linked`, each once; where feedback names no ticket, its answer is the problem."""
    html: Annotated[str | None, Field(examples=["<h1>VPN connection fails with error 809</h1>"])] = None
    """The Markdown as a page, only with `html=true`."""


class Revision(Described):
    """One revision of an article."""

    model_config = example(
        {
            "revision": 3,
            "title": "VPN connection fails with error 809",
            "author": "network-l3",
            "at": "2026-05-02T10:00:00Z",
            "comment": "The gateway was replaced.",
        }
    )

    revision: int
    """Its number, from 1."""
    title: str
    """The title it had."""
    author: str
    """Who wrote it: a person, a token, or an import."""
    at: Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
    """When it was stored."""
    comment: str
    """Why it was made, in the words of whoever made it; empty when nothing was said."""


class RevisionList(Described):
    """The history of an article, as far as the token may read it."""

    model_config = example({"id": "vpn/error-809", "revisions": [example_of(Revision)]})

    id: str
    """The article's id."""
    revisions: list[Revision]
    """Its revisions."""


class ArticleSummary(Described):
    """One line of the list of articles."""

    model_config = example(
        {
            "id": "vpn/error-809",
            "title": "VPN connection fails with error 809",
            "kind": "known-error",
            "language": "en",
            "state": "published",
            "revision": 3,
            "reuse": 9,
        }
    )

    id: str
    """The article's id."""
    title: str
    """Its title."""
    kind: str
    """Its kind."""
    language: str
    """Its language."""
    state: str
    """Its state."""
    revision: int
    """The number of its present revision."""
    reuse: int
    """How many problems it was used for: tickets that name it in a link `resolved_by` or `duplicate_of`, or in feedback
    `resolved_by` or `linked`, each once; where feedback names no ticket, its answer is the problem."""


class ArticleList(Described):
    """A page of articles, ordered by id."""

    model_config = example(
        {
            "articles": [example_of(ArticleSummary)],
            "cursor": "vpn/error-809",
        }
    )

    articles: list[ArticleSummary]
    """The articles."""
    cursor: str | None = None
    """What asks for the next page; `null` on the last."""
