"""Write answers as short texts that a model reads; all fields are in the structured content beside them."""

from __future__ import annotations

from dataclasses import replace

from kb.documents import Article, Document, Ticket
from kb.front_matter import to_markdown
from kb.json_values import time_text
from search.answers import SearchAnswer, SimilarAnswer
from web.api.schemas import SearchBody, SimilarBody
from web.cli.printing import written_results, written_suggestions

LONGEST_TOLD = 60_000
"""Characters of one text of a document: a pasted log beyond it would fill what an agent can keep in mind."""
MOST_TICKETS = 10
"""Tickets of an incident that are named, the last ones; all of them are in the structured content."""
NOTHING = "Nothing is known that fits. Say so; do not guess a fix."
UNSURE = "Nothing known fits well; here is what comes nearest. Compare the symptoms before you propose a fix."


def search_text(answer: SearchAnswer, body: SearchBody) -> str:
    """Return the answer to a question."""
    lines = _limits(answer)
    if body.did_you_mean:
        lines.append(f"Did you mean: {body.did_you_mean}")
    return _whole(lines, answer, body.response_id)


def similar_text(answer: SimilarAnswer, body: SimilarBody) -> str:
    """Return the answer to a ticket."""
    lines = _limits(answer)
    if body.incident is not None and body.incident.candidate:
        open_ones = ", ".join(body.incident.tickets[-MOST_TICKETS:])
        if body.incident.state == "confirmed":
            told = f"A confirmed incident is under way: {body.incident.size} similar open tickets"
        else:
            told = (
                f"An incident may be under way: {body.incident.size} similar open tickets within "
                f"{body.incident.window_minutes} minutes"
            )
        lines.append(f"{told} ({open_ones}).")
    if routing := written_suggestions(answer):
        lines.append(routing)
    return _whole(lines, answer, body.response_id)


def document_text(document: Document) -> str:
    """Return an article as Markdown with its front matter, a ticket as Markdown with its facts and resolution."""
    if isinstance(document, Article):
        return to_markdown(replace(document, path=None))  # without a path its id is always told
    return _ticket_text(document)


def shortened_document(document: Document) -> tuple[Document, bool]:
    """Return the document with texts beyond `LONGEST_TOLD` cut, and whether any was."""
    if isinstance(document, Article):
        return replace(document, body=document.body[:LONGEST_TOLD]), len(document.body) > LONGEST_TOLD
    texts = {name: getattr(document, name) for name in ("description", "environment", "resolution")}
    cut = {name: text[:LONGEST_TOLD] for name, text in texts.items()}
    return replace(document, **cut), cut != texts


def _whole(lines: list[str], answer: SearchAnswer | SimilarAnswer, response_id: str) -> str:
    parts = ["\n".join(lines)] if lines else []
    if answer.results:
        parts.append(written_results(answer.results))
    parts.append(f"response_id: {response_id}")
    return "\n\n".join(parts)


def _limits(answer: SearchAnswer | SimilarAnswer) -> list[str]:
    """Return what keeps an answer from being whole or sure."""
    lines = list(answer.query.problems)
    if answer.retrieval.degraded:
        lines.append(f"Part of the search is down: {', '.join(answer.retrieval.degraded)}. The rest answered.")
    if not answer.results:
        lines.append(NOTHING)
    elif answer.status == "no_confident_match":
        lines.append(UNSURE)
    return lines


def _ticket_text(ticket: Ticket) -> str:
    facts = {
        "status": ticket.status,
        "service": ticket.service,
        "components": ", ".join(ticket.components),
        "assignment group": ticket.assignment_group,
        "tier": ticket.tier,
        "resolution code": ticket.resolution_code,
        "opened": ticket.opened_at and time_text(ticket.opened_at),
        "resolved": ticket.resolved_at and time_text(ticket.resolved_at),
        "links": ", ".join(f"{link.type} {link.target}" for link in ticket.links),
    }
    parts = [f"# {ticket.title}", "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)]
    parts[1] = f"- id: {ticket.id}\n{parts[1]}".rstrip()
    texts = {"Description": ticket.description, "Environment": ticket.environment, "Resolution": ticket.resolution}
    parts += [f"## {name}\n\n{text}" for name, text in texts.items() if text.strip()]
    return "\n\n".join(parts)
