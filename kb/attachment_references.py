"""Find the relative paths of files that a Markdown text names, in links, pictures, definitions and HTML. Pure.

More may be found than a page shows (what stands in a code block, for one), never less: what is found counts only if
there is such a file.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote

from kb.attachments import kind_of_name

LONGEST_PATH = 500
_INLINE = re.compile(r"\]\((?=([^\n]{1,600}))")
_DEFINED = re.compile(r"^[ \t>]*+\[[^\]\n]{1,600}+\]:[ \t]*+(?:\n[ \t]*+)?+(?:<([^<>\n]*)>|(\S+))", re.MULTILINE)
_HTML = re.compile(r"\b(?:src|href)\s*=\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s\"'<>]+))", re.IGNORECASE)
_SPAN = re.compile(r"(?<!`)`[^`\n]+`")
_TITLE = re.compile(r"\s[\"'].*$")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_FOREIGN = re.compile(r"[\\\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MOST_BRACKETS = 5
"""Closing brackets that a path may hold, tried one after the other."""


def references(markdown: str) -> tuple[str, ...]:
    """Return the relative paths of files of a kind that can be attached, decoded, in order, each once."""
    return tuple(path for path in relative_paths(markdown) if kind_of_name(path) is not None)


def relative_paths(markdown: str) -> tuple[str, ...]:
    """Return every relative path that could be that of a file, decoded, in order, each once."""
    if "." not in markdown:
        return ()
    paths = (relative_path(raw) for raw in _candidates(markdown))
    return tuple(dict.fromkeys(path for path in paths if path is not None))


def without_code(markdown: str) -> str:
    """Return a text without code blocks and spans, as far as simple rules tell them: what is shown as an example."""
    kept: list[str] = []
    fence = ""
    for line in markdown.splitlines():
        mark = line.lstrip(" \t>")[:3]
        if mark in ("```", "~~~") and fence in ("", mark):
            fence = "" if fence else mark
        elif not fence:
            kept.append(_SPAN.sub("", line))
    return "\n".join(kept)


def relative_path(address: str) -> str | None:
    """Return the path that a relative address of a page names: without query and fragment, percent-encoding undone.

    `None` for an address with a scheme or a host, an absolute one, and one that no file has.
    """
    address = address.strip()
    if not address or address.startswith(("/", "#", "?")) or _SCHEME.match(address):
        return None
    path = unquote(re.split(r"[?#]", address, maxsplit=1)[0])
    if not path or len(path) > LONGEST_PATH or path.startswith("/") or _FOREIGN.search(path):
        return None
    return path


def place_of(article_path: str, path: str) -> str | None:
    """Return where a relative path of the article at `article_path` leads below the folder; `None` when out of it."""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(article_path), path))
    return None if place == ".." or place.startswith(("../", "/")) or place == "." else place


def _candidates(markdown: str) -> Iterator[str]:
    for found in sorted((*_inline(markdown), *_by(_DEFINED, markdown), *_by(_HTML, markdown))):
        raw = found[1]
        yield html.unescape(raw) if "&" in raw else raw


def _by(pattern: re.Pattern[str], markdown: str) -> Iterator[tuple[int, str]]:
    for found in pattern.finditer(markdown):
        yield found.start(), next((one for one in found.groups() if one), "")


def _inline(markdown: str) -> Iterator[tuple[int, str]]:
    for found in _INLINE.finditer(markdown):
        rest = found[1].lstrip()
        if rest.startswith("<"):
            yield found.start(), rest[1:].partition(">")[0]
            continue
        end = -1
        for _ in range(_MOST_BRACKETS):
            end = rest.find(")", end + 1)
            if end < 0 or "](" in rest[:end]:
                break
            yield found.start(), _TITLE.sub("", rest[:end], count=1).rstrip()
