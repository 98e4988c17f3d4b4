"""Score a run against qrels: hit@k, recall, MRR and nDCG, each the mean over every query with a relevant document."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kb.errors import InvalidInput, NotFound
from kb.ids import encoded_id

K = 10
"""The cutoff of every measure but hit@1 and hit@5."""

Qrels = Mapping[str, Mapping[str, int]]
"""Query id → relevant document id → grade, above 0."""
Run = Mapping[str, Sequence[str]]
"""Query id → document ids, best first."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The measures of one query, or their means, each between 0 and 1."""

    hit_1: float
    hit_5: float
    hit_10: float
    recall_10: float
    mrr_10: float
    ndcg_10: float

    def named(self) -> dict[str, float]:
        """Return the measures under their usual names, rounded to four decimals."""
        return {_NAMES[name]: round(value, 4) for name, value in asdict(self).items()}


_NAMES = {
    "hit_1": "hit@1",
    "hit_5": "hit@5",
    "hit_10": "hit@10",
    "recall_10": "recall@10",
    "mrr_10": "MRR@10",
    "ndcg_10": "nDCG@10",
}


def evaluate(run: Run, qrels: Qrels) -> Scores:
    """Return the mean of every measure over the queries of `qrels`; a query missing from the run counts as zero.

    Raises InvalidInput when `qrels` names no relevant document.
    """
    if not qrels:
        raise InvalidInput("the qrels name no relevant document; there is nothing to score against")
    each = [scores_of(run.get(query, ()), relevant) for query, relevant in qrels.items()]
    return Scores(*(sum(values) / len(each) for values in zip(*map(_values, each), strict=True)))


def scores_of(ranked: Sequence[str], relevant: Mapping[str, int]) -> Scores:
    """Return the measures of one query.

    nDCG has linear gain: grade / log2(rank + 1), divided by that of the best possible order (Järvelin and Kekäläinen,
    2002).
    """
    top = ranked[:K]
    ranks = [rank for rank, document in enumerate(top, 1) if document in relevant]
    first = ranks[0] if ranks else None
    gain = sum(relevant[top[rank - 1]] / math.log2(rank + 1) for rank in ranks)
    best = sorted(relevant.values(), reverse=True)[:K]
    ideal = sum(grade / math.log2(rank + 1) for rank, grade in enumerate(best, 1))
    return Scores(
        hit_1=float(first == 1),
        hit_5=float(first is not None and first <= 5),
        hit_10=float(first is not None),
        recall_10=len(ranks) / len(relevant),
        mrr_10=1 / first if first else 0.0,
        ndcg_10=gain / ideal,
    )


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Read tab-separated qrels: a header line, then query id, document id and grade; grades below 1 are left out.

    White space in ids is percent-encoded, as it is in runs.

    Raises NotFound, and InvalidInput with the line of the first row that cannot be read.
    """
    qrels: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_lines(path), 1):
        columns = line.split("\t")
        if number == 1 or not line.strip():
            continue
        if len(columns) != 3:
            raise _bad(path, number, f"expected query id, document id and grade, found {len(columns)} columns")
        query, document, grade = columns
        try:
            relevance = int(grade)
        except ValueError as error:
            raise _bad(path, number, f"the grade {grade!r} is no whole number") from error
        if relevance > 0:
            qrels.setdefault(encoded_id(query), {})[encoded_id(document)] = relevance
    return qrels


def read_run(path: Path) -> dict[str, list[str]]:
    """Read a TREC run, `query-id Q0 document-id rank score tag` a line, and return each query's documents by rank.

    Raises NotFound, and InvalidInput with the line of the first row that cannot be read or repeats a document.
    """
    return run_of(_lines(path), source=str(path))


def run_of(lines: Iterable[str], source: str = "run") -> dict[str, list[str]]:
    """Return each query's documents by rank from the lines of a TREC run.

    Raises InvalidInput with `source` and the line of the first row that cannot be read or repeats a document.
    """
    path = Path(source)
    ranked: dict[str, list[tuple[int, str]]] = {}
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(lines, 1):
        columns = line.split()
        if not columns:
            continue
        if len(columns) != 6:
            raise _bad(path, number, f"expected 6 columns, found {len(columns)}")
        query, _, document, rank, _, _ = columns
        if not rank.isdecimal():
            raise _bad(path, number, f"the rank {rank!r} is no whole number")
        if (query, document) in seen:
            raise _bad(path, number, f"query {query} names document {document} twice")
        seen.add((query, document))
        ranked.setdefault(query, []).append((int(rank), document))
    return {query: [document for _, document in sorted(hits)] for query, hits in ranked.items()}


def _values(scores: Scores) -> tuple[float, ...]:
    return tuple(asdict(scores).values())


def _lines(path: Path) -> list[str]:
    try:
        # Not splitlines: ids and titles may hold other characters that it takes for the end of a line.
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except FileNotFoundError as error:
        raise NotFound(f"{path} does not exist; name a file that does") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read as UTF-8 text: {error}") from error


def _bad(path: Path, number: int, what: str) -> InvalidInput:
    return InvalidInput(f"{what}; correct the line", source=str(path), line=number)
