"""Fixtures shared by the tests: an installation in a temporary home, with real store and engines and a fake encoder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from kb.importing import import_articles, import_tickets
from kb.language import detect_language
from kb.settings import Settings
from kb.store import schema
from tests.fakes.encoder import FakeEncoder
from tests.homes import copied, made_by_a_first_start
from tests.made_once import TemplatesCompiledOnce, expander_made_once, routes_compiled_once, tables_made_once
from web.api.tokens import new_secret, secret_hash
from web.app import create_app
from web.links import new_sign_in_path
from web.wiring import Services, open_services

for suite in sorted(Path(__file__).parent.joinpath("conformance").glob("*.py")):
    pytest.register_assert_rewrite(f"tests.conformance.{suite.stem}")  # so that a failing suite shows its values

HERE = Path(__file__).parent
SAMPLES = HERE / "samples"
UPGRADE = schema._upgrade
BROWSER = "browser"
LONGEST = (
    BROWSER,
    "test_kill_commands.py",
    "test_api_schemathesis.py",
    "test_benchmarks.py",
    "test_faults_disk.py",
    "test_tickets_under_load.py",
    "test_installation.py",
    "test_sync_killed.py",
    "test_cli_serve.py",
    "test_api_hostile.py",
)
"""What takes longest, in no more than a few tests: it comes first, or one process is left alone with it in the end."""
Headers = dict[str, str]


class SharedThingsTogether(LoadScopeScheduling):
    """Gives a process whole files, and all that share the browser: servers and models start once."""

    def _split_scope(self, nodeid: str) -> str:
        return _shared_by(nodeid.partition("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Spread the tests over the processes."""
    return SharedThingsTogether(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first; the rest stays in its order."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(_shared_by(item.path.relative_to(HERE).as_posix()), len(places)))


def _shared_by(file: str) -> str:
    """Return what a test shares things with: those of its file, or of the browser."""
    *folders, name = file.removeprefix("tests/").split("/")
    return BROWSER if folders[:1] == [BROWSER] else "/".join((*folders, name))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home directory."""
    return tmp_path / "home"


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """Have this process make what is the same for every test a single time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_upgrade", tables_made_once(UPGRADE))
        patch.setattr("web.vocabulary.Expander", expander_made_once)
        patch.setattr(Rule, "_compile_builder", routes_compiled_once(Rule._compile_builder))
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": TemplatesCompiledOnce()})
        yield


@pytest.fixture
def each_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a new store go through every migration, as it does outside of the tests."""
    monkeypatch.setattr(schema, "_upgrade", UPGRADE)


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a few articles and tickets, indexed by the fake encoder: made once in a process. Copy it."""
    home = tmp_path_factory.mktemp("filled") / "home"
    with open_services(Settings(home=home), lambda line: None, FakeEncoder) as opened:
        import_articles(opened.store, SAMPLES / "articles", source="runbooks", detect=detect_language)
        import_tickets(opened.store, SAMPLES / "tickets.jsonl")
        reindex(opened)
    return home


@pytest.fixture
def services(home: Path, filled_home: Path) -> Iterator[Services]:
    """An installation with a few articles and tickets, indexed."""
    encoder = FakeEncoder()
    with open_services(Settings(home=copied(filled_home, home)), lambda line: None, lambda: encoder) as opened:
        opened.indexes.refresh()
        yield opened


@pytest.fixture
def app(services: Services) -> Flask:
    """The application over that installation."""
    application = create_app(services)
    application.config["WTF_CSRF_ENABLED"] = False
    return application


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a session."""
    return app.test_client()


@pytest.fixture
def signed_in(client: FlaskClient, services: Services) -> FlaskClient:
    """A browser that has used the one-time link."""
    answer = client.get(new_sign_in_path(services.store))
    assert answer.status_code == 302
    return client


@pytest.fixture
def bearer(services: Services) -> Callable[..., Headers]:
    """Return a function that makes a token with scopes and returns the header that carries it."""

    def make(*scopes: str, name: str = "") -> Headers:
        secret = new_secret()
        services.store.create_token(name or secret[-8:], scopes, secret_hash(secret))
        return {"Authorization": f"Bearer {secret}"}

    return make


def reindex(services: Services) -> None:
    """Bring the indexes up to the store and let searches see it."""
    services.indexing().drain()
    services.indexes.refresh()


@pytest.fixture(scope="session")
def model_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose model is exported once for all tests; FIXLORE_TEST_MODEL_HOME names one that lasts."""
    named = os.environ.get("FIXLORE_TEST_MODEL_HOME")
    if named:
        return Path(named)
    if "PYTEST_XDIST_WORKER" in os.environ:  # the workers' directories lie in one of the whole run
        return tmp_path_factory.getbasetemp().parent / "model-home"
    return tmp_path_factory.mktemp("model-home")


@pytest.fixture(scope="session")
def shipped_home(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    """A home as the first start leaves it, with the shipped content indexed: made once for all tests. Copy it."""
    base = tmp_path_factory.getbasetemp()
    place = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base  # the directory of the whole run
    with (place / "shipped.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the other workers wait for the one that makes it
        return made_by_a_first_start(place / "shipped", model_home)
