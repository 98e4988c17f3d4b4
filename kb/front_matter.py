"""Turn Markdown with YAML front matter into an article, and back without loss. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import TypeVar

from kb.access import checked_audience
from kb.documents import CONFIDENCES, JSON, KINDS, STATES, Article
from kb.errors import InvalidInput
from kb.ids import checked_id, encoded_id
from kb.json_values import choice_from, day_from, language_from, name_from, storable, time_from, time_text
from kb.plain_text import sections
from kb.plain_yaml import Fields, Items, Node, Scalar, read_yaml, text_of, value_of, write_yaml

LONGEST_TITLE = 2000
FIELDS = (
    "id", "title", "kind", "language", "audience", "state", "confidence", "service", "components", "tags", "owner",
    "authors", "created_at", "updated_at", "review_due", "error_signatures", "related", "translation_of",
)  # fmt: skip
"""Front matter that an article has attributes for, in the order it is written; everything else is `extra`."""
_ALWAYS = ("title", "kind", "language", "audience", "state", "confidence")
"""Written even where they are the default, so that a later default changes no file."""
_CHOICES = {"kind": KINDS, "state": STATES, "confidence": CONFIDENCES}
_FLAGS = ("known_error",)
"""Fields of post-mortems that are true or false; `yes` and `no` are taken as such here alone."""
_FLAG_WORDS = {"yes": True, "on": True, "no": False, "off": False}
_OPENING = re.compile(r"---[ \t]*\n")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_NAMED = re.compile(r"^[ \t]*\{?[\"']?[\w-]+[\"']?[ \t]*:(?:\s|\Z)", re.MULTILINE)

_Value = TypeVar("_Value")


def parse_article(
    text: str, *, path: str, source: str, detect: Callable[[str], str]
) -> tuple[Article, tuple[str, ...]]:
    """Read one Markdown file.

    `path` is the file below the imported folder, with `/`; `detect` names the language of a text and is asked only
    when front matter does not. Returns the article (revision 1) and warnings. The body is kept as written, with line
    feeds as line ends. Raises InvalidInput that names `path`, the line and the field.
    """
    text = storable(with_line_feeds(text.removeprefix("\ufeff")))
    try:
        header, body = _split(text)
        fields = _fields_of(header)
        known = _known(fields)
        extra = {storable(name): _extra_value(name, node) for name, node in fields.values.items() if name not in FIELDS}
    except InvalidInput as error:
        error.source = path
        raise
    title = known.pop("title", None) or _title_of(body, path)
    language = known.pop("language", None) or detect(f"{title}\n{body}")
    article = Article(
        id=str(known.pop("id", None) or id_of_path(path)), title=str(title), body=body, language=str(language),
        extra=MappingProxyType(extra), source=source, path=path,
    )  # fmt: skip
    return replace(article, **known), tuple(_warnings(fields))  # type: ignore[arg-type]


def to_markdown(article: Article) -> str:
    """Return the article as Markdown with front matter, which `parse_article` reads back to the same article.

    The id is written unless it follows from `article.path`.
    """
    fields = front_matter_of(article)
    if article.path is not None and id_of_path(article.path) == article.id:
        del fields["id"]
    return f"---\n{write_yaml(fields)}---\n{with_line_feeds(article.body)}"


def front_matter_of(article: Article) -> dict[str, JSON]:
    """Return the front matter fields that are set, as JSON values in their order, unknown ones last."""
    values = {name: getattr(article, name) for name in FIELDS}
    fields = {name: _plain_value(value) for name, value in values.items() if value or name in _ALWAYS}
    return {**fields, **{name: value for name, value in article.extra.items() if name not in FIELDS}}


def id_of_path(path: str) -> str:
    """Return the id of the article in a file that names none: its path without `.md`."""
    return encoded_id(path[:-3] if path.casefold().endswith(".md") else path)


def with_line_feeds(text: str) -> str:
    """Return the text with line feeds as its only line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(text: str) -> tuple[str | None, str]:
    """Cut front matter from body.

    Between two rules of a text that merely begins with one stands no `name:`; such a text has no front matter.
    """
    opening = _OPENING.match(text)
    if not opening:
        return None, text
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        if _NAMED.match(text, opening.end()):
            raise InvalidInput("front matter is not closed; end it with a line '---'", line=1)
        return None, text
    header = text[opening.end() : closing.start()]
    if _NAMED.search(header) or not header.strip():
        return header, text[closing.end() :]
    return None, text


