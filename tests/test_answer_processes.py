"""Questions are shared out among processes, and nobody can tell which of them has answered."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from indexer.current import CurrentIndexes
from indexer.engines import installed_engines
from kb.access import MEMBER, SHELL
from kb.documents import Ticket
from kb.errors import InvalidInput
from kb.json_values import JSON
from kb.queries import Filter
from kb.settings import Settings
from kb.tickets import parse_upsert
from search.answers import SearchAnswer, SimilarAnswer
from search.searcher import Searcher, SearchRequest
from search.similar import SimilarRequest
from tests.fakes.store import MemoryStore
from tests.homes import copied
from tests.library import no_model
from tests.serving import PATIENCE_S, new_token, serving, until
from web import answer_processes
from web.answer_process import READY, Question, _answer
from web.answer_processes import AnswerProcesses, wanted_processes
from web.bodies import FACETS
from web.wiring import Services, open_services

SEARCHES = (
    SearchRequest(text="printer shows blank cards", facets=FACETS),
    SearchRequest(text="Drucker druckt leere Karten", viewer=SHELL, limit=3, offset=1),
    SearchRequest(text="E-4711", filter=Filter(values=MappingProxyType({"type": frozenset({"ticket"})}))),
    SearchRequest(text='"blank cards" -scanner', facets=("source",)),
    SearchRequest(text=""),
)
TICKET = Ticket(
    source="desk", external_id="9", title="Card printer: every card comes out blank",
    description="Since this morning. Error E-4711 on the display.", extra=MappingProxyType({"floor": 3}),
)  # fmt: skip
TICKETS = (
    SimilarRequest(ticket=TICKET),
    SimilarRequest(ticket=replace(TICKET, language="de", title="Ausweisdrucker druckt leer"), limit=2, viewer=MEMBER),
    SimilarRequest(ticket=TICKET, as_of=datetime(2026, 1, 1, tzinfo=UTC)),
    SimilarRequest(ticket=TICKET, details=False, types=("ticket",)),
)


@pytest.fixture(scope="module")
def real_services(shipped_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    home = copied(shipped_home, tmp_path_factory.mktemp("processes") / "home")
    with open_services(Settings(home=home, processes=2), lambda line: None) as services:
        yield services


@pytest.fixture(scope="module")
def others(real_services: Services) -> Iterator[AnswerProcesses]:
    """One other process, ready."""
    processes = AnswerProcesses(real_services.settings, 1)
    with busy(processes, 2):
        until(lambda: processes.running)
    yield processes
    processes.close()


@contextmanager
def busy(processes: AnswerProcesses, questions: int = 1) -> Iterator[None]:
    """Keep this process busy with some questions for the length of a `with` block."""
    release = threading.Event()

    def slow(request: SearchRequest) -> SearchAnswer:
        assert release.wait(PATIENCE_S)
        raise InvalidInput("this one has no answer")

    def ask() -> None:
        with suppress(InvalidInput):
            processes.reply(SearchRequest(text="slow"), slow)

    threads = [threading.Thread(target=ask) for _ in range(questions)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: processes.busy_here == questions)
        yield
    finally:
        release.set()
        for thread in threads:
            thread.join()


def never(request: object) -> SearchAnswer:
    raise AssertionError("this process was asked")


def settled(answer: SearchAnswer | SimilarAnswer) -> SearchAnswer | SimilarAnswer:
    return replace(answer, retrieval=replace(answer.retrieval, took_ms=0))


@pytest.mark.parametrize("request_", SEARCHES, ids=lambda one: one.text or "nothing")
def test_another_process_answers_a_question_as_this_one_does(
    real_services: Services, others: AnswerProcesses, request_: SearchRequest
) -> None:
    expected = real_services.searcher().listing(request_)

    with busy(others):
        reply = others.reply(request_, never)

    assert settled(reply.answer) == settled(expected)


@pytest.mark.parametrize("request_", TICKETS, ids=range(len(TICKETS)))
def test_another_process_answers_a_ticket_as_this_one_does_incident_included(
    real_services: Services, others: AnswerProcesses, request_: SimilarRequest
) -> None:
    searcher = real_services.searcher()
    expected = searcher.beside(request_)
    searcher.processes = others
    try:
        with busy(others):
            answered = searcher.beside(request_)
    finally:
        searcher.processes = None

    assert settled(answered) == settled(expected)
    assert (answered.incident is None) == (request_.as_of is not None or not request_.details)


def test_another_process_finds_what_was_indexed_after_it_began_and_not_what_is_gone(
    real_services: Services, others: AnswerProcesses
) -> None:
    request = SearchRequest(text="quillwort telemetry", viewer=SHELL, limit=1)

    def found_there() -> list[str]:
        with busy(others):
            return [one.id for one in others.reply(request, never).answer.results]

    assert "desk:new" not in found_there()
    new: dict[str, JSON] = {"source": "desk", "external_id": "new", "title": "Quillwort telemetry stops at noon"}
    real_services.store.upsert_tickets([parse_upsert(new)])
    real_services.indexing().drain()
    assert found_there() == ["desk:new"]

    real_services.store.delete_ticket("desk:new")
    assert "desk:new" not in found_there()
    real_services.indexing().drain()
    assert "desk:new" not in found_there()


def test_one_question_after_the_other_starts_no_process(real_services: Services) -> None:
    processes = AnswerProcesses(real_services.settings, 1)
    try:
        for text in ("printer", "scanner"):
            processes.reply(SearchRequest(text=text), real_services.searcher().listing)
        assert (processes.is_started, processes.running) == (False, 0)
    finally:
        processes.close()


def test_what_is_wrong_with_a_question_is_told_as_this_process_tells_it(
    real_services: Services, others: AnswerProcesses
) -> None:
    wrong = SearchRequest(text="printer", limit=5_000)

    with busy(others), pytest.raises(InvalidInput, match="limit and offset"):
        others.reply(wrong, real_services.searcher().listing)


def test_a_question_that_cannot_be_sent_is_answered_here(real_services: Services, others: AnswerProcesses) -> None:
    unsendable = SearchRequest(text="printer", viewer=replace(MEMBER, name=_Unsendable("kim")))

    with busy(others):
        reply = others.reply(unsendable, real_services.searcher().listing)

    assert reply.answer.results
    assert others.running == 1


class _Unsendable(str):
    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("not to be sent")


def test_answers_go_on_when_a_process_is_killed_and_another_takes_its_place(
    real_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_processes, "AGAIN_AFTER_S", 0.05)
    processes = AnswerProcesses(real_services.settings, 1)
    searcher = real_services.searcher()
    request = SearchRequest(text="printer")
    expected = settled(searcher.listing(request))
    try:
        with busy(processes, 2):
            until(lambda: processes.running)
        (before,) = processes.process_ids
        os.kill(before, signal.SIGKILL)

        with busy(processes):
            assert settled(processes.reply(request, searcher.listing).answer) == expected
        until(lambda: processes.running and before not in processes.process_ids)
        with busy(processes):
            assert settled(processes.reply(request, never).answer) == expected
    finally:
        processes.close()
    assert processes.running == 0


@pytest.mark.parametrize(("set_to", "cores", "wanted"), [(0, 1, 1), (0, 2, 2), (0, 16, 4), (1, 16, 1), (6, 2, 6)])
def test_as_many_processes_answer_as_there_are_cores_four_at_most_unless_it_is_set(
    set_to: int, cores: int, wanted: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)

    assert wanted_processes(Settings(home=tmp_path, processes=set_to)) == wanted


@pytest.fixture
def ask_much() -> Iterator[Callable[[Callable[[], object]], None]]:
    """Do something over and over in four threads until the end of the test."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def begin(work: Callable[[], object]) -> None:
        def over_and_over() -> None:
            with suppress(OSError):  # the server was stopped
                while not stop.is_set():
                    work()

        threads.extend(threading.Thread(target=over_and_over) for _ in range(4))
        for thread in threads:
            thread.start()

    yield begin
    stop.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_a_server_shares_out_what_many_ask_and_takes_its_processes_along_when_it_ends(
    shipped_home: Path, tmp_path: Path, number: signal.Signals, ask_much: Callable[[Callable[[], object]], None]
) -> None:
    home = copied(shipped_home, tmp_path / "home")
    with serving(home, tmp_path / "log", environment={"KB_PROCESSES": "2"}) as server:
        token = new_token(home, "read")
        statuses: set[int] = set()
        assert server.metrics()["fixlore_answering_processes"] == 1

        ask_much(lambda: statuses.add(server.search(token, "printer").status))
        until(lambda: server.metrics()["fixlore_answering_processes"] == 2)
        assert statuses == {200}
        children = _children(server.process.pid)
        assert children
        server.stop(number)

        until(lambda: not any(map(_runs, children)))
    assert "Traceback" not in server.logged()


def _children(parent: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()] + [
        int(one)
        for task in Path(f"/proc/{parent}/task").iterdir()
        if task.name != str(parent)
        for one in (task / "children").read_text().split()
    ]


def _runs(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_answer_that_cannot_be_sent_leaves_the_server_to_make_its_own() -> None:
    answer = Searcher(MemoryStore(), None, None, no_model).search(SearchRequest(text="printer"))

    class Odd(Searcher):
        def search(self, request: SearchRequest) -> SearchAnswer:
            return replace(answer, did_you_mean=_Unsendable("odd"))

    here, there = multiprocessing.Pipe()
    indexes = CurrentIndexes(Path("nowhere"), installed_engines("tantivy", no_model))
    searcher = Odd(MemoryStore(), None, None, no_model)
    thread = threading.Thread(target=_answer, args=(searcher, indexes, there, threading.local()), daemon=True)
    thread.start()
    assert here.recv() == READY

    here.send(Question(SearchRequest(text="printer"), "r1"))
    assert here.recv() is None
    here.close()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
