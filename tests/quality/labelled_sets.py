"""Name the labelled sets, and make an installation of each.

They lie in the directory that `FIXLORE_DATA` names, else in `../shared/data` beside the repository.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kb.documents import Ticket
from kb.ids import encoded_id
from kb.importing import import_articles, import_tickets
from kb.language import detect_language
from kb.settings import Settings
from kb.tickets import merged, parse_upsert
from web.wiring import Services, open_services

WRITTEN_LATER = ("resolution", "resolution_code", "resolved_at", "status")
"""Fields of a ticket that were written after its repeats arrived, and often name them: left out when scoring."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents that are searched together: a folder of articles, or a file of tickets."""

    name: str
    articles: str | None = None
    tickets: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Queries with the documents that answer them. Without a split every query is a guard, never fitted to."""

    name: str
    corpus: Corpus
    queries: str
    qrels: str
    split: str | None = None

    @property
    def is_tickets(self) -> bool:
        """Say whether the queries are tickets, answered as of when they were opened."""
        return self.corpus.tickets is not None


OFFICE = Corpus("office", articles="office/articles")
OPERATIONS = Corpus("operations", articles="operations/articles")
COMMERCE = Corpus("commerce", articles="commerce/articles_en")
TITANIUM = Corpus("titanium", tickets="titanium/tickets.jsonl")
HADOOP = Corpus("hadoop-seamonkey", tickets="hadoop-seamonkey/tickets.jsonl")

SETS = (
    LabelledSet(
        "alttitle", OFFICE, "office/queries_alttitle.jsonl", "office/qrels_alttitle.tsv", "office/split_alttitle.tsv"
    ),
    LabelledSet(
        "alerts",
        OPERATIONS,
        "operations/queries_alerts.jsonl",
        "operations/qrels_alerts.tsv",
        "operations/split_alerts.tsv",
    ),
    LabelledSet("commerce", COMMERCE, "commerce/queries.jsonl", "commerce/qrels.tsv", "commerce/split.tsv"),
    LabelledSet("codes", OFFICE, "office/queries_codes.jsonl", "office/qrels_codes.tsv"),
    LabelledSet("merged", OFFICE, "office/queries_merged.jsonl", "office/qrels_merged.tsv"),
    LabelledSet("titanium", TITANIUM, "titanium/queries.jsonl", "titanium/qrels.tsv", "titanium/split.tsv"),
    LabelledSet(
        "hadoop",
        HADOOP,
        "hadoop-seamonkey/queries.jsonl",
        "hadoop-seamonkey/qrels.tsv",
        "hadoop-seamonkey/split.tsv",
    ),
)


def data_path() -> Path:
    """Return the directory of the labelled sets."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("FIXLORE_DATA", beside))


@contextmanager
def installation(corpus: Corpus, homes: Path) -> Iterator[Services]:
    """Open an installation that holds one corpus; it is made and indexed when `homes` has none yet."""
    with open_services(Settings(home=homes / corpus.name), lambda line: None) as services:
        if not services.store.counts():
            if corpus.articles is not None:
                folder = data_path() / corpus.articles
                import_articles(services.store, folder, source=corpus.name, detect=detect_language)
            if corpus.tickets is not None:
                early = homes / f"{corpus.name}.jsonl"
                early.write_text(_without_later_fields(data_path() / corpus.tickets), encoding="utf-8")
                import_tickets(services.store, early)
        if services.store.pending_count():
            services.indexing().drain()
            services.indexes.refresh()
        yield services


def tickets_in(corpus: Corpus) -> list[Ticket]:
    """Return the tickets of a corpus, without what was written later."""
    if corpus.tickets is None:
        return []
    lines = _without_later_fields(data_path() / corpus.tickets).split("\n")
    fields = [parse_upsert(json.loads(line), source=corpus.name) for line in lines if line]
    return [merged(None, each, detect=detect_language)[1] for each in fields]


def _without_later_fields(file: Path) -> str:
    tickets = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    kept = [{name: value for name, value in each.items() if name not in WRITTEN_LATER} for each in tickets]
    return "".join(json.dumps(ticket, ensure_ascii=False) + "\n" for ticket in kept)


def queries_of_split(labelled: LabelledSet, split: str, folder: Path) -> tuple[Path, dict[str, dict[str, int]]]:
    """Write the queries of one split to a file in `folder`, and return it with their qrels. Guards have all queries."""
    from search.evaluation import read_qrels

    qrels = read_qrels(data_path() / labelled.qrels)
    if labelled.split is not None:
        rows = (data_path() / labelled.split).read_text(encoding="utf-8").splitlines()[1:]
        chosen = {encoded_id(query) for query, side in (row.split("\t") for row in rows) if side == split}
        qrels = {query: relevant for query, relevant in qrels.items() if query in chosen}
    lines = (data_path() / labelled.queries).read_text(encoding="utf-8").split("\n")
    kept = [line for line in lines if line and encoded_id(json.loads(line)["id"]) in qrels]
    file = folder / f"{labelled.name}-{split}.jsonl"
    file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return file, qrels
