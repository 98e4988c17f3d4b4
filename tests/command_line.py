"""Run `kb` as a user does: in this process where that is enough, in one of its own where it has to be."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from indexer.encoding.open_encoder import MODELS, open_encoder
from web.cli.main import main

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLES = REPOSITORY / "tests" / "samples"
COMMAND = (sys.executable, "-m", "web.cli.main")


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def error_lines(self) -> list[str]:
        """Return the lines on standard error."""
        return self.err.splitlines()


def home_with_model(home: Path, model_home: Path) -> Path:
    """Return a home that holds nothing but a link to the model that all tests share; exports it for the first one."""
    models = model_home / MODELS
    if not any(models.glob("*/manifest.json")):
        open_encoder(model_home, None, lambda line: None)
    home.mkdir(parents=True)
    (home / MODELS).symlink_to(models, target_is_directory=True)
    return home


def run(*arguments: str | Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> Ran:
    """Run `kb` in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with (
        mock.patch.object(sys, "argv", ["kb", *map(str, arguments)]),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")),
        mock.patch.dict(os.environ, environment or {}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as left:
            code = left.code
    assert isinstance(code, int)
    return Ran(code, *(_text(stream) for stream in (out, err)))


def start(
    *arguments: str | Path, environment: Mapping[str, str] | None = None, errors: Path | None = None
) -> subprocess.Popen[str]:
    """Start `kb` in a process and process group of its own, with pipes for its output, or a file for its errors."""
    with errors.open("ab") if errors else nullcontext(subprocess.PIPE) as sink:
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONWARNINGS": "default", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
            start_new_session=True,
        )


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")


def files_below(directory: Path) -> dict[str, bytes]:
    """Return path → content of every file below a directory."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
