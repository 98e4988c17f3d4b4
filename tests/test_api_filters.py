"""Bounds of a question over REST: which are understood, which are refused, and what they admit."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from tests.conftest import Headers

Bearer = Callable[..., Headers]
API = "/api/v1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("before", "9999-12-31T23:59:59-14:00"),
        ("after", "0001-01-01T00:00:00+14:00"),
        ("after", "soon"),
        ("type", "poem"),
        ("kind", "poem"),
        ("state", "done"),
        ("confidence", "sure"),
        ("tier", "L4"),
        ("status", "closed"),
        ("audience", "everybody"),
    ],
)
def test_an_impossible_bound_is_refused_by_name_in_a_query_and_in_a_body(
    client: FlaskClient, bearer: Bearer, name: str, value: str
) -> None:
    headers = bearer("read")
    body = {"ticket": {"title": "vpn"}, "filters": {name: [value]}}

    searched = client.get(f"{API}/search?{urlencode({'q': 'vpn', name: value})}", headers=headers)
    asked = client.post(f"{API}/similar-issues", json=body, headers=headers)

    assert (searched.status_code, searched.get_json()["field"]) == (422, name)
    assert (asked.status_code, asked.get_json()["field"]) == (422, f"filters.{name}")


def test_unknown_parameters_of_a_search_are_refused_by_name(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.get(f"{API}/search?q=vpn&sevice=vpn&colour=red", headers=bearer("read"))

    assert answer.status_code == 422
    assert answer.get_json()["field"] in ("sevice", "colour")
    assert "'sevice'" in answer.get_json()["detail"]
    assert "'colour'" in answer.get_json()["detail"]


def test_types_and_a_filter_on_type_both_bound_an_answer(client: FlaskClient, bearer: Bearer) -> None:
    def types(**bounds: object) -> set[str]:
        body = {"ticket": {"title": "VPN error 809, shared mailbox"}, "limit": 20, **bounds}
        answer = client.post(f"{API}/similar-issues", json=body, headers=bearer("read")).get_json()
        return {result["type"] for result in answer["results"]}

    assert types() >= {"ticket", "known-error", "troubleshooting"}
    assert types(types=["article"], filters={"type": ["known-error", "ticket"]}) == {"known-error"}
    assert types(types=["article"], filters={"type": ["ticket"]}) == set()
