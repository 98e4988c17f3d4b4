"""Describe the single values that requests carry, in the words of JSON Schema.

The values themselves are checked where tickets and filters are made (`kb.tickets`, `web.bodies`), which take a little
more than is promised here: other letter cases, white space around a value.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from kb.documents import CONFIDENCES, KINDS, LINK_TYPES, STATES, TIERS, TYPES
from kb.ids import LONGEST_ID, LONGEST_SOURCE
from kb.tickets import LONGEST_TITLE, RESERVED_SOURCES

Schema = dict[str, Any]
_NULL: Schema = {"type": "null"}
_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "integer"}
_SPACE = r"\s\x1c-\x1f\x85"
"""White space as Python strips it, which knows more of it than JSON Schema."""
_ID: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "pattern": f"[^{_SPACE}]"}
_SOURCE: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_SOURCE,
    "pattern": f"^[^:/]*[^{_SPACE}:/][^:/]*$",
}
_TITLE: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_TITLE, "pattern": f"[^{_SPACE}]"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_DAY: Schema = {"type": "string", "format": "date"}
_LANGUAGE: Schema = {"type": "string", "pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$"}
_AUDIENCE: Schema = {"type": "string", "pattern": r"^(public|internal|group:[^\s:,]+)$"}
_MANY = Field(max_length=100)
_BLANK: Schema = {"type": "string", "const": ""}
_WHITE: Schema = {"type": "string", "pattern": f"^[{_SPACE}]*$"}


def whole(value: object) -> object:
    """Return a number without a fraction as a whole one: in JSON `28.0` is one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _any_of(*schemas: Schema) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": list(schemas)})


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


# Parts of an address.
SourceInPath = Annotated[str, WithJsonSchema({**_SOURCE, "pattern": f"^[^\\x00:/]*[^\\x00{_SPACE}:/][^\\x00:/]*$"})]
OwnSourceInPath = Annotated[
    str,
    WithJsonSchema(
        {
            **_SOURCE,
            "pattern": f"^[^\\x00:/]*[^\\x00{_SPACE}:/][^\\x00:/]*$",
            "not": {"enum": list(RESERVED_SOURCES)},
        }
    ),
]
"""A source that tickets may come from: none of those of Fixlore's own content."""
IdInPath = Annotated[str, WithJsonSchema({**_ID, "pattern": f"^(?!/)[^\\x00]*[^\\x00{_SPACE}][^\\x00]*$"})]

# Fields of a ticket. `null` clears a field, and so does an empty text where systems send one for nothing.
Source = Annotated[str, WithJsonSchema(_SOURCE)]
ExternalId = Annotated[str | int, _any_of(_ID, _NUMBER)]
OptionalSource = Annotated[str | None, _any_of(_SOURCE, _BLANK, _NULL)]
OptionalId = Annotated[str | int | None, _any_of(_ID, _NUMBER, _BLANK, _NULL)]
Title = Annotated[str | None, WithJsonSchema(_TITLE)]
RequiredTitle = Annotated[str, WithJsonSchema(_TITLE)]
Text = Annotated[str | None, _any_of(_TEXT, _NULL)]
Name = Annotated[str | int | None, _any_of(_TEXT, _NUMBER, _NULL)]
"""A short text; ticket systems deliver numbers as well. It is answered as text."""
Names = Annotated[
    list[str | int] | str | int | None,
    _any_of({"type": "array", "items": {"anyOf": [_TEXT, _NUMBER]}}, _TEXT, _NUMBER, _NULL),
]
"""A list of short texts, or one that stands for a list. It is answered as a list."""
Tier = Annotated[str | None, _any_of(_one_of(*TIERS), _BLANK, _NULL)]
Language = Annotated[str | None, _any_of(_LANGUAGE, _BLANK, _NULL)]
Audience = Annotated[str | None, _any_of(_AUDIENCE, _NULL)]
Address = Annotated[str | None, _any_of({"type": "string", "pattern": "^https?://"}, _BLANK, _NULL)]
Moment = Annotated[str | None, _any_of(_TIME, _DAY, _BLANK, _NULL)]
Kind = Annotated[str | None, _any_of(_one_of(*KINDS), _NULL)]
State = Annotated[str | None, _any_of(_one_of(*STATES), _NULL)]
Confidence = Annotated[str | None, _any_of(_one_of(*CONFIDENCES), _NULL)]
Day = Annotated[str | None, _any_of(_DAY, _BLANK, _NULL)]
ArticleId = Annotated[str | int | None, _any_of(_ID, _NUMBER, _NULL)]
DocumentId = Annotated[str | int | None, _any_of(_ID, _NUMBER, _WHITE, _NULL)]
DocumentIds = Annotated[
    list[str | int] | str | int | None,
    _any_of({"type": "array", "items": {"anyOf": [_ID, _NUMBER, _WHITE]}}, _ID, _NUMBER, _WHITE, _NULL),
]
Period = Annotated[str, _any_of({"type": "string", "pattern": "^[0-9]{1,5}d$"}, _DAY, _TIME)]
LinkType = Annotated[str, WithJsonSchema(_one_of(*LINK_TYPES))]
LinkTarget = Annotated[str | int, _any_of(_ID, _NUMBER)]
LinkMoment = Annotated[str | None, _any_of(_TIME, _DAY, _NULL)]

# Values of filters. An empty one is passed over.
AnyValues = Annotated[list[Annotated[str, WithJsonSchema(_TEXT)]] | None, _MANY]
TypeValues = Annotated[list[Annotated[str, WithJsonSchema(_one_of("article", *TYPES, ""))]] | None, _MANY]
StateValues = Annotated[list[Annotated[str, WithJsonSchema(_one_of(*STATES, ""))]] | None, _MANY]
ConfidenceValues = Annotated[list[Annotated[str, WithJsonSchema(_one_of(*CONFIDENCES, ""))]] | None, _MANY]
TierValues = Annotated[list[Annotated[str, WithJsonSchema(_one_of(*TIERS, ""))]] | None, _MANY]
StatusValues = Annotated[list[Annotated[str, WithJsonSchema(_one_of("open", "resolved", ""))]] | None, _MANY]
AudienceValues = Annotated[list[Annotated[str, _any_of(_AUDIENCE, _BLANK)]] | None, _MANY]
TypeName = Annotated[str, WithJsonSchema(_one_of("article", *TYPES))]
Bound = Annotated[str, _any_of(_TIME, _DAY)]
