"""`kb learn` from the shell: what it adopts is used at once, kept in backups, and can be taken back."""

from __future__ import annotations

import json
import logging
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from kb.documents import Ticket
from kb.errors import NotFound, StaleEdit
from kb.recipe import Recipe
from kb.settings import Settings
from kb.store.open_store import open_store
from search.adapter import Adapter
from search.ranker import Ranker, shipped_ranker
from search.similar import SimilarRequest
from tests.command_line import home_with_model, run
from tests.fakes.store import MemoryStore
from tests.homes import complaints
from web.learned import ACTIVE, BODY, HISTORY, Record, StoredRanker
from web.wiring import open_services

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
RECIPE = Recipe(model="letters", revision="0" * 64, procedure="test", dimension=4, max_tokens=16)
SHIPPED = shipped_ranker().name
TICKETS = "".join(
    json.dumps(
        {
            "source": "desk",
            "external_id": str(number),
            "title": title,
            "opened_at": f"2026-03-{number:02}T08:00:00Z",
            "links": [{"type": "duplicate_of", "target": "desk:1"}] if number == 3 else [],
        }
    )
    + "\n"
    for number, title in enumerate(("Badge printer prints blank cards", "VPN drops", "Badges come out blank"), 1)
)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, model_home: Path) -> Path:
    folder = tmp_path_factory.mktemp("stocked")
    home = home_with_model(folder / "home", model_home)
    (folder / "tickets.jsonl").write_text(TICKETS, encoding="utf-8")
    assert run("--home", home, "import", "tickets", folder / "tickets.jsonl").code == 0
    return home


@pytest.fixture
def home(stocked: Path, tmp_path: Path) -> Path:
    return shutil.copytree(stocked, tmp_path / "home", symlinks=True)


def learned(name: str, adapter: Adapter | None = None) -> Ranker:
    """Return a ranker for which only the title counts."""
    shipped = shipped_ranker()
    return replace(
        shipped, name=name, source="tests", similar=replace(shipped.similar, weights={"title": 1.0}), adapter=adapter
    )


def adapter(dimension: int = 4, revision: str = RECIPE.revision) -> Adapter:
    return Adapter(revision, np.eye(dimension, dtype=np.float32), np.zeros(dimension, np.float32))


def adopted(rankers: StoredRanker, *names: str) -> None:
    for name in names:
        before = rankers.active().ranker.name
        rankers.adopt(learned(name, adapter()), before, Record(NOON, "adopted", name, f"{name} is adopted."))


def put(home: Path, ranker: Ranker) -> None:
    """Adopt a ranker in a home."""
    with closing(open_store(home / "fixlore.db")) as store:
        rankers = StoredRanker(store, lambda: RECIPE)
        text = f"{ranker.name} is adopted."
        rankers.adopt(ranker, rankers.active().ranker.name, Record(NOON, "adopted", ranker.name, text))


def test_learn_says_that_there_are_too_few_links_and_changes_nothing(home: Path) -> None:
    told = run("--home", home, "learn")

    assert told.code == 0
    assert told.out == f"1 linked tickets are too few to learn from; 30 are needed. {SHIPPED} stays.\n"
    assert json.loads(run("--home", home, "learn", "--show", "--json").out)["name"] == SHIPPED
    (record,) = json.loads(run("--home", home, "learn", "--history", "--json").out)["history"]
    assert (record["outcome"], record["questions"], record["comparison"]) == ("kept", 1, None)


def test_a_dry_run_writes_nothing_down(home: Path) -> None:
    told = json.loads(run("--home", home, "learn", "--dry-run", "--json").out)

    assert (told["outcome"], told["active"]) == ("kept", SHIPPED)
    assert run("--home", home, "learn", "--history").out == "Nothing has been learned yet.\n"


def test_undo_has_nothing_to_do_while_the_shipped_ranker_is_active(home: Path) -> None:
    told = run("--home", home, "learn", "--undo")

    assert (told.code, told.err) == (1, "kb: the shipped ranker is active; there is nothing to undo\n")
    assert run("--home", home, "learn", "--undo", "--reset").code == 2


def test_an_adopted_ranker_is_shown_undone_and_comes_back_from_a_backup(home: Path, tmp_path: Path) -> None:
    put(home, learned("learned-1"))
    assert run("--home", home, "learn", "--show").out.startswith("learned-1, tests, since 2026-11-26T12:00:00+00:00\n")
    assert run("--home", home, "backup", tmp_path / "copy.kb").code == 0
    assert run("--home", tmp_path / "new", "restore", tmp_path / "copy.kb").code == 0
    assert json.loads(run("--home", tmp_path / "new", "learn", "--show", "--json").out)["name"] == "learned-1"

    assert run("--home", home, "learn", "--undo").out == f"Returned from learned-1 to {SHIPPED}.\n"

    assert json.loads(run("--home", home, "learn", "--show", "--json").out)["name"] == SHIPPED
    history = run("--home", home, "learn", "--history").out.splitlines()
    assert [line.split("  ")[1].strip() for line in history] == ["undone", "adopted"]


