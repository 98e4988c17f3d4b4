"""What somebody has written in the site before the browser tests look at it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from kb.access import ADMINISTRATOR
from kb.documents import Article
from kb.protocols.drafts import Draft
from kb.store.open_store import open_store
from web.site.article_form import started_values, values_of
from web.site.writing_place import article_key

UNFINISHED = "unfinished"
"""The key of a draft that is no article yet."""
INCIDENT = "incident"
"""The key of a draft of a post-mortem."""
ARTICLE = Article(
    id="door-access/blinks-red",
    title="Badge reader blinks red after the firmware update",
    body="## Symptoms\n\nIt **blinks red**.\n\n## Resolution\n\n1. Update the controller.\n2. Restart the reader.\n",
    kind="troubleshooting",
    service="door-access",
)
FILED = Article(
    id="handbook/gate",
    title="Gate does not close in strong wind",
    body="Wait for a calm moment, then close it by hand.\n",
    source="handbook",
    path="gate.md",
)
"""An article that a file of a folder decides about."""
INCIDENT_TEXT = (
    "## Summary\n\nThe engineer forgot it. password=hunter2\n\n## Timeline\n\n"
    "| Time | Source | Event | Kind |\n| --- | --- | --- | --- |\n"
    "| 2026-02-16 07:18 | ticket | First report | fact |\n\n"
    "## Action items\n\n| Action | Type | Owner | Due | Tracker | State |\n| --- | --- | --- | --- | --- | --- |\n"
    "| Improve monitoring | detect |  | soon |  | open |\n"
)
CHANGES = f"/drafts/{article_key(ARTICLE.id)}/changes"


def add_writings(home: Path) -> None:
    """Add an article of the site to a home, and two drafts of the administrator: of it, and of a new one."""
    begun = Article(id="new", title="Printer is offline after the move", body="Switch it **on**.", kind="how-to")
    changed = {**values_of(ARTICLE), "body": (ARTICLE.body.replace("Restart", "Reset"),), "revision": ("1",)}
    with closing(open_store(home / "fixlore.db")) as store:
        store.create_article(ARTICLE, ADMINISTRATOR.name)
        store.put_articles([FILED], "import")
        store.save_draft(Draft(person=ADMINISTRATOR.name, key=UNFINISHED, values=started_values(begun, {})))
        lived = Article(id="new", title="VPN down", body=INCIDENT_TEXT, kind="post-mortem", language="en")
        store.save_draft(Draft(person=ADMINISTRATOR.name, key=INCIDENT, values=started_values(lived, {})))
        key = article_key(ARTICLE.id)
        store.save_draft(Draft(person=ADMINISTRATOR.name, key=key, values=changed, article_id=ARTICLE.id, revision=1))
