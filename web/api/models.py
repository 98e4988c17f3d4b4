"""Say how the API's models are described, and which of them everything else is made of.

The text below a field is its description; the example of a model gives its fields theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from kb.json_values import time_text

Band = Literal["low", "medium", "high"]
Moment = Annotated[
    datetime,
    PlainSerializer(time_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time, answered as ISO 8601 in UTC."""


def example(*values: dict[str, Any]) -> ConfigDict:
    """Return the part of a model's configuration that gives it examples, and each of its fields one with them."""
    return ConfigDict(json_schema_extra={"examples": list(values)})


def example_of(model: type[BaseModel]) -> Any:
    """Return the first example of a model, to be part of another one's."""
    extra: Any = model.model_config["json_schema_extra"]
    return extra["examples"][0]


class Described(BaseModel):
    """Base of everything that is taken or answered: the text below a field describes it."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    @classmethod
    def model_json_schema(cls, *given: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON Schema of the model; every caller gets the same object and must not change it."""
        return _json_schema(super().model_json_schema, given, tuple(options.items()))


@cache  # Flask-OpenAPI3 asks for the schema of a query with every request, which takes longer than many an answer
def _json_schema(
    make: Callable[..., dict[str, Any]], given: tuple[Any, ...], options: tuple[tuple[str, Any], ...]
) -> dict[str, Any]:
    return make(*given, **dict(options))


class Asked(Described):
    """Base of what is asked: a field or parameter that nobody knows is refused, for it may be a slip."""

    model_config = ConfigDict(extra="forbid")


class Answer(Described):
    """Base of everything answered: read from attributes, every field there."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class Problem(Described):
    """An error (RFC 9457)."""

    model_config = example(
        {
            "type": "about:blank",
            "title": "Invalid input",
            "status": 422,
            "detail": "limit must be at most 100.",
            "field": "limit",
        }
    )

    type: str
    """Always `about:blank`: the status says what kind of error it is."""
    title: str
    """The status in words."""
    status: int
    """The HTTP status."""
    detail: str
    """What is wrong and what to do, in a sentence for people."""
    field: str = ""
    """The field or parameter that is wrong, as the request calls it; only there where one is."""
