"""Save what a page changes of an article, by the rules, and say in one sentence why it was not saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import abort, current_app, request
from flask_babel import gettext as _
from flask_login import current_user

from kb.access import may_read
from kb.article_edits import one_line
from kb.documents import SITE_SOURCE, Article
from kb.errors import InvalidInput, NotAllowed, NotFound, StaleEdit
from kb.ids import checked_id
from kb.life_cycle import settled
from kb.post_mortems import gaps
from kb.roles import LEAST_ROLE
from web.site.roles import ROLE_WORDS
from web.site.words import words
from web.wiring import Services


def article_at(article_id: str) -> Article:
    """Return the article of an address, also of a former id; the answer is 404 when the reader may not read it."""
    wanted = checked_id(article_id, "id")
    services: Services = current_app.extensions["fixlore"]
    article = services.store.article(wanted)
    if article is None or not may_read(current_user.viewer, article):
        abort(404, _("There is no article %(id)s.", id=wanted))
    return article


@dataclass(frozen=True, slots=True)
class Planned:
    """A change that the rules allow and that is not stored yet: `after` is `before` where it changes nothing."""

    before: Article
    after: Article
    comment: str


def saved(
    article_id: str, change: Callable[[Article, datetime], Article], comment: str = "", seen: int | None = None
) -> Article:
    """Change an article that is still at revision `seen` (of the form, unless given), and return it as it is then.

    The answer is 409 when somebody changed it meanwhile or a folder's file owns it, 403 and 422 when a rule forbids
    the change: nothing is stored then. The form's `comment` says why, unless it is given here.
    """
    return carried_out(planned(article_id, change, comment, seen))


def planned(
    article_id: str, change: Callable[[Article, datetime], Article], comment: str = "", seen: int | None = None
) -> Planned:
    """Return the change that `saved` makes, checked by the rules and not stored; it leaves as that does."""
    before = article_at(article_id)
    if before.source != SITE_SOURCE:
        abort(409, _("This article is kept in a file of %(source)s: change the file.", source=before.source))
    if (request.form.get("seen") if seen is None else str(seen)) != str(before.revision):
        abort(409, _("Somebody changed the article meanwhile; nothing was saved. Look at it again."))
    now = datetime.now(UTC)
    wanted = before
    try:
        wanted = change(before, now)
        after = before if wanted is before else settled(before, wanted, current_user.viewer, now)
    except NotAllowed:  # who may not write is refused before
        abort(403, _("This takes the role %(role)s.", role=ROLE_WORDS[LEAST_ROLE["review"]]))
    except InvalidInput as error:
        missing = gaps(wanted) if error.field == "state" else ()
        told = _("Not complete yet. Missing: %(missing)s.", missing=", ".join(words(one) for one in missing))
        abort(422, told if missing else str(error))
    return Planned(before, after, one_line(comment or request.form.get("comment", "")))


def carried_out(plan: Planned) -> Article:
    """Store a change and return the article as it is then; the answer is 409 when somebody was faster."""
    if plan.after is plan.before:
        return plan.before
    services: Services = current_app.extensions["fixlore"]
    try:
        after = services.store.update_article(plan.after, current_user.viewer.name, plan.before.revision, plan.comment)
    except StaleEdit:
        abort(409, _("Somebody changed the article meanwhile; nothing was saved. Look at it again."))
    except NotFound:
        abort(404, _("There is no article %(id)s.", id=plan.before.id))
    except InvalidInput as error:
        abort(422, str(error))
    services.wake()
    return after
