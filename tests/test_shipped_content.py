"""The shipped articles and tickets stay complete, consistent and free of real hosts and people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest

from kb.article_files import read_folder
from kb.documents import EXAMPLE_SOURCE, Article, Ticket
from kb.language import detect_language
from kb.ticket_files import TicketRow, read_tickets
from kb.tickets import merged
from web.shipped import shipped_folder

FOLDER = shipped_folder(EXAMPLE_SOURCE)
ARTICLES = {one.id: one for one in read_folder(FOLDER, EXAMPLE_SOURCE, detect_language) if isinstance(one, Article)}


def _tickets() -> Iterator[Ticket]:
    for row in read_tickets(FOLDER / "tickets.jsonl"):
        assert isinstance(row, TicketRow), row
        yield merged(None, row.upsert)[1]


TICKETS = {ticket.id: ticket for ticket in _tickets()}
POST_MORTEMS = [one for one in ARTICLES.values() if one.kind == "post-mortem"]

each_article = pytest.mark.parametrize("article", ARTICLES.values(), ids=list(ARTICLES))
each_post_mortem = pytest.mark.parametrize("article", POST_MORTEMS, ids=[one.id for one in POST_MORTEMS])
each_ticket = pytest.mark.parametrize("ticket", TICKETS.values(), ids=list(TICKETS))

SERVICES = {
    "certificates", "collaboration", "database", "email", "identity", "kubernetes",
    "linux", "macos", "network", "printing", "storage", "vpn", "windows",
}  # fmt: skip
AREAS = {
    "Windows": ("windows",),
    "Microsoft 365": ("collaboration", "email"),
    "VPN": ("vpn",),
    "identity": ("identity",),
    "printing": ("printing",),
    "Linux": ("linux",),
    "databases": ("database",),
    "Kubernetes": ("kubernetes",),
    "networks": ("network",),
    "certificates": ("certificates",),
    "mail": ("email",),
}
"""Area a first-line agent meets every week → the services that cover it."""
ROLE = re.compile(
    r"service-desk|application-team-orders"
    r"|(?:application|collaboration|database|endpoint|identity|linux|messaging|monitoring|network|pki|platform|storage"
    r"|windows)-l[23]"
)
SECTIONS = {
    ("how-to", "en"): "Prerequisites|Steps|Verify|Notes?|L1 quick check|When to escalate",
    ("how-to", "de"): "Voraussetzungen|Schritte|Prüfen|Hinweise?|L1-Schnellprüfung|Wann eskalieren",
    ("troubleshooting", "en"): "Symptoms|Cause|Resolution|Verify|L1 quick check|When to escalate",
    ("troubleshooting", "de"): "Symptome|Ursache|Lösung|Prüfen|L1-Schnellprüfung|Wann eskalieren",
    ("known-error", "en"): "Symptoms|Cause|Resolution|Workaround|Verify|L1 quick check|When to escalate",
    ("known-error", "de"): "Symptome|Ursache|Lösung|Workaround|Prüfen|L1-Schnellprüfung|Wann eskalieren",
    ("runbook", "en"): "When to use|Background?|Steps|Verify|L1 quick check|When to escalate",
    ("runbook", "de"): "Wann anwenden|Hintergrund?|Schritte|Prüfen|L1-Schnellprüfung|Wann eskalieren",
    ("reference", "en"): "*|L1 quick check|When to escalate",
    ("reference", "de"): "*|L1-Schnellprüfung|Wann eskalieren",
    ("post-mortem", "en"): "Summary|Symptoms and environment|Impact|Detection|Timeline|Trigger"
    "|Root cause and contributing factors|Resolution|Workaround|L1 quick check|Escalation|Lessons|Action items"
    "|Similar past incidents|External message|Supporting information",
    ("post-mortem", "de"): "Zusammenfassung|Symptome und Umgebung|Auswirkung|Erkennung|Zeitachse|Auslöser"
    "|Ursache und beitragende Faktoren|Lösung|Workaround|L1-Schnellprüfung|Eskalation|Erkenntnisse|Maßnahmen"
    "|Ähnliche frühere Vorfälle|Externe Mitteilung|Ergänzende Informationen",
}
"""Kind and language → the sections in their order; a `?` marks one that may be missing, `*` any number of others."""

FIELDS = (
    "owner_team", "severity", "source_tickets", "started_at", "detected_at", "resolved_at",
    "cause_category", "root_cause", "resolution_kind", "reviewer",
)  # fmt: skip
CAUSES = {
    "change", "capacity", "dependency", "configuration", "hardware", "security", "human_process", "unknown",
}  # fmt: skip
RESOLUTION_KINDS = {"permanent_fix", "workaround", "configuration_change", "none"}
TIMES = ("started_at", "detected_at", "acknowledged_at", "mitigated_at", "resolved_at")
ACTION_TYPES = {
    "en": {"prevent", "detect", "mitigate", "document", "train"},
    "de": {"verhindern", "erkennen", "mildern", "dokumentieren", "schulen"},
}
STATES = {"en": {"open", "done"}, "de": {"offen", "erledigt"}}
SORTS = {"en": {"fact", "inference"}, "de": {"Tatsache", "Schlussfolgerung"}}
ZONES = {"CET": "+01:00", "CEST": "+02:00", "MEZ": "+01:00", "MESZ": "+02:00"}

VENDOR_HOSTS = {
    "aka.ms", "login.microsoftonline.com", "passwordreset.microsoftonline.com", "mysignins.microsoft.com",
    "www.msftconnecttest.com", "msftconnecttest.com", "contoso.sharepoint.com",
    "storage.k8s.io", "storageclass.storage.k8s.io", "storageclass.kubernetes.io",
}  # fmt: skip
"""Real names that vendors' own documentation tells everyone to use: their services, Kubernetes' API groups."""
_HOST = re.compile(
    r"(?<![\w.$-])(?:[a-z0-9-]+\.)+(?:com|net|org|de|eu|io|ms|info|biz|dev|app|local|lan|internal|intra|corp|test)"
    r"(?![\w-]|\.\w)",
    re.I,
)
"""A name below a usual top-level domain; a package such as `javax.net.ssl` goes on and is none."""
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(?![\w:]|\.\d)", re.I
)
_DOCUMENTATION = [
    ip_network(one) for one in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
]
"""RFC 5737, RFC 3849, RFC 9637."""


def text_of(article: Article) -> str:
    return (FOLDER / str(article.path)).read_text(encoding="utf-8")


def text_of_ticket(ticket: Ticket) -> str:
    return "\n".join((ticket.title, ticket.description, ticket.environment, ticket.resolution))


def prose(body: str) -> str:
    """Return the Markdown without code blocks and inline code."""
    return re.sub(r"`[^`\n]+`", "", re.sub(r"^ *```.*?^ *```", "", body, flags=re.M | re.S))


def headings(body: str) -> list[str]:
    return re.findall(r"^## (.+)$", re.sub(r"^ *```.*?^ *```", "", body, flags=re.M | re.S), re.M)


def section(body: str, *names: str) -> str:
    found = re.search(rf"^## (?:{'|'.join(names)})\n(.*?)(?=^## |\Z)", body, re.M | re.S)
    assert found, names
    return found[1]


def table(text: str) -> list[list[str]]:
    """Return the cells of the first table, header first, without the rule below it."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return rows[:1] + rows[2:]


