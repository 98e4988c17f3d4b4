"""Start the blueprint of a resource, and describe how its endpoints fail."""

from __future__ import annotations

from typing import Any

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.schema import Schema
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from web.api.schemas import Problem
from web.problems import TITLES

Responses = dict[str | int, Any]
"""Status → model, or description in OpenAPI's own words. Flask-OpenAPI3 types the latter no further."""

ALWAYS = (401, 403, 422, 429, 503)
"""How every endpoint can fail: by its token, by its parameters, by too many requests, or by a store that is busy."""
BODY = (400, 413, 415)
"""How an endpoint that takes a JSON body can fail, too."""
_REFERENCE = "#/components/schemas/{model}"


def resource(name: str, import_name: str, *, tag: str = "") -> APIBlueprint:
    """Return the blueprint of a resource below `/api/v1` whose endpoints take a token."""
    api = APIBlueprint(
        name,
        import_name,
        url_prefix="/api/v1",
        abp_tags=[Tag(name=tag or name)],
        abp_security=[{"token": []}],
        abp_responses=failures(*ALWAYS),
    )
    add_schemas(api, Problem)
    return api


def failures(*statuses: int) -> Responses:
    """Return the descriptions of responses with these statuses, each a problem (RFC 9457)."""
    return {status: of_type(Problem, "application/problem+json", TITLES[status]) for status in statuses}


def of_type(model: type[BaseModel], media_type: str, description: str) -> dict[str, Any]:
    """Return the description of a body of a media type other than JSON; its model must be among the schemas."""
    schema = {"$ref": _REFERENCE.format(model=model.__name__)}
    return {"description": description, "content": {media_type: {"schema": schema}}}


def add_schemas(api: APIBlueprint, *models: type[BaseModel]) -> None:
    """Add models to the schemas of the description, for what refers to them by name alone."""
    for model in models:
        schema = model.model_json_schema(ref_template=_REFERENCE)
        parts = schema.pop("$defs", {})
        for name, part in {model.__name__: schema, **parts}.items():
            api.components_schemas[name] = Schema(**part)
