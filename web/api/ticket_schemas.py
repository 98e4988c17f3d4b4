"""Shape tickets as the API takes and answers them, alone, in a question and in a batch."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from web.api.schemas import Band

Name = str | int | None
Names = list[str | int] | str | int | None
"""A short text or a list of them, as ticket systems deliver them; they are answered as text and as lists."""


class LinkBody(BaseModel):
    """A link from a ticket to a ticket or article."""

    type: Literal["duplicate_of", "related", "caused_by", "resolved_by"]
    target: str
    at: str | None = None
    by: str | None = None


class TicketTexts(BaseModel):
    """The fields of a ticket that are given as they are answered; unknown ones are kept and returned."""

    model_config = ConfigDict(extra="allow")

    title: str | None = None
    description: str | None = None
    environment: str | None = None
    resolution: str | None = None
    tier: Literal["L1", "L2", "L3"] | None = None
    language: str | None = None
    audience: str | None = None
    url: str | None = None
    opened_at: str | None = None
    resolved_at: str | None = None
    updated_at: str | None = None
    links: list[LinkBody] | None = None


class TicketFields(TicketTexts):
    """The fields of a ticket; unknown ones are kept and returned.

    A single text stands for a list of one, a whole number for its digits; `null` clears a field.
    """

    resolution_code: Name = None
    status: Name = None
    priority: Name = None
    category: Name = None
    service: Name = None
    components: Names = None
    configuration_item: Name = None
    assignment_group: Name = None
    tags: Names = None

    @model_validator(mode="wrap")
    @classmethod
    def _left_to_the_parser(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Describe tickets without judging them: `kb.tickets.parse_upsert` alone says what a ticket may be."""
        return cls.model_construct() if isinstance(value, dict) else handler(value)


class TicketBody(TicketTexts):
    """A ticket as the store holds it."""

    source: str
    external_id: str
    resolution_code: str | None = None
    status: str | None = None
    priority: str | None = None
    category: str | None = None
    service: str | None = None
    components: list[str] | None = None
    configuration_item: str | None = None
    assignment_group: str | None = None
    tags: list[str] | None = None


class TicketLine(TicketFields):
    """One line of a batch."""

    source: str
    external_id: str | int


class AskedTicket(TicketFields):
    """A ticket to find similar issues for; only `title` is required."""

    source: str | None = None
    external_id: Name = None
    title: Annotated[str, Field(min_length=1)]


class SimilarRequestBody(BaseModel):
    """The question a ticket system asks."""

    ticket: AskedTicket
    types: list[str] | None = None
    filters: dict[str, list[str]] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 5
    min_band: Band | None = None
    include: list[Literal["resolution", "reasons", "routing", "incident"]] | None = None


class UpsertAnswer(BaseModel):
    """What became of a ticket."""

    id: str
    outcome: Literal["created", "updated", "unchanged", "ignored"]


class BatchLine(BaseModel):
    """What became of one line of a batch."""

    line: int
    id: str | None = None
    outcome: Literal["created", "updated", "unchanged", "ignored", "error"]
    error: str | None = None
