"""People sign in, are invited, changed and put out on the site; nobody gets at what their role does not allow."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from kb.access import ADMINISTRATOR
from kb.roles import LEAST_ROLE, ROLES, Role, allows
from kb.settings import Settings
from tests.fakes.encoder import FakeEncoder
from tests.people import PASSWORD, add_person, signed_in_as, use_cheap_hashes
from web.app import create_app
from web.cli.serving import _way_in
from web.links import new_person_path, new_sign_in_path
from web.site.roles import ACTION_WORDS, ROLE_WORDS
from web.wiring import Services, open_services

WRONG = "Name and password do not belong together."
TOO_MANY = "Too many attempts."


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """An installation without documents."""
    with open_services(Settings(home=tmp_path / "home"), lambda line: None, FakeEncoder) as opened:
        use_cheap_hashes(opened)
        yield opened


@pytest.fixture
def app(services: Services) -> Flask:
    application = create_app(services)
    application.config["WTF_CSRF_ENABLED"] = False
    return application


@pytest.fixture
def chief(app: Flask, services: Services) -> FlaskClient:
    """A browser in which the administrator `chief` is signed in."""
    add_person(services, "chief", "administrator")
    return signed_in_as(app, "chief")


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == 200


def shown_link(answer: TestResponse) -> str:
    found = re.search(r"<code>(http://localhost/sign-in/[\w-]{43})</code>", text(answer))
    assert found, text(answer)
    return found[1].removeprefix("http://localhost")


# signing in


def test_a_name_and_password_sign_in_and_lead_to_the_page_that_was_asked_for(app: Flask, services: Services) -> None:
    add_person(services, "Desk")
    browser = app.test_client()
    form = browser.get(browser.get("/account").headers["Location"])
    assert re.search(r'<input type="hidden" name="next" value="/account">', text(form))

    answer = browser.post("/sign-in", data={"name": " DESK", "password": PASSWORD, "next": "/account"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    assert '<span class="unseen">Signed in as </span>Desk' in text(browser.get("/account"))


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_only_to_pages_of_this_site(app: Flask, services: Services, target: str) -> None:
    add_person(services, "desk")
    answer = app.test_client().post("/sign-in", data={"name": "desk", "password": PASSWORD, "next": target})
    assert answer.headers["Location"] == "/"


def test_a_wrong_name_and_a_wrong_password_are_told_alike(app: Flask, services: Services) -> None:
    add_person(services, "desk")
    services.store.add_person("invited", "agent")
    add_person(services, "gone")
    services.store.change_person("gone", is_disabled=True)
    pages = set()
    for name, password in (("desk", "wrong"), ("nobody", PASSWORD), ("invited", ""), ("gone", PASSWORD), ("", "")):
        browser = app.test_client()
        answer = browser.post("/sign-in", data={"name": name, "password": password})
        assert answer.status_code == 422
        assert not is_in(browser)
        pages.add(re.sub(r'name="csrf_token" value="[^"]*"', "", text(answer).replace(f'value="{name}"', "")))
    assert len(pages) == 1
    (page,) = pages
    assert re.search(rf'role="alert" id="wrong">{WRONG}', page)
    assert page.count('aria-invalid="true" aria-describedby="wrong"') == 2


def test_what_was_typed_is_escaped_and_the_password_never_comes_back(app: Flask) -> None:
    page = text(app.test_client().post("/sign-in", data={"name": '"><script>', "password": "xyzzy-secret"}))
    assert "<script>" not in page.partition("<main")[2]
    assert "&#34;&gt;&lt;script&gt;" in page
    assert "xyzzy-secret" not in page


def test_the_form_is_made_for_password_managers(app: Flask) -> None:
    page = text(app.test_client().get("/sign-in"))
    for name, hint in (("name", "username"), ("password", "current-password")):
        assert f'<label for="{name}">' in page
        assert re.search(rf'<input id="{name}"[^>]*autocomplete="{hint}"', page)


def test_signing_in_begins_a_session_of_its_own(app: Flask, services: Services) -> None:
    add_person(services, "desk")
    browser = app.test_client()
    browser.get("/sign-in?next=/similar")
    with browser.session_transaction() as before:
        before["planted"] = "by somebody else"
    browser.post("/sign-in", data={"name": "desk", "password": PASSWORD})
    with browser.session_transaction() as after:
        assert "planted" not in after
        assert "next" not in after
        assert after["_user_id"].startswith("desk ")


def test_a_session_lasts_after_the_browser_was_closed(app: Flask, services: Services) -> None:
    add_person(services, "desk")
    browser = signed_in_as(app, "desk")
    kept = browser.get_cookie("remember_token")
    assert kept is not None
    assert kept.http_only
    browser.delete_cookie("session")
    assert is_in(browser)


def test_guesses_are_limited_by_address_and_a_right_password_is_refused_after_too_many(
    app: Flask, services: Services
) -> None:
    add_person(services, "desk")
    browser = app.test_client()
    wrong = {"name": "desk", "password": "wrong"}
    statuses = [browser.post("/sign-in", data={**wrong, "name": f"n{number}"}).status_code for number in range(12)]
    assert statuses == [422] * 10 + [429] * 2
    refused = browser.post("/sign-in", data={"name": "desk", "password": PASSWORD})
    assert (refused.status_code, TOO_MANY in text(refused)) == (429, True)
    assert 1 <= int(refused.headers["Retry-After"]) <= 61  # a window of a minute, rounded up
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    answer = browser.post("/sign-in", data={"name": "desk", "password": PASSWORD}, environ_overrides=elsewhere)
    assert answer.status_code == 303


def test_guesses_at_one_name_are_limited_from_wherever_they_come(app: Flask, services: Services) -> None:
    add_person(services, "desk")
    add_person(services, "other")
    browser, names = app.test_client(), ("desk", "DESK", " " * 64 + "Desk")

    def guess(number: int, name: str, password: str = "wrong") -> int:
        address = {"REMOTE_ADDR": f"192.0.2.{number}"}
        return browser.post(
            "/sign-in", data={"name": name, "password": password}, environ_overrides=address
        ).status_code

    assert [guess(number, names[number % 3]) for number in range(31)] == [422] * 30 + [429]
    assert guess(50, "desk", PASSWORD) == 429
    assert guess(51, "other", PASSWORD) == 303


def test_right_passwords_are_not_counted_as_guesses(app: Flask, services: Services) -> None:
    add_person(services, "desk")
    for _ in range(12):
        assert is_in(signed_in_as(app, "desk"))


def test_links_are_tried_twenty_times_a_minute(app: Flask) -> None:
    browser = app.test_client()
    statuses = [browser.get(f"/sign-in/guess-{number}").status_code for number in range(21)]
    assert statuses == [403] * 20 + [429]


# sessions end


def test_a_disabled_person_is_out_at_once_and_in_again_only_by_signing_in(
    app: Flask, services: Services, chief: FlaskClient
) -> None:
    add_person(services, "desk", "author")
    browser = signed_in_as(app, "desk")
    assert is_in(browser)
    assert chief.post("/person/desk/disable").status_code == 303
    assert not is_in(browser)
    assert app.test_client().post("/sign-in", data={"name": "desk", "password": PASSWORD}).status_code == 422
    assert chief.post("/person/desk/enable").status_code == 303
    assert not is_in(browser)
    assert is_in(signed_in_as(app, "desk"))


@pytest.mark.parametrize("change", [{"role": "author"}, {"groups": "net"}])
def test_another_role_or_group_ends_sessions_and_another_full_name_does_not(
    app: Flask, services: Services, chief: FlaskClient, change: dict[str, str]
) -> None:
    add_person(services, "desk")
    browser = signed_in_as(app, "desk")
    same = {"full_name": "The desk", "role": "agent", "groups": ""}
    assert chief.post("/person/desk", data=same).status_code == 303
    assert is_in(browser)
    assert chief.post("/person/desk", data={**same, **change}).status_code == 303
    assert not is_in(browser)


def test_a_new_password_ends_every_other_session_and_signing_out_everywhere_every_one(
    app: Flask, services: Services
) -> None:
    add_person(services, "desk")
    here, there = signed_in_as(app, "desk"), signed_in_as(app, "desk")
    form = {"current": PASSWORD, "password": "another long sentence", "again": "another long sentence"}
    changed = here.post("/account/password", data=form, follow_redirects=True)
    assert "The new password is in use." in text(changed)
    assert (is_in(here), is_in(there)) == (True, False)
    there = signed_in_as(app, "desk", "another long sentence")
    left = here.post("/account/sessions")
    assert (left.status_code, left.headers["Clear-Site-Data"]) == (303, '"cache"')
    assert (is_in(here), is_in(there)) == (False, False)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"current": "wrong"}, "This is not your present password."),
        ({"again": "something else again"}, "The two are not the same."),
        ({"password": "short", "again": "short"}, "Use at least 12 characters."),
        ({"password": "passwort1234", "again": "passwort1234"}, "tried first"),
        ({"password": "desk-desk-desk", "again": "desk-desk-desk"}, "little more than the name"),
    ],
)
def test_a_password_that_cannot_be_taken_changes_nothing(
    app: Flask, services: Services, form: dict[str, str], told: str
) -> None:
    add_person(services, "desk")
    browser = signed_in_as(app, "desk")
    sent = {"current": PASSWORD, "password": "another long sentence", "again": "another long sentence", **form}
    answer = browser.post("/account/password", data=sent)
    assert (answer.status_code, told in text(answer)) == (422, True)
    assert is_in(browser)
    assert is_in(signed_in_as(app, "desk"))


def test_guesses_at_the_present_password_are_limited(app: Flask, services: Services) -> None:
    add_person(services, "desk")
    browser = signed_in_as(app, "desk")
    statuses = [browser.post("/account/password", data={"current": "wrong"}).status_code for _ in range(31)]
    assert statuses == [422] * 30 + [429]


# the first administrator


def test_the_link_leads_to_the_first_account_and_lets_nobody_in_once_it_is_made(app: Flask, services: Services) -> None:
    other, browser = app.test_client(), app.test_client()
    for one in (other, browser):
        one.get(new_sign_in_path(services.store))
    unused = new_sign_in_path(services.store)
    for path in ("/", "/people", "/account"):
        assert 'href="/people/first"' in text(browser.get(path)), path
    assert browser.get("/people/first").status_code == 200

    form = {"name": "chief", "full_name": "Head", "password": PASSWORD, "again": PASSWORD}
    made = browser.post("/people/first", data=form)

    assert (made.status_code, made.headers["Location"]) == (303, "/people")
    assert "/people/first" not in text(browser.get("/people")) + text(browser.get("/"))
    with browser.session_transaction() as session:
        assert session["_user_id"].startswith("chief ")
    assert not is_in(other)
    assert app.test_client().get(unused).status_code == 403
    assert browser.get("/people/first").status_code == 403
    assert services.store.person("chief").role == "administrator"
    assert is_in(signed_in_as(app, "chief"))


def test_the_first_account_is_made_whole_or_not_at_all(app: Flask, services: Services) -> None:
    browser = app.test_client()
    browser.get(new_sign_in_path(services.store))
    form = {"name": "chief", "full_name": "Head", "password": PASSWORD, "again": PASSWORD}
    for wrong in ({"name": "administrator"}, {"name": "a b"}, {"password": "short"}, {"again": "x"}):
        answer = browser.post("/people/first", data={**form, **wrong})
        assert answer.status_code == 422, wrong
        assert PASSWORD not in text(answer)
    assert services.store.people() == []
    assert is_in(browser)


def test_an_installation_with_people_but_no_administrator_still_takes_the_link(app: Flask, services: Services) -> None:
    add_person(services, "desk", "reviewer")
    services.store.add_person("chief", "administrator")
    browser = app.test_client()
    assert browser.get(new_sign_in_path(services.store)).status_code == 302
    assert is_in(browser)
    services.store.set_password("chief", "hash")
    assert not is_in(browser)


def test_the_server_tells_the_way_in_that_is_open(services: Services) -> None:
    address = "http://127.0.0.1:8080"
    assert re.fullmatch(rf"Sign in once with {address}/sign-in/[\w-]{{43}}", _way_in(services, address))
    add_person(services, "chief", "administrator")
    assert _way_in(services, address) == f"Sign in at {address}/sign-in"


# inviting


def test_an_invitation_is_shown_once_and_chooses_a_password_once(
    app: Flask, services: Services, chief: FlaskClient
) -> None:
    form = {"name": "network-l3", "full_name": "Network", "role": "author", "groups": "net, group:board"}
    made = chief.post("/people", data=form)
    link = shown_link(made)
    assert (made.status_code, made.headers["Cache-Control"]) == (200, "no-store")
    assert link not in text(chief.get("/people"))
    assert link.rpartition("/")[2].encode() not in services.settings.store_path.read_bytes()
    invited = services.store.person("network-l3")
    assert (invited.role, invited.groups, invited.has_password) == ("author", ("board", "net"), False)

    browser = app.test_client()
    for _ in range(2):  # looking spends nothing
        assert browser.head(link).status_code == 200
        page = text(browser.get(link))
    assert 'autocomplete="new-password"' in page
    assert 'value="network-l3" autocomplete="username" readonly' in page
    short = browser.post(link, data={"password": "short", "again": "short"})
    assert (short.status_code, "Use at least 12 characters." in text(short)) == (422, True)
    chosen = browser.post(link, data={"password": PASSWORD, "again": PASSWORD})
    assert chosen.status_code == 303
    assert is_in(browser)
    again = app.test_client()
    assert [again.get(link).status_code, again.post(link, data={"password": PASSWORD}).status_code] == [403, 403]


def test_a_new_link_voids_the_one_before_and_ends_sessions_when_it_is_used(
    app: Flask, services: Services, chief: FlaskClient
) -> None:
    add_person(services, "desk")
    browser = signed_in_as(app, "desk")
    first, second = (shown_link(chief.post("/person/desk/link")) for _ in range(2))
    assert app.test_client().get(first).status_code == 403
    assert is_in(browser)
    assert is_in(signed_in_as(app, "desk"))
    chosen = "a password that is chosen anew"
    assert app.test_client().post(second, data={"password": chosen, "again": chosen}).status_code == 303
    assert not is_in(browser)


def test_a_link_of_a_disabled_person_is_void_and_none_is_made(
    app: Flask, services: Services, chief: FlaskClient
) -> None:
    add_person(services, "desk")
    link = new_person_path(services.store, "desk")
    chief.post("/person/desk/disable")
    assert app.test_client().get(link).status_code == 403
    refused = chief.post("/person/desk/link")
    assert (refused.status_code, "Enable the account first." in text(refused)) == (422, True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "CHIEF"}, "a name that nobody else has"),
        ({"name": "token:desk"}, "a name that nobody else has"),
        ({"name": "Administrator"}, "a name that nobody else has"),
        ({"role": "root"}, "Choose a role."),
        ({"groups": "group:a:b"}, "Name groups with"),
        ({"full_name": "x" * 101}, "Write at most 100"),
    ],
)
def test_nobody_is_added_when_something_is_wrong(
    services: Services, chief: FlaskClient, change: dict[str, str], told: str
) -> None:
    form = {"name": "desk", "full_name": "Desk", "role": "agent", "groups": "net", **change}
    answer = chief.post("/people", data=form)
    assert (answer.status_code, told in text(answer)) == (422, True)
    assert [one.name for one in services.store.people()] == ["chief"]


def test_the_last_administrator_is_neither_disabled_nor_demoted(services: Services, chief: FlaskClient) -> None:
    for answer in (
        chief.post("/person/chief/disable"),
        chief.post("/person/chief", data={"full_name": "", "role": "reviewer", "groups": ""}),
    ):
        assert (answer.status_code, "This is the last administrator" in text(answer)) == (422, True)
    assert services.store.person("chief").role == "administrator"
    assert is_in(chief)


def test_an_administrator_who_changes_their_own_account_goes_on_with_it(services: Services, chief: FlaskClient) -> None:
    add_person(services, "second", "administrator")
    kept = chief.post("/person/chief", data={"full_name": "", "role": "administrator", "groups": "net"})
    assert kept.headers["Location"].startswith("/person/chief")
    assert is_in(chief)
    left = chief.post("/person/chief", data={"full_name": "", "role": "agent", "groups": ""})
    assert left.headers["Location"] == "/"
    assert is_in(chief)
    assert chief.get("/people").status_code == 403


def test_names_are_escaped_wherever_they_show(services: Services, chief: FlaskClient) -> None:
    add_person(services, "desk")
    services.store.change_person("desk", full_name="<b>x</b>", groups=["<i>"])
    for path in ("/people", "/person/desk"):
        page = text(chief.get(path))
        assert "<b>x" not in page
        assert "<i>" not in page
        assert "&lt;b&gt;x" in page
    assert chief.get("/person/nobody").status_code == 404


# who may do what


def test_pages_show_to_each_role_only_what_it_may_do(app: Flask, services: Services) -> None:
    for role in ROLES:
        add_person(services, f"the-{role}", role)
        browser = signed_in_as(app, f"the-{role}")
        page, administers = text(browser.get("/")), role == "administrator"
        for path in ("/people", "/tokens"):
            assert (f'href="{path}"' in page) is administers, (role, path)
            assert (browser.get(path).status_code == 200) is administers, (role, path)
        saves = '<button type="submit">Save</button>' in text(browser.get("/vocabulary"))
        assert saves is administers


@pytest.mark.parametrize("role", ROLES)
def test_no_link_or_form_that_somebody_is_shown_is_refused_to_them(app: Flask, services: Services, role: Role) -> None:
    add_person(services, "chief", "administrator")
    add_person(services, "desk", role)
    browser = signed_in_as(app, "desk")
    waiting, seen, forms = ["/"], set[str](), set[str]()
    while waiting:
        path = waiting.pop()
        answer = browser.get(path)
        assert answer.status_code != 403, path
        page = text(answer)
        found = re.findall(r'href="(/[^"#]*)', page) if answer.mimetype == "text/html" else []
        links = {html.unescape(one) for one in found}
        waiting += sorted(one for one in links - seen if not one.startswith(("/static/", "/language/", "/api/")))
        seen |= links
        forms |= set(re.findall(r'<form[^>]*method="post"[^>]*action="(/[^"]*)"', page)) - {"/sign-out"}
    for path in forms - {"/account/sessions"}:
        assert browser.post(path).status_code != 403, path
    assert "/account" in seen
    assert "/account" in forms


def test_the_table_of_roles_is_the_one_that_decides(app: Flask, services: Services) -> None:
    add_person(services, "desk")
    page = text(signed_in_as(app, "desk").get("/people/roles"))
    rows = re.findall(r'<tr><th class="told" scope="row">([^<]*)</th>((?:<td>\w+</td>)+)</tr>', page)
    assert list(ACTION_WORDS) == list(LEAST_ROLE)
    assert {told: re.findall(r"<td>(\w+)", cells) for told, cells in rows} == {
        str(told): ["yes" if allows(role, action) else "no" for role in ROLES] for action, told in ACTION_WORDS.items()
    }


def test_the_manual_has_the_table_of_roles(app: Flask) -> None:
    manual = Path("articles/manual/people.md").read_text(encoding="utf-8")
    with app.test_request_context():
        head = f"| what | {' | '.join(str(ROLE_WORDS[role]) for role in ROLES)} |"
        rows = [
            f"| {told} | {' | '.join('yes' if allows(role, action) else 'no' for role in ROLES)} |"
            for action, told in ACTION_WORDS.items()
        ]
    assert "\n".join([head, "| --- | --- | --- | --- | --- |", *rows]) in manual


def site_rules(app: Flask) -> list[Rule]:
    """Return the routes of pages that change something."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"} and not rule.rule.startswith("/api/v1")
    ]


