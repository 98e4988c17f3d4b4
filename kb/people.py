"""Say what a person of the site is: name, role, groups, and what a password must be. Pure.

A name is compared case-folded and is never given to another person: logs, feedback and histories of articles go by it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from kb.access import ADMINISTRATOR, MEMBER, SHELL, checked_audience
from kb.errors import InvalidInput
from kb.queries import Viewer
from kb.roles import Action, Role, allows

LONGEST_NAME = 64
LONGEST_FULL_NAME = 100
MOST_GROUPS = 50
SHORTEST_PASSWORD = 12
"""More than the 8 that NIST SP 800-63B (revision 3, 5.1.1.2) asks for, less than the 15 of revision 4 for a password
alone: guessing is limited by name and address, and what is stored is slow to try."""
LONGEST_PASSWORD = 256
"""NIST asks for at least 64; more than this would only cost time to hash."""
RESERVED = frozenset(
    {ADMINISTRATOR.name, MEMBER.name, SHELL.name, "anonymous", "connector", "feedback", "fixlore", "import", "token"}
)
"""Names that logs, feedback and the history of articles have a meaning for."""
SEEN_NOTED_EVERY = timedelta(minutes=10)
"""When somebody was last seen need not be known better; a write for every page would cost more than it tells."""
FEWEST_OF_ITS_OWN = 6
"""Characters that a password must have beside the person's name."""
FEWEST_DIFFERENT = 4

_NAME = re.compile(r"[^\W_][\w.@+-]*")
PasswordFault = Literal["short", "long", "name", "common"]
_FAULTS: dict[PasswordFault, str] = {
    "short": f"the password is too short; use at least {SHORTEST_PASSWORD} characters",
    "long": f"the password is too long; use at most {LONGEST_PASSWORD} characters",
    "name": "the password is little more than the name; choose another",
    "common": "the password is one of those that are tried first; choose another",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account.

    `name` is what they sign in with. `session_mark` changes with password, role, groups and disabling: a session that
    began under another mark is over. Without a password nobody can sign in yet.
    """

    name: str
    role: Role
    created_at: datetime
    session_mark: str
    full_name: str = ""
    groups: tuple[str, ...] = ()
    is_disabled: bool = False
    has_password: bool = False
    last_seen_at: datetime | None = None

    @property
    def can_sign_in(self) -> bool:
        """Say whether the person may sign in and has a password to do so."""
        return self.has_password and not self.is_disabled

    def was_seen_of_late(self, now: datetime) -> bool:
        """Say whether it is noted well enough that the person is at work."""
        return self.last_seen_at is not None and abs(now - self.last_seen_at) < SEEN_NOTED_EVERY

    @property
    def viewer(self) -> Viewer:
        """Return what the person may see and do; an administrator reads every audience."""
        audiences = frozenset({"public", "internal", *(f"group:{one}" for one in self.groups)})
        return Viewer(
            name=self.name,
            audiences=None if allows(self.role, "administer") else audiences,
            may_edit=allows(self.role, "write"),
            role=self.role,
        )

    def may(self, action: Action) -> bool:
        """Say whether the person's role allows an action."""
        return allows(self.role, action)


def name_key(name: str) -> str:
    """Return what two spellings of one name have in common."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold())


def checked_name(name: str) -> str:
    """Return a name to sign in with, without white space around it.

    Raises InvalidInput for one with white space, colons or slashes, for one that begins with no letter or digit, one
    that is too long, and one that means something else where names are told.
    """
    stripped = unicodedata.normalize("NFKC", name.strip())
    if len(stripped) > LONGEST_NAME or not _NAME.fullmatch(stripped):
        raise InvalidInput(
            f"{name[:LONGEST_NAME]!a} is no name to sign in with; use letters, digits and . @ + - _ alone",
            field="name",
        )
    if name_key(stripped) in RESERVED:
        raise InvalidInput(f"the name {stripped!r} has a meaning of its own; choose another", field="name")
    return stripped


def checked_full_name(full_name: str) -> str:
    """Return a full name with single spaces. Raises InvalidInput for one that nobody can read, or too long."""
    joined = " ".join(full_name.split())
    if not joined.isprintable() or len(joined) > LONGEST_FULL_NAME:
        raise InvalidInput(
            f"the full name cannot be used; write at most {LONGEST_FULL_NAME} readable characters", field="full_name"
        )
    return joined


def checked_groups(groups: Sequence[str]) -> tuple[str, ...]:
    """Return the names of groups, case-folded and ordered; `group:NAME` is taken for `NAME`. Raises InvalidInput."""
    found: set[str] = set()
    for group in groups:
        written = group.strip()
        audience = written if written.casefold().startswith("group:") else f"group:{written}"
        try:
            found.add(checked_audience(audience).removeprefix("group:"))
        except InvalidInput as error:
            raise InvalidInput(
                f"{group[:LONGEST_NAME]!a} is no name of a group; it holds no white space, comma or colon",
                field="groups",
            ) from error
    if len(found) > MOST_GROUPS:
        raise InvalidInput(f"{len(found)} groups are too many; name at most {MOST_GROUPS}", field="groups")
    return tuple(sorted(found))


def normalised_password(password: str) -> str:
    """Return a password as it is hashed: the same characters are typed in more than one way (NIST SP 800-63B: NFKC)."""
    return unicodedata.normalize("NFKC", password)


@cache
def common_passwords() -> frozenset[str]:
    """Return the commonest of twelve characters and more, in English and German, case-folded.

    They are those of published lists that are long enough, and what people make of the shorter ones.
    """
    from importlib.resources import files  # when first needed, since it is slow to load

    listed = files("kb").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(listed.split())


def password_fault(password: str, name: str) -> PasswordFault | None:
    """Return what is wrong with a new password of the person `name`, `None` when nothing is.

    What counts is length, and that it is none of those tried first; which kinds of characters it has does not.
    """
    normalised = normalised_password(password)
    if len(normalised) < SHORTEST_PASSWORD:
        return "short"
    if len(normalised) > LONGEST_PASSWORD:
        return "long"
    folded = normalised.casefold()
    if len(folded.replace(name_key(name), "")) < FEWEST_OF_ITS_OWN:
        return "name"
    if folded in common_passwords() or len(set(folded)) < FEWEST_DIFFERENT:
        return "common"
    return None


def checked_password(password: str, name: str) -> str:
    """Return the password as it is to be hashed. Raises InvalidInput with what is wrong, never with the password."""
    fault = password_fault(password, name)
    if fault is not None:
        raise InvalidInput(_FAULTS[fault], field="password")
    return normalised_password(password)
