"""Paste a ticket, see past fixes."""

from __future__ import annotations

import re

from flask import Blueprint, current_app, render_template, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from kb.documents import Ticket
from kb.language import detect_language
from kb.queries import Filter
from search.similar import SimilarRequest
from web.bodies import logged
from web.site.permissions import allowed
from web.wiring import Services

pages = Blueprint("pasting", __name__)
LIMIT = 10
LONGEST_TITLE = 300
"""Characters; a first line that is longer is a description without a title."""
_SUBJECT = re.compile(r"^\s*(?:(?:subject|betreff|title|titel)\s*:|(?:re|fw|fwd|aw|wg)\s*:)\s*", re.IGNORECASE)


class TicketForm(FlaskForm):  # type: ignore[misc]
    """What is pasted: whatever the ticket says."""

    text = TextAreaField(validators=[DataRequired(_l("Paste the ticket here.")), Length(max=5_000_000)])


def pasted_ticket(text: str) -> Ticket:
    """Return what was pasted as a ticket that is stored nowhere: its first line is the title, the rest describes it."""
    first, _, rest = text.strip().partition("\n")
    title = _SUBJECT.sub("", first).strip() or first.strip()
    if len(title) > LONGEST_TITLE:
        title, rest = title[:LONGEST_TITLE], text
    return Ticket(
        source="paste",
        external_id="-",
        title=title,
        description=rest.strip(),
        language=detect_language(text[:5000]),
    )


@pages.route("/similar", methods=["GET", "POST"])
@allowed("read")
def paste_page() -> str | tuple[str, int]:
    """Show the form, and below it similar past issues when a ticket was pasted."""
    form = TicketForm()
    if request.method == "GET":
        return render_template("similar/paste.html", form=form, answer=None)
    if not form.validate():
        return render_template("similar/paste.html", form=form, answer=None), 422
    services: Services = current_app.extensions["fixlore"]
    answer = services.searcher().similar(
        SimilarRequest(ticket=pasted_ticket(form.text.data), filter=Filter(), limit=LIMIT, viewer=current_user.viewer)
    )
    answer_id = logged(services, [result.id for result in answer.results], by=current_user.viewer.name)
    return render_template("similar/paste.html", form=form, answer=answer, answer_id=answer_id)