def path_of(rule: Rule) -> str:
    return re.sub(r"<[^>]+>", "x", re.sub(r"<int:[^>]+>", "1", rule.rule))


WITHOUT_SESSION = {"sign_in.with_password", "sign_in.choose"}


def test_every_form_is_refused_without_its_token(services: Services) -> None:
    app = create_app(services)
    browser = app.test_client()
    browser.get(new_sign_in_path(services.store))
    rules = site_rules(app)
    assert {"people.add", "account.rename", "sign_in.with_password", "tokens.create"} <= {one.endpoint for one in rules}
    for rule in rules:
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            answer = browser.open(path_of(rule), method=method, data={"name": "x"})
            assert answer.status_code == 400, rule
    assert services.store.people() == []


def test_every_form_but_that_of_signing_in_needs_a_session_and_the_role_that_it_names(
    app: Flask, services: Services
) -> None:
    add_person(services, "chief", "administrator")
    stranger = app.test_client()
    browsers = {}
    for role in ROLES:
        add_person(services, f"the-{role}", role)
        browsers[role] = signed_in_as(app, f"the-{role}")
    for rule in site_rules(app):
        if rule.endpoint in WITHOUT_SESSION:
            continue
        refused = stranger.post(path_of(rule))
        led = refused.headers.get("Location", "").startswith("/sign-in")
        assert led if refused.status_code == 302 else refused.status_code == 401, (rule, refused.status)
        action = getattr(app.view_functions[rule.endpoint], "fixlore_action", None)
        assert action is not None or rule.endpoint == "sign_in.sign_out", rule
        for role, browser in browsers.items():
            if action is not None and not allows(role, action):
                assert browser.post(path_of(rule)).status_code == 403, (rule, role)


@pytest.mark.parametrize("role", ROLES)
def test_a_person_is_asked_by_their_own_name(app: Flask, services: Services, role: Role) -> None:
    add_person(services, "desk", role)
    with app.test_request_context(), signed_in_as(app, "desk") as browser:
        browser.get("/account")
        from flask_login import current_user

        assert (current_user.viewer.name, current_user.viewer.role) == ("desk", role)
    assert ADMINISTRATOR.name != "desk"


def test_a_page_says_so_when_the_store_cannot_be_read(app: Flask, services: Services) -> None:
    add_person(services, "desk")
    browser = signed_in_as(app, "desk")
    services.store.close()
    for path in ("/account", "/people/roles", "/"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), path
        assert "Signed in as" not in text(answer)
    assert browser.post("/sign-in", data={"name": "desk", "password": PASSWORD}).status_code == 503


def test_refusal_names_the_role_in_the_language_of_the_page(app: Flask, services: Services) -> None:
    add_person(services, "desk")
    browser = signed_in_as(app, "desk")

    refused = browser.get("/people", headers={"Accept-Language": "de"})
    assert refused.status_code == 403
    assert "Administrator" in text(refused) and "administrator" not in text(refused)
