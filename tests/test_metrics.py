"""What `/metrics` tells: enough to watch an installation, nothing of its content, and always something."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from kb.documents import Article
from kb.settings import Settings
from tests.conftest import reindex
from tests.fakes.encoder import FakeEncoder
from tests.serving import until
from web.app import create_app
from web.shipped import shipped_folder
from web.wiring import Services, open_services

Headers = dict[str, str]
OPERATING = shipped_folder("manual").joinpath("operating.md").read_text(encoding="utf-8")


def numbers(client: FlaskClient) -> dict[str, float]:
    """Return `name{label=value}` → value of everything that is told."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return {
        sample.name + "".join(f"{{{name}={value}}}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
        for sample in family.samples
    }


def families(client: FlaskClient) -> set[str]:
    told = client.get("/metrics").get_data(as_text=True)
    return {family.name for family in text_string_to_metric_families(told) if not family.name.endswith("_created")}


def test_documents_passages_and_waiting_changes_are_counted(services: Services, client: FlaskClient) -> None:
    told = numbers(client)
    counts = services.store.counts()

    assert counts["ticket"] > 0
    assert {kind: told[f"fixlore_documents{{type={kind}}}"] for kind in counts} == counts
    assert told["fixlore_passages"] == services.indexes.vectors.size > 0
    assert told["fixlore_pending_changes"] == 0
    services.store.put_articles([Article(id="new", title="Scanner", body="No light.")], "x")
    assert numbers(client)["fixlore_pending_changes"] == 1
    reindex(services)
    assert numbers(client)["fixlore_passages"] > told["fixlore_passages"]


def test_requests_are_counted_and_timed_by_rule_method_and_class(
    client: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    header = bearer("read")
    for number in range(3):
        client.get(f"/api/v1/tickets/mail/{number}-secret", headers=header)
    client.get("/api/v1/search?q=vpn", headers=header)
    client.open("/healthz", method="SECRETWORD")

    told = numbers(client)
    route = "/api/v1/tickets/<source>/<path:external_id>"
    assert told[f"fixlore_requests_total{{method=GET}}{{route={route}}}{{status=4xx}}"] == 3
    assert told[f"fixlore_request_seconds_count{{route={route}}}"] == 3
    assert told["fixlore_request_seconds_bucket{le=+Inf}{route=/api/v1/search}"] == 1
    assert told["fixlore_requests_total{method=other}{route=(unknown)}{status=4xx}"] == 1
    assert "secret" not in client.get("/metrics").get_data(as_text=True).lower()


def test_answers_of_the_api_and_the_site_are_counted_by_how_good_they_are(
    services: Services, signed_in: FlaskClient, bearer: Callable[..., Headers]
) -> None:
    header = bearer("read")
    asked = [
        signed_in.get("/api/v1/search?q=error+809", headers=header).get_json()["status"],
        signed_in.post("/api/v1/similar-issues", json={"ticket": {"title": "vpn 809"}}, headers=header).get_json()[
            "status"
        ],
    ]
    signed_in.get("/?q=error+809")
    told = numbers(signed_in)
    assert told[f"fixlore_answers_total{{kind=search}}{{status={asked[0]}}}"] == 2
    assert told[f"fixlore_answers_total{{kind=similar}}{{status={asked[1]}}}"] == 1
    assert told["fixlore_answers_total{kind=search}{status=degraded}"] == 0

    shutil.rmtree(services.settings.index_path / "1" / "vectors")
    services.indexes.refresh()
    answer = signed_in.get("/api/v1/search?q=error+809", headers=header).get_json()
    assert answer["status"] == "degraded"
    assert numbers(signed_in)["fixlore_answers_total{kind=search}{status=degraded}"] == 1


def test_a_lane_that_is_down_is_zero_and_what_it_alone_knows_is_left_out(
    services: Services, client: FlaskClient
) -> None:
    told = numbers(client)
    assert (told["fixlore_lane_up{lane=keyword}"], told["fixlore_lane_up{lane=semantic}"]) == (1, 1)
    shutil.rmtree(services.settings.index_path / "1" / "vectors")
    told = numbers(client)
    assert (told["fixlore_lane_up{lane=keyword}"], told["fixlore_lane_up{lane=semantic}"]) == (1, 0)
    assert told["fixlore_ready"] == 1
    assert "fixlore_passages" not in told
    shutil.rmtree(services.settings.index_path / "1" / "keyword")
    assert numbers(client)["fixlore_ready"] == 0


def test_numbers_are_told_also_without_the_store(services: Services, client: FlaskClient) -> None:
    assert numbers(client)["fixlore_store_writable"] == 1
    services.store.close()
    told = numbers(client)
    assert (told["fixlore_ready"], told["fixlore_store_writable"]) == (0, 0)
    assert told["fixlore_lane_up{lane=keyword}"] == 1
    assert "fixlore_pending_changes" not in told
    assert not any(name.startswith("fixlore_documents") for name in told)


def test_indexing_in_the_background_tells_when_it_worked_and_how_often_it_failed(
    services: Services, client: FlaskClient
) -> None:
    told = numbers(client)
    assert told["fixlore_indexing_failures_total"] == 0
    assert "fixlore_indexing_last_success_timestamp_seconds" not in told
    services.start_indexing()
    until(lambda: "fixlore_indexing_last_success_timestamp_seconds" in numbers(client))
    told = numbers(client)
    assert told["fixlore_indexing_last_success_timestamp_seconds"] > 1.7e9


def test_each_application_counts_for_itself(services: Services, app: Flask) -> None:
    other = create_app(services).test_client()
    other.get("/healthz")
    other.get("/healthz")

    name = "fixlore_requests_total{method=GET}{route=/healthz}{status=2xx}"
    assert numbers(other)[name] == 2
    assert name not in numbers(app.test_client())


def test_the_build_is_told(client: FlaskClient) -> None:
    told = [name for name in numbers(client) if name.startswith("fixlore_build_info")]
    assert len(told) == 1
    assert re.search(r"{engine=tantivy}{python=3\.\d+\.\d+}{version=\d", told[0])


def test_what_is_told_is_what_the_manual_lists(services: Services, client: FlaskClient) -> None:
    client.get("/healthz")
    services.start_indexing()
    until(lambda: "fixlore_indexing_last_success_timestamp_seconds" in families(client))
    found = families(client)
    # The parser takes `_total` off a counter's name; a person looks for it with.
    listed = {name.removesuffix("_total") for name in re.findall(r"^\| `(fixlore_\w+)", OPERATING, re.M)}
    assert listed == found


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0", "*/*"])
def test_any_scraper_gets_a_form_that_it_asked_for(client: FlaskClient, accept: str) -> None:
    answer = client.get("/metrics", headers={"Accept": accept})
    wanted = "application/openmetrics-text" if "openmetrics" in accept else "text/plain"
    assert answer.status_code == 200
    assert answer.content_type.startswith(wanted)
    assert b"fixlore_build_info" in answer.data


def test_numbers_of_an_installation_without_anything_are_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("empty")
    with open_services(Settings(home=home), lambda line: None, FakeEncoder) as services:
        told = numbers(create_app(services).test_client())
    assert (told["fixlore_ready"], told["fixlore_pending_changes"]) == (0, 0)
