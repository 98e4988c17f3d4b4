"""The benchmarks work: every row is there, every figure is a number, and collections hold what they say. No times."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tantivy

from indexer.encoding.open_encoder import open_encoder
from indexer.passages import passages_of
from kb.article_files import read_folder
from kb.documents import Article
from kb.language import detect_language
from kb.problems import Problem
from kb.settings import Settings
from kb.ticket_files import read_tickets
from kb.tickets import merged
from search.searcher import SearchRequest
from tests.benchmarks import __main__ as command
from tests.benchmarks import memory
from tests.benchmarks.base_texts import read_base_texts
from tests.benchmarks.collection import write_collection
from tests.benchmarks.latency import Round, latency_of
from tests.benchmarks.peer_engines import LIMIT, PEERS, Passages
from tests.benchmarks.peers import Labelled, installed, missing_notes, quality_rows
from tests.benchmarks.recording import recording
from tests.benchmarks.table import Figure, Ratio, Row, as_markdown, compared
from tests.benchmarks.targets import TARGETS
from tests.benchmarks.variation import Variation
from tests.benchmarks.vectors import ANGLE, StandInEncoder
from tests.benchmarks.workbench import Workbench, quiet
from tests.command_line import REPOSITORY, SAMPLES, home_with_model
from tests.fakes.encoder import FakeEncoder
from web.wiring import open_services

COMMAND = (sys.executable, "-m", "tests.benchmarks")
SIZE = 600
LARGER = 700
SAMPLE = 30
PEER = "SQLite FTS5"
PATIENCE_S = 840.0
pytestmark = pytest.mark.timeout(PATIENCE_S + 60)
TASKS = ("search", "similar issues")
OF_SAMPLE = {
    "encode, one core",
    "encode, all cores",
    "import and index, real encoder",
    "index again, vectors at hand",
    "import again, nothing changed",
}
OF_COLLECTION = {
    "import",
    "index, without encoding",
    "kb index --rebuild, vectors at hand",
    "first search after opening",
    *(
        f"{what}, {task}"
        for what in ("encoder alone", "Tantivy alone", "FAISS alone", "Tantivy and FAISS", "overhead")
        for task in TASKS
    ),
    *(
        f"{task} {where}"
        for task in TASKS
        for where in ("in process", "in process, asked again", "over HTTP, 2 clients", "over HTTP, 2 clients, cold")
    ),
    *(f"overhead, {task}, one service only" for task in TASKS),
    *(f"similar issues in process, {length} characters" for length in ("200", "2,000")),
    "search in process, one service only",
    "saved ticket is found",
    "saved ticket is found, 50 a second and searches besides",
    "server, peak of resident memory",
    "store on disk",
    "indexes on disk",
    "kb search",
    "kb serve until /readyz says 200",
    "kb serve until a search is answered",
    "peers: Fixlore",
    f"peers: {PEER}",
}
OF_COLLECTION |= {"build the graph"} | {
    f"{what}, {where}"
    for what in ("every row", "graph")
    for where in ("no filter", "a filter of 50%", "a filter of 10%", "a filter of 1%")
}
OF_COMMANDS = {"python -c pass", "kb --help"}


@dataclass(frozen=True)
class Measured:
    """What one run of the command left."""

    printed: str
    rows: list[dict[str, Any]]
    limits: list[dict[str, Any]]
    work: Path


def _options(work: Path, written: Path) -> list[str]:
    numbers = {"queries": 2, "rounds": 2, "runs": 1, "sample": SAMPLE, "clients": 2, "stream-seconds": 1}
    given = [part for name, value in numbers.items() for part in (f"--{name}", str(value))]
    places = ("--data", str(SAMPLES), "--work", str(work), "--json", str(written))
    return [*given, *places, "--passages", str(SIZE), "--lengths", "200", "2000", "--peers", PEER]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Measured:
    """Run the command at a tiny size, once for all tests."""
    directory = tmp_path_factory.mktemp("benchmarks")
    home_with_model(directory / "exported", model_home)
    work, written = directory / "work", directory / "rows.json"
    ran = subprocess.run(
        [*COMMAND, *_options(work, written)],
        cwd=REPOSITORY,
        env={**os.environ, "FIXLORE_TEST_MODEL_HOME": str(model_home)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(written.read_text())
    return Measured(ran.stdout, told["rows"], told["limits"], work)


@pytest.fixture(scope="module")
def bench(measured: Measured, model_home: Path) -> Workbench:
    """Return the workbench of that run."""
    return Workbench(
        directory=measured.work,
        model_home=model_home,
        base=(base := read_base_texts(SAMPLES)),
        variation=Variation(base, 1),
        encoder=open_encoder(model_home, None, quiet),
        queries=2,
        rounds=1,
        runs=1,
        sample=SAMPLE,
        clients=(2,),
        lengths=(200,),
        stream_seconds=1,
        drops_caches=False,
        say=quiet,
    )


def test_table_has_every_row_at_its_size(measured: Measured) -> None:
    expected = {(what, SAMPLE) for what in OF_SAMPLE} | {(what, None) for what in OF_COMMANDS}
    expected |= {(what, SIZE) for what in OF_COLLECTION}
    found = [(row["what"], row["passages"]) for row in measured.rows]
    assert sorted(found, key=str) == sorted(expected, key=str)
    tables = [table.splitlines() for table in measured.printed.split("\n\n")]
    assert [line.split("|")[1].strip() for line in tables[0][2:]] == [row["what"] for row in measured.rows]


def test_figures_and_ratios_are_positive_numbers(measured: Measured) -> None:
    for row in measured.rows:
        numbers = [one["value"] for one in (*row["figures"], *row["ratios"])] + (row["spread"] or [])
        assert row["figures"] and all(math.isfinite(one) and one > 0 for one in numbers), row


def test_every_limit_is_told_with_what_was_measured(measured: Measured) -> None:
    expected = [one.row for one in TARGETS if "1 client" not in one.row and "16 clients" not in one.row]
    assert [one["target"]["row"] for one in measured.limits] == expected
    values = {(row["what"], figure["value"]) for row in measured.rows for figure in row["figures"]}
    for one in measured.limits:
        assert (one["target"]["row"], one["value"]) in values
        limit, is_least = one["target"]["limit"], one["target"]["is_least"]
        assert one["kept"] is (one["value"] >= limit if is_least else one["value"] <= limit)
    told = measured.printed.split("\n\n")[1].splitlines()[2:]
    assert len(told) == len(measured.limits) and all(line.endswith(("| yes  |", "| no   |")) for line in told)


def test_every_row_of_a_larger_collection_is_compared_with_the_smaller(bench: Workbench) -> None:
    _, rows = command.measured(bench, (SIZE, LARGER), (memory.STAGE,), ())
    assert {row.passages for row in rows} == {SIZE, LARGER}
    for row in rows:
        if row.passages == LARGER:
            assert f"{row.what} at {SIZE}" in [ratio.of for ratio in row.ratios], row


def test_notes_tell_load_cores_and_what_vectors_are_made_of(measured: Measured) -> None:
    notes = [line for line in measured.printed.splitlines() if line.startswith("- ")]
    assert any("load average" in line and f"{os.cpu_count()} cores" in line for line in notes)
    assert any("stand-ins" in line and f"{ANGLE:.0f}°" in line for line in notes)


def test_collection_holds_the_stated_number_of_passages_when_a_server_opens_it(measured: Measured) -> None:
    with open_services(Settings(home=measured.work / f"home-{SIZE}"), quiet) as services:
        assert services.indexes.vectors.size == SIZE
        assert services.indexes.keyword.size == sum(services.store.counts().values())
        assert services.store.pending_count() == 0


def test_measuring_leaves_a_home_as_it_was_but_for_tokens(measured: Measured) -> None:
    left = {file.name for file in measured.work.iterdir() if file.is_dir()}
    assert left <= {f"home-{SIZE}", f"home-{LARGER}", "recall", "sample-files", "sample-home"}
    with open_services(Settings(home=measured.work / f"home-{SIZE}"), quiet) as services:
        assert not [one for one in services.store.all_ids() if ":saved" in one or ":streamed" in one]


def test_native_calls_are_kept_as_they_were_made_and_only_while_they_are_recorded(
    measured: Measured, bench: Workbench
) -> None:
    original = tantivy.Searcher.search
    with open_services(Settings(home=measured.work / f"home-{SIZE}"), quiet) as services:
        searcher = services.searcher()
        with recording() as calls:
            first = searcher.search(SearchRequest(text="the printer prints nothing"))
        kinds = {call.kind for call in calls}
        before = len(calls)
        for call in calls:
            call.again()
        again = searcher.search(SearchRequest(text="the printer prints nothing"))
    assert first.results and [one.id for one in again.results] == [one.id for one in first.results]
    assert kinds == {"encoder", "tantivy", "faiss", "queries"}
    assert len(calls) == before
    assert tantivy.Searcher.search is original


def test_first_answer_of_a_peer_is_compared_with_the_labels(measured: Measured, bench: Workbench) -> None:
    home = measured.work / f"home-{SIZE}"
    with open_services(Settings(home=home), quiet) as services:
        held = services.store.documents(list(services.store.article_ids("benchmark"))).values()
    title = min(one.title for one in held)
    alike = frozenset(one.id for one in held if one.title == title)
    right = Labelled("titles", home, {title: alike, f"{title} ": frozenset({"nobody"})})
    rows = quality_rows(bench, right, [PEER])
    assert [row.what for row in rows] == ["peers: Fixlore, titles", f"peers: {PEER}, titles"]
    assert [row.value for row in rows] == [0.5, 0.5]


def test_peer_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PEERS, PEER, replace(PEERS[PEER], modules=("sqlite3", "no_such_engine")))
    assert missing_notes([PEER]) == [f"{PEER} is not measured: no_such_engine is not installed."]
    assert installed([PEER]) == ["Fixlore"]


@pytest.mark.parametrize("name", [name for name, peer in PEERS.items() if not peer.missing])
def test_installed_peer_finds_the_passage_that_shares_words_and_meaning(name: str, tmp_path: Path) -> None:
    texts = [f"{subject} at desk {number}" for number in range(40) for subject in ("Printer jams", "Network drops")]
    texts[17] = "Outlook asks for the password"
    vectors = FakeEncoder().encode_documents(texts)
    peer = PEERS[name].make()
    peer.build(tmp_path, Passages([str(number) for number in range(len(texts))], texts, vectors))
    found = peer.opened(tmp_path)("Outlook's password?", vectors[17])
    assert found[0] == 17 and len(set(found)) == len(found) <= LIMIT


@pytest.mark.parametrize("passages", [1, 37, 200])
def test_written_collection_has_the_stated_number_of_passages_when_it_is_read_back(
    tmp_path: Path, passages: int
) -> None:
    written = write_collection(Variation(read_base_texts(), 1), passages, tmp_path)
    articles = list(read_folder(written.articles_folder, "benchmark", detect_language))
    rows = list(read_tickets(written.tickets_file))
    assert not [one for one in (*articles, *rows) if isinstance(one, Problem)]
    documents = [one for one in articles if isinstance(one, Article)]
    documents += [merged(None, row.upsert)[1] for row in rows if not isinstance(row, Problem)]  # type: ignore[misc]
    assert len(documents) == written.documents
    assert sum(len(passages_of(one)) for one in documents) == passages == written.passages


def test_variations_are_the_same_again_with_the_same_seed_and_unlike_with_another() -> None:
    base = read_base_texts()
    first, again, other = Variation(base, 1), Variation(base, 1), Variation(base, 2)
    for number in range(20):
        assert first.article(number) == again.article(number) != other.article(number)
        assert first.ticket(number) == again.ticket(number) != other.ticket(number)
        assert first.question(number) == again.question(number)
    assert len({first.ticket(number).description for number in range(100)}) > 90
    assert all(first.question(number) for number in range(200))


def test_tickets_are_made_from_articles_when_a_folder_has_none(tmp_path: Path) -> None:
    (tmp_path / "mail.md").write_text("# Mail is late\n\nThe queue is full. Nothing is sent.\n")
    base = read_base_texts(tmp_path)
    assert [ticket.title for ticket in base.tickets] == ["Mail is late"]
    assert base.tickets[0].description.startswith("The queue is full.")


def test_stand_in_vector_lies_at_the_stated_angle_to_the_base_text_with_the_same_words() -> None:
    real = FakeEncoder()
    texts = ["The VPN drops every ten minutes", "Der Drucker druckt nicht mehr", "Outlook asks for the password"]
    vectors = real.encode_documents(texts)
    encoder = StandInEncoder(real, texts, vectors)
    asked = ["outlook asks again for a password", "vpn drops", "kein Drucker druckt"]
    found = encoder.encode_documents(asked)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    cosines = np.degrees(np.arccos(np.einsum("ij,ij->i", found, vectors[[2, 0, 1]])))
    assert np.allclose(cosines, ANGLE, atol=0.1)
    assert np.allclose(encoder.encode_documents(asked[1:2]), found[1:2], atol=1e-6)
    assert encoder.recipe == real.recipe
    assert np.array_equal(encoder.encode_query("vpn"), real.encode_query("vpn"))


def test_latency_sums_up_all_rounds_and_tells_the_fastest_and_slowest() -> None:
    latency = latency_of([Round((0.001, 0.002, 0.003), 0.006, 0.003), Round((0.004, 0.005, 0.006), 0.018, 0.006)])
    assert latency.p50 == pytest.approx(3.5)
    assert latency.spread == pytest.approx((2, 5))
    assert latency.per_second == pytest.approx(6 / 0.024)
    assert latency.cpu == pytest.approx(1.5)
    assert latency_of([Round((0.001,), 0.001)]).cpu is None


def test_table_is_aligned_and_shows_ratios_with_what_they_are_of() -> None:
    small = Row("queries", "search", 10_000, (Figure(4.0, "ms", "p50"),), spread=(3.5, 4.25))
    large = Row("queries", "search", 100_000, (Figure(1234.5, "ms", "p50"),))
    large = Row("queries", "search", 100_000, large.figures, compared(large, small, None))
    assert large.ratios == (Ratio(308.625, "search at 10,000"),)
    lines = as_markdown([small, large]).splitlines()
    assert {len(line) for line in lines} == {len(lines[0])}
    assert "p50 4.00 ms" in lines[2] and "3.50 to 4.25" in lines[2] and "(compared with)" in lines[2]
    assert "p50 1,234 ms" in lines[3] and "309 × search at 10,000" in lines[3]
    assert all(one.count("|") == two.count("|") for one, two in pairwise(lines))