def test_a_ranker_that_cannot_be_used_is_told_by_the_doctor(home: Path) -> None:
    assert "ranker" not in complaints(home)
    put(home, learned("learned-1", adapter(dimension=3)))

    told = run("--home", home, "doctor")

    assert "ranker" in complaints(home)
    assert "the learned ranker learned-1 was made with another model; run `kb learn` again or" in told.err
    assert run("--home", home, "learn", "--reset").code == 0
    assert "ranker" not in complaints(home)


def test_a_running_searcher_answers_by_what_another_process_adopted(home: Path) -> None:
    asked = SimilarRequest(
        ticket=Ticket(source="desk", external_id="9", title="Badge printer prints blank cards"),
        as_of=datetime(2026, 3, 4, tzinfo=UTC),
    )
    with open_services(Settings(home=home), lambda line: None) as services:
        searcher = services.searcher()
        before = [one.id for one in searcher.similar(asked).results]
        newest = replace(shipped_ranker(), name="learned-1")
        put(home, replace(newest, similar=replace(newest.similar, weights={"recency": 1.0})))
        after = [one.id for one in searcher.similar(asked).results]

    assert (before[0], after[0]) == ("desk:1", "desk:3")
    assert sorted(before) == sorted(after)


def test_what_another_process_adopts_is_used_at_once() -> None:
    store = MemoryStore()
    here, there = StoredRanker(store, lambda: RECIPE), StoredRanker(store, lambda: RECIPE)
    assert here.ranker().name == SHIPPED

    adopted(there, "learned-1")

    assert here.ranker().name == "learned-1"
    assert here.active().since == NOON
    assert here.next_name() == "learned-2"


def test_undo_returns_step_by_step_and_reset_at_once() -> None:
    store = MemoryStore()
    rankers = StoredRanker(store, lambda: RECIPE)
    adopted(rankers, "learned-1", "learned-2", "learned-3", "learned-4")
    assert store.setting(BODY + "learned-1") is None  # the last three are kept

    for expected in ("learned-3", "learned-2", SHIPPED):
        assert rankers.undo(NOON).active == expected
        assert rankers.ranker().name == expected
    with pytest.raises(NotFound):
        rankers.undo(NOON)

    adopted(rankers, "learned-5")
    rankers.reset(NOON)
    assert rankers.ranker() == shipped_ranker()
    assert store.setting(BODY + "learned-5") is None
    assert rankers.next_name() == "learned-6"


def test_a_ranker_is_not_adopted_when_another_was_meanwhile() -> None:
    rankers = StoredRanker(MemoryStore(), lambda: RECIPE)
    adopted(rankers, "learned-1")

    with pytest.raises(StaleEdit, match="run `kb learn` again"):
        rankers.adopt(learned("learned-2"), SHIPPED, Record(NOON, "adopted", "learned-2", ""))

    assert rankers.ranker().name == "learned-1"


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", '{"name": "x"}', "\x00"])
def test_the_shipped_ranker_stands_in_for_a_damaged_one_and_the_log_says_so_once(
    content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    rankers = StoredRanker(store, lambda: RECIPE)
    adopted(rankers, "learned-1")
    store.put_setting(BODY + "learned-1", content)
    again = StoredRanker(store, lambda: RECIPE)

    with caplog.at_level(logging.WARNING):
        assert [again.ranker().name for _ in range(3)] == [SHIPPED] * 3

    assert len(caplog.records) == 1
    assert "kb learn --reset" in caplog.text
    again.reset(NOON)
    assert again.active().problem == ""


def test_the_shipped_ranker_stands_in_while_the_model_is_another() -> None:
    store = MemoryStore()
    used = [RECIPE]
    rankers = StoredRanker(store, lambda: used[0])
    adopted(rankers, "learned-1")

    used[0] = replace(RECIPE, revision="1" * 64)
    assert rankers.ranker().name == SHIPPED
    assert "made with another model" in rankers.active().problem

    used[0] = RECIPE
    assert rankers.ranker().name == "learned-1"


@pytest.mark.parametrize("content", ["{", "[1]", '{"a": 1}', '[{"at": "x"}]'])
def test_a_damaged_history_is_empty_and_goes_on(content: str) -> None:
    store = MemoryStore()
    store.put_setting(HISTORY, content)
    rankers = StoredRanker(store, lambda: RECIPE)

    assert rankers.history() == []
    adopted(rankers, "learned-1")
    assert [one.active for one in rankers.history()] == ["learned-1"]
    assert store.setting(ACTIVE) == "learned-1"
