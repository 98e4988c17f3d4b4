"""Keep files by the hash of their content, and which revisions use them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, or_, select, update

from kb.access import may_read
from kb.attachments import FOLDER, PREFIX
from kb.documents import Article
from kb.errors import StoreBusy
from kb.protocols.attachments import KEPT_UNUSED, Attachment
from kb.queries import Viewer
from kb.store import sqlite
from kb.store.documents import documents_by_id
from kb.store.part import Part
from kb.store.rows import article_from
from kb.store.sqlite import chunks
from kb.store.tables import attachment, attachment_sender, attachment_use, draft, revision

REMOVED_AT_ONCE = 5
"""Files that one transaction removes: what is freed is overwritten, which takes as long as writing it."""
_SWEEP_PATIENCE = 0.5
_LISTED = (
    attachment.c.sha256,
    attachment.c.content_type,
    attachment.c.size,
    attachment.c.put_at,
    attachment.c.put_by,
)
_HEXADECIMAL = re.compile(r"[0-9a-f]{1,64}")
_AT_ONCE = 100
_NAMED = re.compile(rf"{FOLDER}/([0-9a-f]{{{PREFIX}}})-")


def record_uses(connection: Connection, history: Sequence[Article]) -> None:
    """Note which files the new revisions use, within the transaction that writes them."""
    rows = [
        {"sha256": sha256, "document_id": one.id, "number": one.revision}
        for one in history
        for sha256 in sorted(set(one.attachments.values()))
    ]
    if not rows:
        return
    connection.execute(insert(attachment_use), rows)
    for some in chunks([str(row["sha256"]) for row in rows]):
        _take_note_off(connection, some)


class SqlAttachments(Part):
    """Attached files (`kb.protocols.attachments.AttachmentStore`)."""

    def put_attachment(self, content: bytes, content_type: str, by: str | None) -> Attachment:
        """Store a file and return it."""
        sha256 = hashlib.sha256(content).hexdigest()
        there = self._unchanged(sha256, by)
        if there is not None:
            return there
        with self._database.write() as connection:
            now = self._clock()
            row = {"sha256": sha256, "content_type": content_type, "size": len(content), "put_at": now, "put_by": by}
            # Noted as unused at once, so that the time of a file that is never used begins when it came.
            new = sqlite.insert(attachment).values(**row, unused_since=now, content=content)
            is_new = connection.execute(new.on_conflict_do_nothing()).rowcount > 0
            if not is_new:
                begin_anew = update(attachment).where(
                    attachment.c.sha256 == sha256, attachment.c.unused_since.is_not(None)
                )
                connection.execute(begin_anew.values(unused_since=now))
            if by is not None:
                sender = sqlite.insert(attachment_sender).values(sha256=sha256, person=by)
                connection.execute(sender.on_conflict_do_nothing())
            row_there = connection.execute(select(*_LISTED).where(attachment.c.sha256 == sha256)).one()
        if is_new and by is not None:  # an import does so once, when all is in
            with suppress(StoreBusy):  # another time is as good
                self.sweep_attachments()
        return Attachment(*row_there)

    def _unchanged(self, sha256: str, by: str | None) -> Attachment | None:
        """Return a file for which putting it again writes nothing, so that repeating an import costs little."""
        query = select(*_LISTED, attachment.c.unused_since).where(attachment.c.sha256 == sha256)
        is_sender = (attachment_sender.c.sha256 == sha256) & (attachment_sender.c.person == by)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None or row.unused_since is not None:
                return None
            if by is not None and not connection.scalar(select(exists().where(is_sender))):
                return None
        return Attachment(*row[:-1])

    def attachments(self, prefixes: Sequence[str]) -> Mapping[str, Attachment]:
        """Return sha256 → file of those whose sha256 begins with one of `prefixes`."""
        wanted = [one for one in dict.fromkeys(prefixes) if _HEXADECIMAL.fullmatch(one)]
        found: list[Attachment] = []
        with self._database.read() as connection:
            for some in chunks(wanted, _AT_ONCE):
                ranges = [attachment.c.sha256.between(one, f"{one}g") for one in some]
                found += [Attachment(*row) for row in connection.execute(select(*_LISTED).where(or_(*ranges)))]
        return {one.sha256: one for one in sorted(found, key=lambda one: (one.put_at, one.sha256))}

    def attachment_content(self, sha256: str) -> bytes | None:
        """Return the content of a file, `None` when there is no such one."""
        with self._database.read() as connection:
            content = connection.scalar(select(attachment.c.content).where(attachment.c.sha256 == sha256))
        return None if content is None else bytes(content)

    def may_read_attachment(self, sha256: str, viewer: Viewer) -> bool:
        """Say whether a viewer may see that there is this file."""
        is_sender = (attachment_sender.c.sha256 == sha256) & (attachment_sender.c.person == viewer.name)
        uses = select(attachment_use.c.document_id, attachment_use.c.number).where(attachment_use.c.sha256 == sha256)
        with self._database.read() as connection:
            if connection.scalar(select(attachment.c.sha256).where(attachment.c.sha256 == sha256)) is None:
                return False
            if connection.scalar(select(exists().where(is_sender))):
                return True
            numbers: dict[str, list[int]] = {}
            for document_id, number in connection.execute(uses.order_by(attachment_use.c.number.desc())):
                numbers.setdefault(document_id, []).append(number)
            if not numbers:
                return viewer.may("write")
            for some in chunks(list(numbers), _AT_ONCE):
                readable = {
                    key: one
                    for key, one in documents_by_id(connection, some).items()
                    if isinstance(one, Article) and may_read(viewer, one)
                }
                if any(sha256 in one.attachments.values() for one in readable.values()):
                    return True
                if any(_has_readable(connection, key, numbers[key], viewer) for key in readable):
                    return True
        return False

    def sweep_attachments(self) -> int:
        """Remove files that nothing has used for `KEPT_UNUSED`, and note those that nothing uses now."""
        self._note_unused()
        count = 0
        while True:
            with self._database.write(_SWEEP_PATIENCE) as connection:
                over = select(attachment.c.sha256).where(attachment.c.unused_since <= self._clock() - KEPT_UNUSED)
                gone = connection.scalars(over.where(~_is_used()).limit(REMOVED_AT_ONCE)).all()
                named = _named_in_drafts(connection) if gone else frozenset()
                kept = [one for one in gone if one[:PREFIX] in named]
                _take_note_off(connection, kept)
                connection.execute(delete(attachment).where(attachment.c.sha256.in_(set(gone) - set(kept))))
            count += len(gone) - len(kept)
            if len(gone) < REMOVED_AT_ONCE:
                return count

    def _note_unused(self) -> None:
        """Begin the time of files that nothing uses; a draft is looked into when that time is over."""
        unnoted = attachment.c.unused_since.is_(None) & ~_is_used()
        with self._database.read() as connection:
            unused = connection.scalars(select(attachment.c.sha256).where(unnoted)).all()
        for some in chunks(unused):
            with self._database.write(_SWEEP_PATIENCE) as connection:
                noting = update(attachment).where(attachment.c.sha256.in_(some), unnoted)
                connection.execute(noting.values(unused_since=self._clock()))


def _is_used() -> ColumnElement[bool]:
    return exists().where(attachment_use.c.sha256 == attachment.c.sha256)


def _take_note_off(connection: Connection, sha256s: Sequence[str]) -> None:
    is_noted = attachment.c.sha256.in_(sha256s) & attachment.c.unused_since.is_not(None)
    connection.execute(update(attachment).where(is_noted).values(unused_since=None))


def _has_readable(connection: Connection, document_id: str, numbers: Sequence[int], viewer: Viewer) -> bool:
    """Say whether the viewer may read one of these revisions; an earlier one may have been for others, or a draft."""
    for number in numbers:
        one = (revision.c.document_id == document_id) & (revision.c.number == number)
        row = connection.execute(select(revision).where(one)).one_or_none()
        if row is not None and may_read(
            viewer, article_from(row.document_id, row.source, row.path, row.number, row.content)
        ):
            return True
    return False


def _named_in_drafts(connection: Connection) -> frozenset[str]:
    """Return the beginnings of the hashes that the text of a draft names."""
    named: set[str] = set()
    for content in connection.scalars(select(draft.c.content)):
        named.update(_NAMED.findall(content))
    return frozenset(named)
