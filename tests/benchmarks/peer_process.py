"""Measure one engine in a process of its own, so that its memory and threads are its own: `build` or `ask`.

Prints one JSON object: seconds to build, or seconds of each answer, the peak of memory in bytes (0 where the system
does not tell), and the ids of the documents found for every labelled question.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.benchmarks.peer_engines import LIMIT, PEERS, Passages

OURS = "Fixlore"
ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "LANCE_CPU_THREADS",
    "TOKIO_WORKER_THREADS",
)
"""Environment variables that are 1 while an engine is asked."""
TEXTS, VECTORS, QUESTIONS = "texts.jsonl", "vectors.npy", "questions.json"
Answer = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked: to warm up, timed, and with labels. A `home` is what Fixlore opens."""

    home: str
    model_home: str
    warming: list[str]
    timed: list[str]
    labelled: list[str]


def main() -> None:
    """Do what the arguments say: `build|ask NAME CORPUS INDEX`."""
    task, name, corpus, directory = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
    told = _built(name, corpus, directory) if task == "build" else _asked(name, corpus, directory)
    print(json.dumps(told))


def read_passages(corpus: Path) -> Passages:
    """Return what `peers` wrote; vectors stay on disk until they are read."""
    lines = (corpus / TEXTS).read_text(encoding="utf-8").split("\n")
    documents, texts = zip(*(json.loads(line) for line in lines if line), strict=True)
    return Passages(documents, texts, np.load(corpus / VECTORS, mmap_mode="r"))


def _built(name: str, corpus: Path, directory: Path) -> dict[str, object]:
    passages = read_passages(corpus)
    peer = PEERS[name].make()
    began = time.perf_counter()
    peer.build(directory, passages)
    return {"seconds": time.perf_counter() - began, "memory": _peak()}


def _asked(name: str, corpus: Path, directory: Path) -> dict[str, object]:
    questions = Questions(**json.loads((corpus / QUESTIONS).read_text(encoding="utf-8")))
    with _ours(questions) if name == OURS else _theirs(name, questions, corpus, directory) as answer:
        for text in questions.warming:
            answer(text)
        took = []
        for text in questions.timed:
            began = time.perf_counter()
            answer(text)
            took.append(time.perf_counter() - began)
        memory = _peak()
        found = [list(answer(text)) for text in questions.labelled]
    return {"took": took, "memory": memory, "found": found}


@contextmanager
def _theirs(name: str, questions: Questions, corpus: Path, directory: Path) -> Iterator[Answer]:
    with (corpus / TEXTS).open(encoding="utf-8") as lines:
        documents = [json.loads(line)[0] for line in lines]
    ask = PEERS[name].make().opened(directory)
    encode = _encode(questions) if PEERS[name].is_encoded else lambda text: np.zeros(0, np.float32)
    yield lambda text: [documents[number] for number in ask(text, encode(text))]


def _encode(questions: Questions) -> Callable[[str], np.ndarray]:
    from indexer.encoding.open_encoder import open_encoder

    return open_encoder(Path(questions.model_home), None, lambda line: None).encode_query


@contextmanager
def _ours(questions: Questions) -> Iterator[Answer]:
    from kb.access import SHELL
    from kb.settings import Settings
    from search.searcher import SearchRequest
    from web.wiring import open_services

    with open_services(Settings(home=Path(questions.home)), lambda line: None) as services:
        searcher = services.searcher()
        yield lambda text: [
            one.id for one in searcher.search(SearchRequest(text=text, limit=LIMIT, viewer=SHELL)).results
        ]


def _peak() -> int:
    status = Path("/proc/self/status")  # getrusage would tell the peak of the process that started this one, too
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.is_file() else None
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
