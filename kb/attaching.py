"""Find out which stored files the text of an article names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from kb.attachment_references import references
from kb.attachments import prefix_of, served_as
from kb.documents import Article
from kb.protocols.attachments import AttachmentStore
from kb.queries import Viewer


def attached(article: Article, held: Mapping[str, str], store: AttachmentStore, viewer: Viewer) -> Article:
    """Return the article with the attachments that its text names, as it has to be saved or shown.

    `held` are paths whose files are known: those of the article before an edit, of the revision that is brought back.
    Other paths are looked up when they are of the form that the site gives, among the files that `viewer` may read.
    A path that leads to no such file is left out.
    """
    paths = references(article.body)
    found = {path: held[path] for path in paths if path in held}
    wanted = {path: prefix for path in paths if path not in found and (prefix := prefix_of(path)) is not None}
    if wanted:
        stored = store.attachments(list(wanted.values()))
        for path, prefix in wanted.items():
            for sha256, one in stored.items():
                if (
                    sha256.startswith(prefix)
                    and served_as(path, one.content_type) is not None
                    and store.may_read_attachment(sha256, viewer)
                ):
                    found[path] = sha256
                    break
    if found == article.attachments:
        return article
    return replace(article, attachments=MappingProxyType({path: found[path] for path in paths if path in found}))
