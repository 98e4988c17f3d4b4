"""Find the links of an article that lead to documents here, as written and as what they mean. Pure.

Reads Markdown line by line as `kb.plain_text` does, linear in the text: code holds no links, images are files. A link
to another host, or to a page that is no document, is none of these.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from kb.attachment_references import references
from kb.code_spans import code_spans
from kb.documents import Article
from kb.ids import LONGEST_ID, encoded_id

Place = Literal["body", "file", "related", "translation_of", "source_tickets"]
"""Where an article names another document: in its Markdown, or in a field. `file` is one that its Markdown names and
that is not attached to it."""
MOST_TARGETS = 1_000
"""Different documents that one article can name; what comes after them is not followed."""
_FENCE = re.compile(r"[ \t]*(?:>[ \t]?)*(`{3,}|~{3,})")
# Possessive: what stands between brackets is read once, however it goes on.
_INLINE = re.compile(
    r"(?<![\\!])\[((?:[^\[\]]|\[[^\[\]]{0,200}\]){0,500}+)\]\([ \t\n]{0,4}"
    r"(?:<([^<>\n]{0,2000})>|((?:[^\s()<>\[\]]|\([^\s()\[\]]{0,200}\)){1,2000}+))"
)
_DEFINED = re.compile(r"^ {0,3}\[([^\]\n^][^\]\n]{0,200})\]:[ \t]{0,9}<?([^\s<>]{1,2000})", re.MULTILINE)
_ANCHOR = re.compile(r"<a\s[^<>\n]{0,500}?href\s{0,3}=\s{0,3}[\"']([^\"'\n]{1,2000})[\"']", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Target:
    """What a link means: a document by its id, or a file of a folder by `SOURCE/PATH`, and a heading in it."""

    value: str
    anchor: str = ""
    is_path: bool = False


@dataclass(frozen=True, slots=True)
class TextLink:
    """One link of a body: its text, its address as written, where that stands (code points), and what it means."""

    text: str
    written: str
    start: int
    end: int
    target: Target


def links_of(article: Article) -> tuple[TextLink, ...]:
    """Return the links of an article's body that lead to documents here, in their order."""
    text = without_code(article.body)
    found = [
        TextLink(_one_line(words), written, start, start + len(written), target)
        for words, written, start in _written(text)
        if (target := target_of(written, article)) is not None
    ]
    return tuple(sorted(found, key=lambda one: one.start))


def references_of(article: Article) -> tuple[tuple[Place, Target], ...]:
    """Return everything that an article names, each once: by links in its body, files that are missing, its fields."""
    found: dict[tuple[Place, Target], None] = {}
    for link in links_of(article):
        found["body", link.target] = None
        if len(found) >= MOST_TARGETS:
            break
    for path in missing_files(article)[:MOST_TARGETS]:
        found["file", Target(path)] = None
    for one in article.related:
        found["related", Target(one)] = None
    if article.translation_of:
        found["translation_of", Target(article.translation_of)] = None
    tickets = article.extra.get("source_tickets")
    for named in tickets if isinstance(tickets, list) else [tickets]:
        if isinstance(named, str) and named.strip():
            found["source_tickets", Target(encoded_id(named.strip()))] = None
    return tuple(found)


def missing_files(article: Article) -> tuple[str, ...]:
    """Return the paths of files that the body names and that are not attached, in their order."""
    if "." not in article.body:
        return ()
    return tuple(path for path in references(without_code(article.body)) if path not in article.attachments)


def target_of(written: str, article: Article) -> Target | None:
    """Return what an address in the body of an article means, `None` for what is no document here.

    A relative address is taken from the article's file; without one, and without an ending, from its page.
    """
    if _SCHEME.match(written) or written.startswith(("//", "\\")):
        return None
    address, _, anchor = written.partition("#")
    place, _, _ = address.partition("?")
    anchor, place = unquote(anchor), unquote(place)
    if len(place) > 2 * LONGEST_ID or len(anchor) > LONGEST_ID:
        return None
    if not place:
        return Target(article.id, anchor) if anchor else None
    if place.startswith("/articles/"):
        return _by_id(place.removeprefix("/articles/"), anchor)
    if place.startswith("/tickets/"):
        source, _, external_id = place.removeprefix("/tickets/").partition("/")
        return _by_id(f"{source}:{external_id}", anchor) if source and external_id else None
    if place.startswith("/"):
        return None
    name = place.rsplit("/", 1)[-1]
    if name.casefold().endswith(".md"):
        if article.path is not None:
            return Target(f"{article.source}/{_joined(article.path, place)}", anchor, is_path=True)
        return _by_id(_joined(article.id, place)[:-3], anchor)
    return None if "." in name.strip(".") or not name.strip(".") else _by_id(_joined(article.id, place), anchor)


def without_code(markdown: str) -> str:
    """Return Markdown of the same length with spaces in place of code, so that places in it stay what they are."""
    lines: list[str] = []
    fence: str | None = None
    for line in markdown.split("\n"):
        mark = _FENCE.match(line)
        if fence is not None:
            if mark and mark.group(1).startswith(fence) and not line[mark.end() :].strip(fence[0] + " \t"):
                fence = None
            lines.append(" " * len(line))
        elif mark:
            fence = mark.group(1)
            lines.append(" " * len(line))
        else:
            lines.append(_without_spans(line) if "`" in line else line)
    return "\n".join(lines)


def _without_spans(line: str) -> str:
    pieces: list[str] = []
    at = 0
    for begin, end in code_spans(line):
        pieces += [line[at:begin], " " * (end - begin)]
        at = end
    return "".join(pieces) + line[at:]


def _written(text: str) -> Iterator[tuple[str, str, int]]:
    for match in _INLINE.finditer(text):
        group = 2 if match.group(2) is not None else 3
        yield match.group(1), match.group(group), match.start(group)
    for match in _DEFINED.finditer(text):
        yield match.group(1), match.group(2), match.start(2)
    for match in _ANCHOR.finditer(text):
        yield "", match.group(1), match.start(1)


def _by_id(value: str, anchor: str) -> Target | None:
    found = encoded_id(value.strip())
    return Target(found, anchor) if found and len(found) <= LONGEST_ID else None


def _joined(base: str, relative: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), relative))


def _one_line(words: str) -> str:
    return " ".join(words.split())
