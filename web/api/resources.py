"""Start the blueprint of a resource, and describe how its endpoints answer and fail."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ParametersTuple
from pydantic import BaseModel

from web.api.models import Problem
from web.problems import TITLES

Responses = dict[str | int, Any]
"""Status → model, or description in OpenAPI's own words. Flask-OpenAPI3 types the latter no further."""

ALWAYS = (401, 403, 422, 429, 500, 503)
"""How every endpoint with a token can fail: by it, by parameters, by too many requests, by us, or by a busy store."""
BODY = (400, 413, 415)
"""How an endpoint that takes a JSON body can fail, too."""
REFERENCE = "#/components/schemas/{model}"


class Body(dict[str, Any]):
    """The description of a body, and the models that it refers to."""

    models: tuple[type[BaseModel], ...] = ()


@dataclass(frozen=True)
class Operation:
    """A method of a path, the name of its view, and the models whose fields are its parameters."""

    path: str
    method: str
    view: str
    parameters: tuple[type[BaseModel], ...]


class Resource(APIBlueprint):
    """The endpoints of one resource; remembers the models that they take and answer, for the description."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        """Take what `APIBlueprint` takes."""
        super().__init__(name, import_name, **options)
        self.operations: list[Operation] = []
        self.taken: set[type[BaseModel]] = set()
        self.answered: set[type[BaseModel]] = set()

    def _collect_openapi_info(self, rule: str, func: Callable[..., Any], **options: Any) -> ParametersTuple:
        # The library's own step between a view and its description: it leaves out of the models what its schema class
        # does not know (examples), and breaks descriptions with HTML.
        responses: Responses = dict(options.get("responses") or {})
        for status, response in responses.items():
            if inspect.isclass(response) and issubclass(response, BaseModel):
                response = of_type(response, "application/json", summary_of(response))
            responses[status] = response
            self.answered.update(response.models if isinstance(response, Body) else ())
        options["responses"] = responses
        options["description"] = options.get("description") or text_of(inspect.getdoc(func) or "")
        options["operation_id"] = options.get("operation_id") or func.__name__
        hints = get_type_hints(func)
        parameters = tuple(hints[name] for name in ("path", "query", "header") if name in hints)
        path = (self.url_prefix or "") + rule
        self.operations.append(Operation(path, str(options.get("method", "GET")).lower(), func.__name__, parameters))
        if "body" in hints:
            self.taken.add(hints["body"])
        return super()._collect_openapi_info(rule, func, **options)


def resource(name: str, import_name: str, *, tag: str = "") -> Resource:
    """Return the blueprint of a resource below `/api/v1` whose endpoints take a token.

    The description tells of it what the docstring of its module says.
    """
    return Resource(
        name,
        import_name,
        url_prefix="/api/v1",
        abp_tags=[Tag(name=tag or name, description=_about(import_name))],
        abp_security=[{"token": []}],
        abp_responses=failures(*ALWAYS),
    )


def open_resource(name: str, import_name: str, *, tag: str = "", prefix: str = "") -> Resource:
    """Return the blueprint of a resource whose endpoints take no token."""
    return Resource(
        name,
        import_name,
        url_prefix=prefix or None,
        abp_tags=[Tag(name=tag or name, description=_about(import_name))],
        abp_responses=failures(500),
    )


def failures(*statuses: int) -> Responses:
    """Return the descriptions of responses with these statuses, each a problem (RFC 9457)."""
    return {status: of_type(Problem, "application/problem+json", TITLES[status]) for status in statuses}


def of_type(model: type[BaseModel], media_type: str, description: str, *others: type[BaseModel]) -> Body:
    """Return the description of a body of `model`, or one of `others`."""
    references = [{"$ref": REFERENCE.format(model=one.__name__)} for one in (model, *others)]
    schema = {"anyOf": references} if others else references[0]
    body = Body(description=description, content={media_type: {"schema": schema}})
    body.models = (model, *others)
    return body


def with_headers(body: Body, **headers: str) -> Body:
    """Return the description of a body whose answer also carries these headers: name, `_` for `-` → what it says."""
    described = {
        name.replace("_", "-"): {"description": told, "schema": {"type": "string"}} for name, told in headers.items()
    }
    body["headers"] = described
    return body


def of_text(media_type: str, description: str, example: str) -> dict[str, Any]:
    """Return the description of a body of text."""
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}, "example": example}}}


def nothing(description: str) -> dict[str, Any]:
    """Return the description of an answer without a body."""
    return {"description": description}


def no_content() -> Response:
    """Return the answer 204, which has no body and hence no content type."""
    answer = Response(status=204)
    del answer.headers["Content-Type"]
    return answer


def add_schemas(api: Resource, *models: type[BaseModel]) -> None:
    """Add models of what is taken to the schemas of the description, for bodies that are described by `of_type`."""
    api.taken.update(models)


def summary_of(model: type[BaseModel]) -> str:
    """Return the first sentence of what a model's docstring says."""
    return text_of(inspect.getdoc(model) or "").split("\n", 1)[0]


def text_of(docstring: str) -> str:
    """Return a docstring with each paragraph on one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in docstring.split("\n\n")).strip()


def _about(import_name: str) -> str:
    return text_of(sys.modules[import_name].__doc__ or "")
