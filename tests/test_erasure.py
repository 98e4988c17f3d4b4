"""An erased ticket is gone from every file of the home, also when it is erased while a server runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command_line import run
from tests.homes import filled_home
from tests.serving import Server, new_token, serving, until

FIRST = "Frau Quarzlampe aus Zimmer 4711 meldet einen Wackelkontakt am Zwiebelturm."
LATER = "Herr Pfefferminz hat den Quittenbaum gestutzt und die Ladebordwand geschmiert."
WORDS = ("quarzlamp", "wackelkontakt", "zwiebelturm", "pfefferminz", "quittenbaum", "ladebordwand", "geschmiert")
"""What of these texts stands nowhere else, as it was written and as terms."""
LINKED = "Another ticket of the same gate."


@dataclass(frozen=True)
class Scene:
    """A server at work, an administrator's token, and an answer that the ticket was in."""

    server: Server
    token: str
    response_id: str

    def ticket(self, method: str = "GET", **fields: object) -> int:
        """Send a request about the ticket and return its status."""
        body = fields or None
        return self.server.ask("/api/v1/tickets/gate/7", self.token, method=method, body=body).status

    def found(self, text: str) -> list[str]:
        """Return the ids that a search answers."""
        results = self.server.search(self.token, text).body["results"]
        assert isinstance(results, list)
        return [one["id"] for one in results]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Iterator[Scene]:
    """A ticket that was delivered twice, indexed, answered, judged and linked."""
    place = tmp_path_factory.mktemp("erasure")
    home = filled_home(place / "home", model_home)
    token = new_token(home)
    with serving(home, place / "log") as server:
        first = {"title": "Gate stuck", "description": FIRST, "language": "de"}
        server.ask("/api/v1/tickets/gate/7", token, method="PUT", body=first)
        until(lambda: "gate:7" in str(server.search(token, "Zwiebelturm").body["results"]))
        later = {"description": LATER, "resolution": LATER, "status": "closed"}
        server.ask("/api/v1/tickets/gate/7", token, method="PUT", body=later)
        linked = {"title": "Gate", "description": LINKED, "links": [{"type": "duplicate_of", "target": "gate:7"}]}
        server.ask("/api/v1/tickets/gate/8", token, method="PUT", body=linked)
        until(lambda: "gate:7" in str(server.search(token, "Quittenbaum").body["results"]))
        asked = {"ticket": {"source": "gate", "external_id": "9", "title": "Quittenbaum Ladebordwand"}}
        answer = server.ask("/api/v1/similar-issues", token, method="POST", body=asked).body
        server.ask("/api/v1/tickets/gate/7/similar", token)
        word = {"response_id": answer["response_id"], "result_id": "gate:7", "action": "helpful"}
        assert server.ask("/api/v1/feedback", token, method="POST", body=word).status == 200
        yield Scene(server, token, str(answer["response_id"]))


def told_in(home: Path, log: Path) -> dict[str, list[str]]:
    """Return file → which of the ticket's words it holds, for files of the home and the server's log."""
    told: dict[str, list[str]] = {}
    for path in [*(one for one in home.rglob("*") if one.is_file()), log]:
        if home / "models" in path.parents:
            continue
        try:
            content = path.read_bytes().lower()
        except FileNotFoundError:  # of indexes that were replaced meanwhile
            continue
        if held := [word for word in WORDS if word.encode() in content]:
            told[path.name] = held
    return told


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home / "fixlore.db")) as connection:
        return connection.execute(query).fetchall()


def test_a_ticket_that_is_erased_while_a_server_runs_is_in_no_file_and_in_no_answer(scene: Scene) -> None:
    home, log = scene.server.home, scene.server.log
    before = told_in(home, log)
    vectors = rows(home, "SELECT count(*) FROM vector")[0][0]
    generations = sorted(one.name for one in (home / "index").iterdir() if one.is_dir())

    ran = run("--home", home, "erase", "gate:7")

    assert ran.code == 0, ran
    assert "gate:7 is erased. It does not come back." in ran.out
    assert {"fixlore.db", "fixlore.db-wal"} & before.keys()  # else nothing would be shown by what follows
    assert told_in(home, log) == {}
    assert not set(generations) & {one.name for one in (home / "index").iterdir()}
    assert rows(home, "SELECT count(*) FROM vector")[0][0] < vectors  # type: ignore[operator]
    assert rows(home, "SELECT 1 FROM document_text WHERE document_id = 'gate:7'") == []
    assert rows(home, "SELECT 1 FROM response WHERE ticket = 'gate:7' OR instr(results, 'gate:7')") == []
    assert rows(home, "SELECT 1 FROM feedback WHERE result_id = 'gate:7' OR ticket = 'gate:7'") == []
    assert scene.ticket() == 404
    for text in (FIRST, LATER, "Gate stuck"):
        assert "gate:7" not in scene.found(text)


def test_nothing_brings_an_erased_ticket_back_and_the_others_stay(scene: Scene) -> None:
    run("--home", scene.server.home, "erase", "gate:7")
    late = scene.server.ask(
        "/api/v1/tickets/gate/7",
        scene.token,
        method="PUT",
        body={"title": "Gate stuck", "description": LATER, "updated_at": "2099-01-01T00:00:00Z"},
    )
    word = {"response_id": scene.response_id, "result_id": "gate:7", "action": "resolved_by"}
    judged = scene.server.ask("/api/v1/feedback", scene.token, method="POST", body=word)

    assert late.body["outcome"] == "ignored"
    assert scene.ticket() == 404
    assert judged.status == 422  # the logged answer does not hold it any more
    assert told_in(scene.server.home, scene.server.log) == {}
    assert scene.found(LINKED)[0] == "gate:8"
    assert scene.server.logged().count("ERROR") == 0


def test_a_ticket_is_erased_without_a_server_too_also_one_that_was_deleted(tmp_path: Path, model_home: Path) -> None:
    home = filled_home(tmp_path / "home", model_home)
    tickets = tmp_path / "more.jsonl"
    tickets.write_text(
        f'{{"source":"gate","external_id":"7","title":"Gate","description":"{FIRST}"}}\n', encoding="utf-8"
    )
    run("--home", home, "import", "tickets", tickets)
    tickets.write_text('{"source":"gate","external_id":"7","title":"Gate","description":"quiet"}\n')
    run("--home", home, "import", "tickets", tickets)
    nobody = tmp_path / "no-log"
    nobody.touch()

    erased, again = (run("--home", home, "erase", "gate:7") for _ in range(2))

    assert (erased.code, again.code) == (0, 0)
    assert "was not there; what was left of it is erased" in again.out
    assert told_in(home, nobody) == {}
    assert "gate:7" not in run("--home", home, "search", "Gate quiet").out
    assert "desk:2" in run("--home", home, "search", "Scanner error").out


@pytest.mark.parametrize("wrong", ["vpn/error-809", "nonsense", "gate:70"])
def test_only_a_ticket_is_erased(scene: Scene, wrong: str) -> None:
    home = scene.server.home
    generations = sorted(one.name for one in (home / "index").iterdir())
    ran = run("--home", home, "erase", wrong)

    assert sorted(one.name for one in (home / "index").iterdir()) == generations
    assert rows(home, f"SELECT 1 FROM tombstone WHERE ticket_id = '{wrong}'") == []
    assert (ran.code, len(ran.error_lines)) == (1, 1)
    assert "name one as SOURCE:EXTERNAL_ID" in ran.err
    assert scene.server.ask("/api/v1/articles/vpn/error-809", scene.token).status == 200
