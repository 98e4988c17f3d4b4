"""Paste a ticket, see past fixes."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request
from flask_login import current_user, login_required
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from kb.documents import Ticket
from kb.language import detect_language
from kb.queries import Filter
from search.similar import SimilarRequest
from web.bodies import logged
from web.wiring import Services

pages = Blueprint("pasting", __name__)
LIMIT = 10


class TicketForm(FlaskForm):  # type: ignore[misc]
    """What is pasted: the title, and whatever else the ticket says."""

    title = StringField("Title", validators=[DataRequired("Give the ticket's title or first line."), Length(max=2000)])
    description = TextAreaField("Description, error messages, log lines", validators=[Length(max=5_000_000)])


@pages.route("/similar", methods=["GET", "POST"])
@login_required
def paste_page() -> str | tuple[str, int]:
    """Show the form, and below it similar past issues when a ticket was pasted."""
    form = TicketForm()
    if request.method == "GET":
        return render_template("similar/paste.html", form=form, answer=None)
    if not form.validate():
        return render_template("similar/paste.html", form=form, answer=None), 422
    services: Services = current_app.extensions["fixlore"]
    description = form.description.data or ""
    ticket = Ticket(
        source="paste",
        external_id="-",
        title=form.title.data,
        description=description,
        language=detect_language(f"{form.title.data}\n{description[:5000]}"),
    )
    answer = services.searcher().similar(
        SimilarRequest(ticket=ticket, filter=Filter(), limit=LIMIT, viewer=current_user.viewer)
    )
    logged(services, [result.id for result in answer.results], by=current_user.viewer.name)
    return render_template("similar/paste.html", form=form, answer=answer)
