"""Render an article as its page shows it: the one place that knows what its links mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from kb.documents import Article
from kb.front_matter import id_of_path
from kb.links_in_text import Target, links_of, target_of
from kb.protocols.store import ArticleStore
from web.addresses import document_url
from web.rendering import Page, render

_ID = re.compile(r"\sid=\"([^\"]+)\"")


def rendered(article: Article, store: ArticleStore) -> Page:
    """Return the page of an article at any revision; links to the files of other articles lead to their pages."""

    page_of = _pages(article, store)

    def address(written: str) -> str:
        if ".md" not in written.casefold() or (target := target_of(written, article)) is None:
            return written
        return page_of(target)

    return render(article.body, article.title, article.attachments, address)


def without_paths(article: Article, store: ArticleStore) -> str:
    """Return the text of a folder's article with the addresses of pages in place of paths to other files: outside of
    its folder these lead nowhere.
    """
    page_of, body = _pages(article, store), article.body
    for link in reversed(links_of(article)):
        if link.target.is_path:
            body = body[: link.start] + page_of(link.target) + body[link.end :]
    return body


def _pages(article: Article, store: ArticleStore) -> Callable[[Target], str]:
    """Return what tells the address of the page that a link of the article means."""

    @cache
    def ids() -> dict[str, str]:
        return {path: one for one, path in store.article_ids(article.source).items() if path is not None}

    def page_of(target: Target) -> str:
        path = target.value.partition("/")[2]
        wanted = ids().get(path) or id_of_path(path) if target.is_path else target.value
        return document_url(wanted, article.kind) + (f"#{target.anchor}" if target.anchor else "")

    return page_of


def page_anchors(article: Article) -> frozenset[str]:
    """Return every place of an article's page that a link can lead to."""
    return frozenset(_ID.findall(render(article.body, article.title).html))
