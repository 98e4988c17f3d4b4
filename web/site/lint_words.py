"""Say in the reader's language what could be better in a post-mortem, and what in a text is perhaps secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from flask_babel import lazy_gettext as _l

from kb.broken_links import BrokenLink
from kb.documents import Article
from kb.post_mortem_lint import Finding, findings_of
from kb.post_mortems import PHASES, Metrics, Need, metrics, needs
from kb.sensitive import MOST, Hint, hints_in
from web.site.words import words

SENTENCES: Mapping[str, object] = MappingProxyType(
    {
        "missing": _l("Missing to be complete: %(name)s."),
        "blame_counterfactual": _l("“%(phrase)s” tells what did not happen, as seen from the end."),
        "blame_fault": _l("“%(phrase)s” says whose fault it was."),
        "blame_omission": _l("“%(phrase)s” tells what somebody left undone, not why that seemed right."),
        "blame_error": _l("“%(phrase)s” makes a person the cause and stops asking there."),
        "blame_care": _l("“%(phrase)s” judges people or asks for more care, which changes nothing."),
        "blame_name": _l("“%(phrase)s” names a person."),
        "blame_question": _l("“%(phrase)s” asks for a culprit."),
        "title_opening": _l(
            "The title begins with “%(phrase)s”; begin with what users see, as they would search for it."
        ),
        "title_short": _l("The title is short; say what users see and where."),
        "title_long": _l("The title is long; what users see fits in 120 characters."),
        "time_unread": _l("%(name)s “%(value)s” is no time with a zone; write it as 2026-02-16T07:00:00+01:00."),
        "time_order": _l("%(name)s is earlier than %(before)s."),
        "timeline_form": _l("The timeline is no table of time, source, event and kind, which could be checked."),
        "timeline_zone": _l("“%(value)s” lacks its zone, such as CET or +01:00."),
        "timeline_time": _l("“%(value)s” is no day and time with a zone."),
        "timeline_order": _l("“%(value)s” comes after a later time."),
        "timeline_outside": _l("“%(value)s” lies outside the incident; say below the table why it is told."),
        "timeline_kind": _l("“%(value)s” does not say whether it is a fact or an inference."),
        "timeline_source": _l("“%(value)s” does not say who or what tells it."),
        "action_form": _l("The action items are no table of action, type, owner, due, tracker and state."),
        "action_vague": _l("“%(value)s” can be done without anything changing; say what will be different."),
        "action_owner": _l("“%(value)s” has no owner."),
        "action_due": _l("“%(value)s” has no day by which it is due."),
        "action_type": _l("“%(value)s” does not say whether it prevents, detects, mitigates, documents or trains."),
        "action_state": _l("“%(value)s” does not say how it stands."),
        "action_tracker": _l("“%(value)s” has no link to where it is tracked."),
        "section_order": _l("“%(value)s” comes before a section that usually precedes it."),
    }
)
"""Rule of `kb.post_mortem_lint` → its sentence."""
SENSITIVE: Mapping[str, object] = MappingProxyType(
    {
        "private_key": _l("a private key"),
        "token": _l("a token"),
        "password": _l("a password"),
        "connection_string": _l("a password in an address"),
        "jwt": _l("a web token"),
        "email": _l("an e-mail address"),
        "phone": _l("a phone number"),
        "iban": _l("an account number"),
    }
)

_LOOKED_AT = ("title", "service", "owner", "components", "tags", "error_signatures")
"""Fields of every article that hold words; ids are no words."""


@dataclass(frozen=True, slots=True)
class Lint:
    """What the editor shows beside a text: needs of a post-mortem, findings, metrics; hints at what is secret,
    links that lead nowhere.
    """

    needs: tuple[Need, ...]
    findings: tuple[Finding, ...]
    hints: tuple[Hint, ...]
    metrics: Metrics
    links: tuple[BrokenLink, ...] = ()

    @property
    def given(self) -> int:
        """Return how many of the needs are met."""
        return sum(one.is_given for one in self.needs)


def lint_of(article: Article, links: tuple[BrokenLink, ...] = ()) -> Lint:
    """Return what there is to say of an article as it stands; `links` are those of it that are broken."""
    hints = _hints_of(article)
    if article.kind != "post-mortem":
        return Lint((), (), hints, Metrics(), links)
    findings = tuple(one for one in findings_of(article) if one.rule != "missing")
    return Lint(needs(article), findings, hints, metrics(article), links)


def _hints_of(article: Article) -> tuple[Hint, ...]:
    """Return what is perhaps secret in the fields of an article and in its text, in this order; at most `MOST`."""
    texts: dict[str, object] = {name: getattr(article, name) for name in _LOOKED_AT}
    texts |= {name: value for name, value in article.extra.items() if name not in (*PHASES, "source_tickets")}
    found: list[Hint] = []
    for name, value in texts.items():
        lines = value if isinstance(value, (list, tuple)) else [value]
        text = "\n".join(one for one in lines if isinstance(one, str))
        found += [replace(one, field=name) for one in hints_in(text)]
    return (*found, *hints_in(article.body))[:MOST]


def sentence(finding: Finding) -> str:
    """Return what is wrong, in the reader's language."""
    told = {name: words(value) if name in ("name", "before") else value for name, value in finding.values.items()}
    return str(SENTENCES[finding.rule]) % told


def sensitive_in_words(hint: Hint) -> str:
    """Return what a hint points at, in the reader's language."""
    return str(SENSITIVE[hint.kind])
