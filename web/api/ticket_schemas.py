"""Shape tickets as the API takes and answers them, alone, in a question and in a batch."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from web.api import field_schemas as fields
from web.api.models import Asked, Band, Described, example, example_of

_PLACE = {"source": "zammad", "external_id": "48213"}
_OPENED: dict[str, Any] = {
    "title": "VPN drops every 10 minutes, error 809",
    "description": "Since this morning the tunnel closes after ten minutes.",
    "environment": "Windows 11, at home",
    "status": "open",
    "priority": "2",
    "category": "network",
    "service": "vpn",
    "components": ["gateway"],
    "configuration_item": "vpn-gw-2",
    "assignment_group": "network-l2",
    "tier": "L2",
    "tags": ["home-office"],
    "language": "en",
    "audience": "internal",
    "url": "https://helpdesk.example.com/tickets/48213",
    "opened_at": "2026-11-21T08:12:00Z",
    "updated_at": "2026-11-21T08:15:00Z",
}
_RESOLVED: dict[str, Any] = {
    **_OPENED,
    "status": "resolved",
    "resolution": "Opened UDP 4500 on the router.",
    "resolution_code": "fixed",
    "resolved_at": "2026-11-21T10:40:00Z",
    "updated_at": "2026-11-21T10:41:00Z",
    "links": [{"type": "resolved_by", "target": "vpn/error-809", "at": "2026-11-21T10:40:00Z"}],
}


class LinkBody(Described):
    """A link from a ticket to a ticket or article."""

    model_config = example({"type": "resolved_by", "target": "vpn/error-809", "at": "2026-11-21T10:40:00Z"})

    type: fields.LinkType
    """How the two belong together."""
    target: fields.LinkTarget
    """The id of the ticket or article; it may come later."""
    at: fields.LinkMoment = None
    """When the link was made."""


class StoredLink(LinkBody):
    """A link as the store holds it."""

    model_config = example(
        {"type": "resolved_by", "target": "vpn/error-809", "at": "2026-11-21T10:40:00Z", "by": "feedback"}
    )

    by: Literal["feedback", "article"] | None = None
    """Only there for a link that people made here: by `feedback`, or by an `article` written from the ticket. A
    delivery does not remove it."""


class TicketPath(Described):
    """Where a ticket is."""

    model_config = example(_PLACE)

    source: fields.SourceInPath
    """The ticket system."""
    external_id: fields.IdInPath
    """The ticket's id there, percent-encoded as UTF-8; it may hold `/`."""


class OwnTicketPath(TicketPath):
    """Where a ticket of a ticket system is."""

    model_config = example(_PLACE)

    source: fields.OwnSourceInPath
    """The ticket system; `example`, `manual`, `decision` and `site` are kept for Fixlore's own content."""


class TicketTexts(Described):
    """The fields of a ticket that are given as they are answered; unknown ones are kept and returned."""

    model_config = ConfigDict(extra="allow")

    title: fields.Title = None
    """What is wrong, in one line. A new ticket needs one."""
    description: fields.Text = None
    """What the user writes; mails, logs and stack traces as they came."""
    environment: fields.Text = None
    """Where it happens: system, version, place."""
    resolution: fields.Text = None
    """What fixed it."""
    tier: fields.Tier = None
    """Who works on it."""
    language: fields.Language = None
    """Its language (BCP 47); detected where none is given."""
    audience: fields.Audience = None
    """Who may see it; `internal` unless it says otherwise."""
    url: fields.Address = None
    """Where the ticket is to be read in its system."""
    opened_at: fields.Moment = None
    """When it was opened. A time without offset is taken as UTC, a day as its midnight."""
    resolved_at: fields.Moment = None
    """When it was resolved."""
    updated_at: fields.Moment = None
    """When it was last changed there; a delivery older than what is stored is ignored."""
    links: list[LinkBody] | None = None
    """What it belongs to: replaced as a whole."""


