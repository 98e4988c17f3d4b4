"""Say which links of articles lead nowhere, or not where they should, as one viewer sees it.

To a viewer, what may not be read and what is not there are the same: neither is told from the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol
from urllib.parse import quote

from kb.anchors import written_anchors
from kb.documents import ARCHIVED, Article, Document
from kb.front_matter import id_of_path
from kb.links_in_text import Place, Target, links_of, missing_files
from kb.protocols.upkeep import Reference
from kb.queries import Viewer

Why = Literal["not_found", "not_published", "archived", "no_heading", "no_file", "moved"]
Anchors = Callable[[Article], Collection[str]]
"""Returns the anchors that an article's page has; asked only where the Markdown seems to lack one."""
PAGE = 500
"""Articles whose links are looked at together."""
_SAFE = "/:@!$&'*+,;=~"
"""What may stand in an address within Markdown, where a parenthesis would end it."""


class LinkStore(Protocol):
    """The parts of the store that links are checked with."""

    def article_ids(self, source: str | None = None) -> Mapping[str, str | None]:
        """Return id → path."""
        ...

    def aliases(self) -> Mapping[str, str]:
        """Return every alias → the id it leads to."""
        ...

    def documents(self, ids: Sequence[str], viewer: Viewer | None = None) -> Mapping[str, Document]:
        """Return those that exist and that the viewer may read."""
        ...

    def sources(self, ids: Sequence[str], viewer: Viewer | None = None) -> Mapping[str, str]:
        """Return id → source of those that exist and that the viewer may read."""
        ...

    def references(self, after: str = "", limit: int = 500, article_id: str | None = None) -> Sequence[Reference]:
        """Return what articles name."""
        ...


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """One link that does not lead where it says.

    `text` is what it reads, empty for a field; `written` its address as written, or the id that the field holds. `why`:

    - `not_found`: there is nothing there that the viewer may read;
    - `not_published`: the article is published, and what it leads to is a draft or in review;
    - `archived`: it leads to an archived article;
    - `no_heading`: the article has no heading of that name;
    - `no_file`: no such file is attached to the article;
    - `moved`: it is a former id, and works; `now` is the present one.
    """

    article_id: str
    title: str
    place: Place
    text: str
    written: str
    why: Why
    now: str | None = None
    line: int | None = None
    start: int | None = None
    """Where `written` begins in the body, in characters; `None` where it does not stand there as it is."""


def broken_links(article: Article, store: LinkStore, viewer: Viewer, anchors: Anchors) -> tuple[BrokenLink, ...]:
    """Return the broken links of an article, stored or not: those of its text in their order, files that
    are missing, then those of its fields.

    Of fields, `related` and `translation_of` are checked; tickets that a post-mortem names may be kept elsewhere.
    """
    return tuple(_broken(article, _Verdicts(store, viewer, anchors)))


def all_broken_links(store: LinkStore, viewer: Viewer, anchors: Anchors) -> Iterator[BrokenLink]:
    """Yield the broken links of every article that the viewer may read and that answers searches, ordered by article.

    Only articles with a link that may be broken are read; drafts are checked where they are written, and what is
    archived is left as it was.
    """
    verdicts = _Verdicts(store, viewer, anchors)
    after = ""
    while page := store.references(after, PAGE):
        after = page[-1].article_id
        verdicts.look_up([one.target for one in page if one.place not in ("source_tickets", "file")])
        suspect = {
            one.article_id
            for one in page
            if one.place == "file"
            or (one.place != "source_tickets" and verdicts.is_suspect(one.target, one.article_id))
        }
        for article in store.documents(sorted(suspect), viewer).values():
            if isinstance(article, Article) and article.state == "published":
                yield from _broken(article, verdicts)


def corrected(article: Article, store: LinkStore, viewer: Viewer, at: datetime) -> Article:
    """Return the article with what names former ids, in its text and fields, naming the present ones.

    The same article when there is nothing to correct.
    """
    verdicts = _Verdicts(store, viewer, lambda one: ())

    def present(target: Target) -> str | None:
        verdict = verdicts.of(Target(target.value, "", target.is_path), article)
        return verdict[1] if verdict is not None else None

    body = article.body
    for link in reversed(links_of(article)):
        if (now := present(link.target)) is not None:
            _, mark, anchor = link.written.partition("#")
            body = f"{body[: link.start]}/articles/{quote(now, safe=_SAFE)}{mark}{anchor}{body[link.end :]}"
    related = tuple(dict.fromkeys(present(Target(one)) or one for one in article.related))
    original = article.translation_of
    if original is not None:
        original = present(Target(original)) or original
    better = replace(article, body=body, related=related, translation_of=original)
    return article if better == article else replace(better, updated_at=at.replace(microsecond=0))


