"""State what the store keeps of the files that articles show or lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from kb.queries import Viewer

KEPT_UNUSED = timedelta(days=2)
"""How long a file stays that nothing names: from the sending of a picture to the saving of the text around it."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as it is listed, without its content. `size` is in bytes."""

    sha256: str
    content_type: str
    """What it is by its content alone: a text is `text/plain`, whatever its name."""
    size: int
    put_at: datetime
    """When it first came."""
    put_by: str | None
    """Who sent it first; `None` when it came with an import."""


class AttachmentStore(Protocol):
    """Files by the sha256 of their content, each kept once; which revisions use which follows from what is saved.

    A file is never changed. It is used by a revision whose article maps a path to it (`Article.attachments`), and by a
    draft whose text names it by the path that the site gives it.
    """

    def put_attachment(self, content: bytes, content_type: str, by: str | None) -> Attachment:
        """Store a file and return it; `by` is the person who sends it, `None` for an import.

        Idempotent: a file that is there stays as it is, but is not removed for `KEPT_UNUSED` from now, and whoever
        sends it may read it from now on. Raises InvalidInput for one that is longer than the store can hold (1 GB).
        """
        ...

    def attachments(self, prefixes: Sequence[str]) -> Mapping[str, Attachment]:
        """Return sha256 → file of those whose sha256 begins with one of `prefixes`, the first that came first.

        A prefix is made of hexadecimal digits in lower case; anything else finds nothing.
        """
        ...

    def attachment_content(self, sha256: str) -> bytes | None:
        """Return the content of a file, `None` when there is no such one."""
        ...

    def may_read_attachment(self, sha256: str, viewer: Viewer) -> bool:
        """Say whether a viewer may see that there is this file.

        That is who sent it; who may read an article as it is now and a revision of it that uses the file; and while no
        article uses it, who may write.
        """
        ...

    def sweep_attachments(self) -> int:
        """Remove files that nothing has used for `KEPT_UNUSED`, a few in each transaction; return how many.

        A file is noted as unused the first time that a sweep finds it so, and removed by one that finds it so again
        after that time. Being saved in a revision or named in a draft takes the note off, being sent begins the time
        anew. So nothing goes that history shows, and nothing that somebody is about to use.
        """
        ...
