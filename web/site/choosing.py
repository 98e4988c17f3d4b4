"""Take in a new password from a form, and say in the reader's language what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kb.people import LONGEST_PASSWORD, SHORTEST_PASSWORD, PasswordFault, normalised_password, password_fault

FAULTS: Mapping[PasswordFault, object] = MappingProxyType(
    {
        "short": _l("Use at least %(count)s characters.", count=SHORTEST_PASSWORD),
        "long": _l("Use at most %(count)s characters.", count=LONGEST_PASSWORD),
        "name": _l("This is little more than the name. Choose another password."),
        "common": _l("This is one of the passwords that are tried first. Choose another one."),
    }
)
CHOSEN = MappingProxyType({"shortest_password": SHORTEST_PASSWORD})
"""What the template `people/parts.html` needs to ask for a new password."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A new password as it is to be hashed, or what is wrong with it."""

    password: str
    problem: str = ""


def chosen_password(form: Mapping[str, str], name: str) -> Chosen:
    """Return the password that the fields `password` and `again` of a form give the person `name`."""
    password = form.get("password", "")
    fault = password_fault(password, name)
    if fault is not None:
        return Chosen("", str(FAULTS[fault]))
    if form.get("again", "") != password:
        return Chosen("", _("The two are not the same. Type it again."))
    return Chosen(normalised_password(password))
