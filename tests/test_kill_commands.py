"""Commands that are killed at any moment and started again end to the byte where undisturbed ones do."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.command_line import home_with_model
from tests.kill_harness import DATA, EXAMPLES, SAMPLES, Work, contents, finish, full_work, shake

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


def shipped_work(place: Path) -> Work:
    """Return the import of the samples and some of the examples."""
    folder = place / "runbooks"
    shutil.copytree(SAMPLES / "articles", folder)
    for name in ("windows", "email"):
        shutil.copytree(EXAMPLES / name, folder / "examples" / name)
    shipped = (EXAMPLES / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
    examples = [json.dumps({**json.loads(line), "source": "helpdesk"}) for line in shipped]
    tickets = [*(SAMPLES / "tickets.jsonl").read_text(encoding="utf-8").splitlines(), *examples[::3]]
    (place / "tickets.jsonl").write_text("\n".join(tickets), encoding="utf-8")
    others = [json.loads(line) for line in examples[1:90:3]]
    searches = [json.dumps({"id": f"q{at}", "text": one["title"]}) for at, one in enumerate(others)]
    asked = [json.dumps({**one, "id": f"q{at}"}) for at, one in enumerate(others)]
    (place / "searches.jsonl").write_text("\n".join(searches), encoding="utf-8")
    (place / "asked.jsonl").write_text("\n".join(asked), encoding="utf-8")
    return Work(
        [
            ("import", "articles", folder),
            ("import", "tickets", place / "tickets.jsonl"),
            ("index",),
        ],
        place / "searches.jsonl",
        place / "asked.jsonl",
    )


def check(work: Work, kills: int, place: Path, model_home: Path) -> None:
    calm, shaken = home_with_model(place / "calm", model_home), home_with_model(place / "shaken", model_home)
    seconds = finish(calm, work.commands)

    hit = shake(shaken, work.commands, kills, seconds, seed=kills)
    finish(shaken, work.commands)

    assert hit.total() == kills
    wanted, found = contents(work, {calm: place / "one", shaken: place / "other"})
    assert len(wanted) > 20
    assert all(wanted[f"{name}.run"] for name in ("search", "similar", "as-of"))
    assert [name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)] == []


def test_export_and_runs_equal_those_of_an_undisturbed_run_after_a_few_kills(tmp_path: Path, model_home: Path) -> None:
    check(shipped_work(tmp_path), 6, tmp_path, model_home)


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not DATA.is_dir(), reason="the real articles and tickets are not there; FIXLORE_DATA names them")
def test_export_and_runs_equal_those_of_an_undisturbed_run_after_fifty_kills(tmp_path: Path, model_home: Path) -> None:
    check(full_work(tmp_path), 50, tmp_path, model_home)
