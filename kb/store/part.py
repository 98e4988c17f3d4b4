"""Say what every part of the SQL store works with."""

from __future__ import annotations

from kb.reporting import Clock
from kb.store.decoded import DecodedDocuments
from kb.store.sqlite import Database


class Part:
    """One group of the store's methods, over the one database; `clock` tells the time of every write."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._decoded = DecodedDocuments()
