"""`kb import` names every file and line that it cannot use, takes in the rest, and costs little when repeated."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.command_line import REPOSITORY, SAMPLES, home_with_model, run, start

GOOD = "---\ntitle: Scanner needs a new lamp\nlanguage: en\n---\nReplace the lamp of the scanner.\n"


@pytest.fixture
def kb_home(home: Path, model_home: Path) -> Path:
    """A home with a model and nothing else."""
    return home_with_model(home, model_home)


def written(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def ticket(number: object, **fields: object) -> str:
    return json.dumps({"source": "desk", "external_id": number, "title": f"Ticket {number}", **fields})


def found(home: Path, text: str, *options: str) -> list[str]:
    """Return the ids that a search finds, best first."""
    told = run("--home", home, "search", text, "--json", *options)
    assert told.code == 0, told.err
    return [result["id"] for result in json.loads(told.out)["results"]]


def test_articles_that_cannot_be_used_are_named_by_file_and_line_and_the_rest_goes_in(
    kb_home: Path, tmp_path: Path
) -> None:
    folder = written(
        tmp_path / "runbooks",
        {
            "good.md": GOOD,
            "Büro Netz/über uns.md": "# Plotter quietscht\n\nDie Walze des Plotters quietscht und braucht Öl.\n",
            "old.md": "# Grüße\n\nZurückgesetzt wird der Projektor am Gerät.\n".encode("cp1252"),
            "marked.md": "# Projector\n\nThe projector shows no picture.\n".encode("utf-16"),
            "unclosed.md": "---\ntitle: No end\nservice: vpn\n",
            "broken.md": "---\ntitle: Broken\ntags: [a, b\nservice: vpn\n---\nText\n",
            "date.md": "---\ntitle: Date\ncreated_at: 2025-02-30\n---\nText\n",
            "audience.md": "---\ntitle: Audience\naudience: everyone\n---\nText\n",
            "empty.md": "",
            "picture.md": b"\x89PNG\0\0\0",
            "huge.md": "# Huge\n\n" + "x" * (2**20 + 1),
            "twice/a.md": "---\nid: shared-id\n---\n# Badge reader is offline\n",
            "twice/b.md": "---\nid: shared-id\n---\n# Another one\n",
        },
    )

    told = run("--home", kb_home, "import", "articles", folder, environment={"KB_MAX_BODY_MB": "1"})

    assert told.code == 1
    assert told.out.splitlines()[0] == "5 created, 8 refused"
    lines = {line.removeprefix("warning: ").partition(": ")[0]: line for line in told.error_lines}
    assert set(lines) == {
        "old.md:1", "unclosed.md:1", "broken.md:4", "date.md:3", "audience.md:3", "empty.md", "picture.md:1",
        "huge.md", "twice/b.md",
    }  # fmt: skip
    assert lines["old.md:1"].startswith("warning: ")
    assert "'2025-02-30'" in lines["date.md:3"]
    assert "twice/a.md" in lines["twice/b.md"]
    assert found(kb_home, "replace the scanner lamp")[0] == "good"
    assert found(kb_home, "Walze quietscht")[0] == "Büro%20Netz/über%20uns"
    assert found(kb_home, "Projektor zurückgesetzt")[0] == "old"
    assert found(kb_home, "projector no picture")[0] == "marked"
    assert found(kb_home, "badge reader offline")[0] == "shared-id"


def test_a_file_that_breaks_later_leaves_what_is_stored(kb_home: Path, tmp_path: Path) -> None:
    folder = written(tmp_path / "runbooks", {"good.md": GOOD, "other.md": "# Other\n\nText\n"})
    run("--home", kb_home, "import", "articles", folder)
    written(folder, {"good.md": "---\ntitle: [\n---\n"})

    told = run("--home", kb_home, "import", "articles", folder, "--prune")

    assert told.code == 1
    assert told.out == "1 unchanged, 1 refused\n"
    assert "good" in found(kb_home, "replace the scanner lamp")


def test_tickets_that_cannot_be_used_are_named_by_line_and_the_rest_goes_in(kb_home: Path, tmp_path: Path) -> None:
    lines = [
        ticket(1, title="Coffee machine leaks"),
        "{",
        ticket(2, opened_at="tomorrow"),
        ticket("a/b c ü", title="Elevator display is dark"),
        '["no", "object"]',
        ticket(3, title=None),
        b'{"source": "desk", "external_id": "4", "title": "\xff"}'.decode("latin-1"),
        ticket(5, links=[{"type": "cousin_of", "target": "desk:1"}]),
        "",
        ticket(6, title="Parking barrier stays open"),
    ]
    file = tmp_path / "closed tickets.jsonl"
    file.write_bytes("\n".join(lines).encode("latin-1", "strict"))

    told = run("--home", kb_home, "import", "tickets", file)

    assert told.code == 1
    assert told.out.splitlines()[0] == "3 created, 6 refused"
    assert [line.split(": ", 1)[0] for line in told.error_lines] == [f"{file}:{at}" for at in (2, 3, 5, 6, 7, 8)]
    assert "'tomorrow'" in told.err
    assert found(kb_home, "coffee machine leaks")[0] == "desk:1"
    assert found(kb_home, "elevator display dark")[0] == "desk:a/b%20c%20ü"
    assert found(kb_home, "parking barrier")[0] == "desk:6"


def test_tickets_come_from_csv_too(kb_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "closed.csv"
    file.write_text(
        'external_id;title;tags;opened_at\n7;"Fan is; loud";noise|fan;2025-01-31\n8;;a;2025-01-31\n', encoding="utf-8"
    )

    told = run("--home", kb_home, "import", "tickets", file, "--source", "desk")

    assert told.code == 1
    assert told.out.splitlines()[0] == "1 created, 1 refused"
    assert told.err.startswith(f"{file}:3: ")
    assert found(kb_home, "loud fan", "--filter", "tags=noise") == ["desk:7"]
    assert found(kb_home, "loud fan", "--filter", "tags=silence") == []


def test_an_import_repeated_says_unchanged_and_indexes_nothing(kb_home: Path) -> None:
    for kind, path, count in (("articles", SAMPLES / "articles", 5), ("tickets", SAMPLES / "tickets.jsonl", 4)):
        first = run("--home", kb_home, "import", kind, path)
        again = run("--home", kb_home, "import", kind, path)

        assert first.out.splitlines()[0] == f"{count} created"
        assert first.out.splitlines()[1].startswith(f"Indexed {count} documents: ")
        assert (again.code, again.out, again.err) == (0, f"{count} unchanged\n", "")


def test_prune_removes_what_has_no_file_any_more_and_nothing_else(kb_home: Path, tmp_path: Path) -> None:
    mine = written(tmp_path / "mine", {"lamp.md": GOOD, "stays.md": "# Keyboard\n\nThe keyboard is sticky.\n"})
    others = written(tmp_path / "others", {"mouse.md": "# Mouse\n\nThe mouse does not move.\n"})
    for folder in (mine, others):
        run("--home", kb_home, "import", "articles", folder)
    (mine / "lamp.md").unlink()

    kept = run("--home", kb_home, "import", "articles", mine)
    assert kept.out == "1 unchanged\n"
    assert "lamp" in found(kb_home, "replace the scanner lamp")
    told = run("--home", kb_home, "import", "articles", mine, "--prune")

    assert told.code == 0
    assert told.out.splitlines()[0] == "1 unchanged, 1 deleted"
    assert "lamp" not in found(kb_home, "replace the scanner lamp")
    assert found(kb_home, "sticky keyboard")[0] == "stays"
    assert found(kb_home, "mouse does not move")[0] == "mouse"


def test_an_article_of_another_source_is_refused_with_both_named(kb_home: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        written(tmp_path / name, {"lamp.md": GOOD, f"{name}.md": f"# Only in {name}\n"})
    run("--home", kb_home, "import", "articles", tmp_path / "first")

    told = run("--home", kb_home, "import", "articles", tmp_path / "second")

    assert told.code == 1
    assert told.out.splitlines()[0] == "1 created, 1 refused"
    assert len(told.error_lines) == 1
    assert told.err.startswith("lamp.md: ")
    assert "first" in told.err
    assert "second" in told.err
    assert run("--home", kb_home, "import", "articles", tmp_path / "first").out == "2 unchanged\n"


@pytest.mark.parametrize("source", ["manual", "decision", "Example", "site"])
def test_sources_of_shipped_content_are_refused(kb_home: Path, tmp_path: Path, source: str) -> None:
    """Each start brings the manual up to its version and prunes: a folder named `manual` would be emptied by it."""
    folder = written(tmp_path / source, {"lamp.md": GOOD})
    file = written(tmp_path, {"tickets.jsonl": ticket(1)}) / "tickets.jsonl"

    for arguments in (("articles", folder), ("tickets", file, "--source", source)):
        told = run("--home", kb_home, "import", *arguments)
        assert told.code == 1
        assert f"source '{source}' is kept for Fixlore's own content; name another source" in told.err

    assert run("--home", kb_home, "import", "articles", folder, "--source", "mine").code == 0
    assert found(kb_home, "replace the scanner lamp") == ["lamp"]


def test_an_empty_folder_and_an_empty_file_are_nothing_to_take_in(kb_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    (tmp_path / "empty.jsonl").write_text("")

    articles = run("--home", kb_home, "import", "articles", folder)
    tickets = run("--home", kb_home, "import", "tickets", tmp_path / "empty.jsonl")

    assert (articles.code, articles.out, articles.err) == (0, "Nothing to take in.\n", "")
    assert (tickets.code, tickets.out) == (0, "Nothing to take in.\n")
    assert "the file is empty" in tickets.err


def test_scripts_in_markdown_are_text_to_search_and_never_leave_the_shell_as_markup(kb_home: Path) -> None:
    run("--home", kb_home, "import", "articles", SAMPLES / "articles")

    assert found(kb_home, "shared mailbox outlook")[0] == "mail/shared-mailbox"
    assert "<script>" not in run("--home", kb_home, "search", "shared mailbox outlook").out


def test_indexing_without_waiting_indexes_all_the_same_when_no_server_runs(kb_home: Path) -> None:
    told = run("--home", kb_home, "import", "tickets", SAMPLES / "tickets.jsonl", "--no-wait")

    assert told.out.splitlines()[1].startswith("Indexed 4 documents")
    assert found(kb_home, "printer prints blank pages")[0] == "mail:2"


def test_problems_beyond_the_first_thousand_are_counted(kb_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "tickets.jsonl"
    file.write_text("{\n" * 1200 + ticket(1))

    told = run("--home", kb_home, "import", "tickets", file)

    assert told.code == 1
    assert told.out.splitlines()[0] == "1 created, 1200 refused"
    assert len(told.error_lines) == 1001
    assert told.error_lines[-1].startswith("200 more could not be used")


def test_an_interrupted_import_says_so_and_the_next_one_ends_the_work(kb_home: Path, tmp_path: Path) -> None:
    shipped = (REPOSITORY / "articles" / "examples" / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
    tickets = "".join(f"{json.dumps({**json.loads(line), 'source': 'helpdesk'})}\n" for line in shipped)
    command = ("--home", kb_home, "import", "tickets", written(tmp_path, {"tickets.jsonl": tickets}) / "tickets.jsonl")
    with start(*command) as process:
        assert process.stdout is not None
        created = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert created.endswith(" created\n")
    assert (process.returncode, out, err.strip()) == (1, "", "kb: interrupted")
    assert run(*command).out.splitlines()[0] == created.replace("created", "unchanged").strip()
    assert run("--home", kb_home, "doctor").code == 0
