"""Let a page be opened only by those who may do what it is for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import abort
from flask_babel import gettext as _
from flask_login import current_user, login_required

from kb.roles import LEAST_ROLE, Action
from web.site.roles import ROLE_WORDS

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


def allowed(action: Action) -> Callable[[Callable[_Given, _Answer]], Callable[_Given, _Answer]]:
    """Return a decorator of a view: who is not signed in is led to do so, who may not do `action` is refused (403)."""

    def guard(view: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
        @wraps(view)
        def guarded(*args: _Given.args, **kwargs: _Given.kwargs) -> _Answer:
            if not current_user.may(action):
                abort(403, _("This takes the role %(role)s.", role=ROLE_WORDS[LEAST_ROLE[action]]))
            return view(*args, **kwargs)

        return needing(action, cast("Callable[_Given, _Answer]", login_required(guarded)))

    return guard


def needing(action: Action, view: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
    """Mark a view that refuses who may not do `action`; a test finds those that change something and have no mark."""
    view.fixlore_action = action  # type: ignore[attr-defined]
    return view
