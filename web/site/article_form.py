"""Translate between the form of the editor and the fields of an article."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from types import MappingProxyType

from werkzeug.datastructures import MultiDict

from kb.article_edits import parse_edit
from kb.documents import JSON, Article
from kb.errors import InvalidInput
from kb.front_matter import with_line_feeds
from kb.language import detect_language
from kb.queries import Viewer
from web.site.post_mortem_form import post_mortem_fields

TEXTS = ("title", "kind", "language", "audience", "service", "owner", "review_due", "translation_of")
LISTS = ("components", "tags", "error_signatures", "related")
"""One value a line: only line ends cannot stand in any of them."""
FIELDS = (*TEXTS, *LISTS)
STARTED = "started"
"""The field that carries what an article that is not there yet began with and no field shows, as JSON."""
CARRIED = ("from", "request")
"""The ticket and the request that it began from."""
LONGEST_BODY = 5_000_000
"""Characters: about a thousand times a usual article, and what a form holds below the largest request."""
MOST_VALUES = 2_000
"""Fields of one form, those of a long timeline included."""
_MAY_LACK = ("service", "owner", "review_due", "translation_of")
DRAFT = "draft"
"""The field that carries the version of the draft that a form was written over, 0 for none."""
_UNKEPT = ("csrf_token", "state", "preview", "covered", DRAFT)
"""What a form sends beside what was typed."""

Values = Mapping[str, Sequence[str]]
"""Field → what stands in it; some fields of post-mortems come several times."""


def values_of(article: Article) -> dict[str, tuple[str, ...]]:
    """Return what the form shows of an article."""
    texts = {name: str(getattr(article, name) or "") for name in TEXTS}
    lists = {name: "\n".join(getattr(article, name)) for name in LISTS}
    return {name: (text,) for name, text in {**texts, **lists, "body": article.body}.items()}


def started_values(article: Article, carried: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return what the form shows of an article that is not there yet; `carried` says what it began from."""
    unseen = {"extra": dict(article.extra), "authors": list(article.authors)}
    held = {name: (carried[name],) for name in CARRIED if carried.get(name)}
    return {**values_of(article), STARTED: (json.dumps(unseen),), **held}


def sent_values(form: MultiDict[str, str]) -> dict[str, tuple[str, ...]]:
    """Return what a form sends of what was typed, with line feeds as line ends, as drafts keep it.

    Raises InvalidInput for more fields than any form has.
    """
    values = {name: tuple(map(with_line_feeds, held)) for name, held in form.lists() if name not in _UNKEPT}
    if sum(map(len, values.values())) > MOST_VALUES:
        raise InvalidInput(f"the form has more than {MOST_VALUES} values; shorten its lists")
    return values


def one_of(values: Values, name: str) -> str:
    """Return the first value of a field, empty where there is none."""
    held = values.get(name, ())
    return held[0] if held else ""


def edit_fields(values: Values, began: Article | None) -> dict[str, JSON]:
    """Return the fields that somebody has changed since the form showed `began`, for `kb.article_edits.parse_edit`.

    What was not touched is not carried, so that nobody's later change of it is undone, and what the form cannot show as
    it is stays as it is. The body is always carried. For an article that is not there yet every field is.

    Raises InvalidInput for a body that is too long.
    """
    if len(one_of(values, "body")) > LONGEST_BODY:
        raise InvalidInput(
            f"the text is longer than {LONGEST_BODY:,} characters; attach long logs as files instead", field="body"
        )
    shown = values_of(began) if began is not None else {}
    edit: dict[str, JSON] = {} if began is not None else _started(values)
    for name in FIELDS:
        if name not in values or tuple(values[name]) == shown.get(name):
            continue
        text = one_of(values, name)
        edit[name] = [line for line in text.split("\n") if line.strip()] if name in LISTS else (text or None)
    if edit.get("title", "") is None:
        edit["title"] = ""
    extra = began.extra if began is not None else {}
    edit |= {name: value for name, value in _post_mortem(values).items() if value != extra.get(name)}
    if "body" in values:
        edit["body"] = one_of(values, "body")
    if began is None and one_of(values, "id").strip():
        edit["id"] = one_of(values, "id")
    return edit


def extra_of(values: Values, began: Article | None) -> Mapping[str, JSON]:
    """Return the extra fields as the form has them now, on top of those that the article or its beginning has."""
    before = began.extra if began is not None else {k: v for k, v in _started(values).items() if k != "authors"}
    return MappingProxyType({**before, **_post_mortem(values)})


def article_so_far(values: Values, began: Article) -> Article:
    """Return the article as it stands in the form, to be looked at: what cannot be taken yet is as it was."""
    shown = began
    for name in (*FIELDS, "body"):
        with suppress(InvalidInput):
            edit = edit_fields({name: values[name]} if name in values else {}, began)
            told = parse_edit(edit).fields.items()
            shown = replace(shown, **{key: value for key, value in told if value is not None or key in _MAY_LACK})  # type: ignore[arg-type]
    if not one_of(values, "language").strip():
        shown = replace(shown, language=detect_language(f"{shown.title}\n{shown.body}"))
    if not one_of(values, STARTED):
        return replace(shown, extra=extra_of(values, began))
    authors = _started(values).get("authors")
    names = tuple(str(name) for name in authors) if isinstance(authors, list) else ()
    return replace(shown, extra=extra_of(values, None), authors=names)


def refuse_audience(article: Article, viewer: Viewer) -> None:
    """Raise InvalidInput when the viewer would give an article to an audience that is not theirs."""
    if viewer.audiences is not None and article.audience not in viewer.audiences:
        raise InvalidInput(
            f"audience {article.audience!r} is not yours; choose one that you belong to", field="audience"
        )


def _started(values: Values) -> dict[str, JSON]:
    """Return the fields that an article began with and that no field of the form shows."""
    with suppress(ValueError):
        held = json.loads(one_of(values, STARTED) or "{}")
        if isinstance(held, dict):
            extra, authors = held.get("extra"), held.get("authors")
            known = {one.name for one in fields(Article)}
            unseen = (
                {name: value for name, value in extra.items() if name not in known} if isinstance(extra, dict) else {}
            )
            return {**unseen, "authors": authors if isinstance(authors, list) else []}
    return {}


def _post_mortem(values: Values) -> dict[str, JSON]:
    if one_of(values, "kind") != "post-mortem":
        return {}
    return post_mortem_fields(MultiDict({name: list(held) for name, held in values.items()}))
