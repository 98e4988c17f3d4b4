"""Tokens are made, listed and revoked at the shell and on the site, expire, and are never told again."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.access import MEMBER
from kb.errors import InvalidInput
from kb.protocols.store import Token
from tests.command_line import run
from tests.conftest import Headers
from web.api.authentication import viewer_of
from web.api.tokens import checked_groups, checked_name, checked_scopes, expiry_of, new_secret, secret_hash, state_of
from web.app import create_app
from web.links import new_sign_in_path
from web.site.sessions import SignedIn
from web.wiring import Services

Bearer = Callable[..., Headers]
NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
FORM = {"name": "desk", "scope": ["read", "feedback"], "expires": "90d", "audience": "", "day": ""}


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        ("90d", NOW + timedelta(days=90)),
        (" 1D ", NOW + timedelta(days=1)),
        ("2027-03-31", datetime(2027, 4, 1, tzinfo=UTC)),
        ("2026-11-26", datetime(2026, 11, 27, tzinfo=UTC)),
        ("never", None),
    ],
)
def test_an_expiry_is_a_number_of_days_a_last_day_or_never(told: str, ends: datetime | None) -> None:
    assert expiry_of(told, NOW) == ends


@pytest.mark.parametrize("told", ["", "0d", "-1d", "2026-11-25", "tomorrow", "99999d9", "9999-12-31", "1e3d", "90"])
def test_any_other_expiry_is_refused(told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        expiry_of(told, NOW)
    assert raised.value.field == "expires"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101, "a\tb", "\ud800"])
def test_a_name_that_nobody_can_read_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        checked_name(name)
    assert raised.value.field == "name"


def test_scopes_and_groups_are_checked_and_put_in_order() -> None:
    assert checked_scopes(["feedback", "read", "read"]) == ("read", "feedback")
    assert checked_groups(["group:Network", "group:board", "group:network"]) == ("group:board", "group:network")
    for scopes in ([], ["write"]):
        with pytest.raises(InvalidInput):
            checked_scopes(scopes)
    for groups in (["internal"], ["network"], ["group:"]):
        with pytest.raises(InvalidInput):
            checked_groups(groups)


def token(expires_at: datetime | None = None, revoked_at: datetime | None = None) -> Token:
    return Token("desk", ("read",), NOW, None, revoked_at, expires_at)


def test_the_state_of_a_token_says_what_will_become_of_it() -> None:
    states = [state_of(token(NOW + timedelta(days=days)), NOW) for days in (31, 30, 0, -1)]
    assert states == ["live", "expiring", "expired", "expired"]
    assert (state_of(token(), NOW), state_of(token(NOW, NOW), NOW)) == ("live", "revoked")


def test_an_expired_token_is_told_so_and_a_revoked_one_is_like_an_unknown_one(
    client: FlaskClient, services: Services
) -> None:
    def ask(secret: str) -> tuple[int, str]:
        answer = client.get("/api/v1/articles", headers={"Authorization": f"Bearer {secret}"})
        return answer.status_code, answer.get_json().get("detail", "")

    secrets = {name: new_secret() for name in ("expired", "revoked", "live")}
    for name, secret in secrets.items():
        ends = datetime.now(UTC) + timedelta(days=-1 if name == "expired" else 1)
        services.store.create_token(name, ["read"], secret_hash(secret), ends)
    services.store.revoke_token("revoked")

    assert ask(secrets["live"])[0] == 200
    assert ask(secrets["expired"]) == (401, "The token has expired; `kb token create` makes a new one.")
    assert ask(secrets["revoked"]) == ask("kb_unknown")
    assert ask(secrets["expired"][:-1]) == ask("kb_unknown")
    services.store.revoke_token("expired")
    assert ask(secrets["expired"]) == ask("kb_unknown")


def test_a_group_of_a_token_opens_what_is_kept_for_it_and_nothing_else(
    client: FlaskClient, services: Services, bearer: Bearer
) -> None:
    secret = new_secret()
    services.store.create_token("board", ["read"], secret_hash(secret), None, ["group:board"])
    member, other = {"Authorization": f"Bearer {secret}"}, bearer("read")
    secret_article = services.store.article("mail/secret")
    assert secret_article is not None
    assert secret_article.audience == "group:board"

    assert client.get("/api/v1/articles/mail/secret", headers=member).status_code == 200
    assert client.get("/api/v1/articles/mail/secret", headers=other).status_code == 404
    found = client.get("/api/v1/search?q=board mailbox quota", headers=member).get_data(as_text=True)
    assert '"mail/secret"' in found
    assert "mail/draft" not in found
    assert viewer_of(Token("a", ("admin",), NOW, None, None, None, ("group:board",))).audiences is None


# the shell


def test_the_shell_makes_lists_and_revokes_tokens(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = run(
        "--home", home, "token", "create", "desk", "--scope", "read", "--audience", "group:net", "--expires", "90d"
    )
    lasting = run("--home", home, "token", "create", "feed", "--scope", "tickets:write", "--expires", "never")
    usual = run("--home", home, "token", "create", "usual", "--scope", "read")
    assert [one.code for one in (made, lasting, usual)] == [0, 0, 0]
    assert re.fullmatch(r"kb_[\w-]{43}\n", made.out)
    assert run("--home", home, "token", "revoke", "feed").code == 0

    told = json.loads(run("--home", home, "token", "list", "--json").out)["tokens"]
    listed = run("--home", home, "token", "list").out
    assert [(one["name"], one["scopes"], one["audiences"], one["state"]) for one in told] == [
        ("desk", ["read"], ["group:net"], "live"),
        ("feed", ["tickets:write"], [], "revoked"),
        ("usual", ["read"], [], "live"),
    ]
    lives = [
        one["expires_at"] and datetime.fromisoformat(one["expires_at"]) - datetime.fromisoformat(one["created_at"])
        for one in told
    ]
    assert [one and round(one / timedelta(days=1)) for one in lives] == [90, None, 365]
    assert re.search(r"^desk\tread,group:net\t[\d-]+\tnever used\texpires [\d: -]+\tlive$", listed, re.M)
    assert re.search(r"^feed\ttickets:write\t[\d-]+\tnever used\tnever expires\trevoked [\d-]+$", listed, re.M)
    assert made.out.strip() not in listed + json.dumps(told)


@pytest.mark.parametrize("wrong", [("--expires", "soon"), ("--expires", "2020-01-01"), ("--audience", "internal")])
def test_the_shell_makes_no_token_when_something_is_wrong(tmp_path: Path, wrong: tuple[str, str]) -> None:
    home = tmp_path / "home"
    refused = run("--home", home, "token", "create", "desk", "--scope", "read", *wrong)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.count("\n") == 1
    assert not (home / "fixlore.db").exists()


# the site


def test_the_page_makes_a_token_and_shows_its_secret_once(signed_in: FlaskClient, services: Services) -> None:
    made = signed_in.post("/tokens", data={**FORM, "audience": "group:net, group:board"})
    found = re.search(r"<pre><code>(kb_[\w-]{43})</code></pre>", made.get_data(as_text=True))

    assert (made.status_code, made.headers["Cache-Control"]) == (200, "no-store")
    assert found
    kept = services.store.token(secret_hash(found[1]))
    assert kept is not None
    assert (kept.scopes, kept.audiences) == (("read", "feedback"), ("group:board", "group:net"))
    assert kept.expires_at is not None
    assert round((kept.expires_at - kept.created_at) / timedelta(days=1)) == 90
    page = signed_in.get("/tokens").get_data(as_text=True)
    assert ">desk</th>" in page
    assert found[1] not in page
    assert found[1].encode() not in services.settings.store_path.read_bytes()


WRONG: tuple[tuple[dict[str, object], str], ...] = (
    ({"name": " "}, "Give it a name"),
    ({"name": "taken"}, "Give it a name"),
    ({"scope": []}, "Choose what it may do."),
    ({"scope": ["root"]}, "Choose what it may do."),
    ({"expires": "day", "day": "2020-01-01"}, "Choose a day to come."),
    ({"expires": "day", "day": ""}, "Choose a day to come."),
    ({"audience": "network"}, "Name groups as group:NAME"),
)


def test_the_page_names_what_is_wrong_and_makes_nothing(
    signed_in: FlaskClient, services: Services, bearer: Bearer
) -> None:
    bearer("read", name="taken")
    for change, told in WRONG:
        answer = signed_in.post("/tokens", data={**FORM, **change})
        assert (answer.status_code, told in answer.get_data(as_text=True)) == (422, True), change
    assert [one.name for one in services.store.tokens()] == ["taken"]


def test_the_page_names_everything_that_is_wrong_and_keeps_what_was_filled_in(signed_in: FlaskClient) -> None:
    wrong = {"name": " ", "scope": ["admin"], "expires": "day", "day": "2020-01-01", "audience": "network"}
    page = signed_in.post("/tokens", data=wrong).get_data(as_text=True)
    assert [told in page for told in ("Give it a name", "Choose a day to come.", "Name groups as")] == [True] * 3
    assert 'value="network"' in page
    assert re.search(r'value="admin" checked', page)
    assert not re.search(r'value="read" checked', page)


def test_the_page_revokes_a_token_after_a_second_look(
    signed_in: FlaskClient, bearer: Bearer, services: Services
) -> None:
    header = bearer("read", name='<b>"desk"</b>')
    page = signed_in.get("/tokens").get_data(as_text=True)
    confirm = re.search(r"<details class=\"confirm\">.*?</details>", page, re.S)
    assert confirm
    assert "This cannot be undone." in confirm[0]
    assert "<b>" not in page

    for _ in range(2):  # twice is as good as once
        answer = signed_in.post("/tokens/revoke", data={"name": '<b>"desk"</b>'}, follow_redirects=True)
        assert "is revoked." in answer.get_data(as_text=True)
    assert signed_in.get("/api/v1/articles", headers=header).status_code == 401
    assert "details" not in signed_in.get("/tokens?revoked=<i>x").get_data(as_text=True).partition("<main")[2]


def test_only_who_administers_gets_at_tokens_and_only_from_the_page_itself(
    services: Services, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = create_app(services).test_client()
    guarded.get(new_sign_in_path(services.store))
    assert guarded.post("/tokens", data=FORM).status_code == 400
    assert guarded.post("/tokens/revoke", data={"name": "desk"}).status_code == 400
    assert app.test_client().post("/tokens", data=FORM).status_code == 302
    member = app.test_client()
    member.get(new_sign_in_path(services.store))
    monkeypatch.setattr(SignedIn, "viewer", MEMBER)
    statuses = [member.get("/tokens"), member.post("/tokens", data=FORM), member.post("/tokens/revoke")]
    assert [one.status_code for one in statuses] == [403, 403, 403]
    assert "/tokens" not in member.get("/").get_data(as_text=True)
    assert list(services.store.tokens()) == []


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Return what is logged, whatever its level, with every field."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.format = lambda record: f"{record.getMessage()} {record.__dict__}"  # type: ignore[method-assign]
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def test_no_token_is_logged_but_who_made_and_revoked_which(signed_in: FlaskClient, logged: io.StringIO) -> None:
    made = signed_in.post("/tokens", data=FORM).get_data(as_text=True)
    secret = re.findall(r"kb_[\w-]{43}", made)[0]
    for shown in (secret, f"{secret}x"):
        signed_in.get("/api/v1/articles", headers={"Authorization": f"Bearer {shown}"})
    signed_in.post("/tokens/revoke", data={"name": "desk"})
    signed_in.get("/api/v1/articles", headers={"Authorization": f"Bearer {secret}"})

    told = logged.getvalue()
    assert secret.removeprefix("kb_") not in told
    assert secret_hash(secret) not in told
    assert re.search(r"token made .*'token': 'desk'.*'by': 'administrator'", told)
    assert re.search(r"token revoked .*'token': 'desk'", told)
