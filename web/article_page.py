"""Render an article as its page shows it: the one place that knows what its links mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from kb.documents import Article
from kb.front_matter import id_of_path
from kb.links_in_text import target_of
from kb.protocols.store import ArticleStore
from web.addresses import document_url
from web.rendering import Page, render

_ID = re.compile(r"\sid=\"([^\"]+)\"")


def rendered(article: Article, store: ArticleStore) -> Page:
    """Return the page of an article at any revision; links to the files of other articles lead to their pages."""

    @cache
    def ids_by_path() -> Mapping[str, str]:
        return {path: one for one, path in store.article_ids(article.source).items() if path is not None}

    def address(written: str) -> str:
        if ".md" not in written.casefold() or (target := target_of(written, article)) is None:
            return written
        wanted = target.value
        if target.is_path:
            path = target.value.partition("/")[2]
            wanted = ids_by_path().get(path) or id_of_path(path)
        return document_url(wanted, article.kind) + (f"#{target.anchor}" if target.anchor else "")

    return render(article.body, article.title, article.attachments, address)


def page_anchors(article: Article) -> frozenset[str]:
    """Return every place of an article's page that a link can lead to."""
    return frozenset(_ID.findall(render(article.body, article.title).html))