class _Verdicts:
    """What is known of the targets of links, each looked up once."""

    def __init__(self, store: LinkStore, viewer: Viewer, anchors: Anchors):
        self._store, self._viewer, self._anchors = store, viewer, anchors
        self._reader = replace(viewer, may_edit=False)
        self._found: dict[str, bool] = {}  # id → whether a reader finds it
        self._documents: dict[str, Document | None] = {}
        self._paths: dict[str, Mapping[str, str]] = {}
        self._written: dict[tuple[str, int], frozenset[str]] = {}
        self._on_page: dict[tuple[str, int], Collection[str]] = {}
        self._aliases: Mapping[str, str] | None = None

    def look_up(self, targets: Sequence[Target]) -> None:
        """Find out at once which of these there are; those with an anchor are read."""
        ids = {self._id_of(one) for one in targets} - self._found.keys()
        there = self._store.sources(sorted(ids), self._reader)
        self._found |= {one: one in there for one in ids}
        anchored = {self._id_of(one) for one in targets if one.anchor} - self._documents.keys()
        found = self._store.documents(sorted(anchored), self._viewer)
        self._documents |= {one: found.get(one) for one in anchored}

    def is_suspect(self, target: Target, article_id: str) -> bool:
        """Say whether a link of a stored article may be broken, from what `look_up` found."""
        wanted = self._id_of(target)
        if not self._found.get(wanted) and wanted != article_id:
            return True
        document = self._documents.get(wanted) if target.anchor else None
        return isinstance(document, Article) and target.anchor not in self._written_anchors(document)

    def of(self, target: Target, article: Article) -> tuple[Why, str | None] | None:
        """Return why a link of an article is broken and where it should lead instead; `None` when it is not."""
        wanted = self._id_of(target)
        document = article if wanted == article.id else self._document(wanted)
        if document is None:
            now = self._present_id(wanted)
            moved = self._document(now) if now is not None else None
            return ("moved", now) if moved is not None else ("not_found", None)
        if not isinstance(document, Article):
            return None
        if document is not article and document.state == ARCHIVED:
            return "archived", None
        if article.state == "published" and document is not article and document.state != "published":
            return "not_published", None
        if target.anchor and target.anchor not in self._written_anchors(document):
            return None if target.anchor in self._page_anchors(document) else ("no_heading", None)
        return None

    def _id_of(self, target: Target) -> str:
        if not target.is_path:
            return target.value
        source, _, path = target.value.partition("/")
        if source not in self._paths:
            held = self._store.article_ids(source)
            self._paths[source] = {at: one for one, at in held.items() if at is not None}
        return self._paths[source].get(path) or id_of_path(path)

    def _document(self, document_id: str) -> Document | None:
        if document_id not in self._documents:
            self._documents[document_id] = self._store.documents([document_id], self._viewer).get(document_id)
        return self._documents[document_id]

    def _present_id(self, former: str) -> str | None:
        if self._aliases is None:
            self._aliases = self._store.aliases()
        seen = {former}
        one = self._aliases.get(former)
        while one is not None and one not in seen and self._document(one) is None:
            seen.add(one)
            one = self._aliases.get(one)
        return one

    def _page_anchors(self, article: Article) -> Collection[str]:
        key = (article.id, hash(article.body))
        if key not in self._on_page:
            self._on_page[key] = self._anchors(article)
        return self._on_page[key]

    def _written_anchors(self, article: Article) -> frozenset[str]:
        key = (article.id, hash(article.body))
        if key not in self._written:
            self._written[key] = written_anchors(article.body, article.title)
        return self._written[key]


def _broken(article: Article, verdicts: _Verdicts) -> Iterator[BrokenLink]:
    links = links_of(article)
    fields: list[tuple[Place, str]] = [("related", one) for one in article.related]
    if article.translation_of:
        fields.append(("translation_of", article.translation_of))
    verdicts.look_up([*(one.target for one in links), *(Target(one) for _, one in fields)])
    for link in links:
        if (verdict := verdicts.of(link.target, article)) is not None:
            yield BrokenLink(
                article.id,
                article.title,
                "body",
                link.text,
                link.written,
                *verdict,
                _line(article, link.start),
                link.start,
            )
    for path in missing_files(article):
        at = article.body.find(path)  # percent-encoded, it stands there under another name
        place = (_line(article, at), at) if at >= 0 else (None, None)
        yield BrokenLink(article.id, article.title, "file", "", path, "no_file", None, *place)
    for field, written in fields:
        if (verdict := verdicts.of(Target(written), article)) is not None:
            yield BrokenLink(article.id, article.title, field, "", written, *verdict)


def _line(article: Article, at: int) -> int:
    return article.body.count("\n", 0, at) + 1
