"""Print results for people, and runs for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from kb.documents import EXAMPLE_SOURCE
from kb.errors import InvalidInput
from search.answers import Reason, Result, SearchAnswer, SimilarAnswer
from web.cli.progress import say

MOST_STEPS = 6
BAND_WORDS = {"high": "likely fits", "medium": "may fit", "low": "unlikely to fit"}
REASON_WORDS = {"matched_words": "words"}
DEVICES = "/dev"
"""Nothing there is replaced: /dev/stdout may lead to a file that others are still writing."""


def written_results(results: Sequence[Result]) -> str:
    """Return results as text: title, id, how sure it is, what matched, why, and the fix.

    Shipped example content and what is not published are marked.
    """
    return "\n\n".join(_written(result) for result in results)


def tell_limits(answer: SearchAnswer | SimilarAnswer) -> None:
    """Tell on standard error what keeps an answer from being whole or sure."""
    for problem in answer.query.problems:
        say(problem)
    if answer.retrieval.degraded:
        say(f"Part of the search is down: {', '.join(answer.retrieval.degraded)}. `kb doctor` says why.")
    elif answer.status == "no_confident_match" and answer.results:
        say("Nothing known fits well; here is what comes nearest. Compare the symptoms before you use a fix.")


def written_suggestions(answer: SimilarAnswer) -> str:
    """Return who usually handles such tickets, in one line; empty where similar tickets do not agree."""
    groups, tiers = answer.suggestions.get("assignment_group", ()), answer.suggestions.get("tier", ())
    if not groups and not tiers:
        return ""
    first = (groups or tiers)[0]
    counted = f"({first.support} of {first.voters} similar tickets)"
    if not groups:
        return f"Usually solved in tier {first.value} {counted}."
    tier = f", tier {tiers[0].value}" if tiers else ""
    others = ", ".join(f"{one.value} ({one.support} of {one.voters})" for one in groups[1:])
    return f"Usually handled by {first.value} {counted}{tier}." + (f" Otherwise: {others}." if others else "")


def _written(result: Result) -> str:
    facts = [
        *([likelihood] if (likelihood := _likelihood(result)) else []),
        *(["example"] if result.source == EXAMPLE_SOURCE else []),
        *([result.state.replace("_", " ")] if result.state not in (None, "published") else []),
        result.type,
        *(fact for fact in (result.status, result.service, result.language) if fact),
    ]
    lines = [f"{result.rank}. {result.title}", f"   {result.id}  ({', '.join(facts)})"]
    if result.snippet.text:
        lines.append(f"   {' '.join(result.snippet.text.split())}")
    if told := [words for reason in result.reasons if (words := _reason(reason))]:
        lines.append(f"   Why: {'; '.join(told)}")
    if result.root_cause:
        lines.append(f"   Root cause: {result.root_cause}")
    if result.resolution is not None:
        origin = f" (from {result.fixed_by.id})" if result.fixed_by else ""
        if result.resolution.steps:
            lines.append(f"   Fix{origin}:")
            lines += [f"     {number}. {step}" for number, step in enumerate(result.resolution.steps[:MOST_STEPS], 1)]
        elif result.resolution.summary:
            lines.append(f"   Fix{origin}: {' '.join(result.resolution.summary.split())}")
    if result.workaround and (result.resolution is None or result.resolution.kind != "workaround"):
        lines.append(f"   Workaround: {result.workaround}")
    return "\n".join(lines)


def _likelihood(result: Result) -> str:
    """Return how sure a result is: `likely fits, 87%`; empty while answers are not calibrated."""
    score = [] if result.score is None else [f"{result.score:.0%}"]
    return ", ".join([*([BAND_WORDS[result.band]] if result.band else []), *score])


def _reason(reason: Reason) -> str:
    """Return why a result is there in words, but for its passage, which is shown."""
    value = " ".join((reason.value or "").split())
    if reason.type == "prior_feedback":
        return _prior(reason)
    if reason.type == "similar_passage":
        return f"similar in meaning ({reason.similarity or 0:.2f})"
    if reason.type in ("identifier", "phrase"):
        return f"holds {value}" + (f" ({reason.field.replace('_', ' ')})" if reason.field else "")
    return f"{REASON_WORDS.get(reason.type, reason.type.replace('_', ' '))}: {value}" if value else ""


def _prior(reason: Reason) -> str:
    helpful, not_helpful, solved = reason.helpful or 0, reason.not_helpful or 0, reason.resolved_by or 0
    told = [f"solved {solved} {'ticket' if solved == 1 else 'tickets'}"] if solved else []
    if helpful:
        told.append(f"{helpful} found it helpful" + (f", {not_helpful} did not" if not_helpful else ""))
    elif not_helpful:
        told.append(f"{not_helpful} did not find it helpful")
    return "; ".join(told)


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
