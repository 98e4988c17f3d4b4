"""The description of the API at `/api/v1/openapi.json` is valid, whole, and says how each endpoint fails."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from kb.settings import Settings
from tests.fakes.encoder import FakeEncoder
from web.api.description import described
from web.api.resources import Resource
from web.app import create_app
from web.problems import EXAMPLES, TITLES
from web.wiring import open_services

API = "/api/v1"
ONE_TICKET = "/tickets/{source}/{external_id}"
ALWAYS = {"401", "403", "422", "429", "500", "503"}
BODY = {"400", "413", "415"}
FAILURES = [
    ("get", "/search", ALWAYS),
    ("post", "/similar-issues", ALWAYS | BODY),
    ("get", f"{ONE_TICKET}/similar", ALWAYS | {"404"}),
    ("get", ONE_TICKET, ALWAYS | {"404"}),
    ("put", ONE_TICKET, ALWAYS | BODY | {"409"}),
    ("delete", ONE_TICKET, ALWAYS | {"404"}),
    ("post", "/tickets/batch", ALWAYS | {"413", "415"}),
    ("get", "/articles", ALWAYS),
    ("post", "/articles", ALWAYS | BODY | {"409"}),
    ("get", "/articles/{article_id}", ALWAYS | {"404"}),
    ("put", "/articles/{article_id}", ALWAYS | BODY | {"404", "409", "412", "428"}),
    ("post", "/feedback", ALWAYS | BODY | {"404"}),
    ("get", "/report", ALWAYS),
    ("get", "/openapi.json", {"500"}),
]
Json = dict[str, Any]


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """The description, as it is answered."""
    home = tmp_path_factory.mktemp("described")
    with open_services(Settings(home=home), lambda line: None, FakeEncoder) as services:
        body: Json = create_app(services).test_client().get(f"{API}/openapi.json").get_json()
    return body


def operations(description: Json) -> Iterator[tuple[str, Json]]:
    """Yield (name, operation) of every endpoint."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents(operation: Json) -> Iterator[tuple[str, Json]]:
    """Yield (place, description) of every body that an endpoint takes or answers."""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"request as {kind}", content
    for status, response in operation["responses"].items():
        for kind, content in response.get("content", {}).items():
            yield f"{status} as {kind}", content


def complaints(description: Json, schema: Json, value: object) -> list[str]:
    """Return what is wrong with an example."""
    whole = {**schema, "components": description["components"]}
    return [error.message for error in Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value)]


def is_made_of_models(schema: Json) -> bool:
    """Whether a field holds objects of a model, which has examples of its own."""
    parts = [schema, schema.get("items", {}), schema.get("additionalProperties") or {}, *schema.get("anyOf", ())]
    parts += [part.get("items", {}) for part in parts if isinstance(part, dict)]
    return any("$ref" in part for part in parts if isinstance(part, dict))


def test_the_description_is_openapi_3_1(description: Json) -> None:
    assert description["openapi"].startswith("3.1")
    assert [str(error) for error in OpenAPIV31SpecValidator(description).iter_errors()] == []
    assert '"nullable"' not in json.dumps(description)  # that was 3.0


