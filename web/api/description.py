"""Describe the API as OpenAPI 3.1, from the views and models that answer."""

from __future__ import annotations

import copy
from typing import Any, Literal

from flask_openapi3.models.info import Info
from flask_openapi3.models.security_scheme import SecurityScheme
from flask_openapi3.openapi import OpenAPI
from pydantic import BaseModel

from web.api.authentication import OPEN
from web.api.models import Problem
from web.api.resources import REFERENCE, Resource
from web.problems import EXAMPLES, TITLES

INFO = Info(
    title="Fixlore",
    version="1",
    description=(
        "Has anyone fixed this before? A ticket system asks for similar issues when a ticket arrives and shows the "
        "agent the fix.\n\n"
        "Send a token as `Authorization: Bearer TOKEN`; each endpoint names the scope that it needs. Bodies are JSON "
        "in UTF-8, batches are lines of JSON. Times are ISO 8601 in UTC. `Accept` is not looked at: an endpoint has "
        "one type of answer, and errors are always `application/problem+json` (RFC 9457).\n\n"
        "What no endpoint lists: 404 for an address that does not exist, 405 with `Allow` for a method that an "
        "address does not have, and 431 as plain text for headers, the address among them, of more than 256 kB. "
        "Every `GET` can be asked as `HEAD`. Every answer carries `X-Request-Id`, by which the log names the request."
    ),
)
SECURITY_SCHEMES: dict[str, SecurityScheme | dict[str, Any]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token made with `kb token create NAME --scope SCOPE`.",
    }
}
_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {"description": "By which the log names the request.", "schema": {"type": "string"}},
    "Retry-After": {"description": "When to try again, in seconds.", "schema": {"type": "string"}},
    "RateLimit": {
        "description": 'What is left of the minute and seconds until the next, `"token";r=11990;t=42`; not where '
        "there is no limit.",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'How many requests within how many seconds, `"token";q=12000;w=60`.',
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {"description": "The kind of token.", "schema": {"type": "string"}},
}
_HEADERS_OF = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ("Retry-After",)}
Json = dict[str, Any]
Mode = Literal["serialization", "validation"]


def described(app: OpenAPI) -> Json:
    """Return the description of every endpoint of the application."""
    told: Json = copy.deepcopy(app.api_doc)
    resources = [one for one in app.blueprints.values() if isinstance(one, Resource)]
    schemas = told["components"]["schemas"]
    schemas |= _schemas(resources)
    for one in resources:
        for operation in one.operations:
            part = told["paths"][_openapi_path(operation.path)][operation.method]
            if parameters := _parameters(part.pop("parameters", []), operation.parameters):
                part["parameters"] = parameters
            view = app.view_functions[f"{one.name}.{operation.view}"]
            scope = getattr(view, "fixlore_scope", OPEN)
            is_limited = scope != OPEN or getattr(view, "fixlore_limited", False)
            if scope != OPEN:
                part["description"] = f"{part['description']}\n\nScope: `{scope}`."
            _drop_unanswered(part)
            _fill_in(part, schemas, ("RateLimit", "RateLimit-Policy") if is_limited else ())
    return told


def _schemas(resources: list[Resource]) -> Json:
    """Return name → schema of every model, as the model itself describes it."""
    found: Json = {}
    models: list[tuple[type[BaseModel], Mode]] = [(Problem, "serialization")]
    models += [(model, "serialization") for one in resources for model in one.answered]
    models += [(model, "validation") for one in resources for model in one.taken]
    for model, mode in models:
        schema = copy.deepcopy(model.model_json_schema(ref_template=REFERENCE, mode=mode))
        parts = schema.pop("$defs", {})
        for name, part in {model.__name__: schema, **parts}.items():
            found[name] = _plain(part)
    return dict(sorted(found.items()))


def _plain(schema: Json) -> Json:
    """Return the schema of a model without what generators add, its fields with the values of its examples."""
    schema = {name: value for name, value in schema.items() if name != "title"}
    examples = [one for one in schema.get("examples", ()) if isinstance(one, dict)]
    properties: Json = schema.get("properties", {})
    for name, field in properties.items():
        field.pop("title", None)
        if field.get("default", ...) in (None, ""):
            del field["default"]  # may be absent: `required` says so
        values = [one[name] for one in examples if name in one]
        if values and "examples" not in field:
            field["examples"] = values[:1]
        field["description"] = " ".join(str(field.get("description", "")).split())
        if not field["description"]:
            del field["description"]
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())
    return schema


def _parameters(parameters: list[Json], models: tuple[type[BaseModel], ...]) -> list[Json]:
    """Return the parameters of an operation, required ones first, with what their models say of them."""
    fields: Json = {}
    for model in models:
        fields |= _plain(copy.deepcopy(model.model_json_schema(ref_template=REFERENCE))).get("properties", {})
    told = []
    for parameter in parameters:
        field: Json = dict(fields.get(parameter["name"]) or parameter["schema"])
        one: Json = {name: parameter[name] for name in ("name", "in", "required") if name in parameter}
        if "description" in field:
            one["description"] = field.pop("description")
        if "example" in field:
            one["example"] = field.pop("example")
        if parameter.get("required") and field.get("examples"):
            one["example"] = field.pop("examples")[0]  # pages fill it in; others of a schema they only show
        one["schema"] = _without_null(field)
        told.append(one)
    return sorted(told, key=lambda one: not one.get("required"))


def _without_null(schema: Json) -> Json:
    """Return the schema of a parameter: an address can leave it out, not give it as `null`."""
    others = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(others) == 1 and len(others) < len(schema["anyOf"]):
        return {**{name: value for name, value in schema.items() if name != "anyOf"}, **others[0]}
    return schema


def _drop_unanswered(operation: Json) -> None:
    """Take away the 422 that the library adds where nobody described one: what takes nothing refuses nothing."""
    if "application/json" in operation["responses"].get("422", {}).get("content", ()):
        del operation["responses"]["422"]


def _fill_in(operation: Json, schemas: Json, limits: tuple[str, ...]) -> None:
    """Give the bodies of an operation the examples of their models, and its answers their headers."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        _exemplify(content, schemas)
    takes_token = operation.get("security") != []  # a token that is unknown has no quota
    for status, response in operation["responses"].items():
        names = ("X-Request-Id", *(() if status == "401" and takes_token else limits), *_HEADERS_OF.get(status, ()))
        response["headers"] = {**{name: _HEADERS[name] for name in names}, **response.get("headers", {})}
        for kind, content in response.get("content", {}).items():
            if kind == "application/problem+json":
                content["examples"] = {"problem": {"value": _problem(int(status))}}
            else:
                _exemplify(content, schemas)


def _exemplify(content: Json, schemas: Json) -> None:
    schema = content.get("schema", {})
    references = [one["$ref"] for one in (schema, *schema.get("anyOf", ())) if "$ref" in one]
    if references and not {"example", "examples"} & content.keys():
        examples = {}
        for name in (reference.rpartition("/")[2] for reference in references):
            for number, value in enumerate(schemas[name].get("examples", ()), 1):
                examples[f"{name}{number if number > 1 else ''}"] = {"value": value}
        if examples:
            content["examples"] = examples


def _problem(status: int) -> Json:
    detail, field = EXAMPLES[status]
    told = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": detail}
    return {**told, "field": field} if field else told


def _openapi_path(path: str) -> str:
    for converter in ("<path:", "<int:", "<"):
        path = path.replace(converter, "{")
    return path.replace(">", "}")
