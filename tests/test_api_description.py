"""The description of the API at `/api/v1/openapi.json` says how each endpoint fails and what it takes."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

API = "/api/v1"
ONE_TICKET = "/tickets/{source}/{external_id}"
ALWAYS = {"401", "403", "422", "429", "503"}
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
]


@pytest.mark.parametrize(("method", "path", "statuses"), FAILURES)
def test_an_endpoint_describes_its_failures_as_problems(
    client: FlaskClient, method: str, path: str, statuses: set[str]
) -> None:
    responses = client.get(f"{API}/openapi.json").get_json()["paths"][API + path][method]["responses"]
    failures = {status: response for status, response in responses.items() if status >= "400"}

    assert set(failures) == statuses
    for response in failures.values():
        assert list(response["content"]) == ["application/problem+json"]
        assert response["description"]
    assert len({response["description"] for response in failures.values()}) == len(failures)


def test_every_schema_that_the_description_refers_to_is_in_it(client: FlaskClient) -> None:
    described = client.get(f"{API}/openapi.json").get_json()
    referred = {part.split('"')[0] for part in json.dumps(described).split('"#/components/schemas/')[1:]}

    assert {"Problem", "BatchLine", "TicketLine", "LinkBody"} <= referred <= set(described["components"]["schemas"])


def test_a_batch_is_described_as_lines_both_ways(client: FlaskClient) -> None:
    batch = client.get(f"{API}/openapi.json").get_json()["paths"][f"{API}/tickets/batch"]["post"]

    assert list(batch["requestBody"]["content"]) == ["application/x-ndjson"]
    assert list(batch["responses"]["200"]["content"]) == ["application/x-ndjson"]