def moment(article: Article, name: str) -> datetime:
    return datetime.fromisoformat(str(article.extra[name]))


def test_the_shipped_content_is_as_large_as_promised() -> None:
    german = [one for one in ARTICLES.values() if one.language == "de"]
    resolved = [one for one in TICKETS.values() if not one.is_open]

    assert len(ARTICLES) >= 40
    assert len(german) >= 12
    assert len(POST_MORTEMS) >= 8
    assert len(resolved) >= 120
    assert all(sum(one.language == language for one in resolved) >= 50 for language in ("en", "de"))
    assert [one for one in TICKETS.values() if one.is_open], "a few tickets stay open on purpose"


@pytest.mark.parametrize("area", AREAS)
def test_every_area_has_articles_and_tickets(area: str) -> None:
    assert sum(one.service in AREAS[area] for one in ARTICLES.values()) >= 4
    assert sum(one.service in AREAS[area] for one in TICKETS.values()) >= 4


@each_article
def test_an_article_has_the_sections_of_its_kind_in_their_order(article: Article) -> None:
    order = SECTIONS[article.kind, article.language]
    pattern = "".join(
        r"(?:[^|]+\|)*" if name == "*" else rf"(?:{re.escape(name.rstrip('?'))}\|){'?' * name.endswith('?')}"
        for name in order.split("|")
    )

    assert re.fullmatch(pattern, "".join(f"{name}|" for name in headings(article.body)))


