"""Say what a check of an installation finds, and keep one check from stopping the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from kb.documents import JSON
from kb.errors import FixloreError


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, in a sentence.

    `is_well` is `None` when it could not be checked for a reason that another finding tells. `remedy` is what to do,
    empty when there is nothing to do. `facts` are for programs.
    """

    name: str
    is_well: bool | None
    text: str
    remedy: str = ""
    facts: Mapping[str, JSON] = field(default_factory=dict)

    def line(self, width: int) -> str:
        """Return the finding as one line, its name filled up to `width`."""
        mark = {True: "ok", False: "!!", None: "--"}[self.is_well]
        told = f"{self.text}; {self.remedy}" if self.remedy else self.text
        return f"{mark}  {self.name:<{width}}  {' '.join(told.split())}"

    def as_json(self) -> dict[str, JSON]:
        """Return the finding as an object."""
        return {"name": self.name, "ok": self.is_well, "text": self.text, "remedy": self.remedy, **self.facts}


Check = Callable[[], Iterable[Finding]]


def problem(name: str, error: FixloreError | str) -> Finding:
    """Return an error, which is a sentence and what to do after its last semicolon, as a finding."""
    text, _, remedy = str(error).rpartition("; ")
    return Finding(name, False, text or remedy, remedy if text else "")


def found(name: str, check: Check) -> list[Finding]:
    """Return what a check finds; whatever is raised in it is a finding too, so that the others go on."""
    findings: list[Finding] = []
    try:
        findings.extend(check())
    except FixloreError as error:
        findings.append(problem(name, error))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        findings.append(Finding(name, False, f"{place}{error.strerror or error}", "check the rights and the disk"))
    except Exception as error:  # a broken installation breaks in ways nobody has foreseen
        text = f"this could not be checked: {type(error).__name__}: {error}"
        findings.append(Finding(name, False, text, "restore a backup if the store is damaged, else report it"))
    return findings
