"""Let a signed-in browser act as somebody of another role."""

from __future__ import annotations

import pytest

from kb.queries import Viewer
from kb.roles import Role, allows
from web.site.sessions import SignedIn


def acting_as(
    patched: pytest.MonkeyPatch, role: Role, name: str = "anna", audiences: tuple[str, ...] = ("public", "internal")
) -> None:
    """From now on the person who is signed in has this role, name and audiences."""
    viewer = Viewer(name, frozenset(audiences), may_edit=allows(role, "write"), role=role)
    patched.setattr(SignedIn, "viewer", property(lambda person: viewer))
