"""Keep articles, their history and the ids they had before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import (
    JSON,
    BindParameter,
    Connection,
    Row,
    bindparam,
    delete,
    insert,
    select,
    type_coerce,
    update,
)

from kb.documents import SITE_SOURCE, Article, Document
from kb.errors import IdConflict, NotFound, StaleEdit
from kb.protocols.store import Outcome, Revision, RevisionLine
from kb.store import sqlite, tables
from kb.store.action_items import note_action_items
from kb.store.attachments import record_uses
from kb.store.changes import record_changes
from kb.store.documents import documents_by_id
from kb.store.links import link_source_tickets
from kb.store.lookup import Lookup
from kb.store.part import Part
from kb.store.rows import article_from, document_from, is_storable, row_of, same_content
from kb.store.sqlite import chunks, refuse_too_many
from kb.store.tables import document, document_text, revision
from kb.store.upkeep import note_upkeep


def conflict(stored: Document, source: str) -> IdConflict:
    """Return the error for an id that `source` gives and a document of another source holds."""
    if isinstance(stored, Article) and stored.source == SITE_SOURCE:
        return IdConflict(
            f"id {stored.id!r}, given by source {source!r}, belongs to an article of the site, which no file changes; "
            "remove the file, or give it another id",
            field="id",
        )
    kind = "an article" if isinstance(stored, Article) else "a ticket"
    return IdConflict(
        f"id {stored.id!r}, given by source {source!r}, belongs to {kind} of source {stored.source!r}; "
        "give one of them another id",
        field="id",
    )


def planned(stored: Document | None, article: Article) -> tuple[Outcome, Article]:
    """Return what putting an article does, and the article as it then is. Pure.

    A move alone changes the path and makes no revision. Raises IdConflict when the id belongs to another source.
    """
    if stored is None:
        return "created", replace(article, revision=1)
    if not isinstance(stored, Article) or stored.source != article.source:
        raise conflict(stored, article.source)
    if not same_content(stored, article):
        return "updated", replace(article, revision=stored.revision + 1)
    if stored.path != article.path:
        return "updated", replace(stored, path=article.path)
    return "unchanged", stored


_IDS_OF_SOURCE = Lookup(
    lambda size: (
        select(document.c.id, document.c.path)
        .where(document.c.type != "ticket", document.c.source == bindparam("of"))
        .order_by(document.c.id)
    )
)


class SqlArticles(Part):
    """Articles (`kb.protocols.store.ArticleStore`)."""

    def put_articles(self, articles: Sequence[Article], author: str) -> Sequence[Outcome]:
        """Create or update articles, all of them or none."""
        refuse_too_many(len(articles), "articles")
        outcomes: list[Outcome] = []
        history: list[Article] = []
        with self._database.write() as connection:
            stored = documents_by_id(connection, [article.id for article in articles])
            held = dict(stored)
            for article in articles:
                before = held.get(article.id)
                outcome, after = planned(before, article)
                outcomes.append(outcome)
                held[after.id] = after
                if not isinstance(before, Article) or before.revision != after.revision:
                    history.append(after)
            changed = [one for one in held.values() if isinstance(one, Article) and one != stored.get(one.id)]
            _save(connection, changed, stored, history, author, self._clock())
        return outcomes

    def create_article(self, article: Article, author: str, comment: str = "") -> Article:
        """Store an article that is new and return it at revision 1."""
        created = replace(article, revision=1)
        with self._database.write() as connection:
            stored = documents_by_id(connection, [article.id]).get(article.id)
            if stored is not None:
                raise conflict(stored, article.source)
            if is_storable(article.id) and (now := _led_to(connection, article.id)) is not None:
                raise IdConflict(
                    f"id {article.id!r} is a former id of {now.id!r}, to which its links lead; give another id",
                    field="id",
                )
            _save(connection, [created], (), [created], author, self._clock(), comment)
        return created

    def update_article(self, article: Article, author: str, expected_revision: int, comment: str = "") -> Article:
        """Save an edit and return it with its new revision."""
        with self._database.write() as connection:
            stored = documents_by_id(connection, [article.id]).get(article.id)
            if not isinstance(stored, Article):
                raise NotFound(f"there is no article {article.id!r}; it may have been deleted or moved")
            if stored.revision != expected_revision:
                raise StaleEdit(
                    f"article {article.id!r} is at revision {stored.revision} and the edit began at revision "
                    f"{expected_revision}; read it again and repeat the edit",
                    field="revision",
                )
            if (stored.source, stored.path) == (article.source, article.path) and same_content(stored, article):
                return stored
            saved = replace(article, revision=stored.revision + 1)
            _save(connection, [saved], {saved.id}, [saved], author, self._clock(), comment)
        return saved

    def article(self, article_id: str) -> Article | None:
        """Return the article of this id, else of the alias; one alias may lead to the next."""
        with self._database.read() as connection:
            found = _led_to(connection, article_id)
        return found if isinstance(found, Article) else None

    def delete_articles(self, ids: Sequence[str]) -> int:
        """Remove articles with their history, a few hundred in each transaction, and return how many there were."""
        count = 0
        for some in chunks(list(dict.fromkeys(ids))):
            with self._database.write() as connection:
                wanted = document.c.id.in_(some) & (document.c.type != "ticket")
                there = connection.scalars(select(document.c.id).where(wanted).order_by(document.c.id)).all()
                connection.execute(delete(document).where(document.c.id.in_(there)))
                connection.execute(delete(document_text).where(document_text.c.document_id.in_(there)))
                record_changes(connection, there, self._clock())
            count += len(there)
        return count

    def article_ids(self, source: str | None = None, kind: str | None = None) -> Mapping[str, str | None]:
        """Return id → path, ordered by id."""
        if source is not None and kind is None:
            with self._database.look() as looking:
                return dict(_IDS_OF_SOURCE.rows(looking, of=source))
        query = select(document.c.id, document.c.path).where(document.c.type != "ticket")
        if source is not None:
            query = query.where(document.c.source == source)
        if kind is not None:
            query = query.where(document.c.type == kind)
        with self._database.read() as connection:
            return {article_id: path for article_id, path in connection.execute(query.order_by(document.c.id))}

    def add_alias(self, alias: str, article_id: str) -> None:
        """Let `alias` lead to an article from now on."""
        row = sqlite.insert(tables.alias).values(alias=alias, document_id=article_id)
        with self._database.write() as connection:
            connection.execute(
                row.on_conflict_do_update(index_elements=["alias"], set_={"document_id": row.excluded.document_id})
            )

    def aliases(self) -> Mapping[str, str]:
        """Return every alias → the id it leads to, ordered by alias."""
        query = select(tables.alias.c.alias, tables.alias.c.document_id).order_by(tables.alias.c.alias)
        with self._database.read() as connection:
            return {alias: article_id for alias, article_id in connection.execute(query)}

    def revisions(self, article_id: str) -> Sequence[Revision]:
        """Return the history, newest first."""
        query = select(revision).where(revision.c.document_id == article_id).order_by(revision.c.number.desc())
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        if not rows:
            raise NotFound(f"there is no article {article_id!r}; it may have been deleted or moved")
        return [_revision_from(row) for row in rows]

    def revision(self, article_id: str, number: int) -> Revision | None:
        """Return one revision."""
        query = select(revision).where(revision.c.document_id == article_id, revision.c.number == number)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none() if is_storable(article_id) else None
        return None if row is None else _revision_from(row)

    def history(self, article_id: str, limit: int, before: int | None = None) -> Sequence[RevisionLine]:
        """Return lines of the history, newest first."""
        held = type_coerce(revision.c.content, JSON)
        told = (held[name].as_string() for name in ("title", "state", "audience"))
        query = (
            select(revision.c.number, revision.c.recorded_at, revision.c.author, revision.c.comment, *told)
            .where(revision.c.document_id == article_id)
            .order_by(revision.c.number.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(revision.c.number < before)
        with self._database.read() as connection:
            rows = connection.execute(query).all() if is_storable(article_id) else ()
        return [RevisionLine(number, at, author, comment or "", *rest) for number, at, author, comment, *rest in rows]


def _led_to(connection: Connection, document_id: str) -> Document | None:
    """Return the document of an id, else the one that aliases lead to."""
    seen: set[str] = set()
    current: str | None = document_id
    while current is not None and current not in seen:
        row = connection.execute(select(document).where(document.c.id == current)).one_or_none()
        if row is not None:
            return document_from(row)
        seen.add(current)
        current = connection.scalar(select(tables.alias.c.document_id).where(tables.alias.c.alias == current))
    return None


def _revision_from(row: Row[*tuple[object, ...]]) -> Revision:
    article = article_from(row.document_id, row.source, row.path, row.number, row.content)
    return Revision(row.number, article, row.recorded_at, row.author, row.comment or "")


def _save(
    connection: Connection,
    changed: Sequence[Article],
    there: Collection[str],
    history: Sequence[Article],
    author: str,
    now: datetime,
    comment: str = "",
) -> None:
    """Write articles, their new revisions and their changes; `there` holds the ids that have a row already."""
    new = [dict(row_of(one)) for one in changed if one.id not in there]
    old = [{f"new_{name}": value for name, value in row_of(one).items()} for one in changed if one.id in there]
    if new:
        connection.execute(insert(document), new)
    if old:
        columns: dict[str, BindParameter[object]] = {one.name: bindparam(f"new_{one.name}") for one in document.c}
        connection.execute(update(document).where(document.c.id == bindparam("new_id")).values(columns), old)
    if history:
        connection.execute(insert(revision), [_revision_row(one, author, now, comment) for one in history])
        record_uses(connection, history)
    note_upkeep(connection, changed)
    note_action_items(connection, changed)
    record_changes(connection, [one.id for one in changed], now)
    link_source_tickets(connection, changed, now)


def _revision_row(article: Article, author: str, now: datetime, comment: str) -> dict[str, object]:
    return {
        "document_id": article.id,
        "number": article.revision,
        "recorded_at": now,
        "author": author,
        "source": article.source,
        "path": article.path,
        "content": row_of(article)["content"],
        "comment": comment or None,
    }
