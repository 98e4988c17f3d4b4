"""Turn the fields that a program or a page sends into an article of the site, new or changed. Pure.

What is taken here can be written as a file and read back: line ends become line feeds, what no file keeps is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from kb.analysis.folding import fold
from kb.documents import JSON, SITE_SOURCE, Article
from kb.errors import InvalidInput
from kb.front_matter import FIELDS, checked_field, parse_article, to_markdown, with_line_feeds
from kb.ids import checked_id
from kb.json_values import json_from, name_from, names_from, storable, text_from

READ_ONLY = ("revision", "source", "html", "reuse")
"""What an article is answered with and nobody sets: passed over, so that what was read can be sent back."""
LONGEST_MADE_ID = 80
LONGEST_COMMENT = 500
"""Characters of why a change was made; what is longer belongs into the article."""
_LISTS = ("components", "tags", "authors", "error_signatures", "related")
_CLEARED: Mapping[str, object] = MappingProxyType(
    {
        **dict.fromkeys(_LISTS, ()),
        "body": "",
        "kind": "reference",
        "audience": "internal",
        "state": "published",
        "confidence": "not_validated",
    }
)
"""What a field holds after `null` where that is not `None`: what a file without it has."""
_BLANK_CLEARS = ("language", "service", "owner", "created_at", "updated_at", "review_due", "translation_of")
_NUMBERS_TOO = ("service", "owner", "translation_of")
"""Names that programs send as whole numbers as well."""
_NAMELESS_PARTS = ("", ".", "..")


@dataclass(frozen=True, slots=True)
class ArticleEdit:
    """The fields that one edit carries, checked; a field that is present and `None` is to be cleared.

    `fields` maps names of `Article` attributes to their values, `extra` holds unknown fields.
    """

    id: str | None
    fields: Mapping[str, object]
    extra: Mapping[str, JSON]


def parse_edit(given: Mapping[str, JSON]) -> ArticleEdit:
    """Check the fields of an edit: front matter and `body`. Raises InvalidInput, which names the field."""
    if "title" in given and given["title"] is None:
        raise InvalidInput("title is empty; an article needs one", field="title")
    known = {name: _checked(name, given[name]) for name in (*FIELDS, "body") if name in given and name != "id"}
    extra = {
        text_from(name, "field name"): json_from(value, name)
        for name, value in given.items()
        if name not in known and name not in ("id", *READ_ONLY)
    }
    wanted = given.get("id")
    return ArticleEdit(None if wanted is None else _id_from(wanted), MappingProxyType(known), MappingProxyType(extra))


def one_line(comment: str) -> str:
    """Return why a change was made as it is kept: one line of characters that can be stored, not too long."""
    return " ".join(storable(comment).split())[:LONGEST_COMMENT]


def new_article(edit: ArticleEdit, at: datetime, detect: Callable[[str], str]) -> Article:
    """Return the article that an edit makes, owned by the site; `at` is when it is made.

    Its id is made from the title where the edit names none. Raises InvalidInput without a title, and for what a file
    cannot keep.
    """
    if edit.fields.get("title") is None:
        raise InvalidInput("title is missing; say what it is about in one line", field="title")
    title = str(edit.fields["title"])
    empty = Article(id=edit.id or _id_from_title(title), title=title, body="", source=SITE_SOURCE)
    article = _with(empty, edit, detect, default_language=None)
    at = at.replace(microsecond=0)
    article = replace(article, created_at=article.created_at or at, updated_at=article.updated_at or at)
    _refuse_unkept(article)
    return article


def edited_article(stored: Article, edit: ArticleEdit, at: datetime, detect: Callable[[str], str]) -> Article:
    """Return the article as an edit leaves it; the stored one where that changes nothing.

    The fields that it carries are set, those it lacks are kept, those that are `None` are cleared. `updated_at` becomes
    `at` unless another time is carried. Raises InvalidInput for another id and for what a file cannot keep.
    """
    if edit.id not in (None, stored.id):
        raise InvalidInput(f"id {edit.id!r} is not that of the article, {stored.id!r}; an id stays", field="id")
    article = _with(stored, edit, detect, default_language=stored.language)
    if article == stored and _as_json(article) == _as_json(stored):
        return stored
    if article.updated_at == stored.updated_at:
        article = replace(article, updated_at=at.replace(microsecond=0))
    _refuse_unkept(article)
    return article


def _with(article: Article, edit: ArticleEdit, detect: Callable[[str], str], default_language: str | None) -> Article:
    fields = {name: _CLEARED.get(name) if value is None else value for name, value in edit.fields.items()}
    language = fields.pop("language", default_language)
    extra = {name: value for name, value in {**article.extra, **edit.extra}.items() if value is not None}
    article = replace(article, **fields, extra=MappingProxyType(extra))  # type: ignore[arg-type]
    return replace(article, language=str(language or detect(f"{article.title}\n{article.body}")))


def _checked(name: str, value: JSON) -> object:
    """Return the value of one field as an `Article` holds it, `None` where it is to be cleared."""
    if value is None:
        return None
    if name == "body":
        return with_line_feeds(text_from(value, name))
    if name == "related":
        return tuple(dict.fromkeys(checked_id(one, name) for one in names_from(value, name)))
    if name in _LISTS:
        return names_from(value, name)
    text = name_from(value, name) if name in _NUMBERS_TOO else text_from(value, name).strip()
    if not text and name in _BLANK_CLEARS:
        return None
    checked = checked_field(name, text)
    if name == "title" and not checked:
        raise InvalidInput("title is empty; an article needs one", field="title")
    return checked


def _id_from(value: JSON) -> str:
    article_id = checked_id(name_from(value, "id"), "id")
    if any(part in _NAMELESS_PARTS for part in article_id.split("/")):
        raise InvalidInput(f"id {article_id!r} has a part that no address can have; write it as area/name", field="id")
    return article_id


def _id_from_title(title: str) -> str:
    """Return a short id that tells what an article is about: `vpn-drops-every-10-minutes`."""
    made = "-".join(re.findall(r"[^\W_]+", fold(title)))
    if len(made) > LONGEST_MADE_ID:
        made = made[: LONGEST_MADE_ID + 1].rpartition("-")[0] or made[:LONGEST_MADE_ID]
    if not made:
        raise InvalidInput("the title has no letter or digit to make an id from; give an id", field="id")
    return made


def _as_json(article: Article) -> str:
    """Tell extra fields apart that Python holds to be equal, such as `1` and `true`."""
    return json.dumps(dict(article.extra))


def _refuse_unkept(article: Article) -> None:
    """Raise InvalidInput for an article that would not come back from an export as it is."""
    try:
        read, _ = parse_article(to_markdown(article), path="-", source=article.source, detect=lambda text: "en")
    except InvalidInput as error:
        reason = str(error.args[0])
        raise InvalidInput(f"the fields cannot be kept in a file: {reason}", field=error.field) from error
    # What is attached is derived when the file is read beside the files that it names.
    read = replace(read, path=article.path, revision=article.revision, attachments=article.attachments)
    if read != article or _as_json(read) != _as_json(article):
        raise InvalidInput("the fields would not come back from a file as they are; simplify them")
