"""Put the parts of the SQL store together."""

from __future__ import annotations

from pathlib import Path

from kb.protocols.store import Store
from kb.store.access import SqlAccess
from kb.store.action_items import SqlActionItems
from kb.store.articles import SqlArticles
from kb.store.attachments import SqlAttachments
from kb.store.changes import SqlChanges
from kb.store.connectors import SqlConnectors
from kb.store.documents import SqlDocuments
from kb.store.drafts import SqlDrafts
from kb.store.feedback import SqlFeedback
from kb.store.incidents import SqlIncidents
from kb.store.people import SqlPeople
from kb.store.requests import SqlRequests
from kb.store.upkeep import SqlUpkeep
from kb.store.vectors import SqlVectors


class SqlStore(
    SqlArticles,
    SqlAttachments,
    SqlConnectors,
    SqlDocuments,
    SqlChanges,
    SqlVectors,
    SqlIncidents,
    SqlRequests,
    SqlAccess,
    SqlFeedback,
    SqlDrafts,
    SqlUpkeep,
    SqlActionItems,
    SqlPeople,
    Store,
):
    """The store of record in one SQL database; `kb.store.open_store` opens one."""

    def backup(self, target: str) -> None:
        """Write a consistent copy of everything to a new file while others read and write."""
        self._database.copy_to(Path(target))

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
