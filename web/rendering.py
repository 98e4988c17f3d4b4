"""Turn Markdown into the HTML that pages show. Nothing stored is trusted: every result is sanitised.

The same function makes the published page and any preview of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import nh3
from markdown import Markdown
from markdown.extensions.toc import TocExtension, slugify_unicode

from web.arranging import QUICK_CHECK, TIMELINE, Arranging

EXTENSIONS = (
    "tables",
    "sane_lists",
    "footnotes",
    "def_list",
    "admonition",
    "pymdownx.highlight",
    "pymdownx.superfences",
    "pymdownx.tilde",
    "pymdownx.tasklist",
    "pymdownx.quotes",
    "pymdownx.saneheaders",
)
SETTINGS: dict[str, dict[str, object]] = {
    "pymdownx.quotes": {"callouts": True},
}
TAGS = nh3.ALLOWED_TAGS | {"input", "section", "details", "summary"}
ATTRIBUTES: dict[str, set[str]] = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "code": {"class"},
    "pre": {"class"},
    "div": {"class"},
    "span": {"class"},
    "p": {"class"},
    "ul": {"class"},
    "li": {"class", "id"},
    "sup": {"id"},
    "a": {"href", "title", "class", "id"},
    "input": {"type", "checked", "disabled"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
    **{f"h{level}": {"id"} for level in range(1, 7)},
}
ATTRIBUTES["div"] |= {"tabindex"}
ATTRIBUTES["section"] = ATTRIBUTES["table"] = {"class"}
EXCERPT_ATTRIBUTES = {tag: names - {"id"} for tag, names in ATTRIBUTES.items()}
"""Pieces of several documents stand on one page, where an id may occur only once."""
LABELS = {"input": {"aria-label": "Task"}}
BOX = {("type", "checkbox"), ("checked", ""), ("disabled", ""), ("aria-label", "Task")}
"""A task's box stands beside its words, which no label ties to it."""
ARRANGED = {"section": QUICK_CHECK, "table": TIMELINE}
"""The one class that each of these may have."""
_HEADING = re.compile(r"<h[1-6]>(.*?)</h[1-6]>", re.DOTALL)
SCHEMES = {"http", "https", "mailto", "tel"}


@dataclass(frozen=True, slots=True)
class Heading:
    """One entry of a page's table of contents."""

    level: int
    anchor: str
    name: str


@dataclass(frozen=True, slots=True)
class Page:
    """Rendered Markdown: sanitised HTML and its headings in order."""

    html: str
    headings: tuple[Heading, ...]


def render(markdown: str, title: str = "", address: Callable[[str], str] | None = None) -> Page:
    """Render Markdown; a first heading that repeats `title` is left out, since the page shows the title itself.

    `address` returns where a link leads from its address as written.
    """
    converter = _converter()
    converter.reset()
    html = converter.convert(_without_title(markdown, title))

    def leading(tag: str, attribute: str, value: str) -> str | None:
        if address is not None and (tag, attribute) == ("a", "href"):
            value = address(value)
        return _safe_attribute(tag, attribute, value)

    return Page(_clean(html, ATTRIBUTES, leading), tuple(_headings(getattr(converter, "toc_tokens", []))))


def render_excerpt(markdown: str) -> str:
    """Render a piece of a document, to stand on a page among others: sanitised HTML without anchors and headings.

    A link that only makes sense on the document's own page is shown as its text.
    """
    html = _clean(_converter().convert(markdown), EXCERPT_ATTRIBUTES, _safe_in_excerpt)
    return _HEADING.sub(r"<p><strong>\1</strong></p>", html)


def _clean(
    html: str, attributes: dict[str, set[str]], safe: Callable[[str, str, str], str | None] | None = None
) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=attributes,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        attribute_filter=safe or _safe_attribute,
        set_tag_attribute_values=LABELS,
    )


def _converter() -> Markdown:
    # A converter keeps state between calls, so every call makes its own; building one costs about a millisecond.
    return Markdown(
        extensions=[*EXTENSIONS, Arranging(), TocExtension(slugify=slugify_unicode, toc_depth="2-4")],
        extension_configs=SETTINGS,
        output_format="html",
    )


def _safe_attribute(tag: str, attribute: str, value: str) -> str | None:
    if tag == "input":
        return value if (attribute, value) in BOX else None
    if tag in ARRANGED:
        return value if value == ARRANGED[tag] else None
    if attribute == "tabindex":
        return value if value == "0" else None
    if tag == "img" and attribute == "src" and (":" in value or "\\" in value or value.startswith("//")):
        return None  # a page never makes a reader's browser ask another host
    return value


def _safe_in_excerpt(tag: str, attribute: str, value: str) -> str | None:
    if tag == "a" and attribute == "href" and ":" not in value and not value.startswith("/"):
        return None
    return _safe_attribute(tag, attribute, value)


def _without_title(markdown: str, title: str) -> str:
    head, newline, rest = markdown.lstrip("\n").partition("\n")
    if head.startswith("# ") and head[2:].strip().casefold() == title.strip().casefold():
        return rest if newline else ""
    return markdown


def _headings(tokens: list[dict[str, object]]) -> list[Heading]:
    found: list[Heading] = []
    for token in tokens:
        found.append(Heading(int(str(token["level"])), str(token["id"]), str(token["name"])))
        children = token.get("children")
        if isinstance(children, list):
            found.extend(_headings(children))
    return found
