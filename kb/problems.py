"""Say what was wrong with one file or line that was read, while the rest went in."""

from __future__ import annotations

from dataclasses import dataclass

from kb.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a person should know about what was read.

    `source` is the file (below its folder), `line` counts from 1. A warning (`is_error` false) says that something was
    read in a way that may not have been meant; what it is about went in.
    """

    source: str | None
    line: int | None
    message: str
    is_error: bool = True

    def __str__(self) -> str:
        """Return `file:line: message`, as compilers write it."""
        place = ":".join(str(part) for part in (self.source, self.line) if part is not None)
        return f"{place}: {self.message}" if place else self.message


def problem_of(error: InvalidInput, source: str, line: int | None = None) -> Problem:
    """Return what an error says, with the file and line where it happened unless it knows the line itself."""
    return Problem(source, error.line or line, str(error.args[0]) if error.args else "cannot be used")