def _fields_of(header: str | None) -> Fields:
    node = None if header is None else read_yaml(header, first_line=2)
    if node is None:
        return Fields(1)
    if not isinstance(node, Fields):
        raise InvalidInput("front matter must be lines such as 'title: VPN drops'; correct it", line=node.line)
    return node


def _known(fields: Fields) -> dict[str, object]:
    """Return the attributes that front matter sets; a field without a value is as if it were not there."""
    known: dict[str, object] = {}
    for name in FIELDS:
        node = fields.values.get(name)
        if node is None:
            continue
        line = fields.lines[name]
        if name in ("components", "tags", "authors", "error_signatures", "related"):
            known[name] = _texts(name, node)
            continue
        text = _text(name, node, line)
        if text is not None and text.strip():
            known[name] = _at(line, checked_field, name, text)
    return known


def checked_field(name: str, text: str) -> object:
    """Return what an article holds for a field of `FIELDS` that is one text. Raises InvalidInput that names it."""
    if name in _CHOICES:
        return choice_from(text, name, _CHOICES[name])
    if name in ("id", "translation_of"):
        return checked_id(text, name)
    if name == "title":
        return _checked_title(text)
    if name == "language":
        return language_from(text)
    if name == "audience":
        return checked_audience(text)
    if name == "review_due":
        return day_from(text, name)
    if name in ("created_at", "updated_at"):
        return time_from(text, name)
    return name_from(text, name)


def _checked_title(text: str) -> str:
    title = " ".join(text.split())
    if len(title) > LONGEST_TITLE:
        raise InvalidInput(f"title is longer than {LONGEST_TITLE} characters; shorten it", field="title")
    return title


def _text(name: str, node: Node, line: int) -> str | None:
    if isinstance(node, Scalar):
        return text_of(node)
    raise InvalidInput(f"{name} must be one text, not a list or mapping", field=name, line=line)


def _texts(name: str, node: Node) -> tuple[str, ...]:
    """Return the texts of a list, or of a single text, without blank and repeated ones."""
    texts: dict[str, None] = {}
    for item in node.items if isinstance(node, Items) else [node]:
        text = _text(f"{name} (each entry)", item, item.line)
        if text is not None and text.strip():
            texts[_at(item.line, checked_id, text, name) if name == "related" else text.strip()] = None
    return tuple(texts)


def _extra_value(name: str, node: Node) -> JSON:
    value = value_of(node)
    if name in _FLAGS and isinstance(value, str) and isinstance(node, Scalar) and node.plain:
        return _FLAG_WORDS.get(value.casefold(), value)
    return value


def _at(line: int, check: Callable[..., _Value], *arguments: object) -> _Value:
    """Return what `check` returns; let its error name the line."""
    try:
        return check(*arguments)
    except InvalidInput as error:
        error.line = line
        raise


def _title_of(body: str, path: str) -> str:
    """Return the first heading, else the file's name."""
    for section in sections(body):
        if section.path and section.path[-1].strip():
            return " ".join(section.path[-1].split())[:LONGEST_TITLE]
    name = path.rsplit("/", 1)[-1]
    return " ".join((name[:-3] if name.casefold().endswith(".md") else name).split()) or name


def _warnings(fields: Fields) -> list[str]:
    """Point out unknown fields that look like known ones, since what they say does not count."""
    return [
        f"line {line}: front matter field {name!r} is not {folded!r} and was kept as it is; rename it if it was meant"
        for name, line in fields.lines.items()
        if name not in FIELDS and (folded := name.strip().casefold().replace("-", "_")) in FIELDS
    ]


def _plain_value(value: object) -> JSON:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else str(value)
