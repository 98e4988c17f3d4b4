"""Say to people what each role may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from flask_babel import lazy_gettext as _l

from kb.roles import LEAST_ROLE, ROLES, Action, Role, allows

ROLE_WORDS: Mapping[Role, object] = MappingProxyType(
    {
        "agent": _l("agent"),
        "author": _l("author"),
        "reviewer": _l("reviewer"),
        "administrator": _l("administrator"),
    }
)
ACTION_WORDS: Mapping[Action, object] = MappingProxyType(
    {
        "read": _l("Search, read what its groups allow, paste a ticket, say whether an answer helped"),
        "request": _l("Say that an article is missing"),
        "write": _l("See and edit what is not published, write articles and post-mortems, attach files, publish"),
        "decide_incidents": _l("Confirm or dismiss an incident"),
        "review": _l(
            "Validate articles, complete post-mortems of others, archive and bring back, take over files of a folder"
        ),
        "administer": _l("Manage people, tokens and the vocabulary; read every audience"),
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """One action of the table, and for each role in order whether it may."""

    told: str
    allowed: tuple[bool, ...]


def roles_table() -> Sequence[Row]:
    """Return who may do what, in the order of `kb.roles`."""
    return [Row(str(ACTION_WORDS[one]), tuple(allows(role, one) for role in ROLES)) for one in LEAST_ROLE]
