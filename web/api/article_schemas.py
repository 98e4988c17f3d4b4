"""Shape articles as the API takes them: the fields of front matter, and the Markdown as `body`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from web.api.models import Described, example

Name = str | int | None
Names = list[str | int] | str | int | None
"""A short text or a list of them; they are answered as text and as lists."""


class ArticleFields(Described):
    """The fields of an article; unknown ones, those of post-mortems among them, are kept and returned.

    A single text stands for a list of one; `null` clears a field. `revision`, `source` and `html` are passed over, so
    that what was read can be sent back.
    """

    model_config = ConfigDict(
        **example({"title": "VPN drops every 10 minutes, error 809", "state": "published", "confidence": "validated"}),
        extra="allow",
    )

    id: Annotated[
        Name,
        Field(
            description="Stays for good, holds no white space and may hold `/`. Of a new article it is made from the "
            "title unless given; of a stored one it may be left out and not be changed.",
            examples=["vpn/error-809-nat"],
        ),
    ] = None
    title: Annotated[
        str | None,
        Field(
            description="What is wrong, as a user would say it. Required for a new article; at most 2,000 characters.",
            examples=["VPN drops every 10 minutes, error 809"],
        ),
    ] = None
    body: Annotated[
        str | None,
        Field(
            description="Markdown without front matter. Line ends become line feeds.",
            examples=["## Resolution\n\n1. Open UDP 4500 on the router.\n2. Restart the client.\n"],
        ),
    ] = None
    kind: Annotated[
        Literal["how-to", "troubleshooting", "known-error", "post-mortem", "runbook", "reference"] | None,
        Field(description="What kind of article it is; `reference` unless given.", examples=["known-error"]),
    ] = None
    language: Annotated[
        str | None, Field(description="BCP 47; told from the text unless given.", examples=["en", "de"])
    ] = None
    audience: Annotated[
        str | None,
        Field(
            description="`public`, `internal` (every signed-in user; unless given) or `group:NAME`.",
            examples=["internal"],
        ),
    ] = None
    state: Annotated[
        Literal["draft", "in_review", "published", "archived"] | None,
        Field(
            description="Only what is published answers searches of those who may not edit; `published` unless given.",
            examples=["draft"],
        ),
    ] = None
    confidence: Annotated[
        Literal["wip", "not_validated", "validated"] | None,
        Field(description="How sure it is; `not_validated` unless given.", examples=["validated"]),
    ] = None
    service: Annotated[Name, Field(description="The service it is about.", examples=["vpn"])] = None
    components: Annotated[Names, Field(description="Parts of the service.", examples=[["gateway"]])] = None
    tags: Annotated[Names, Field(description="Words to find it by.", examples=[["nat", "ipsec"]])] = None
    owner: Annotated[Name, Field(description="Who looks after it.", examples=["network-l3"])] = None
    authors: Annotated[Names, Field(description="Who wrote it.", examples=[["network-l3"]])] = None
    created_at: Annotated[
        str | None,
        Field(description="ISO 8601; when it is stored unless given.", examples=["2026-11-21T08:12:00Z"]),
    ] = None
    updated_at: Annotated[
        str | None,
        Field(
            description="ISO 8601; the time of the edit unless another one is given.", examples=["2026-11-21T08:12:00Z"]
        ),
    ] = None
    review_due: Annotated[
        str | None, Field(description="The day by which somebody should look at it.", examples=["2027-05-01"])
    ] = None
    error_signatures: Annotated[
        Names,
        Field(description="Exact error texts, indexed as they stand.", examples=[["error 809", "IKE_SA_DELETED"]]),
    ] = None
    related: Annotated[
        Names, Field(description="Ids of other articles or tickets.", examples=[["vpn/wireguard-handshake"]])
    ] = None
    translation_of: Annotated[
        Name, Field(description="Id of the article that this one translates.", examples=["vpn/error-809-nat"])
    ] = None

    @model_validator(mode="wrap")
    @classmethod
    def _left_to_the_parser(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Describe articles without judging them: `kb.article_edits.parse_edit` alone says what an article may be."""
        return cls.model_construct() if isinstance(value, dict) else handler(value)


class NewArticle(ArticleFields):
    """A new article; only `title` is required."""

    model_config = example(
        {
            "title": "VPN drops every 10 minutes, error 809",
            "body": "## Resolution\n\n1. Open UDP 4500 on the router.\n2. Restart the client.\n",
            "kind": "known-error",
            "service": "vpn",
        }
    )

    title: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            description="What is wrong, as a user would say it.",
            examples=["VPN drops every 10 minutes, error 809"],
        ),
    ]


class EditHeader(Described):
    """Which revision an edit began at."""

    if_match: Annotated[
        str | None,
        Field(
            alias="If-Match",
            description="The `ETag` that the article was read with, which is its revision in quotes; `*` for any. An "
            "edit without it is answered with 428.",
            json_schema_extra={"example": '"3"'},
        ),
    ] = None
