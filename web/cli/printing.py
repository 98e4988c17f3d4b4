"""Print results for people, and runs for programs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from kb.errors import InvalidInput
from search.answers import Result

MOST_STEPS = 6


def written_results(results: Sequence[Result]) -> str:
    """Return results as text: title, id, what matched, and the fix."""
    return "\n\n".join(_written(result) for result in results)


def _written(result: Result) -> str:
    facts = [result.type, *(fact for fact in (result.status, result.service, result.language) if fact)]
    lines = [f"{result.rank}. {result.title}", f"   {result.id}  ({', '.join(facts)})"]
    if result.snippet.text:
        lines.append(f"   {' '.join(result.snippet.text.split())}")
    if result.resolution is not None:
        if result.resolution.steps:
            lines.append("   Fix:")
            lines += [f"     {number}. {step}" for number, step in enumerate(result.resolution.steps[:MOST_STEPS], 1)]
        elif result.resolution.summary:
            lines.append(f"   Fix: {' '.join(result.resolution.summary.split())}")
    return "\n".join(lines)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines to a file that appears only when it is whole. Raises InvalidInput when it cannot be written."""
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            try:
                file.writelines(f"{line}\n" for line in lines)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        Path(file.name).chmod(0o666 & ~_umask())
        Path(file.name).replace(path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}; choose another place") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
