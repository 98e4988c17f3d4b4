"""Make homes for tests that need real ones: filled once, copied for each test."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from kb.store.open_store import open_store
from tests.command_line import SAMPLES, home_with_model, run, start


def filled_home(home: Path, model_home: Path) -> Path:
    """Return a home with the sample articles, two tickets and the manual, indexed, to which a server adds nothing."""
    home_with_model(home, model_home)
    with closing(open_store(home / "fixlore.db")) as store:
        store.put_setting("examples", "loaded")
    tickets = home.parent / "tickets.jsonl"
    tickets.write_text(
        '{"source":"desk","external_id":"1","title":"Badge printer prints blank cards"}\n'
        '{"source":"desk","external_id":"2","title":"Scanner shows error E-4711"}\n'
    )
    assert run("--home", home, "import", "articles", SAMPLES / "articles", "--no-wait").code == 0
    assert run("--home", home, "import", "tickets", tickets).code == 0
    return home


def made_by_a_first_start(place: Path, model_home: Path) -> Path:
    """Return the home in `place` that a server started on, filled and left in order; starts one if none has."""
    home = place / "home"
    if not (place / "done").exists():
        shutil.rmtree(place, ignore_errors=True)  # somebody was killed while making it
        with start("--home", home_with_model(home, model_home), "serve", "--port", "0", errors=place / "log") as server:
            assert server.stdout is not None
            assert server.stdout.readline().startswith("Fixlore is at "), (place / "log").read_text()
            server.terminate()
        assert server.returncode == 0, (place / "log").read_text()
        (place / "done").touch()
    return home


def take_vectors(home: Path, other: Path) -> None:
    """Put the vectors of `other` into the store of `home`, so that the same texts are not encoded again."""
    with closing(open_store(home / "fixlore.db")):
        pass  # creates the tables
    with closing(sqlite3.connect(home / "fixlore.db")) as connection:
        connection.execute("ATTACH ? AS other", [str(other / "fixlore.db")])
        connection.execute("INSERT INTO vector SELECT * FROM other.vector")
        connection.commit()


def copied(home: Path, to: Path) -> Path:
    """Return a copy of a home that nothing works on; the link to the model stays a link."""
    return Path(shutil.copytree(home, to, symlinks=True))


def complaints(home: Path) -> set[str]:
    """Return the names of the doctor's checks that found something; a disk of a test is always small (`home`)."""
    told = json.loads(run("--home", home, "doctor", "--json").out)
    return {check["name"] for check in told["checks"] if check["ok"] is False}
