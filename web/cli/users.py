"""`kb user`: the people of the site, and one-time links."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from kb.errors import InvalidInput
from kb.json_values import time_text
from kb.people import Person, checked_full_name, checked_groups, checked_name, checked_password
from kb.protocols.store import Store
from kb.roles import ROLES, role_from
from kb.settings import Settings, read_settings
from web.cli.homes import settings_in_use
from web.links import ADDRESS_SETTING, new_person_path, new_sign_in_path
from web.passwords import Passwords
from web.wiring import opened_store

DEFAULT_ADDRESS = "http://127.0.0.1:8080"
_ROLE = click.Choice(ROLES, case_sensitive=False)
_host = click.option("--host", help="Where the site is reached, for the link; where the server listens unless given.")
_port = click.option("--port", type=click.IntRange(1, 65535), help="Likewise.")


@click.group("user")
def user_command() -> None:
    """Add people, list and change them, and get sign-in links."""


@user_command.command("add")
@click.argument("name")
@click.option("--full-name", default="", help="How the person is called.")
@click.option("--role", default="agent", show_default=True, type=_ROLE, help="What the person may do.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of the person; may be repeated.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input and print no link.")
@_host
@_port
@click.pass_obj
def add(
    home: Path,
    name: str,
    full_name: str,
    role: str,
    groups: tuple[str, ...],
    password_stdin: bool,
    host: str | None,
    port: int | None,
) -> None:
    """Add a person and print a one-time link, valid for a week, to choose a password."""
    settings = read_settings(home)
    checked = checked_name(name), role_from(role), checked_full_name(full_name), checked_groups(groups)
    password = _password_given(checked[0]) if password_stdin else None
    with opened_store(settings) as store:
        hashed = None if password is None else Passwords(store).hashed(password)
        person = store.add_person(*checked, password_hash=hashed)
        if password is None:
            click.echo(_base(settings, store, host, port) + new_person_path(store, person.name))
        else:
            click.echo(f"{person.name} is added.")


@user_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_people(home: Path, as_json: bool) -> None:
    """List everybody: name, role, groups, state, last seen, full name."""
    with opened_store(settings_in_use(home)) as store:
        people = store.people()
    if as_json:
        click.echo(json.dumps({"people": [_object(one) for one in people]}, ensure_ascii=False, indent=2))
        return
    for one in people:
        seen = f"seen {one.last_seen_at:%Y-%m-%d %H:%M}" if one.last_seen_at else "never seen"
        click.echo("\t".join((one.name, one.role, ",".join(one.groups), _state(one), seen, one.full_name)))


@user_command.command("set")
@click.argument("name")
@click.option("--full-name", help="How the person is called.")
@click.option("--role", type=_ROLE, help="What the person may do.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group instead of those before; repeatable.")
@click.option("--no-group", is_flag=True, help="Take the person out of every group.")
@click.pass_obj
def set_person(
    home: Path, name: str, full_name: str | None, role: str | None, groups: tuple[str, ...], no_group: bool
) -> None:
    """Change full name, role or groups; another role or other groups end the person's sessions."""
    if no_group and groups:
        raise click.UsageError("give --group or --no-group, not both")
    if full_name is None and role is None and not groups and not no_group:
        raise click.UsageError("say what to change: --full-name, --role, --group or --no-group")
    with opened_store(settings_in_use(home)) as store:
        person = store.change_person(
            name,
            role=None if role is None else role_from(role),
            groups=checked_groups(groups) if groups or no_group else None,
            full_name=None if full_name is None else checked_full_name(full_name),
        )
    in_groups = f" in {', '.join(person.groups)}" if person.groups else ""
    click.echo(f"{person.name} is {person.role}{in_groups}.")


@user_command.command("disable")
@click.argument("name")
@click.pass_obj
def disable(home: Path, name: str) -> None:
    """Let a person in no more, from this moment on; what they wrote stays."""
    with opened_store(settings_in_use(home)) as store:
        click.echo(f"{store.change_person(name, is_disabled=True).name} is disabled.")


@user_command.command("enable")
@click.argument("name")
@click.pass_obj
def enable(home: Path, name: str) -> None:
    """Let a disabled person in again, with the password they had."""
    with opened_store(settings_in_use(home)) as store:
        click.echo(f"{store.change_person(name, is_disabled=False).name} is enabled.")


@user_command.command("link")
@click.argument("name", required=False)
@_host
@_port
@click.pass_obj
def link(home: Path, name: str | None, host: str | None, port: int | None) -> None:
    """Print a fresh one-time link; an earlier unused one is void.

    With NAME that person chooses a password by it. Without, it signs in an administrator who has no account, as long
    as no administrator can sign in with a password.
    """
    settings = settings_in_use(home)
    with opened_store(settings) as store:
        if name is None and store.has_administrator():
            raise InvalidInput("there are administrators with accounts; name the person who is to choose a password")
        path = new_sign_in_path(store) if name is None else new_person_path(store, name)
        click.echo(_base(settings, store, host, port) + path)


def _password_given(name: str) -> str:
    """Return the password on standard input, without the end of its line. Raises InvalidInput, never with it."""
    try:
        given = sys.stdin.read()
    except UnicodeDecodeError as error:
        raise InvalidInput("the password is no text in UTF-8; write it again", field="password") from error
    return checked_password(given.removesuffix("\n").removesuffix("\r"), name)


def _base(settings: Settings, store: Store, host: str | None, port: int | None) -> str:
    """Return where the site is reached, for a link."""
    base = settings.base_url.rstrip("/")
    if host or port or not base:
        noted = urlsplit(store.setting(ADDRESS_SETTING) or DEFAULT_ADDRESS)
        base = f"http://{host or noted.hostname}:{port or noted.port}"
    return base


def _state(person: Person) -> str:
    return "disabled" if person.is_disabled else "active" if person.has_password else "invited"


def _object(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "full_name": person.full_name,
        "role": person.role,
        "groups": list(person.groups),
        "state": _state(person),
        "created_at": time_text(person.created_at),
        "last_seen_at": None if person.last_seen_at is None else time_text(person.last_seen_at),
    }
