"""Say who may do what: one table of roles and actions, asked by pages, API and command line alike. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from kb.errors import InvalidInput, NotAllowed

Role = Literal["agent", "author", "reviewer", "administrator"]
Action = Literal["read", "request", "write", "decide_incidents", "review", "administer"]

ROLES: tuple[Role, ...] = ("agent", "author", "reviewer", "administrator")
"""Each may do all that those before it may do."""

LEAST_ROLE: Mapping[Action, Role] = MappingProxyType(
    {
        "read": "agent",
        "request": "agent",
        "write": "author",
        "decide_incidents": "author",
        "review": "reviewer",
        "administer": "administrator",
    }
)
"""Action → the first role that may do it.

- `read`: search, read what its audiences allow, paste a ticket, say whether an answer helped.
- `request`: say that an article is missing.
- `write`: see and edit what is not published, write articles and post-mortems, attach files, publish what nobody has
  to review.
- `decide_incidents`: confirm or dismiss an incident.
- `review`: validate articles, complete post-mortems of others, archive and bring back, take over files of a folder.
- `administer`: people, tokens, vocabulary.
"""


def role_from(value: str) -> Role:
    """Return `value` as a role. Raises InvalidInput for an unknown one."""
    wanted = value.strip().casefold()
    for role in ROLES:
        if role == wanted:
            return role
    raise InvalidInput(f"role {value!r} is unknown; use one of {', '.join(ROLES)}", field="role")


def allows(role: Role, action: Action) -> bool:
    """Say whether somebody of this role may do it."""
    return ROLES.index(role) >= ROLES.index(LEAST_ROLE[action])


def require(role: Role, action: Action) -> None:
    """Raise NotAllowed, with the role that it takes, when `role` may not do it."""
    if not allows(role, action):
        raise NotAllowed(f"this takes the role {LEAST_ROLE[action]!r}; yours is {role!r}")
