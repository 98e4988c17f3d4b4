"""The pages of the site: those known by name, and those that links lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urljoin, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from kb.article_files import read_folder
from kb.documents import DECISION_SOURCE, EXAMPLE_SOURCE, KINDS, MANUAL_SOURCE, Article
from kb.language import detect_language
from kb.queries import FILTER_FIELDS
from tests.browser.watch import Watch
from tests.browser.writings import ARTICLE as WRITTEN
from tests.browser.writings import CHANGES, FILED, INCIDENT, UNFINISHED
from web.addresses import document_url
from web.shipped import shipped_folder

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROGRAMS = (
    "/api/",
    "/static/",
    "/attachments/",
    "/writing-session",
    "/covered",
    "/related/",
    "/healthz",
    "/readyz",
    "/metrics",
)
"""Where paths begin that answer programs or with files, not with pages."""
Shape = tuple[str, frozenset[str]]
"""What two addresses of the same page with other content share: the endpoint, and the names in the query, of which
all filters count as one."""


@dataclass(frozen=True)
class SitePage:
    """A page and how to get there: its path, then the fields (by label) to fill in and send, if any."""

    name: str
    path: str
    signed_in: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    """Of the answer that shows the page at last."""


class Routes:
    """Which endpoint answers which path; only those that show pages."""

    def __init__(self, rules: Map) -> None:
        self._paths = rules.bind("127.0.0.1")
        self.endpoints = {
            rule.endpoint
            for rule in rules.iter_rules()
            if "GET" in (rule.methods or ()) and not rule.rule.startswith(PROGRAMS)
        }
        """Every endpoint that shows a page."""

    def endpoint(self, path: str) -> str:
        """Return the endpoint that shows the page at `path`, empty when it is no page."""
        try:
            name, _ = self._paths.match(path, "GET")
        except HTTPException:
            return ""
        return name if name in self.endpoints else ""

    def shape(self, path: str, query: str) -> Shape:
        """Return the shape of an address."""
        names = (name for name, _ in parse_qsl(query, keep_blank_values=True))
        return self.endpoint(path), frozenset("filter" if name in FILTER_FIELDS else name for name in names)


def shipped_articles() -> list[Article]:
    """Return the articles that come with Fixlore, examples first, in the order of their paths."""
    return [
        item
        for source in (EXAMPLE_SOURCE, MANUAL_SOURCE, DECISION_SOURCE)
        for item in read_folder(shipped_folder(source), source, detect_language)
        if isinstance(item, Article)
    ]


def _article_pages() -> Iterator[SitePage]:
    """Yield an English article of each kind, and others that differ; those with code first."""
    articles = sorted(shipped_articles(), key=lambda article: "```" not in article.body)
    wanted: dict[str, Callable[[Article], bool]] = {
        f"an article: {kind}": lambda article, kind=kind: (article.language, article.kind) == ("en", kind)
        for kind in KINDS
    }
    wanted["an article in German"] = lambda article: (article.language, article.kind) == ("de", "troubleshooting")
    wanted["a post-mortem in German"] = lambda article: (article.language, article.kind) == ("de", "post-mortem")
    wanted["a page of the manual"] = lambda article: article.source == MANUAL_SOURCE
    wanted["a decision record"] = lambda article: article.source == DECISION_SOURCE
    for name, fits in wanted.items():
        article = next(article for article in articles if fits(article))
        yield SitePage(name, document_url(article.id, article.kind))


WHOLE_TICKET = "The whole ticket"
TICKET = {WHOLE_TICKET: "Import stops since the new client\n\nThe log says ORA-12154 at every start."}
KNOWN = (
    SitePage("sign-in", "/sign-in", signed_in=False),
    SitePage("a link that was used", "/sign-in/used", signed_in=False, status=403),
    SitePage("start", "/"),
    SitePage("results", "/?q=vpn"),
    SitePage("results with filters", "/?q=vpn&type=ticket&language=de"),
    SitePage("a query with a problem", "/?q=vpn+after:yesterday"),
    SitePage("nothing found", '/?q="entirely+unheard+of+words"'),
    *_article_pages(),
    SitePage("a resolved ticket", "/tickets/example/INC-1004"),
    SitePage("an open ticket", "/tickets/example/INC-1042"),
    SitePage("articles, the newest first", "/?type=article"),
    SitePage("incidents", "/incidents"),
    SitePage("an incident that is over", "/incidents/example:INC-1042", status=404),
    SitePage("system status", "/status"),
    SitePage("tokens", "/tokens"),
    SitePage("tokens with an error", "/tokens", fields={"Name": "helpdesk", "Groups it may read": "net"}, status=422),
    SitePage("people", "/people"),
    SitePage("who may do what", "/people/roles"),
    SitePage("the first administrator", "/people/first"),
    SitePage("a person who is not there", "/person/nobody", status=404),
    SitePage("your account", "/account"),
    SitePage("report", "/report?days=90"),
    SitePage("what can only be sent", "/feedback"),
    SitePage("vocabulary", "/vocabulary?find=drucker"),
    SitePage("vocabulary with an error", "/vocabulary", fields={"Own glossary": "Leitstand"}, status=422),
    SitePage("a misspelled query", "/?q=pritner"),
    SitePage("attach a file", "/attachments"),
    SitePage("where writing begins", "/write"),
    SitePage("what covers a title", "/write?title=Account+keeps+getting+locked&kind=known-error"),
    SitePage("the editor of a new article", f"/write/{UNFINISHED}"),
    SitePage("the editor of a post-mortem", f"/write/{INCIDENT}"),
    SitePage("a post-mortem to be begun from a ticket", "/write?kind=post-mortem&from=example:INC-1004"),
    SitePage("the editor of an article", f"/edit/{WRITTEN.id}"),
    SitePage("what a draft changes", CHANGES),
    SitePage("an article of a folder", f"/articles/{FILED.id}"),
    SitePage("taking over", f"/take-over/{FILED.id}"),
    SitePage("paste form", "/similar"),
    SitePage("paste form with an error", "/similar", fields={WHOLE_TICKET: " "}, status=422),
    SitePage("paste results", "/similar", fields=TICKET),
    SitePage("not found", "/articles/no/such", status=404),
)


def visit(page: Page, one: SitePage, watch: Watch | None = None) -> None:
    """Open a page, fill in its form and send it, and make sure that the answer has the page's status.

    `watch` is told of a status that is an error.
    """
    with watch.expects(one.status) if watch and one.status >= 400 else nullcontext():
        answer = page.goto(one.path)
        if one.fields:
            for label, text in one.fields.items():
                page.get_by_label(label).fill(text)
            form = page.locator("form").filter(has=page.get_by_label(next(iter(one.fields))))
            with page.expect_navigation() as navigation:
                form.get_by_role("button").click()
            answer = navigation.value
    assert answer is not None
    assert answer.status == one.status


def links(page: Page) -> list[str]:
    """Return the addresses on the same host that links of a page lead to, in order, without their fragments."""
    found = page.get_by_role("link", include_hidden=True).evaluate_all("links => links.map(link => link.href)")
    here = urlsplit(page.url)
    return [
        url.partition("#")[0]
        for url in (urljoin(page.url, href) for href in found)
        if (urlsplit(url).scheme, urlsplit(url).netloc) == (here.scheme, here.netloc)
    ]


def crawl(page: Page, starts: Iterable[str], routes: Routes) -> dict[Shape, str]:
    """Follow links from `starts` and return the first address of each shape of page, starts first."""
    found: dict[Shape, str] = {}
    waiting = list(starts)
    while waiting:
        url = urlsplit(waiting.pop(0))
        shape = routes.shape(url.path, url.query)
        if shape in found or not shape[0]:
            continue
        found[shape] = f"{url.path}?{url.query}" if url.query else url.path
        page.goto(found[shape])
        waiting += links(page)
    return found