class TicketFields(TicketTexts):
    """The fields of a ticket; unknown ones are kept and returned.

    A single text stands for a list of one, a whole number for its digits; `null` clears a field.
    """

    model_config = example(_RESOLVED)

    resolution_code: fields.Name = None
    """How it ended: `fixed`, `workaround`, `configuration`; any other code is no fix."""
    status: fields.Name = None
    """`resolved`, `closed`, `done` and `solved` end a ticket; every other status is open."""
    priority: fields.Name = None
    """Its priority, in the system's own words."""
    category: fields.Name = None
    """Its category."""
    service: fields.Name = None
    """The service that is concerned."""
    components: fields.Names = None
    """The parts of the service."""
    configuration_item: fields.Name = None
    """The device or software."""
    assignment_group: fields.Name = None
    """The group that works on it."""
    tags: fields.Names = None
    """Its tags."""

    @model_validator(mode="wrap")
    @classmethod
    def _left_to_the_parser(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Describe tickets without judging them: `kb.tickets.parse_upsert` alone says what a ticket may be."""
        return cls.model_construct() if isinstance(value, dict) else handler(value)


class TicketBody(TicketTexts):
    """A ticket as the store holds it: the fields that are set."""

    model_config = example({**_PLACE, **_RESOLVED})

    source: str
    """The ticket system."""
    external_id: str
    """The ticket's id there."""
    links: list[StoredLink] | None = None  # type: ignore[assignment]  # told more than it is asked
    """What it belongs to."""
    resolution_code: str | None = None
    """How it ended."""
    status: str | None = None
    """Its status, in the system's own words."""
    priority: str | None = None
    """Its priority."""
    category: str | None = None
    """Its category."""
    service: str | None = None
    """The service that is concerned."""
    components: list[str] | None = None
    """The parts of the service."""
    configuration_item: str | None = None
    """The device or software."""
    assignment_group: str | None = None
    """The group that works on it."""
    tags: list[str] | None = None
    """Its tags."""


class TicketLine(TicketFields):
    """One ticket of a batch, on one line."""

    model_config = example({**_PLACE, **_RESOLVED})

    source: fields.Source
    """The ticket system."""
    external_id: fields.ExternalId
    """The ticket's id there."""


class AskedTicket(TicketFields):
    """A ticket to find similar issues for; only `title` is required."""

    model_config = example({**_PLACE, **_OPENED}, {**_PLACE, **_RESOLVED})

    source: fields.OptionalSource = None
    """The ticket system."""
    external_id: fields.OptionalId = None
    """The ticket's id there; a ticket that is stored never comes back for itself."""
    title: fields.Title
    """What is wrong, in one line."""


class FilterFields(Asked):
    """Bounds on what is answered. Of several values of a field one has to fit, and every field has to."""

    model_config = example(
        {
            "type": ["known-error", "ticket"],
            "kind": ["post-mortem"],
            "service": ["vpn"],
            "language": ["en", "de"],
            "audience": ["internal"],
            "status": ["resolved"],
            "state": ["published"],
            "confidence": ["validated"],
            "source": ["zammad"],
            "components": ["gateway"],
            "tags": ["home-office"],
            "owner": ["network-l3"],
            "assignment_group": ["network-l2"],
            "tier": ["L2"],
            "priority": ["2"],
            "category": ["network"],
        }
    )

    type: fields.TypeValues = None
    """`ticket`, a kind of article, or `article` for every kind."""
    kind: fields.TypeValues = None
    """The same as `type`."""
    service: fields.AnyValues = None
    """The service."""
    language: fields.AnyValues = None
    """The language."""
    audience: fields.AudienceValues = None
    """Who may read it."""
    status: fields.StatusValues = None
    """The state of a ticket's problem."""
    state: fields.StateValues = None
    """An article's state."""
    confidence: fields.ConfidenceValues = None
    """How far an article is confirmed."""
    source: fields.AnyValues = None
    """The ticket system or imported folder."""
    components: fields.AnyValues = None
    """A part of the service."""
    tags: fields.AnyValues = None
    """A tag."""
    owner: fields.AnyValues = None
    """An article's owner."""
    assignment_group: fields.AnyValues = None
    """A ticket's group."""
    tier: fields.TierValues = None
    """A ticket's tier."""
    priority: fields.AnyValues = None
    """A ticket's priority."""
    category: fields.AnyValues = None
    """A ticket's category."""


class TicketFilters(FilterFields):
    """Bounds on what is answered to a ticket. Of several values of a field one has to fit, and every field has to."""

    model_config = example({**example_of(FilterFields), "after": ["2026-01-01"], "before": ["2026-11-21T00:00:00Z"]})

    after: Annotated[list[fields.Bound] | None, Field(max_length=1)] = None
    """Opened or created at or after this time."""
    before: Annotated[list[fields.Bound] | None, Field(max_length=1)] = None
    """Opened or created before this time."""

    def values(self) -> dict[str, list[str]]:
        """Return field → wanted values, of the fields that are given."""
        given: dict[str, list[str]] = self.model_dump(exclude_none=True)
        return given


class SimilarRequestBody(Asked):
    """The question a ticket system asks."""

    model_config = example(
        {
            "ticket": {**_PLACE, **_OPENED},
            "types": ["post-mortem", "known-error", "article", "ticket"],
            "filters": {"service": ["vpn"]},
            "limit": 5,
            "min_band": "low",
            "include": ["resolution", "reasons", "routing", "incident"],
        }
    )

    ticket: AskedTicket
    """The ticket; it need not be stored, and is not stored."""
    types: Annotated[list[fields.TypeName] | None, Field(max_length=100)] = None
    """What may come back: `ticket`, kinds of article, or `article` for every kind. Without it, or empty: everything."""
    filters: TicketFilters | None = None
    """Bounds on what may come back."""
    limit: Annotated[int, Field(ge=1, le=100, strict=True), BeforeValidator(fields.whole)] = 5
    """How many results at most."""
    min_band: Band | None = None
    """The lowest band that may come back; without effect while answers are not calibrated."""
    include: list[Literal["resolution", "reasons", "routing", "incident"]] | None = None
    """The parts that are wanted; without it all of them, an empty list for none."""


class UpsertAnswer(Described):
    """What became of the ticket."""

    model_config = example({"id": "zammad:48213", "outcome": "updated"})

    id: str
    """The ticket, `SOURCE:EXTERNAL_ID`."""
    outcome: Literal["created", "updated", "unchanged", "ignored"]
    """`ignored`: the delivery is older than what is stored, or the ticket was deleted before."""


class BatchLine(Described):
    """What became of one line of a batch."""

    model_config = example(
        {"line": 1, "id": "zammad:48213", "outcome": "created"},
        {"line": 2, "outcome": "error", "error": "title is empty; a ticket needs one"},
    )

    line: int
    """The line, from 1."""
    id: str = ""
    """The ticket, as far as the line tells."""
    outcome: Literal["created", "updated", "unchanged", "ignored", "error"]
    """What became of it. A broken line harms no other."""
    error: str = ""
    """What is wrong with the line; only there for `error`."""
