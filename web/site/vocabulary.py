"""The vocabulary: an organisation's own words, and those that are shipped to look at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from werkzeug.wrappers import Response

from kb.vocabulary import LISTS, Fault, ListName, same_form, shipped_vocabulary
from web.site.permissions import allowed
from web.wiring import Services

pages = Blueprint("vocabulary", __name__)
MOST_FOUND = 50
"""Shipped entries shown at once."""
NAMES = {"glossary": _l("Own glossary"), "synonyms": _l("Own synonyms")}
EXPLAINED = {
    "glossary": _l("One entry a line, German = English. Several forms stand with commas between them."),
    "synonyms": _l("One group a line: words that mean the same, with commas between them."),
}
EXAMPLES = {"glossary": "Leitstand = control desk, control room", "synonyms": "HRM, time recording, Zeiterfassung"}


@dataclass(frozen=True, slots=True)
class EditedList:
    """One own list as the form shows it, with the faults of what was sent."""

    name: ListName
    label: str
    explained: str
    example: str
    text: str
    faults: Sequence[Fault] = ()


@pages.get("/vocabulary")
@login_required
def vocabulary_page() -> str:
    """Show both own lists to edit, and the shipped entries that hold what is looked for."""
    own = _services().vocabulary.own()
    return _page(own, own, {}, is_saved="saved" in request.args)


@pages.post("/vocabulary")
@allowed("administer")
def save() -> str | Response | tuple[str, int]:
    """Keep both lists, or neither: a faulty line, or an edit by somebody else meanwhile, keeps what was there."""
    vocabulary = _services().vocabulary
    own = vocabulary.own()
    sent = {name: "\n".join(request.form.get(name, "").splitlines()).strip("\n") for name in LISTS}
    if request.form.get("seen") != _mark(own):
        return _page(own, sent, {}, is_stale=True), 409
    faults = {name: found for name in LISTS if (found := vocabulary.faults(name, sent[name]))}
    if faults:
        return _page(own, sent, faults), 422
    for name in LISTS:
        vocabulary.put(name, sent[name])
    return redirect(url_for("vocabulary.vocabulary_page", saved=1))


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services


def _page(
    own: Mapping[ListName, str],
    shown: Mapping[ListName, str],
    faults: Mapping[ListName, Sequence[Fault]],
    *,
    is_saved: bool = False,
    is_stale: bool = False,
) -> str:
    looked_for = request.args.get("find", "").strip()
    shipped = shipped_vocabulary()
    found = _shipped_with(looked_for) if looked_for else []
    return render_template(
        "vocabulary/vocabulary.html",
        lists=[
            EditedList(name, str(NAMES[name]), str(EXPLAINED[name]), EXAMPLES[name], shown[name], faults.get(name, ()))
            for name in LISTS
        ],
        seen=_mark(own),
        saved=is_saved,
        stale=is_stale,
        entries=format_decimal(len(shipped.glossary)),
        groups=format_decimal(len(shipped.synonyms)),
        find=looked_for,
        found=found[:MOST_FOUND],
        more=len(found) > MOST_FOUND,
    )


def _mark(own: Mapping[ListName, str]) -> str:
    """Return what tells one state of the own lists from another."""
    return hashlib.sha256("\0".join(own[name] for name in LISTS).encode()).hexdigest()[:16]


def _shipped_with(looked_for: str) -> list[tuple[str, str]]:
    """Return (kind, line as an own list would write it) of the shipped entries that hold a text, best first."""
    wanted = same_form(looked_for)
    shipped = shipped_vocabulary()
    lines = [(_("Glossary"), f"{german} = {', '.join(english)}") for german, english in shipped.glossary.items()]
    lines += [(_("Synonyms"), ", ".join(group)) for group in shipped.synonyms]
    found = [(kind, line) for kind, line in lines if wanted in same_form(line)]
    return sorted(found, key=lambda one: (not same_form(one[1]).startswith(wanted), len(one[1])))
