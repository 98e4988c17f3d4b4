"""What a monitor is told about lanes and indexing: enough to act on, and nothing of the machine."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kb.documents import Article
from kb.errors import ModelUnavailable, StoreError
from kb.protocols.encoder import Encoder
from kb.settings import Settings
from tests.fakes.encoder import FakeEncoder
from tests.serving import until
from web.wiring import Services, open_services


def lose(services: Services, name: str) -> None:
    """Remove a part of the current generation."""
    shutil.rmtree(services.settings.index_path / "1" / name)


def damage(services: Services, name: str) -> None:
    """Put other files in place of those of a part; what is open keeps its own."""
    for one in (services.settings.index_path / "1" / name).iterdir():
        one.unlink()
        one.write_bytes(b"torn")


@pytest.mark.parametrize(("harm", "reason"), [(lose, "missing"), (damage, "damaged")])
@pytest.mark.parametrize(("part", "lane"), [("keyword", "keyword"), ("vectors", "semantic")])
def test_readiness_names_a_lane_that_is_down_without_a_path_and_logs_the_whole_reason(
    services: Services,
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    harm: Callable[[Services, str], None],
    reason: str,
    part: str,
    lane: str,
) -> None:
    assert client.get("/readyz").get_json()["down"] == {}
    harm(services, part)
    with caplog.at_level(logging.WARNING):
        answers = [client.get("/readyz") for _ in range(3)]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.get_json() == {"ready": True, "down": {lane: reason}, "pending_changes": 0}
        assert str(services.settings.home) not in answer.get_data(as_text=True)
    logged = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(logged) == 1
    assert str(services.settings.home) in logged[0]
    assert "kb index --rebuild" in logged[0]


def test_readiness_is_refused_only_when_no_lane_answers(services: Services, client: FlaskClient) -> None:
    lose(services, "keyword")
    assert client.get("/readyz").status_code == 200
    lose(services, "vectors")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["ready"]) == (503, False)
    assert answer.get_json()["down"] == {"keyword": "missing", "semantic": "missing"}


def test_readiness_tells_that_nothing_is_indexed_or_that_there_is_no_model(home: Path) -> None:
    def no_model() -> Encoder:
        raise ModelUnavailable(f"there is no model in {home}")

    with open_services(Settings(home=home), lambda line: None, no_model) as services:
        assert services.readiness()["down"] == {"keyword": "not indexed yet", "semantic": "no model"}
        services.indexing().drain()
        report = services.readiness()
        assert (report["ready"], report["down"]) == (True, {"semantic": "no model"})


def test_readiness_tells_that_the_index_was_made_with_another_model(home: Path) -> None:
    encoders = [FakeEncoder(32)]
    with open_services(Settings(home=home), lambda line: None, lambda: encoders[0]) as services:
        services.indexing().drain()
        encoders[0] = FakeEncoder(64)
        assert services.readiness()["down"] == {"semantic": "made with another model"}


def test_readiness_is_refused_when_the_store_cannot_be_read(services: Services, client: FlaskClient) -> None:
    assert client.get("/readyz").status_code == 200
    services.store.close()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json() == {"ready": False, "down": {"store": "cannot be read"}, "pending_changes": None}


def test_readiness_names_indexing_that_fails_while_searches_go_on(home: Path) -> None:
    failed = threading.Event()

    class Failing(FakeEncoder):
        def encode_documents(self, *given: object, **more: object) -> object:  # type: ignore[override]
            failed.set()
            raise StoreError(f"{home} has no room")

    good, bad = FakeEncoder(), Failing()
    with open_services(Settings(home=home), lambda line: None, lambda: bad if failing else good) as services:
        failing = False
        services.store.put_articles([Article(id="a", title="Printer", body="Paper jam.")], "x")
        services.indexing().drain()
        assert services.readiness()["down"] == {}
        failing = True
        services.store.put_articles([Article(id="b", title="Scanner", body="No light.")], "x")
        services.start_indexing()
        assert failed.wait(60)
        until(lambda: services.readiness()["down"])
        report = services.readiness()
        assert (report["ready"], report["down"]) == (True, {"indexing": "fails"})
