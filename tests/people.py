"""Make people of the site for tests, with a hash that costs no time, and browsers that are signed in as them."""

from __future__ import annotations

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from kb.people import Person
from kb.roles import Role
from web.passwords import Passwords
from web.wiring import Services

PASSWORD = "a sentence that nobody guesses"


def cheap_hasher() -> PasswordHasher:
    """Return a hasher with the least that argon2 takes."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def use_cheap_hashes(services: Services) -> None:
    """Have an installation hash passwords in no time."""
    services.passwords = Passwords(services.store, cheap_hasher())


def add_person(services: Services, name: str, role: Role = "agent", *groups: str) -> Person:
    """Store a person whose password is `PASSWORD`."""
    return services.store.add_person(name, role, groups=groups, password_hash=cheap_hasher().hash(PASSWORD))


def signed_in_as(app: Flask, name: str, password: str = PASSWORD) -> FlaskClient:
    """Return a browser in which a person has signed in by password; needs an application without form protection."""
    browser = app.test_client()
    answer = browser.post("/sign-in", data={"name": name, "password": password})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return browser
