"""Name every way Fixlore can fail.

    FixloreError
    ├── InvalidInput            what was given cannot be used; says which file, line or field
    │   ├── IdConflict          one id, two sources
    │   ├── TooLarge            a file is larger than what is taken
    │   ├── WrongKind           a file is of a kind that is not taken
    │   └── StaleEdit           the document changed since it was read
    ├── NotFound                no such document, token or file
    ├── NotAllowed              the viewer or token may not do this
    ├── StoreError              the store of record cannot be read or written
    │   ├── SchemaTooNew        the store was written by a newer Fixlore
    │   ├── StoreNotWritable    its disk is full or read-only; what is stored can be read
    │   └── StoreBusy           another process holds the store for too long
    ├── IndexUnavailable        an index is missing, damaged or cannot be opened
    │   ├── RecipeMismatch      the index was built with another encoder or procedure
    │   └── IndexLocked         another process is indexing
    ├── ModelUnavailable        the encoder's model cannot be loaded
    └── ConfigurationError      a setting is unknown or has an impossible value

The message of each is one sentence for a person, with what to do. Engine errors are translated where they occur and
chained.
"""

from __future__ import annotations


class FixloreError(Exception):
    """Base of every error a user may see."""


class InvalidInput(FixloreError):
    """What was given cannot be used.

    `field` names the offending field (`ticket.title`), `source` the file, `line` its line, counted from 1.
    """

    def __init__(self, message: str, *, field: str | None = None, source: str | None = None, line: int | None = None):
        super().__init__(message)
        self.field = field
        self.source = source
        self.line = line

    def __str__(self) -> str:
        """Return the message, led by file and line where they are known."""
        place = self.source or ""
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        message = super().__str__()
        return f"{place}: {message}" if place else message


class IdConflict(InvalidInput):
    """One id was given by two sources; nothing was changed."""


class TooLarge(InvalidInput):
    """A file is larger than what is taken; nothing was stored."""


class WrongKind(InvalidInput):
    """A file is of a kind that is not taken; nothing was stored."""


class StaleEdit(InvalidInput):
    """The document was changed by somebody else since it was read; nothing was changed."""


class NotFound(FixloreError):
    """No such document, token or file, or none that the viewer may see."""


class NotAllowed(FixloreError):
    """The viewer or token may not do this."""


class StoreError(FixloreError):
    """The store of record cannot be read or written."""


class SchemaTooNew(StoreError):
    """The store was written by a newer Fixlore; this one must not touch it."""


class StoreNotWritable(StoreError):
    """The store can be read, but its disk is full or read-only; nothing of the write was stored."""


class StoreBusy(StoreError):
    """Another process held the store for longer than the timeout; try again."""


class IndexUnavailable(FixloreError):
    """An index is missing, damaged or cannot be opened; `kb index --rebuild` makes it anew from the store."""


class RecipeMismatch(IndexUnavailable):
    """The index was built with another recipe; it is never mixed with new vectors."""


class IndexLocked(IndexUnavailable):
    """Another process is indexing."""


class ModelUnavailable(FixloreError):
    """The encoder's model cannot be found, verified or loaded."""


class ConfigurationError(FixloreError):
    """A setting is unknown or has an impossible value."""