@each_article
def test_an_article_says_who_owns_it_and_where_it_belongs(article: Article) -> None:
    text = text_of(article)
    given = set(re.findall(r"^(\w+):", text.split("\n---\n")[0], re.M))

    assert given >= {"title", "kind", "language", "audience", "state", "confidence", "service", "components"}
    assert given >= {"tags", "owner", "authors", "created_at", "updated_at", "error_signatures", "related"}
    assert article.service in SERVICES
    assert article.components
    assert article.tags
    assert [one for one in (article.owner, *article.authors) if not ROLE.fullmatch(str(one))] == []
    assert article.created_at
    assert article.updated_at
    assert article.created_at <= article.updated_at
    assert article.body.lstrip().startswith(f"# {article.title}\n")
    if article.kind == "known-error":
        assert article.extra.get("known_error") is True
        assert article.extra.get("resolution_kind") in RESOLUTION_KINDS


@each_article
def test_the_links_of_an_article_lead_somewhere(article: Article) -> None:
    assert article.related
    assert article.id not in article.related
    assert [one for one in article.related if one not in ARTICLES] == []
    if article.translation_of:
        original = ARTICLES[article.translation_of]
        assert (original.kind, original.service) == (article.kind, article.service)
        assert original.language != article.language
        assert original.translation_of is None
        assert article.id in original.related


@each_article
def test_the_error_signatures_of_an_article_stand_in_its_text(article: Article) -> None:
    assert [one for one in article.error_signatures if one not in article.body and one not in article.title] == []


@each_article
def test_an_article_is_written_in_the_language_that_it_names(article: Article) -> None:
    text = prose(article.body)

    assert detect_language(f"{article.title}\n{text}") == article.language
    if article.language == "de":
        assert '"' not in text
        assert text.count("„") == text.count("“")
    else:
        assert "„" not in text
    assert not re.search(r"\b(?:TODO|FIXME|XXX|lorem ipsum)\b", text, re.I)


@each_article
def test_the_steps_of_an_article_count_up_and_its_code_names_a_language(article: Article) -> None:
    fences = re.findall(r"^ *```(.*)$", article.body, re.M)
    assert len(fences) % 2 == 0
    assert [one for one in fences[::2] if not one] == []
    for part in re.split(r"^## ", re.sub(r"^ *```.*?^ *```", "", article.body, flags=re.M | re.S), flags=re.M):
        numbers = [int(one) for one in re.findall(r"^(\d+)\. ", part, re.M)]
        assert numbers == list(range(1, len(numbers) + 1)), part.splitlines()[0]


@each_post_mortem
def test_a_post_mortem_has_the_fields_that_completing_it_needs(article: Article) -> None:
    assert [name for name in FIELDS if not article.extra.get(name)] == []
    assert article.authors
    assert article.extra["reviewer"] not in article.authors
    assert all(ROLE.fullmatch(str(article.extra[name])) for name in ("reviewer", "owner_team"))
    assert re.fullmatch(r"SEV[1-4]", str(article.extra["severity"]))
    assert article.extra["cause_category"] in CAUSES
    unknown = str(article.extra["root_cause"]).lower().startswith(("unknown, because", "unbekannt, weil"))
    assert unknown == (article.extra["cause_category"] == "unknown")
    assert article.extra["resolution_kind"] in RESOLUTION_KINDS


@each_post_mortem
def test_the_times_of_a_post_mortem_are_in_order(article: Article) -> None:
    times = [moment(article, name) for name in TIMES]

    assert times == sorted(times)
    assert article.created_at
    assert article.review_due
    assert times[-1] <= article.created_at
    assert article.review_due > article.created_at.date()


@each_post_mortem
def test_the_timeline_of_a_post_mortem_names_time_with_zone_source_event_and_kind(article: Article) -> None:
    header, *rows = table(section(article.body, "Timeline", "Zeitachse"))
    times = []
    for time, source, event, sort in rows:
        day, clock, zone = time.split()
        times.append(datetime.fromisoformat(f"{day}T{clock}:00{ZONES[zone]}"))
        assert source
        assert event
        assert sort in SORTS[article.language]

    assert len(header) == 4
    assert len(rows) >= 6
    assert times == sorted(times)
    assert {moment(article, name) for name in ("started_at", "mitigated_at", "resolved_at")} <= set(times)


