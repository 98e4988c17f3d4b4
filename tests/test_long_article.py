"""An article of a megabyte is written, previewed, changed and compared like any other."""

from __future__ import annotations

from pathlib import Path

from tests.forms import form_of, forms_of
from tests.writing_app import browser_of, writer, writing_app

LOG = "2026-11-26T08:00:00Z ERROR worker-{number} connection reset by peer while reading response header\n"
BODY = (
    "## Symptoms\n\n```\n"
    + "".join(LOG.format(number=number) for number in range(11_500))
    + "```\n\n## Resolution\n\n1. Restart it.\n"
)


def test_article_of_a_megabyte_is_written_changed_and_compared(tmp_path: Path) -> None:
    assert len(BODY) > 2**20
    with writing_app(tmp_path / "home") as (app, services):
        anna, ben = browser_of(app, writer("anna")), browser_of(app, writer("ben"))
        address = anna.post("/write", data={"title": "Long log", "kind": "reference"}).headers["Location"]
        key = address.rpartition("/")[2]
        assert anna.post(f"/drafts/{key}", json={"values": {"title": ["Long log"], "body": [BODY]}}).status_code == 200
        form = form_of(anna.get(address).get_data(as_text=True), address)
        sent = {**form, "kind": "reference", "audience": "internal"}
        preview = anna.post("/preview", data=sent).get_data(as_text=True)
        assert anna.post(address, data={**sent, "state": "published"}).status_code == 303
        made = services.store.article("long-log")
        assert made is not None
        assert made.body == BODY
        page = anna.get("/articles/long-log").get_data(as_text=True)
        prose = preview[preview.index('<div class="prose">') : preview.rindex("</article>")].strip()
        assert prose in page

        hers = form_of(anna.get("/edit/long-log").get_data(as_text=True), "/edit/long-log")
        her_text = BODY.replace("worker-40 ", "worker-forty ")
        his_text = BODY.replace("Restart it.", "Restart it twice.")
        assert anna.post("/edit/long-log", data={**hers, "body": her_text}).status_code == 303
        answer = ben.post("/edit/long-log", data={**hers, "body": his_text})
        assert answer.status_code == 409
        conflict = answer.get_data(as_text=True)
        together, mine = (fields["body"][0] for action, fields in forms_of(conflict) if action == "/edit/long-log")
        assert mine.replace("\r\n", "\n") == his_text
        assert together.replace("\r\n", "\n") == her_text.replace("Restart it.", "Restart it twice.")
        assert conflict.count("<tr") < 50


def test_text_beyond_what_a_request_holds_is_refused_and_the_draft_stays(tmp_path: Path) -> None:
    with writing_app(tmp_path / "home", max_body_mb=1) as (app, services):
        anna = browser_of(app, writer("anna"))
        address = anna.post("/write", data={"title": "Long log", "kind": "reference"}).headers["Location"]
        key = address.rpartition("/")[2]
        assert anna.post(f"/drafts/{key}", json={"values": {"body": ["Short."]}}).status_code == 200
        too_long = anna.post(f"/drafts/{key}", json={"values": {"body": [BODY]}})
        saved = anna.post(address, data={"title": "Long log", "body": BODY})
        assert (too_long.status_code, saved.status_code) == (413, 413)
        assert "too large" in saved.get_data(as_text=True).casefold()
        kept = services.store.draft("anna", key)
        assert kept is not None
        assert kept.value("body") == "Short."
