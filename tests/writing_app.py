"""An application with the sample articles, for tests that share it, and browsers of people who write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from kb.importing import import_articles
from kb.language import detect_language
from kb.roles import Role
from kb.settings import Settings
from tests.conftest import SAMPLES, reindex
from tests.fakes.encoder import FakeEncoder
from tests.people import add_person, signed_in_as, use_cheap_hashes
from web.app import create_app
from web.wiring import Services, open_services


@dataclass(frozen=True)
class Writer:
    """Somebody who writes, with their groups."""

    name: str
    role: Role = "author"
    groups: tuple[str, ...] = ()


def writer(name: str, role: Role = "author", *groups: str) -> Writer:
    """Return somebody of that role and of those groups (`group:NAME`)."""
    return Writer(name, role, tuple(group.removeprefix("group:") for group in groups))


def browser_of(app: Flask, person: Writer) -> FlaskClient:
    """Return a browser in which that person, who is added once, is signed in."""
    services: Services = app.extensions["fixlore"]
    use_cheap_hashes(services)
    if services.store.person(person.name) is None:
        add_person(services, person.name, person.role, *person.groups)
    return signed_in_as(app, person.name)


@contextmanager
def writing_app(home: Path, **settings: int) -> Iterator[tuple[Flask, Services]]:
    """Open an application over a new home; forms need no token."""
    encoder = FakeEncoder()
    with open_services(Settings(home=home, **settings), lambda line: None, lambda: encoder) as services:
        import_articles(services.store, SAMPLES / "articles", source="runbooks", detect=detect_language)
        reindex(services)
        app = create_app(services)
        app.config["WTF_CSRF_ENABLED"] = False
        yield app, services
