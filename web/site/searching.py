"""The search page: a question, filters with counts, and results with the fix in them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, current_app, render_template, request
from flask_login import current_user, login_required

from search.answers import SearchAnswer
from search.searcher import SearchRequest
from web.bodies import FACETS, filter_of, logged
from web.site.filters import FACET_NAMES
from web.wiring import Services

pages = Blueprint("searching", __name__)
PAGE_SIZE = 10
SHOWN_FACETS = ("type", "service", "status", "language", "confidence", "tags")
MOST_VALUES = 8


@dataclass(frozen=True, slots=True)
class FacetLink:
    """One value of a filter as the page shows it; `href` turns it on or off."""

    value: str
    count: int
    chosen: bool
    href: str


@pages.get("/")
@login_required
def search_page() -> str:
    """Show the search box, and answers when something was asked."""
    services: Services = current_app.extensions["fixlore"]
    text = request.args.get("q", "").strip()
    if not text:
        return render_template("search/start.html", counts=services.store.counts(), query="")
    page = max(1, min(request.args.get("page", 1, type=int), 1000 // PAGE_SIZE))
    chosen = {name: request.args.getlist(name) for name in FACETS if request.args.getlist(name)}
    answer = services.searcher().search(
        SearchRequest(
            text=text,
            filter=filter_of(chosen),
            limit=PAGE_SIZE,
            offset=(page - 1) * PAGE_SIZE,
            viewer=current_user.viewer,
            facets=FACETS,
        )
    )
    logged(services, [result.id for result in answer.results], by=current_user.viewer.name)
    return render_template(
        "search/results.html",
        query=text,
        answer=answer,
        facets=_facet_links(answer, chosen, text),
        chosen=chosen,
        page=page,
        previous=_address(text, chosen, page - 1) if page > 1 else None,
        following=_address(text, chosen, page + 1) if _has_more(answer, page) else None,
    )


def _has_more(answer: SearchAnswer, page: int) -> bool:
    return len(answer.results) == PAGE_SIZE and page * PAGE_SIZE < min(answer.total, 1000)


def _facet_links(answer: SearchAnswer, chosen: dict[str, list[str]], text: str) -> dict[str, list[FacetLink]]:
    links: dict[str, list[FacetLink]] = {}
    for name in SHOWN_FACETS:
        counts = {value.value: value.count for value in answer.facets.get(name, ())}
        for value in chosen.get(name, ()):
            counts.setdefault(value, 0)
        if len(counts) < 2 and name not in chosen:
            continue  # a filter with one value tells nothing
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_VALUES]
        links[FACET_NAMES[name]] = []
        for value, count in ordered:
            is_chosen = value in chosen.get(name, ())
            now = [other for other in chosen.get(name, ()) if other != value] + ([] if is_chosen else [value])
            links[FACET_NAMES[name]].append(
                FacetLink(value, count, is_chosen, _address(text, {**chosen, name: now}, 1))
            )
    return links


def _address(text: str, chosen: dict[str, list[str]], page: int) -> str:
    pairs = [("q", text), *((name, value) for name, values in chosen.items() for value in values)]
    if page > 1:
        pairs.append(("page", str(page)))
    return f"/?{urlencode(pairs)}"
