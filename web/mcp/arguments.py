"""Say what the tools take. Their input schemas, which a client shows to its model, are generated from these models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kb.documents import TYPES
from kb.errors import InvalidInput
from kb.queries import FILTER_FIELDS

_UNKNOWN = "extra_forbidden"
_Arguments = TypeVar("_Arguments", bound="Arguments")


def _listed(value: object) -> object:
    """Return a list where a model wrote one text or `null` for it, as models do."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def _mapped(value: object) -> object:
    return {} if value is None else value


Values = Annotated[list[str], BeforeValidator(_listed)]
Types = Annotated[
    Values,
    Field(
        description=f"Only these types: {', '.join(TYPES)}, or article for every kind but tickets. Empty: all.",
        examples=[["post-mortem", "known-error"]],
    ),
]
Filters = Annotated[
    dict[str, Values],
    BeforeValidator(_mapped),
    Field(
        description=(
            f"Field → wanted values, of which any may fit. Fields: {', '.join(FILTER_FIELDS)}, and after and before "
            "with one ISO 8601 date each."
        ),
        examples=[{"service": ["vpn"], "after": ["2026-01-01"]}],
    ),
]


class Arguments(BaseModel):
    """Base of what a tool takes: unknown names are refused, so that a slip is not passed over."""

    model_config = ConfigDict(extra="forbid")


class SearchArguments(Arguments):
    """A question and its bounds."""

    query: Annotated[
        str,
        Field(
            min_length=1,
            description=(
                "What the user sees or asks, in English or German, or an error code or message as it stands. Quotes "
                'ask for an exact phrase ("access is denied"), -word leaves a word out, and service:vpn, '
                "type:post-mortem or status:resolved narrow the search."
            ),
            examples=["outlook asks for the password again and again", "0x80070005"],
        ),
    ]
    types: Types = []
    filters: Filters = {}
    limit: Annotated[int, Field(ge=1, le=100, description="Most results.")] = 10


class SimilarArguments(Arguments):
    """A ticket and the bounds of the answer. The ticket is not stored."""

    title: Annotated[
        str,
        Field(
            min_length=1,
            description="What is wrong, in one line.",
            examples=["VPN drops every 10 minutes, error 809"],
        ),
    ]
    description: Annotated[
        str | None,
        Field(description="The whole text of the ticket: mail, log or stack trace as it came; nothing to shorten."),
    ] = None
    environment: Annotated[str | None, Field(description="Devices, versions and place, where the ticket says.")] = None
    service: Annotated[str | None, Field(description="The affected service.", examples=["vpn"])] = None
    components: Annotated[Values, Field(description="Affected components.", examples=[["gateway"]])] = []
    language: Annotated[str | None, Field(description="BCP 47; told from the text unless given.")] = None
    source: Annotated[
        str | None,
        Field(description="The ticket system. With external_id it keeps the ticket from being its own answer."),
    ] = None
    external_id: Annotated[str | None, Field(description="The ticket's id in its own system.")] = None
    types: Types = []
    filters: Filters = {}
    limit: Annotated[int, Field(ge=1, le=100, description="Most results.")] = 5


class DocumentArguments(Arguments):
    """Which document."""

    id: Annotated[
        str,
        Field(
            min_length=1,
            description="The id of a result: of an article its path-like id, of a ticket SOURCE:EXTERNAL_ID.",
            examples=["vpn/l2tp-error-809-behind-nat", "zammad:48213"],
        ),
    ]


def checked(model: type[_Arguments], given: Mapping[str, object]) -> _Arguments:
    """Return the arguments of a call. Raises InvalidInput that names the first wrong one."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        # An unknown name is told before one that is missing: it is often that one, misspelled.
        wrong = sorted(error.errors(include_url=False, include_input=False), key=lambda one: one["type"] != _UNKNOWN)
        first = wrong[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == _UNKNOWN:
            known = ", ".join(model.model_fields)
            raise InvalidInput(f"There is no argument {name!r}; known are {known}.", field=name) from error
        raise InvalidInput(f"{name}: {first['msg']}", field=name) from error
