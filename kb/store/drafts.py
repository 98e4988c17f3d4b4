"""Keep what people are still writing."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Row, delete, select

from kb.errors import StaleEdit
from kb.protocols.drafts import Draft
from kb.store import sqlite
from kb.store.part import Part
from kb.store.rows import json_text
from kb.store.tables import draft as table


class SqlDrafts(Part):
    """Drafts (`kb.protocols.drafts.DraftStore`)."""

    def save_draft(self, draft: Draft, expected_version: int | None = None) -> Draft:
        """Store a draft in place of the person's draft of that key."""
        content = json_text({name: list(values) for name, values in draft.values.items()}, "draft")
        its_own = (table.c.person == draft.person) & (table.c.key == draft.key)
        with self._database.write() as connection:
            stored = connection.scalar(select(table.c.version).where(its_own)) or 0
            if expected_version not in (None, stored):
                raise StaleEdit("this draft was saved in another window meanwhile; nothing was replaced")
            row = sqlite.insert(table).values(
                person=draft.person,
                key=draft.key,
                article_id=draft.article_id,
                revision=draft.revision,
                version=stored + 1,
                saved_at=self._clock(),
                content=content,
            )
            changed = {one.name: row.excluded[one.name] for one in table.c if not one.primary_key}
            connection.execute(row.on_conflict_do_update(index_elements=["person", "key"], set_=changed))
            return _draft(connection.execute(select(table).where(its_own)).one())

    def draft(self, person: str, key: str) -> Draft | None:
        """Return the person's draft of that key."""
        query = select(table).where((table.c.person == person) & (table.c.key == key))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _draft(row)

    def drafts(self, person: str) -> Sequence[Draft]:
        """Return the person's drafts, the latest saved first."""
        query = select(table).where(table.c.person == person).order_by(table.c.saved_at.desc(), table.c.key)
        with self._database.read() as connection:
            return [_draft(row) for row in connection.execute(query)]

    def discard_draft(self, person: str, key: str, version: int | None = None) -> bool:
        """Forget a draft and say whether there was one."""
        its_own = (table.c.person == person) & (table.c.key == key)
        if version is not None:
            its_own &= table.c.version == version
        with self._database.write() as connection:
            return connection.execute(delete(table).where(its_own)).rowcount > 0


def _draft(row: Row[*tuple[object, ...]]) -> Draft:
    return Draft(
        person=row.person,
        key=row.key,
        values={name: tuple(values) for name, values in json.loads(row.content).items()},
        article_id=row.article_id,
        revision=row.revision,
        version=row.version,
        saved_at=row.saved_at,
    )
