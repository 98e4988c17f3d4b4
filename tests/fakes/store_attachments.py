"""The part of the store in memory that keeps attached files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime

from kb.access import may_read
from kb.documents import Article, Document
from kb.protocols.attachments import KEPT_UNUSED, Attachment
from kb.protocols.drafts import Draft
from kb.protocols.store import Revision
from kb.queries import Viewer


@dataclass
class File:
    """A file that is kept."""

    listed: Attachment
    content: bytes
    unused_since: datetime | None
    senders: set[str] = field(default_factory=set)


class MemoryAttachments:
    """An AttachmentStore over the documents and revisions of the store in memory."""

    _open: Callable[[], AbstractContextManager[None]]
    _clock: Callable[[], datetime]
    _documents: dict[str, Document]
    _revisions: dict[str, list[Revision]]
    _files: dict[str, File]
    _drafts: dict[tuple[str, str], Draft]

    def put_attachment(self, content: bytes, content_type: str, by: str | None) -> Attachment:
        with self._open():
            sha256, now = hashlib.sha256(content).hexdigest(), self._clock()
            listed = Attachment(sha256, content_type, len(content), now, by)
            file = self._files.setdefault(sha256, File(listed, content, now))
            if not any(self._uses(sha256)):
                file.unused_since = now
            if by is not None:
                file.senders.add(by)
                self.sweep_attachments()
            return file.listed

    def attachments(self, prefixes: Sequence[str]) -> Mapping[str, Attachment]:
        with self._open():
            found = [one.listed for key, one in self._files.items() if key.startswith(tuple(filter(None, prefixes)))]
            return {one.sha256: one for one in sorted(found, key=lambda one: (one.put_at, one.sha256))}

    def attachment_content(self, sha256: str) -> bytes | None:
        with self._open():
            return self._files[sha256].content if sha256 in self._files else None

    def may_read_attachment(self, sha256: str, viewer: Viewer) -> bool:
        with self._open():
            if sha256 not in self._files:
                return False
            uses = list(self._uses(sha256))
            now = self._documents
            return viewer.name in self._files[sha256].senders or (
                any(may_read(viewer, one) and may_read(viewer, now[one.id]) for one in uses)
                if uses
                else viewer.may("write")
            )

    def sweep_attachments(self) -> int:
        with self._open():
            now, gone = self._clock(), list[str]()
            for sha256, file in self._files.items():
                if any(self._uses(sha256)):
                    file.unused_since = None
                elif file.unused_since is None:
                    file.unused_since = now
                elif file.unused_since <= now - KEPT_UNUSED:
                    if self._is_named_in_a_draft(sha256):
                        file.unused_since = None
                    else:
                        gone.append(sha256)
            for sha256 in gone:
                del self._files[sha256]
            return len(gone)

    def _is_named_in_a_draft(self, sha256: str) -> bool:
        texts = [text for one in self._drafts.values() for held in one.values.values() for text in held]
        return any(f"files/{sha256[:16]}-" in text for text in texts)

    def _uses(self, sha256: str) -> Iterator[Article]:
        for article_id, history in self._revisions.items():
            for one in history:
                if article_id in self._documents and sha256 in one.article.attachments.values():
                    yield one.article
