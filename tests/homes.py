"""Make homes for tests that need real ones: filled once, copied for each test."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

from kb.store.open_store import open_store
from tests.command_line import SAMPLES, home_with_model, run


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


def copied(home: Path, to: Path) -> Path:
    """Return a copy of a home that nothing works on; the link to the model stays a link."""
    return Path(shutil.copytree(home, to, symlinks=True))


def complaints(home: Path) -> set[str]:
    """Return the names of the doctor's checks that found something; a disk of a test is always small (`home`)."""
    told = json.loads(run("--home", home, "doctor", "--json").out)
    return {check["name"] for check in told["checks"] if check["ok"] is False}
