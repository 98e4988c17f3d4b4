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
from kb.protocols.store import Change
from kb.queries import Filter
from kb.settings import Settings
from kb.tickets import parse_upsert
from search.answers import SearchAnswer, SimilarAnswer
from search.searcher import Searcher, SearchRequest
from search.similar import SimilarRequest
from tests.fakes.encoder import FakeEncoder
from tests.fakes.store import MemoryStore
from tests.homes import copied
from tests.library import no_model
from tests.serving import PATIENCE_S, new_token, serving, until
from web import answer_process, answer_processes
from web.answer_process import READY, Question, _answer
from web.answer_processes import AnswerProcesses, _Place, wanted_processes
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
        until(lambda: processes.under_way >= questions)
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
    before = _active()
    processes = AnswerProcesses(real_services.settings, 1)
    try:
        for text in ("printer", "scanner"):
            processes.reply(SearchRequest(text=text), real_services.searcher().listing)
        assert (_active(), processes.running) == (before, 0)
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
    standing = _active()
    processes = AnswerProcesses(real_services.settings, 1)
    searcher = real_services.searcher()
    request = SearchRequest(text="printer")
    expected = settled(searcher.listing(request))
    try:
        with busy(processes, 2):
            until(lambda: processes.running)
        (before,) = _active() - standing
        os.kill(before, signal.SIGKILL)

        with busy(processes):
            assert settled(processes.reply(request, searcher.listing).answer) == expected
        until(lambda: processes.running and before not in _active())
        with busy(processes):
            assert settled(processes.reply(request, never).answer) == expected
    finally:
        processes.close()
    assert processes.running == 0


@pytest.mark.parametrize(("set_to", "cores", "wanted"), [(0, 1, 1), (0, 2, 2), (0, 16, 4), (1, 16, 1), (6, 2, 6)])
def test_as_many_processes_answer_as_there_are_cores_four_at_most_unless_it_is_set(
    set_to: int, cores: int, wanted: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(answer_processes, "cores", lambda: cores)

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


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="the system does not tell which processes one has started")
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


def _active() -> set[int]:
    return {child.pid for child in multiprocessing.active_children() if child.pid is not None}


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


def test_a_thread_that_dies_lets_the_server_see_it() -> None:
    class Panicking(Searcher):
        def search(self, request: SearchRequest) -> SearchAnswer:
            raise KeyboardInterrupt  # as little an Exception as the panics of some libraries

    here, there = multiprocessing.Pipe()
    indexes = CurrentIndexes(Path("nowhere"), installed_engines("tantivy", no_model))
    searcher = Panicking(MemoryStore(), None, None, no_model)

    def answer() -> None:
        with suppress(KeyboardInterrupt):
            _answer(searcher, indexes, there, threading.local())

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    assert here.recv() == READY
    here.send(Question(SearchRequest(text="printer"), "r1"))
    with pytest.raises(EOFError):
        here.recv()
    thread.join(PATIENCE_S)


def test_an_idle_process_looks_at_the_indexes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_process, "_LOOK_EVERY_S", 0.01)
    looked = threading.Semaphore(0)
    indexes = CurrentIndexes(Path("nowhere"), installed_engines("tantivy", no_model))
    monkeypatch.setattr(indexes, "refresh", looked.release)
    here, there = multiprocessing.Pipe()
    thread = threading.Thread(
        target=_answer, args=(Searcher(MemoryStore(), None, None, no_model), indexes, there, threading.local())
    )
    thread.start()
    assert here.recv() == READY
    assert all(looked.acquire(timeout=PATIENCE_S) for _ in range(3))
    here.close()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_document_closed_while_a_question_begins_shows_in_no_total(tmp_path: Path) -> None:
    """What is committed between the look at the changes and the search is seen by one of the two."""
    encoder = FakeEncoder()
    with open_services(Settings(home=tmp_path), lambda line: None, lambda: encoder) as services:
        services.store.upsert_tickets([parse_upsert(SONAR)])
        services.indexing().drain()
        searcher = services.plain_searcher(lambda ticket, vectors, viewer: None)
        request = SearchRequest(text="sonar", facets=("service",))
        assert searcher.search(request).total == 1

        services.store.upsert_tickets([parse_upsert({**SONAR, "audience": "group:secret"})])
        look = services.store.pending

        def look_and_let_others_index(limit: int) -> Iterator[Change]:
            services.store.pending = look  # type: ignore[method-assign]  # indexing asks too
            changes = list(look(limit))
            services.indexing().drain()
            return iter(changes)

        services.store.pending = look_and_let_others_index  # type: ignore[method-assign,assignment]
        answer = searcher.search(request)
    assert (answer.total, answer.facets["service"], answer.results) == (0, (), ())


SONAR: dict[str, JSON] = {"source": "desk", "external_id": "s", "title": "Sonar is deaf", "service": "sonar"}


def test_a_degraded_answer_is_made_again_here_until_this_process_is_known_to_be_as_degraded(tmp_path: Path) -> None:
    degraded = Searcher(MemoryStore(), None, None, no_model)
    request = SearchRequest(text="printer")
    processes = AnswerProcesses(Settings(home=tmp_path), 0)
    here, there = multiprocessing.Pipe()
    indexes = CurrentIndexes(tmp_path, installed_engines("tantivy", no_model))
    thread = threading.Thread(target=_answer, args=(degraded, indexes, there, threading.local()))
    thread.start()
    assert here.recv() == READY
    processes._places.append(_Place(multiprocessing.current_process(), [here]))
    asked_here: list[str] = []

    def make_here(asked: SearchRequest) -> SearchAnswer:
        asked_here.append(asked.text)
        return degraded.search(asked)

    with busy(processes):
        answers = [processes.reply(request, make_here).answer for _ in range(3)]

    assert [one.retrieval.degraded for one in answers] == 3 * [("identifier", "keyword", "semantic")]
    assert asked_here == ["printer"]
    here.close()
    thread.join(PATIENCE_S)