@each_post_mortem
def test_every_action_item_of_a_post_mortem_has_type_owner_due_date_tracker_and_state(article: Article) -> None:
    header, *rows = table(section(article.body, "Action items", "Maßnahmen"))

    assert len(header) == 6
    assert rows
    for action, type_, owner, due, tracker, state in rows:
        assert len(action) > 15
        assert type_ in ACTION_TYPES[article.language]
        assert ROLE.fullmatch(owner)
        assert datetime.fromisoformat(due).date() > moment(article, "started_at").date()
        assert re.fullmatch(r"https://tracker\.example\.com/[A-Z]+-\d+", tracker)
        assert state in STATES[article.language]


@each_post_mortem
def test_a_post_mortem_and_its_tickets_name_each_other(article: Article) -> None:
    sources = article.extra["source_tickets"]
    assert isinstance(sources, list)
    named = {one.id for one in TICKETS.values() if article.id in {link.target for link in one.links}}

    assert set(map(str, sources)) <= named
    assert any(article.id == link.target and link.type == "resolved_by" for one in sources
               for link in TICKETS[str(one)].links)  # fmt: skip


@each_article
def test_an_article_or_the_one_that_it_translates_has_resolved_a_ticket(article: Article) -> None:
    solutions = {("resolved_by", one) for one in (article.id, article.translation_of)}

    assert [one.id for one in TICKETS.values() if solutions & _targets(one)]


@each_ticket
def test_a_ticket_is_resolved_with_what_helped_or_open_on_purpose(ticket: Ticket) -> None:
    assert ticket.opened_at
    if ticket.is_open:
        assert not ticket.resolution
        assert ticket.resolved_at is None
        assert "resolved_by" not in {link.type for link in ticket.links}
    else:
        assert len(ticket.resolution) > 40
        assert ticket.resolution_code
        assert ticket.resolved_at
        assert ticket.opened_at < ticket.resolved_at
        assert {link.type for link in ticket.links} & {"resolved_by", "duplicate_of"}
        for type_, target in _targets(ticket):
            if type_ == "resolved_by" and ARTICLES[target].kind != "post-mortem":
                created_at = ARTICLES[target].created_at
                assert created_at
                assert created_at < ticket.resolved_at


@each_ticket
def test_the_links_of_a_ticket_lead_somewhere(ticket: Ticket) -> None:
    assert [target for _, target in _targets(ticket) if target not in ARTICLES and target not in TICKETS] == []
    assert ticket.id not in {target for _, target in _targets(ticket)}


@each_ticket
def test_a_ticket_is_written_in_the_language_that_it_names_and_belongs_somewhere(ticket: Ticket) -> None:
    assert detect_language(text_of_ticket(ticket)) == ticket.language
    assert ticket.service in SERVICES
    assert ROLE.fullmatch(str(ticket.assignment_group))
    assert ticket.tier == (
        "L1" if ticket.assignment_group == "service-desk" else str(ticket.assignment_group)[-2:].upper()
    )


@pytest.mark.parametrize("path", [*(FOLDER / str(one.path) for one in ARTICLES.values()), FOLDER / "tickets.jsonl"],
                         ids=lambda path: path.stem)  # fmt: skip
def test_nothing_shipped_names_a_real_host_address_or_person(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    hosts = {one.lower() for one in _HOST.findall(text)}
    assert {one for one in hosts if not re.search(r"(?:^|\.)example\.(?:com|net|org|test)$", one)} <= VENDOR_HOSTS
    assert [one for one in _addresses(text) if not any(one in network for network in _DOCUMENTATION)] == []
    assert not re.search(r"\b(?:Mr|Mrs|Ms|Dr|Herr|Herrn|Frau)\.? [A-ZÄÖÜ][a-zäöü]+", text)


def _addresses(text: str) -> Iterator[IPv4Address | IPv6Address]:
    for found in _ADDRESS.findall(text):
        with suppress(ValueError):  # a time such as 08:00:00, a version such as 1.2.3.999
            yield ip_address(found)


def _targets(ticket: Ticket) -> set[tuple[str, str]]:
    return {(link.type, link.target) for link in ticket.links}
