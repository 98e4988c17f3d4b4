"""Shape articles as the API takes them: the fields of front matter, and the Markdown as `body`."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from web.api import field_schemas as fields
from web.api.models import Described, example

_ARTICLE: dict[str, Any] = {
    "id": "vpn/error-809-nat",
    "title": "VPN drops every 10 minutes, error 809",
    "body": "## Resolution\n\n1. Open UDP 4500 on the router.\n2. Restart the client.\n",
    "kind": "known-error",
    "language": "en",
    "audience": "internal",
    "state": "published",
    "confidence": "validated",
    "service": "vpn",
    "components": ["gateway"],
    "tags": ["nat", "ipsec"],
    "owner": "network-l3",
    "authors": ["network-l3"],
    "created_at": "2026-11-21T08:12:00Z",
    "updated_at": "2026-11-21T08:12:00Z",
    "review_due": "2027-05-01",
    "error_signatures": ["error 809", "IKE_SA_DELETED"],
    "related": ["vpn/wireguard-handshake"],
    "translation_of": "vpn/fehler-809-nat",
}


class ArticleFields(Described):
    """The fields of an article; unknown ones, those of post-mortems among them, are kept and returned.

    A single text stands for a list of one; `null` clears a field. `revision`, `source`, `html` and `reuse` are
    passed over, so that what was read can be sent back.
    """

    model_config = ConfigDict(
        **example({"state": "published", "confidence": "validated"}, _ARTICLE),
        extra="allow",
    )

    id: fields.ArticleId = None
    """Stays for good, holds no white space and may hold `/`. Of a new article it is made from the title unless given;
    of a stored one it may be left out and not be changed."""
    title: fields.Title = None
    """What is wrong, as a user would say it. Required for a new article."""
    body: fields.Text = None
    """Markdown without front matter. Line ends become line feeds."""
    kind: fields.Kind = None
    """What kind of article it is; `reference` unless given."""
    language: fields.Language = None
    """BCP 47; told from the text unless given."""
    audience: fields.Audience = None
    """`public`, `internal` (every signed-in user; unless given) or `group:NAME`."""
    state: fields.State = None
    """Only what is published answers searches of those who may not edit; `published` unless given."""
    confidence: fields.Confidence = None
    """How sure it is; `not_validated` unless given."""
    service: fields.Name = None
    """The service it is about."""
    components: fields.Names = None
    """Parts of the service."""
    tags: fields.Names = None
    """Words to find it by."""
    owner: fields.Name = None
    """Who looks after it."""
    authors: fields.Names = None
    """Who wrote it."""
    created_at: fields.Moment = None
    """When it was written; when it is stored unless given."""
    updated_at: fields.Moment = None
    """The time of the edit unless another one is given."""
    review_due: fields.Day = None
    """The day by which somebody should look at it."""
    error_signatures: fields.Names = None
    """Exact error texts, indexed as they stand."""
    related: fields.DocumentIds = None
    """Ids of other articles or tickets."""
    translation_of: fields.DocumentId = None
    """Id of the article that this one translates."""

    @model_validator(mode="wrap")
    @classmethod
    def _left_to_the_parser(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Describe articles without judging them: `kb.article_edits.parse_edit` alone says what an article may be."""
        return cls.model_construct() if isinstance(value, dict) else handler(value)


class NewArticle(ArticleFields):
    """A new article; only `title` is required."""

    model_config = example(
        {name: _ARTICLE[name] for name in ("title", "body", "kind", "service")},
        _ARTICLE,
    )

    title: fields.RequiredTitle
    """What is wrong, as a user would say it."""


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
