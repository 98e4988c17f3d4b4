"""Find and load the content that comes with Fixlore: examples, the manual, decision records.

One resolver for a wheel, an editable install and a checkout: the content travels inside the package `articles`.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from kb.documents import DECISION_SOURCE, EXAMPLE_SOURCE, MANUAL_SOURCE
from kb.errors import NotFound
from kb.importing import ImportReport, import_articles, import_tickets
from kb.language import detect_language
from kb.protocols.store import Store

LOADED_SETTING = "examples"
LOADING = "loading"
_FOLDERS = {MANUAL_SOURCE: "manual", DECISION_SOURCE: "decisions", EXAMPLE_SOURCE: "examples"}


def shipped_folder(source: str) -> Path:
    """Return the folder of shipped content of one source. Raises NotFound when the installation lacks it."""
    folder = Path(str(files("articles"))) / _FOLDERS[source]
    if not folder.is_dir():
        raise NotFound(f"The shipped folder {folder} is missing; install Fixlore again.")
    return folder


def load_manual(store: Store) -> None:
    """Bring the manual and the decision records up to this version; costs little when nothing changed."""
    for source in (MANUAL_SOURCE, DECISION_SOURCE):
        import_articles(store, shipped_folder(source), source=source, prune=True, detect=detect_language)


def load_examples(store: Store) -> tuple[ImportReport, ImportReport]:
    """Load the example articles and tickets once; the mark that they were loaded survives their removal."""
    folder = shipped_folder(EXAMPLE_SOURCE)
    store.put_setting(LOADED_SETTING, LOADING)  # killed halfway, the next start goes on
    articles = import_articles(store, folder, source=EXAMPLE_SOURCE, prune=False, detect=detect_language)
    tickets = import_tickets(store, folder / "tickets.jsonl", source=EXAMPLE_SOURCE)
    store.put_setting(LOADED_SETTING, "loaded")
    return articles, tickets


def remove_examples(store: Store) -> tuple[int, int]:
    """Remove every example article and ticket and return how many of each there were."""
    articles = store.delete_articles(list(store.article_ids(EXAMPLE_SOURCE)))
    tickets = sum(store.delete_ticket(ticket_id) for ticket_id in store.ticket_ids(EXAMPLE_SOURCE))
    return articles, tickets


def is_new(store: Store) -> bool:
    """Say whether this home has never been used, or its examples were loaded only in part."""
    state = store.setting(LOADED_SETTING)
    return state == LOADING or (state is None and not store.counts())
