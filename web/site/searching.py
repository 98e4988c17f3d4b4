"""The search page: a question, filters with counts, and results with the fix in them; without a question, browsing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import Blueprint, current_app, render_template, request
from flask_babel import gettext as _
from flask_login import current_user, login_required

from kb.documents import DECISION_SOURCE, EXAMPLE_SOURCE, MANUAL_SOURCE
from kb.queries import Filter
from search.answers import FacetValue, Result, SearchAnswer
from search.lanes import Lane
from search.reuse import reuse_of
from search.searcher import DEEPEST, SearchRequest
from web.answering import CountedSearcher
from web.bodies import FACETS, filter_of, logged
from web.wiring import Services

pages = Blueprint("searching", __name__)
PAGE_SIZE = 10
SHOWN_FACETS = ("type", "service", "status", "language", "confidence", "source", "tags")
DATES = ("after", "before")
EVERY_KIND = "article"
MOST_VALUES = 8
MOST_LISTED = 5
"""Documents in each list of the start page."""
MOST_SERVICES = 24
BY_WORDS: tuple[Lane, ...] = ("keyword",)
"""A list needs no model, which may still be loading when the first page is shown."""
OWN_CONTENT = Filter(excluded={"source": frozenset({MANUAL_SOURCE, DECISION_SOURCE})})
"""Everything that an organisation wrote or tries out: not the manual."""


@dataclass(frozen=True, slots=True)
class FacetLink:
    """One value of a filter as the page shows it; `href` turns it on or off."""

    field: str
    value: str
    count: int
    chosen: bool
    href: str


@pages.get("/")
@login_required
def search_page() -> str:
    """Show answers to a question, what the filters admit when only they are given, else the start page."""
    services: Services = current_app.extensions["fixlore"]
    text = request.args.get("q", "").strip()
    given = ((name, request.args.getlist(name)) for name in (*FACETS, *DATES))
    chosen = {name: told for name, values in given if (told := [one for one in values if one.strip()])}
    if not text and not chosen:
        return _start_page(services)
    page = max(1, min(request.args.get("page", 1, type=int), DEEPEST // PAGE_SIZE))
    answer = services.searcher().search(
        SearchRequest(
            text=text,
            filter=filter_of(chosen) if text or "source" in chosen else _own(filter_of(chosen)),
            limit=PAGE_SIZE,
            offset=(page - 1) * PAGE_SIZE,
            viewer=current_user.viewer,
            facets=FACETS,
        )
    )
    answer_id = logged(services, [result.id for result in answer.results], by=current_user.viewer.name)
    facets = _facet_links(answer, chosen, text)
    return render_template(
        "search/results.html",
        query=text,
        browsing=not text,
        answer=answer,
        answer_id=answer_id if text else "",
        reuse={} if text else _reused(services, answer),
        facets=facets,
        proposed=_address(answer.did_you_mean or "", chosen, 1),
        removable=_removable(chosen, text),
        chosen=chosen,
        page=page,
        pages=-(-min(answer.total, DEEPEST) // PAGE_SIZE),
        previous=_address(text, chosen, page - 1) if page > 1 else None,
        following=_address(text, chosen, page + 1) if _has_more(answer, page) else None,
    )


def _reused(services: Services, answer: SearchAnswer) -> Mapping[str, int]:
    """Return how often each document of a list was reused; a question's results tell that among their reasons."""
    viewer = current_user.viewer
    listed = services.store.documents([result.id for result in answer.results], viewer)
    return reuse_of(services.store, listed.values(), viewer)


def _own(where: Filter) -> Filter:
    """Return a filter for browsing: the manual has a place of its own and would always be the newest."""
    return replace(where, excluded={**where.excluded, **OWN_CONTENT.excluded})


def _start_page(services: Services) -> str:
    searcher = services.searcher()
    known = {"type": frozenset({"known-error"})}
    written = {"type": frozenset({"article"})}
    answer = searcher.listing(_listing(OWN_CONTENT, 0))
    counted = answer.facets
    return render_template(
        "search/start.html",
        answer=answer,
        stored=bool(services.store.counts()),
        lists=(
            (_("Known errors"), _newest(searcher, known), "/?type=known-error"),
            (_("New articles"), _newest(searcher, written), "/?type=article"),
        ),
        browse={
            _("By type"): _browsing_links("type", counted.get("type", ())),
            _("By service"): _browsing_links("service", counted.get("service", ())[:MOST_SERVICES]),
        },
        examples=next((one.count for one in counted.get("source", ()) if one.value == EXAMPLE_SOURCE), 0),
    )


def _newest(searcher: CountedSearcher, values: dict[str, frozenset[str]]) -> tuple[Result, ...]:
    return searcher.listing(_listing(_own(Filter(values)), MOST_LISTED)).results


def _listing(where: Filter, limit: int) -> SearchRequest:
    return SearchRequest(
        text="",
        filter=where,
        limit=limit,
        viewer=current_user.viewer,
        facets=() if limit else ("type", "service", "source"),
        lanes=BY_WORDS,
        details=False,
    )


def _browsing_links(field: str, values: tuple[FacetValue, ...]) -> list[FacetLink]:
    return [FacetLink(field, one.value, one.count, False, _address("", {field: [one.value]}, 1)) for one in values]


def _has_more(answer: SearchAnswer, page: int) -> bool:
    return len(answer.results) == PAGE_SIZE and page * PAGE_SIZE < min(answer.total, DEEPEST)


def _facet_links(answer: SearchAnswer, chosen: dict[str, list[str]], text: str) -> dict[str, list[FacetLink]]:
    links: dict[str, list[FacetLink]] = {}
    for name in SHOWN_FACETS:
        counts = {value.value: value.count for value in answer.facets.get(name, ())}
        for value in chosen.get(name, ()):
            if value != EVERY_KIND:  # no document has it as its type; its chip takes it off
                counts.setdefault(value, 0)
        if len(counts) < 2 and name not in chosen:
            continue  # a filter with one value tells nothing
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_VALUES]
        links[name] = []
        for value, count in ordered:
            is_chosen = value in chosen.get(name, ())
            now = [other for other in chosen.get(name, ()) if other != value] + ([] if is_chosen else [value])
            links[name].append(FacetLink(name, value, count, is_chosen, _address(text, {**chosen, name: now}, 1)))
    return links


def _removable(chosen: dict[str, list[str]], text: str) -> list[FacetLink]:
    """Return a link for each filter that is on, which turns it off."""
    return [
        FacetLink(name, value, 0, True, _address(text, {**chosen, name: [one for one in values if one != value]}, 1))
        for name, values in chosen.items()
        for value in values
    ]


def _address(text: str, chosen: dict[str, list[str]], page: int) -> str:
    pairs = [("q", text)] if text else []
    pairs += [(name, value) for name, values in chosen.items() for value in values]
    if page > 1:
        pairs.append(("page", str(page)))
    return f"/?{urlencode(pairs)}" if pairs else "/"
