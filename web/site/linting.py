"""Say what could be better in a text while it is written, and put rows of a form back into its tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from types import MappingProxyType
from typing import TypeVar

from flask import Blueprint, Flask, current_app, jsonify, render_template, request
from flask_login import current_user

from kb.access import may_read
from kb.action_items import ActionItem, action_items_of, with_action_items
from kb.attaching import attached
from kb.broken_links import broken_links
from kb.documents import Article
from kb.errors import InvalidInput
from kb.front_matter import with_line_feeds
from kb.ids import checked_id
from kb.markdown_tables import first_table
from kb.plain_text import inline_text
from kb.post_mortem_sections import section_of
from kb.timeline import TimelineRow, in_order, timeline_of, with_timeline
from web.api.references import article_as_seen
from web.article_page import page_anchors
from web.site.article_form import article_so_far, one_of, sent_values
from web.site.drafting import Answer, told
from web.site.inferred import inferred_of
from web.site.lint_words import Lint, lint_of, sensitive_in_words, sentence
from web.site.post_mortem_form import is_local_time, lines_of, split_time
from web.starting import UNNAMED
from web.wiring import Services

pages = Blueprint("linting", __name__)
MOST_ROWS = 500
READ: Mapping[str, Callable[[str], Sequence[TimelineRow | ActionItem] | None]] = MappingProxyType(
    {"timeline": timeline_of, "actions": action_items_of}
)
"""Table → how its rows are read from a body."""
SECTION = {"timeline": "timeline", "actions": "action_items"}
_Row = TypeVar("_Row", TimelineRow, ActionItem)


def install_linting(app: Flask) -> None:
    """Make what is said of a text known to templates."""
    app.jinja_env.globals.update(lint_of=_lint, split_time=split_time, is_local_time=is_local_time, lines_of=lines_of)
    app.jinja_env.globals.update(inferred_of=inferred_of)
    app.jinja_env.filters.update(plain=inline_text, sentence=sentence, sensitive_in_words=sensitive_in_words)


@pages.post("/lint")
@told
def lint() -> Answer:
    """Return what there is to say of what stands in the form: `html` to show, and the rows of its tables.

    `timeline` and `actions` each hold `rows`, a list or `null` where the text has no such table or an odd one, and
    `text`, the table as it stands there, empty without one.
    """
    values = sent_values(request.form)
    began = _began(one_of(values, "title"))
    article = attached(article_so_far(values, began), began.attachments, _services().store, current_user.viewer)
    if not request.form.get("kind"):
        raise InvalidInput("send the whole form", field="kind")
    return jsonify(
        html=render_template("editor/lint.html", lint=_lint(article), article=article),
        **{name: _shown(name, article.body) for name in READ},
        language=article.language,
    )


@pages.post("/tables")
@told
def tables() -> Answer:
    """Return `body` with these rows as its tables: `timeline` and `actions` as JSON, either may be missing; and each of
    them as it then stands, as `lint` does.

    `timeline_text` and `actions_text` are the tables that the rows were read from, missing for none. Where the body
    holds another one by now, its rows would be lost: then nothing is written, and the answer is 409 with what stands
    there. With `sorted` the timeline is put in order.
    """
    body = with_line_feeds(request.form.get("body", ""))
    language = request.form.get("language", "en")
    sent = [name for name in READ if name in request.form]
    there = {name: _shown(name, body) for name in sent}
    if any(one["text"] != with_line_feeds(request.form.get(f"{name}_text", "")) for name, one in there.items()):
        return jsonify(**there), 409
    if "timeline" in request.form:
        rows = _rows(TimelineRow, "timeline")
        body = with_timeline(body, in_order(rows) if "sorted" in request.form else rows, language)
    if "actions" in request.form:
        body = with_action_items(body, _rows(ActionItem, "actions"), language)
    return jsonify(body=body, **{name: _shown(name, body) for name in sent})


def _shown(name: str, body: str) -> dict[str, object]:
    rows = READ[name](body)
    section = section_of(body, SECTION[name])
    table = first_table(body, section.text_start, section.end) if section else None
    return {
        "rows": None if rows is None else [asdict(row) for row in rows],
        "text": body[table.start : table.end] if table else "",
    }


def _lint(article: Article) -> Lint:
    return lint_of(article, broken_links(article, _services().store, current_user.viewer, page_anchors))


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services


def _rows(kind: type[_Row], name: str) -> list[_Row]:
    try:
        given = json.loads(request.form[name])
    except ValueError as error:
        raise InvalidInput(f"{name} is no JSON", field=name) from error
    known = [one.name for one in fields(kind)]
    if not isinstance(given, list) or len(given) > MOST_ROWS:
        raise InvalidInput(f"{name} must be a list of at most {MOST_ROWS} rows", field=name)
    rows: list[_Row] = []
    for row in given:
        if not isinstance(row, dict) or not all(isinstance(row.get(one, ""), str) for one in known):
            raise InvalidInput(f"{name} must hold rows of texts", field=name)
        rows.append(kind(**{one: row.get(one, "") for one in known}))
    return rows


def _began(title: str) -> Article:
    """Return the article that the form changes; for one that is not there yet an empty one."""
    services = _services()
    named = request.form.get("article", "")
    stored = services.store.article(checked_id(named, "article")) if named else None
    if stored is None or not may_read(current_user.viewer, stored):
        return Article(id=UNNAMED, title=title, body="", state="draft", authors=(current_user.viewer.name,))
    return article_as_seen(stored, services.store, current_user.viewer)
