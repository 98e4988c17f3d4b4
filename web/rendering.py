"""Turn Markdown into the HTML that pages show. Nothing stored is trusted: every result is sanitised.

The same function makes the published page and any preview of it.
"""

from __future__ import annotations

import html as html_text
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import nh3
from markdown import Markdown
from markdown.extensions.toc import TocExtension, slugify_unicode

from kb.attachment_references import relative_path
from kb.attachments import kind_of_name, shown_name
from web.addresses import attachment_url
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
_NO_ATTACHMENTS: Mapping[str, str] = MappingProxyType({})
_TAG = re.compile(r"<(/?[a-z][a-z0-9]*)((?:\s+[a-z-]+=\"[^\"]*\")*)\s*/?>")
"""A tag as the sanitiser writes it. One after the other is matched, so that none is seen within a value of another."""
_ATTRIBUTE = re.compile(r"([a-z-]+)=\"([^\"]*)\"")
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


def render(
    markdown: str,
    title: str = "",
    attachments: Mapping[str, str] = _NO_ATTACHMENTS,
    address: Callable[[str], str] | None = None,
) -> Page:
    """Render Markdown; a first heading that repeats `title` is left out, since the page shows the title itself.

    `attachments` maps relative paths to the sha256 of the files they lead to (`Article.attachments`). A picture that is
    not among them is shown as its words; no browser asks for a path that leads nowhere. `address` returns where any
    other link leads from its address as written.
    """
    converter = _converter()
    converter.reset()
    html = converter.convert(_without_title(markdown, title))

    def leading(tag: str, attribute: str, value: str) -> str | None:
        if address is not None and (tag, attribute) == ("a", "href"):
            value = address(value)
        return _safe_attribute(tag, attribute, value)

    return Page(_clean(html, ATTRIBUTES, attachments, leading), tuple(_headings(getattr(converter, "toc_tokens", []))))


def render_excerpt(markdown: str, attachments: Mapping[str, str] = _NO_ATTACHMENTS) -> str:
    """Render a piece of a document, to stand on a page among others: sanitised HTML without anchors and headings.

    A link that only makes sense on the document's own page is shown as its text.
    """
    html = _clean(_converter().convert(markdown), EXCERPT_ATTRIBUTES, attachments, _safe_in_excerpt)
    return _HEADING.sub(r"<p><strong>\1</strong></p>", html)


def _clean(
    html: str,
    attributes: dict[str, set[str]],
    attachments: Mapping[str, str],
    safe: Callable[[str, str, str], str | None] | None = None,
) -> str:
    keep = safe or _safe_attribute

    def attribute_filter(tag: str, attribute: str, value: str) -> str | None:
        if attribute == ("src" if tag == "img" else "href") and tag in ("a", "img"):
            path = relative_path(value)
            if path is not None and path in attachments:
                return attachment_url(attachments[path], shown_name(path))
            if path is not None and (tag == "img" or kind_of_name(path) is not None):
                return None
        return keep(tag, attribute, value)

    cleaned = nh3.clean(
        html,
        tags=TAGS,
        attributes=attributes,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        attribute_filter=attribute_filter,
        set_tag_attribute_values=LABELS,
    )
    return _TAG.sub(_shown, cleaned) if "<img" in cleaned else cleaned


def _shown(found: re.Match[str]) -> str:
    """Return a tag as it is; in place of a picture that cannot be shown its words, or a link to the file it names."""
    if found[1] != "img":
        return found[0]
    attributes = dict(_ATTRIBUTE.findall(found[2]))
    source, words = attributes.get("src", ""), attributes.get("alt", "").replace("<", "&lt;").replace(">", "&gt;")
    if not source:
        return f'<span class="unattached">{words}</span>'
    kind = kind_of_name(html_text.unescape(source))
    if source.startswith("/attachments/") and kind is not None and not kind.is_picture:
        return f'<a href="{source}">{words or html_text.escape(source.rpartition("/")[2])}</a>'
    return f'<img loading="lazy"{found[2]}>'


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
