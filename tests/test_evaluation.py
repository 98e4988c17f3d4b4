"""The measures, against figures worked out by an independent script."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import InvalidInput, NotFound
from search.evaluation import evaluate, read_qrels, read_run, scores_of

QRELS = "query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t1\nq1\tz\t1\nq1\tx\t0\nq2\tc\t1\nq3\td\t2\nq3\te\t1\nq4\tf\t1\n"
RUN = {
    "q1": ["x", "b", "y", "a"],
    "q2": ["c"],
    "q3": [*(f"n{number}" for number in range(6)), "e", *(f"m{number}" for number in range(4)), "d"],
}


def _run_text() -> str:
    lines = [
        f"{query} Q0 {document} {rank} {1 / rank:.4f} fixlore\n"
        for query, documents in RUN.items()
        for rank, document in enumerate(documents, 1)
    ]
    return "".join(reversed(lines))


def test_evaluation_agrees_with_the_independent_script(tmp_path: Path) -> None:
    (tmp_path / "qrels.tsv").write_text(QRELS, encoding="utf-8")
    (tmp_path / "run.txt").write_text(_run_text(), encoding="utf-8")
    scores = evaluate(read_run(tmp_path / "run.txt"), read_qrels(tmp_path / "qrels.tsv"))
    assert scores.named() == {
        "hit@1": 0.25,
        "hit@5": 0.5,
        "hit@10": 0.75,
        "recall@10": 0.5417,
        "MRR@10": 0.4107,
        "nDCG@10": 0.4008,
    }


def test_evaluation_scores_one_query() -> None:
    assert scores_of(RUN["q1"], {"a": 2, "b": 1, "z": 1}).named() == {
        "hit@1": 0.0,
        "hit@5": 1.0,
        "hit@10": 1.0,
        "recall@10": 0.6667,
        "MRR@10": 0.5,
        "nDCG@10": 0.4766,
    }


def test_evaluation_counts_a_query_as_zero_when_it_is_missing_from_the_run() -> None:
    assert evaluate({}, {"q": {"a": 1}}).mrr_10 == 0.0
    assert evaluate({"q": ["a"]}, {"q": {"a": 1}}).mrr_10 == 1.0


def test_evaluation_ignores_what_stands_below_the_tenth_rank() -> None:
    others = [f"n{number}" for number in range(10)]
    assert scores_of([*others, "a"], {"a": 1}).recall_10 == 0.0
    assert scores_of([*others[:9], "a"], {"a": 1}).recall_10 == 1.0


def test_evaluation_refuses_qrels_when_nothing_is_relevant() -> None:
    with pytest.raises(InvalidInput, match="no relevant document"):
        evaluate({"q": ["a"]}, {})


@pytest.mark.parametrize(
    ("text", "line"), [("q Q0 a 1 0.5\n", 1), ("q Q0 a 1 0.5 t\nq Q0 a 2 0.4 t\n", 2), ("q Q0 a first 0.5 t\n", 1)]
)
def test_evaluation_names_the_line_of_a_run_when_it_cannot_be_read(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "run.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        read_run(tmp_path / "run.txt")
    assert caught.value.line == line


@pytest.mark.parametrize("row", ["q\ta", "q\ta\tmuch"])
def test_evaluation_names_the_line_of_qrels_when_it_cannot_be_read(tmp_path: Path, row: str) -> None:
    (tmp_path / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{row}\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        read_qrels(tmp_path / "qrels.tsv")
    assert caught.value.line == 2


def test_evaluation_reads_lines_as_other_programs_do(tmp_path: Path) -> None:
    (tmp_path / "run.txt").write_text("q Q0 a\x1c1 1 0.5 t\r\n", encoding="utf-8", newline="")
    with pytest.raises(InvalidInput, match="found 7"):
        read_run(tmp_path / "run.txt")
    (tmp_path / "run.txt").write_text("q Q0 a 1 0.5 t\r\n\r\n", encoding="utf-8", newline="")
    assert read_run(tmp_path / "run.txt") == {"q": ["a"]}
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    assert read_run(tmp_path / "empty.txt") == {}


def test_evaluation_says_so_when_a_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        read_run(tmp_path / "none.txt")


_IDS = st.sampled_from("abcdefghijklmnopqrstuvwxyz")


@given(st.lists(_IDS, unique=True), st.dictionaries(_IDS, st.integers(1, 3), min_size=1))
def test_evaluation_measures_lie_between_zero_and_one(ranked: list[str], relevant: dict[str, int]) -> None:
    scores = scores_of(ranked, relevant)
    assert all(0 <= value <= 1 for value in scores.named().values())
    assert scores.hit_1 <= scores.mrr_10 <= scores.hit_10


@given(st.dictionaries(_IDS, st.integers(1, 3), min_size=1))
def test_evaluation_gives_the_best_order_full_marks(relevant: dict[str, int]) -> None:
    best = sorted(relevant, key=lambda document: -relevant[document])
    assert scores_of(best, relevant).ndcg_10 == pytest.approx(1)


def test_white_space_in_query_ids_is_encoded_alike_in_qrels_and_runs(tmp_path: Path) -> None:
    qrels = tmp_path / "qrels.tsv"
    qrels.write_text("query-id\tcorpus-id\tscore\nalert:log errors:1\trunbook one\t1\n", encoding="utf-8")

    assert read_qrels(qrels) == {"alert:log%20errors:1": {"runbook%20one": 1}}