def test_the_description_names_every_endpoint_that_answers_programs(client: FlaskClient, description: Json) -> None:
    app = client.application
    assert isinstance(app, Flask)
    served = {
        f"{method} {re.sub(r'<(?:[a-z]+:)?', '{', str(rule)).replace('>', '}')}"
        for rule in app.url_map.iter_rules()
        if str(rule).startswith(API) or isinstance(app.blueprints.get(rule.endpoint.partition(".")[0]), Resource)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert served == {name for name, _ in operations(description)}
    assert {"GET /healthz", "GET /readyz", "GET /metrics"} <= served


def test_every_endpoint_is_described_in_words(description: Json) -> None:
    tags = {tag["name"]: tag.get("description", "") for tag in description["tags"]}
    lacking = [
        name
        for name, operation in operations(description)
        if not operation.get("summary")
        or not operation["description"].rstrip("`").endswith(".")
        or "<br" in operation["description"]
        or not all(tags[tag] for tag in operation["tags"])
    ]
    names = [operation["operationId"] for _, operation in operations(description)]

    assert lacking == [], "\n".join(lacking)
    assert len(set(names)) == len(names)


def test_every_parameter_has_a_description_and_an_example_that_fits(description: Json) -> None:
    lacking, found = [], 0
    for name, operation in operations(description):
        for parameter in operation.get("parameters", ()):
            schema = parameter["schema"]
            examples = [parameter["example"]] if "example" in parameter else schema.get("examples", [])
            if not parameter.get("description") or not examples:
                lacking.append(f"{name}: {parameter['name']}")
            lacking += [f"{name}: {told}" for one in examples for told in complaints(description, schema, one)]
            found += 1

    assert lacking == [], "\n".join(lacking)
    assert found > 20


def test_every_body_has_an_example_that_fits(description: Json) -> None:
    lacking = []
    for name, operation in operations(description):
        for place, content in contents(operation):
            examples = [one["value"] for one in content.get("examples", {}).values()]
            examples += [content["example"]] if "example" in content else []
            if not examples:
                lacking.append(f"{name}: {place}")
            lacking += [told for one in examples for told in complaints(description, content["schema"], one)]

    assert lacking == [], "\n".join(lacking)


def test_every_field_of_every_model_has_a_description_and_an_example_that_fits(description: Json) -> None:
    lacking = []
    for model, schema in description["components"]["schemas"].items():
        if not schema.get("description"):
            lacking.append(model)
        lacking += [
            f"{model}: {told}" for one in schema.get("examples", ()) for told in complaints(description, schema, one)
        ]
        for name, field in schema.get("properties", {}).items():
            if not (field.get("description") or "$ref" in field):
                lacking.append(f"{model}.{name} has no description")
            if not (field.get("examples") or is_made_of_models(field)):
                lacking.append(f"{model}.{name} has no example")
            for one in field.get("examples", ()):
                lacking += [f"{model}.{name}: {told}" for told in complaints(description, field, one)]

    assert lacking == [], "\n".join(lacking)


def test_every_failure_is_a_problem_with_an_example_of_its_status(description: Json) -> None:
    for name, operation in operations(description):
        for status, response in operation["responses"].items():
            assert response["description"], f"{name}: {status}"
            assert "X-Request-Id" in response["headers"], f"{name}: {status}"
            if status < "400" or (name, status) == ("GET /readyz", "503"):
                continue
            assert list(response["content"]) == ["application/problem+json"], f"{name}: {status}"
            (example,) = response["content"]["application/problem+json"]["examples"].values()
            assert str(example["value"]["status"]) == status
            assert ("Retry-After" in response["headers"]) == (status in ("429", "503"))
            assert ("WWW-Authenticate" in response["headers"]) == (status == "401")


def test_every_status_of_a_problem_has_a_title_and_an_example() -> None:
    assert TITLES.keys() == EXAMPLES.keys()
    assert len(set(TITLES.values())) == len(TITLES)


@pytest.mark.parametrize(("method", "path", "statuses"), FAILURES)
def test_an_endpoint_names_the_ways_in_which_it_fails(
    description: Json, method: str, path: str, statuses: set[str]
) -> None:
    responses = description["paths"][API + path][method]["responses"]

    assert {status for status in responses if status >= "400"} == statuses


def test_every_schema_that_the_description_refers_to_is_in_it(description: Json) -> None:
    referred = {part.split('"')[0] for part in json.dumps(description).split('"#/components/schemas/')[1:]}

    assert {"Problem", "BatchLine", "TicketLine", "LinkBody"} <= referred
    assert referred == set(description["components"]["schemas"])


def test_a_batch_is_described_as_lines_both_ways(description: Json) -> None:
    batch = description["paths"][f"{API}/tickets/batch"]["post"]

    assert list(batch["requestBody"]["content"]) == ["application/x-ndjson"]
    assert list(batch["responses"]["200"]["content"]) == ["application/x-ndjson"]


def test_an_endpoint_names_the_scope_that_it_needs(description: Json) -> None:
    told = dict(operations(description))

    assert told["POST /api/v1/feedback"]["description"].endswith("Scope: `feedback`.")
    assert "Scope" not in told["GET /healthz"]["description"]
    assert told["POST /api/v1/feedback"]["security"] == [{"token": []}]
    assert "security" not in told["GET /healthz"]


def test_the_description_is_the_same_each_time(app: Flask, client: FlaskClient) -> None:
    first, second = (client.get(f"{API}/openapi.json").data for _ in range(2))

    assert first == second
    assert described(app) == json.loads(first)  # type: ignore[arg-type]
