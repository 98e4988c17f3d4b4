"""Run commands of `kb` to their end, or kill them at random moments and start them again.

    python -m tests.kill_harness DIRECTORY KILLS [SEED]

does it with real articles and tickets (see `full_work`) and prints where the kills hit.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from indexer.encoding.open_encoder import MODELS
from tests.command_line import REPOSITORY, files_below

Command = tuple[str | Path, ...]
SAMPLES = REPOSITORY / "tests" / "samples"
EXAMPLES = REPOSITORY / "articles" / "examples"
DATA = Path(os.environ.get("FIXLORE_DATA") or REPOSITORY.parent / "shared" / "data")
FULL_TICKETS = 2_000
FULL_QUERIES = 150
_DUMP_S = 0.2
_WITH_STACK = """
import faulthandler, signal, sys
faulthandler.register(signal.SIGUSR1, file=open(sys.argv.pop(1), "w"), all_threads=False)
from web.cli.main import main
main()
"""
"""`kb`, which on SIGUSR1 writes where it is."""
STAGES = (
    ("kb/importing", "storing"),
    ("indexer/keyword", "keyword index"),
    ("indexer/vectors", "vector index"),
    ("indexer/encoding", "encoding"),
    ("indexer/text_vectors", "storing vectors"),
    ("indexer/", "between commits"),
    ("kb/store", "opening"),
    ("web/cli", "around the work"),
)
"""What in a stack tells the stage, the first that occurs."""


@dataclass(frozen=True)
class Work:
    """What is imported, and what is asked afterwards."""

    commands: Sequence[Command]
    searches: Path
    tickets: Path


def full_work(place: Path) -> Work:
    """Return the import of real articles and tickets. Raises FileNotFoundError when the data is not there."""
    tickets = (DATA / "titanium" / "tickets.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    asked = (DATA / "titanium" / "queries.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    searches = (DATA / "office" / "queries_alttitle.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    files = {
        "tickets.jsonl": tickets[:FULL_TICKETS],
        "asked.jsonl": asked[:FULL_QUERIES],
        "searches.jsonl": searches[:FULL_QUERIES],
    }
    for name, lines in files.items():
        (place / name).write_text("".join(lines), encoding="utf-8")
    commands: list[Command] = [
        ("import", "articles", DATA / "office" / "articles" / "exchange"),
        ("import", "tickets", place / "tickets.jsonl"),
        ("index",),
    ]
    return Work(commands, place / "searches.jsonl", place / "asked.jsonl")


def new_home(place: Path, models: Path) -> Path:
    """Return an empty home with a link to an exported model."""
    place.mkdir(parents=True)
    (place / MODELS).symlink_to(models, target_is_directory=True)
    return place


def finish(home: Path, commands: Sequence[Command]) -> list[float]:
    """Run every command to its end and return how many seconds each took."""
    seconds = []
    for command in commands:
        began = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-m", "web.cli.main", "--home", home, *command],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
        seconds.append(time.monotonic() - began)
    return seconds


def shake(home: Path, commands: Sequence[Command], kills: int, seconds: Sequence[float], seed: int) -> Counter[str]:
    """Run the commands in turn, kill so many times at random moments, each time starting the killed one again.

    `seconds` is what each of them takes undisturbed. Should they come to their end before the last kill, the rest hits
    rebuilds. Returns how many kills hit which command and stage.
    """
    chance = random.Random(seed)
    hit: Counter[str] = Counter()
    # The shortest is an index with nothing to do, about what every start costs. Of the rest a kill loses some again.
    longest = min(seconds) + 3 * sum(seconds) / kills
    waiting = list(commands)
    while hit.total() < kills:
        left = chance.uniform(0, longest)
        while True:
            command = waiting[0] if waiting else ("index", "--rebuild")
            began = time.monotonic()
            stage = _killed_after(left, home, command)
            if stage is not None:
                hit[f"{' '.join(map(str, command[:2]))}: {stage}"] += 1
                break
            left = max(0.0, left - (time.monotonic() - began))
            waiting = waiting[1:]
    return hit


def contents(work: Work, places: Mapping[Path, Path]) -> list[dict[str, bytes]]:
    """Return every byte of an export and of the runs of both kinds of questions, for each home in `places`."""

    def ask(home: Path, place: Path) -> dict[str, bytes]:
        finish(
            home,
            [
                ("export", place / "export"),
                ("search", "--queries", work.searches, "--run", place / "search.run"),
                ("similar", "--queries", work.tickets, "--run", place / "similar.run"),
                ("similar", "--queries", work.tickets, "--run", place / "as-of.run", "--as-of"),
            ],
        )
        return files_below(place)

    with ThreadPoolExecutor() as together:
        return list(together.map(ask, places.keys(), places.values()))


def _killed_after(seconds: float, home: Path, command: Command) -> str | None:
    """Start a command, kill its process group after so many seconds and return the stage; `None` when it had ended."""
    stack = home.with_name(f"{home.name}.stack")
    stack.unlink(missing_ok=True)
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # inherited, until the child asks for the signal
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", _WITH_STACK, stack, "--home", home, *command],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGUSR1, before)
    try:
        told, _ = process.communicate(timeout=seconds)
        assert process.returncode == 0, (command, told)
        return None
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGUSR1)
        deadline = time.monotonic() + _DUMP_S
        while time.monotonic() < deadline and not (stack.exists() and stack.stat().st_size):
            time.sleep(0.001)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return _stage(stack.read_text() if stack.exists() else "")


def _stage(stack: str) -> str:
    files = re.findall(r'File "(.+?)", line', stack)
    if not files or any(name == "<frozen importlib._bootstrap>" for name in files):
        return "starting"
    held = [Path(name).relative_to(REPOSITORY).as_posix() for name in files if name.startswith(str(REPOSITORY))]
    return next((stage for part, stage in STAGES if any(name.startswith(part) for name in held)), "starting")


def main(place: Path, kills: int, seed: int = 1) -> None:
    """Compare a home that was killed so many times with an undisturbed one, and print what was seen."""
    place.mkdir(parents=True)
    work = full_work(place)
    models = Path(os.environ["FIXLORE_TEST_MODEL_HOME"]) / MODELS
    calm, shaken = new_home(place / "calm", models), new_home(place / "shaken", models)
    seconds = finish(calm, work.commands)
    print(f"undisturbed: {sum(seconds):.0f} s", flush=True)
    began = time.monotonic()
    hit = shake(shaken, work.commands, kills, seconds, seed)
    print(f"{hit.total()} kills in {time.monotonic() - began:.0f} s: {dict(hit.most_common())}", flush=True)
    print(f"to the end after the last kill: {sum(finish(shaken, work.commands)):.0f} s", flush=True)
    finish(shaken, [("doctor",)])
    wanted, found = contents(work, {calm: place / "calm-contents", shaken: place / "shaken-contents"})
    different = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    print(f"{len(wanted)} files, {sum(map(len, wanted.values()))} bytes; different: {different or 'none'}")
    if not different:
        shutil.rmtree(place)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
