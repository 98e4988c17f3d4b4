"""Writing in the site: from a title to an article, by form alone, as browsers without scripts send it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.documents import Article
from kb.protocols.drafts import Draft
from tests.forms import form_of, forms_of
from tests.writing_app import browser_of, writer
from web.site.writing_place import article_key
from web.wiring import Services

ANNA, BEN = writer("anna"), writer("ben")
WRITTEN = Article(
    id="vpn/drops",
    title="VPN drops every ten minutes",
    body="\n## Symptoms\n\nIt drops.\n\n## Resolution\n\n1. Restart it.\n",
    kind="troubleshooting",
    service="vpn",
    tags=("nat, double", "vpn"),
    error_signatures=("error 809: the\ttunnel failed",),
    related=("vpn/error-809", "mail/secret"),
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    updated_at=datetime(2026, 1, 2, tzinfo=UTC),
    extra=MappingProxyType({"vendor": {"case": 17}, "ratio": 0.5}),
)


@pytest.fixture
def anna(app: Flask) -> FlaskClient:
    return browser_of(app, ANNA)


@pytest.fixture
def ben(app: Flask) -> FlaskClient:
    return browser_of(app, BEN)


@pytest.fixture
def article(services: Services) -> Article:
    return services.store.create_article(WRITTEN, "somebody")


def opened(client: FlaskClient, address: str) -> dict[str, list[str]]:
    """Return the form of the editor at an address."""
    answer = client.get(address)
    assert answer.status_code == 200
    return form_of(answer.get_data(as_text=True), address)


def begun(client: FlaskClient, title: str = "Printer is offline", kind: str = "how-to") -> str:
    """Begin a draft and return its address."""
    answer = client.post("/write", data={"title": title, "kind": kind})
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def stored(services: Services, article_id: str) -> Article:
    found = services.store.article(article_id)
    assert found is not None
    return found


def test_article_is_written_from_a_title_to_its_page(anna: FlaskClient, services: Services) -> None:
    address = begun(anna)
    form = opened(anna, address)
    assert (form["title"], form["kind"]) == (["Printer is offline"], ["how-to"])

    answer = anna.post(
        address, data={**form, "body": "Switch\r\nit on.", "tags": "office\r\nprinter", "state": "draft"}
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, "/articles/printer-is-offline")
    made = stored(services, "printer-is-offline")
    assert (made.body, made.tags, made.state, made.authors) == (
        "Switch\nit on.",
        ("office", "printer"),
        "draft",
        ("anna",),
    )
    assert (made.source, made.language, made.revision) == ("site", "en", 1)
    assert services.store.revisions(made.id)[0].author == "anna"
    assert services.store.drafts("anna") == []


@pytest.mark.parametrize("state", ["in_review", "published"])
def test_article_goes_where_its_button_says(anna: FlaskClient, services: Services, state: str) -> None:
    address = begun(anna)
    anna.post(address, data={**opened(anna, address), "body": "x", "state": state})
    assert stored(services, "printer-is-offline").state == state


def test_nothing_changes_when_an_article_is_opened_and_saved(
    anna: FlaskClient, services: Services, article: Article
) -> None:
    form = opened(anna, "/edit/vpn/drops")
    assert form["related"] == ["vpn/error-809\r\nmail/secret"] or form["related"] == ["vpn/error-809"]

    answer = anna.post("/edit/vpn/drops", data=form)

    assert answer.status_code == 303
    assert stored(services, "vpn/drops") == article


def test_only_what_was_changed_changes(anna: FlaskClient, services: Services, article: Article) -> None:
    form = opened(anna, "/edit/vpn/drops")

    anna.post("/edit/vpn/drops", data={**form, "service": "", "tags": "nat, double"})

    now = stored(services, "vpn/drops")
    assert replace(now, updated_at=article.updated_at, revision=1) == replace(
        article, service=None, tags=("nat, double",), revision=1
    )
    assert dict(now.extra) == {"vendor": {"case": 17}, "ratio": 0.5}


def test_related_articles_that_the_writer_may_not_see_stay(services: Services, app: Flask, article: Article) -> None:
    secret = Article(id="net/secret", title="Secret", body="x", audience="group:net")
    services.store.create_article(secret, "somebody")
    with_secret = replace(article, related=("net/secret", "vpn/error-809"))
    services.store.update_article(with_secret, "somebody", 1)
    anna = browser_of(app, ANNA)
    form = opened(anna, "/edit/vpn/drops")
    assert form["related"] == ["vpn/error-809"]

    anna.post("/edit/vpn/drops", data={**form, "related": "mail/shared-mailbox"})

    assert set(stored(services, "vpn/drops").related) == {"mail/shared-mailbox", "net/secret"}


def test_title_that_is_taken_gets_an_id_of_its_own(anna: FlaskClient, services: Services) -> None:
    for _ in range(3):
        address = begun(anna)
        anna.post(address, data={**opened(anna, address), "body": "x"})
    assert {"printer-is-offline", "printer-is-offline-2", "printer-is-offline-3"} <= services.store.article_ids().keys()


def test_title_that_gives_a_former_id_leaves_the_old_links_where_they_lead(
    anna: FlaskClient, services: Services, article: Article
) -> None:
    services.store.add_alias("printer-is-offline", article.id)
    address = begun(anna)
    answer = anna.post(address, data={**opened(anna, address), "body": "x"})
    assert answer.headers["Location"] == "/articles/printer-is-offline-2"
    assert stored(services, "printer-is-offline").id == article.id


def test_draft_that_became_an_article_is_not_saved_twice(anna: FlaskClient, services: Services) -> None:
    address = begun(anna)
    form = {**opened(anna, address), "body": "x"}
    assert anna.post(address, data=form).status_code == 303

    again = anna.post(address, data={**form, "body": "more"})

    assert again.status_code == 422
    assert "became" in again.get_data(as_text=True) or "become" in again.get_data(as_text=True)
    assert "printer-is-offline-2" not in services.store.article_ids()
    assert services.store.drafts("anna")[0].value("body") == "more"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", " ", "title is empty"),
        ("review_due", "soon", "review_due"),
        ("audience", "everybody", "audience"),
        ("audience", "group:net", "not yours"),
        ("language", "klingon?", "language"),
        ("kind", "poem", "kind"),
        ("body", "x" * 5_000_001, "5,000,000"),
        ("related", "y" * 501, "501 characters"),
    ],
)
def test_what_cannot_be_saved_is_said_in_a_sentence_and_nothing_is_lost(
    anna: FlaskClient, services: Services, field: str, value: str, said: str
) -> None:
    address = begun(anna)
    form = {**opened(anna, address), "body": "My long text.", field: value}

    answer = anna.post(address, data=form)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said.casefold() in page.casefold()
    assert 'role="alert"' in page
    shown = form_of(page, address)
    assert shown["body"] == [form["body"]]
    draft = services.store.drafts("anna")[0]
    assert (draft.value("body"), draft.value(field)) == (form["body"], value)
    assert "printer-is-offline" not in services.store.article_ids()


def test_form_keeps_text_that_begins_with_line_feeds_and_holds_markup(anna: FlaskClient, services: Services) -> None:
    address = begun(anna)
    body = "\n\n</textarea><b>&amp;\n"
    anna.post(address, data={**opened(anna, address), "body": body})
    form = opened(anna, "/edit/printer-is-offline")
    assert form["body"] == [body.replace("\n", "\r\n")]
    anna.post("/edit/printer-is-offline", data=form)
    assert stored(services, "printer-is-offline").body == body
    assert stored(services, "printer-is-offline").revision == 1


def test_post_mortem_of_an_author_waits_for_a_reviewer(anna: FlaskClient, services: Services) -> None:
    address = begun(anna, kind="post-mortem")
    assert "Publish" not in anna.get(address).get_data(as_text=True)
    form = {**opened(anna, address), "body": "x"}

    refused = anna.post(address, data={**form, "state": "published"})

    assert refused.status_code == 403
    assert "reviewer" in refused.get_data(as_text=True)
    assert services.store.drafts("anna")[0].value("body") == "x"
    assert anna.post(address, data={**form, "state": "in_review"}).status_code == 303


def test_who_may_not_write_sees_no_way_to_it(app: Flask, article: Article) -> None:
    agent, author = browser_of(app, writer("carl", "agent")), browser_of(app, ANNA)
    for client, is_allowed in ((agent, False), (author, True)):
        page = client.get("/articles/vpn/drops").get_data(as_text=True)
        assert ('href="/edit/vpn/drops"' in page) is is_allowed
        assert ('href="/write"' in page) is is_allowed
        for address in ("/write", "/edit/vpn/drops"):
            assert client.get(address).status_code == (200 if is_allowed else 403)
    for address in ("/write", "/edit/vpn/drops", "/write/k1", "/drafts/k1/discard"):
        assert agent.post(address).status_code == 403
        assert app.test_client().post(address).status_code == 302
    for address in ("/drafts/k1", "/preview", "/covered", "/changes"):
        assert agent.post(address).status_code == 403
        assert app.test_client().post(address).status_code == 401


def test_article_of_others_audiences_and_of_folders_is_not_edited(anna: FlaskClient, services: Services) -> None:
    services.store.create_article(Article(id="net/secret", title="Secret", body="x", audience="group:net"), "somebody")
    assert anna.get("/edit/net/secret").status_code == 404
    assert anna.post("/edit/net/secret", data={"body": "y"}).status_code == 404
    folder = anna.get("/edit/vpn/error-809")
    assert folder.status_code == 409
    assert "runbooks" in folder.get_data(as_text=True)
    assert anna.post("/edit/vpn/error-809", data={"body": "y"}).status_code == 409


def test_earlier_revision_for_others_is_shown_by_no_page_of_the_editor(app: Flask, services: Services) -> None:
    held = Article(id="secret", title="Secret", body="Of hr alone.", audience="group:hr", service="payroll")
    made = services.store.create_article(held, "somebody")
    services.store.update_article(
        replace(made, title="Open", body="For all.", audience="internal", service=None), "somebody", 1
    )
    anna, dora = browser_of(app, ANNA), browser_of(app, writer("dora", "author", "group:hr"))
    began = {"began": "1", "revision": "1"}
    assert anna.get("/history/secret?revision=1").status_code == 404
    assert "Of hr alone." in dora.post("/edit/secret", data={**began, "preview": "1"}).get_data(as_text=True)

    answers = [anna.post("/edit/secret", data={**began, **sent}) for sent in ({"preview": "1"}, {"covered": "1"}, {})]
    key = article_key("secret")
    anna.post(f"/drafts/{key}", json={"values": {"began": ["1"], "body": ["Mine."]}, "article": "secret"})
    answers += [anna.get("/edit/secret"), anna.get(f"/drafts/{key}/changes")]
    answers.append(anna.post("/preview", data={**began, "article": "secret"}))
    answers.append(anna.post("/edit/secret", data={**began, "title": "Mine", "body": "Mine."}))

    assert [answer.status_code for answer in answers] == [200, 200, 409, 200, 200, 200, 409]
    for answer in answers:
        page = answer.get_data(as_text=True)
        assert "Of hr alone." not in page and "payroll" not in page


@pytest.mark.parametrize("began", ["99999999999999999999", "9" * 5_000, "-1", "two"])
def test_revision_that_is_no_number_of_one_is_passed_over(anna: FlaskClient, article: Article, began: str) -> None:
    page = anna.post("/edit/vpn/drops", data={**opened(anna, "/edit/vpn/drops"), "began": began, "preview": "1"})
    assert page.status_code == 200
    kept = anna.post("/drafts/k7", json={"values": {"began": [began], "body": ["Mine."]}})
    assert (kept.status_code, kept.get_json()["version"]) == (200, 1)


def test_audience_of_an_article_stays_within_those_of_its_writer(app: Flask, services: Services) -> None:
    dora = browser_of(app, writer("dora", "author", "group:net"))
    address = begun(dora)
    assert 'value="group:net"' in dora.get(address).get_data(as_text=True)
    dora.post(address, data={**opened(dora, address), "body": "x", "audience": "group:net"})
    assert stored(services, "printer-is-offline").audience == "group:net"
    assert browser_of(app, ANNA).get("/edit/printer-is-offline").status_code == 404


def test_drafts_are_listed_for_their_person_alone(anna: FlaskClient, ben: FlaskClient, app: Flask) -> None:
    anna = browser_of(app, ANNA)
    address = begun(anna, "Badge reader blinks red")
    ben = browser_of(app, BEN)
    assert "Badge reader blinks red" in anna.get("/write").get_data(as_text=True)
    assert "Badge reader blinks red" not in ben.get("/write").get_data(as_text=True)
    assert (anna.get(address).status_code, ben.get(address).status_code) == (200, 404)


def test_preview_and_covering_articles_are_there_without_scripts(anna: FlaskClient, services: Services) -> None:
    address = begun(anna, "VPN error 809 behind a router")
    form = {**opened(anna, address), "body": "Some **bold** text."}

    previewed = anna.post(address, data={**form, "preview": "1"}).get_data(as_text=True)
    covered = anna.post(address, data={**form, "covered": "1"}).get_data(as_text=True)

    assert "<strong>bold</strong>" in previewed
    assert form_of(previewed, address)["body"] == ["Some **bold** text."]
    assert 'href="/articles/vpn/error-809"' in covered
    assert form_of(covered, address)["body"] == ["Some **bold** text."]
    assert "printer-is-offline" not in services.store.article_ids()
    begin = anna.get("/write?title=VPN error 809 behind a router&kind=known-error").get_data(as_text=True)
    assert 'href="/articles/vpn/error-809"' in begin
    assert re.search(r'value="known-error" checked', begin)


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_text_of_a_form_of_another_session_is_given_back_or_kept_by_going_back(
    app: Flask, anna: FlaskClient, services: Services, article: Article, is_signed_in: bool
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    form = {**opened(anna, "/edit/vpn/drops"), "body": "A </textarea> of mine.", "csrf_token": "stale"}

    answer = (anna if is_signed_in else app.test_client()).post("/edit/vpn/drops", data=form)

    page = answer.get_data(as_text=True)
    assert answer.status_code == (400 if is_signed_in else 401)
    assert ("A &lt;/textarea&gt; of mine." in page) is is_signed_in
    assert ("sign in in another tab, then go back" in page) is not is_signed_in
    assert stored(services, "vpn/drops") == article


def test_text_that_a_stranger_sends_with_a_form_is_not_led_away_from(app: Flask) -> None:
    assert app.test_client().post("/edit/vpn/drops", data={"body": "Mine."}).status_code == 401


# two editors


def saved(client: FlaskClient, form: dict[str, list[str]], **changed: str) -> tuple[int, str]:
    answer = client.post("/edit/vpn/drops", data={**form, **changed})
    return answer.status_code, answer.get_data(as_text=True)


def test_second_of_two_editors_gets_both_texts_and_both_changes_together(
    anna: FlaskClient, ben: FlaskClient, app: Flask, services: Services, article: Article
) -> None:
    anna, ben = browser_of(app, ANNA), browser_of(app, BEN)
    hers, his = opened(anna, "/edit/vpn/drops"), opened(ben, "/edit/vpn/drops")
    her_text, his_text = WRITTEN.body.replace("It drops.", "It drops often."), WRITTEN.body + "2. Check it.\n"
    assert saved(anna, hers, body=her_text, tags="nat")[0] == 303

    status, page = saved(ben, his, body=his_text, owner="network-l3")

    assert status == 409
    assert stored(services, "vpn/drops").body == her_text
    assert "anna" in page and "often" in page
    together, mine = (fields for action, fields in forms_of(page) if action == "/edit/vpn/drops")
    assert mine["body"] == [his_text.replace("\n", "\r\n")]
    assert together["body"] == [(her_text + "2. Check it.\n").replace("\n", "\r\n")]
    assert services.store.drafts("ben")[0].value("body") == his_text
    assert ben.post("/edit/vpn/drops", data=together).status_code == 303
    now = stored(services, "vpn/drops")
    assert (now.body, now.tags, now.owner) == (her_text + "2. Check it.\n", ("nat",), "network-l3")
    assert services.store.drafts("ben") == []


def test_second_of_two_editors_may_save_on_top_or_take_the_other(
    app: Flask, services: Services, article: Article
) -> None:
    anna, ben = browser_of(app, ANNA), browser_of(app, BEN)
    hers, his = opened(anna, "/edit/vpn/drops"), opened(ben, "/edit/vpn/drops")
    saved(anna, hers, body="Hers.", title="Hers")
    status, page = saved(ben, his, body="His.", title="His")
    assert status == 409
    (mine,) = (fields for action, fields in forms_of(page) if action == "/edit/vpn/drops")
    assert "Hers" in page

    discard = next(action for action, _ in forms_of(page) if action.endswith("/discard"))
    assert ben.post("/edit/vpn/drops", data=mine).status_code == 303
    assert (stored(services, "vpn/drops").body, stored(services, "vpn/drops").title) == ("His.", "His")
    assert stored(services, "vpn/drops").tags == WRITTEN.tags

    saved(anna, opened(anna, "/edit/vpn/drops"), body="Hers again.")
    assert saved(ben, {**mine, "revision": ["3"], "began": ["3"]}, body="His again.")[0] == 409
    left = ben.post(discard, data={"read": "1"})
    assert left.headers["Location"] == "/articles/vpn/drops"
    assert (stored(services, "vpn/drops").body, services.store.drafts("ben")) == ("Hers again.", [])


def test_edit_of_what_a_reviewer_has_published_meanwhile_gets_both_texts(app: Flask, services: Services) -> None:
    made = services.store.create_article(replace(WRITTEN, state="draft"), "anna")
    anna = browser_of(app, ANNA)
    form = opened(anna, "/edit/vpn/drops")
    services.store.update_article(replace(made, state="published"), "reviewer", 1)

    status, page = saved(anna, form, body="Hers.", state="draft")

    assert status == 409
    assert form_of(page, "/edit/vpn/drops")["body"] == ["Hers."]
    assert saved(anna, form_of(page, "/edit/vpn/drops"))[0] == 303
    assert (stored(services, "vpn/drops").body, stored(services, "vpn/drops").state) == ("Hers.", "published")


def test_third_change_during_a_conflict_is_a_conflict_again(app: Flask, services: Services, article: Article) -> None:
    anna, ben = browser_of(app, ANNA), browser_of(app, BEN)
    his = opened(ben, "/edit/vpn/drops")
    saved(anna, opened(anna, "/edit/vpn/drops"), body="One.")
    _, page = saved(ben, his, body="His.")
    saved(anna, opened(anna, "/edit/vpn/drops"), body="Two.")

    status, again = saved(ben, form_of(page, "/edit/vpn/drops"))

    assert status == 409
    assert form_of(again, "/edit/vpn/drops")["body"] == ["His."]
    assert saved(ben, form_of(again, "/edit/vpn/drops"))[0] == 303
    assert stored(services, "vpn/drops").body == "His."


def test_one_of_many_who_save_at_once_wins_and_the_others_have_their_text(
    app: Flask, services: Services, article: Article
) -> None:
    clients = [browser_of(app, writer(f"w{number}")) for number in range(6)]
    forms = [opened(client, "/edit/vpn/drops") for client in clients]

    def save(number: int) -> tuple[int, str]:
        return saved(clients[number], forms[number], body=f"The text of {number}.")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(save, range(6)))

    assert sorted(status for status, _ in answers) == [303, *[409] * 5]
    for number, (status, page) in enumerate(answers):
        if status == 303:
            assert stored(services, "vpn/drops").body == f"The text of {number}."
        else:
            assert form_of(page, "/edit/vpn/drops")["body"] == [f"The text of {number}."]
            assert services.store.drafts(f"w{number}")[0].value("body") == f"The text of {number}."
    assert stored(services, "vpn/drops").revision == 2


def test_draft_of_an_article_goes_on_from_the_revision_it_began_at(
    app: Flask, services: Services, article: Article
) -> None:
    anna, ben = browser_of(app, ANNA), browser_of(app, BEN)
    form = opened(anna, "/edit/vpn/drops")
    values = {name: [one.replace("\r\n", "\n") for one in held] for name, held in form.items()}
    key = re.search(r'data-key="([^"]+)"', anna.get("/edit/vpn/drops").get_data(as_text=True))
    assert key
    kept = anna.post(f"/drafts/{key[1]}", json={"values": {**values, "body": ["Mine."]}, "article": "vpn/drops"})
    assert kept.get_json()["version"] == 1
    saved(ben, opened(ben, "/edit/vpn/drops"), body="Of Ben.")

    page = anna.get("/edit/vpn/drops").get_data(as_text=True)

    assert "You have an unsaved draft" in page
    assert "The article was changed since." in page
    assert form_of(page, "/edit/vpn/drops")["body"] == ["Mine."]
    assert form_of(page, "/edit/vpn/drops")["revision"] == ["1"]
    assert "Mine" in anna.get(f"/drafts/{key[1]}/changes").get_data(as_text=True)
    assert "Of Ben" in anna.get(f"/drafts/{key[1]}/changes").get_data(as_text=True)
    assert saved(anna, form_of(page, "/edit/vpn/drops"))[0] == 409
    assert "unsaved draft" not in ben.get("/edit/vpn/drops").get_data(as_text=True)
    anna.post(f"/drafts/{key[1]}/discard", data={"edit": "1"})
    assert opened(anna, "/edit/vpn/drops")["body"] == ["Of Ben."]


def test_draft_of_another_window_is_neither_discarded_nor_replaced_by_a_save(
    anna: FlaskClient, services: Services, article: Article
) -> None:
    key, address = article_key("vpn/drops"), "/edit/vpn/drops"
    first = {name: held for name, held in opened(anna, address).items() if name != "draft"} | {"body": ["Of window A."]}
    anna.post(f"/drafts/{key}", json={"values": first, "article": "vpn/drops", "version": 0})
    hers = opened(anna, address)
    assert hers["draft"] == ["1"]
    second = {**first, "body": ["Of window B, with more."]}
    anna.post(f"/drafts/{key}", json={"values": second, "article": "vpn/drops", "version": 1})

    refused = anna.post(address, data={**hers, "title": " "})
    assert refused.status_code == 422
    assert "another window has kept a draft" in refused.get_data(as_text=True)
    assert form_of(refused.get_data(as_text=True), address)["draft"] == ["1"]
    assert services.store.drafts("anna")[0].value("body") == "Of window B, with more."
    assert anna.post(address, data=hers).status_code == 303
    assert stored(services, "vpn/drops").body == "Of window A."
    page = anna.get(address).get_data(as_text=True)
    assert form_of(page, address)["body"] == ["Of window B, with more."]
    stale = anna.post(address, data=form_of(page, address)).get_data(as_text=True)
    assert services.store.drafts("anna")[0].version == 3
    anna.post(f"/drafts/{key}/discard", data={"draft": "2"})
    assert services.store.drafts("anna")[0].version == 3
    assert anna.post(address, data=form_of(stale, address)).status_code == 303
    assert services.store.drafts("anna") == []


def test_draft_of_an_article_that_is_gone_can_still_be_read(anna: FlaskClient, services: Services) -> None:
    values = {"title": ("Gone",), "body": ("What I wrote.",), "kind": ("how-to",)}
    services.store.save_draft(Draft(person="anna", key="k9", values=values, article_id="no/such", revision=1))
    page = anna.get("/write/k9").get_data(as_text=True)
    assert "What I wrote." in page
    assert anna.post("/write/k9", data=form_of(page, "/write/k9")).headers["Location"] == "/articles/gone"
