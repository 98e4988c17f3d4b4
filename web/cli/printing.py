"""Print results for people, and runs for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from kb.documents import EXAMPLE_SOURCE
from kb.errors import InvalidInput
from search.answers import Result, SearchAnswer, SimilarAnswer
from web.cli.progress import say

MOST_STEPS = 6
DEVICES = "/dev"
"""Nothing there is replaced: /dev/stdout may lead to a file that others are still writing."""


def written_results(results: Sequence[Result]) -> str:
    """Return results as text: title, id, what matched, and the fix. Shipped example content is marked."""
    return "\n\n".join(_written(result) for result in results)


def tell_limits(answer: SearchAnswer | SimilarAnswer) -> None:
    """Tell on standard error what keeps an answer from being whole or sure."""
    for problem in answer.query.problems:
        say(problem)
    if answer.retrieval.degraded:
        say(f"Part of the search is down: {', '.join(answer.retrieval.degraded)}. `kb doctor` says why.")
    elif answer.status == "no_confident_match" and answer.results:
        say("Nothing is likely to be the same problem; these come closest.")


def _written(result: Result) -> str:
    facts = [
        *(["example"] if result.source == EXAMPLE_SOURCE else []),
        result.type,
        *(fact for fact in (result.status, result.service, result.language) if fact),
    ]
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
    """Write lines to a file that appears only when it is whole; to a pipe or device as they come.

    Raises InvalidInput when it cannot be written.
    """
    target = path.resolve()  # what a link leads to is replaced, not the link
    partial = target.with_name(f".{target.name}.partial")
    try:
        if path.is_relative_to(DEVICES) or (target.exists() and not target.is_file()):
            with path.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{line}\n" for line in lines)
            return
        try:
            with partial.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{line}\n" for line in lines)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}; choose another place") from error
