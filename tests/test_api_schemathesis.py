"""Thousands of requests made from the description, good and bad ones, get the answers that it names.

Schemathesis takes the description as it is, so that a new endpoint is tried without a word here. All its checks are on.
What it finds and what is meant to be so stands in `MEANT`, each with its reason.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from flask import Flask
from schemathesis import engine
from schemathesis.engine import events
from schemathesis.transport.wsgi import WSGITransport

from kb.importing import import_articles, import_tickets
from kb.language import detect_language
from kb.settings import Settings
from tests.conftest import SAMPLES, reindex
from tests.fakes.encoder import FakeEncoder
from web.api.tokens import new_secret, secret_hash
from web.app import create_app
from web.wiring import open_services

if TYPE_CHECKING:
    from schemathesis.engine.recorder import ScenarioRecorder

pytestmark = pytest.mark.timeout(900)  # 50 s of one core, which others may want as well
CASES = 2_000
EXAMPLES = 20
"""Random cases of each endpoint, beside those that cover its description systematically."""
DESCRIPTION = "/api/v1/openapi.json"
LINES = "application/x-ndjson"
WEBHOOK = 'based_on = "zammad"\n[webhook]\nmethod = "header"\nheader = "X-Fixlore-Secret"\nprefix = ""\n'
SIMILAR = "GET /api/v1/tickets/{source}/{external_id}/similar"


@dataclass(frozen=True)
class Finding:
    """What a check says of one answer."""

    check: str
    operation: str
    said: str
    request: str
    sent: Any
    """The body that was made, as JSON."""
    status: int
    answer: str

    @property
    def field(self) -> object:
        """Return the field that the answer names."""
        return json.loads(self.answer).get("field") if self.status == 422 else None


@dataclass
class Tried:
    """What was tried and found."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def is_an_id_with_a_slash(finding: Finding) -> bool:
    """An id may hold `/`, so that `…/similar` is also where a ticket is stored and deleted whose id ends so."""
    return finding.operation == SIMILAR and finding.check in ("allow_header_conformance", "unsupported_method")


def depends_on_what_is_stored(finding: Finding) -> bool:
    """Whether a field may be left out, or which value fits, depends on the store, of which a description knows nothing.

    A new ticket needs a title, a stored one keeps it; feedback names a result of the answer that it refers to; a page
    of incidents begins behind one that is still there; an article is edited from the revision that it is at, keeps its
    id, and gets one from a title with letters; a post-mortem is published when its text holds all that it needs; a
    report is of a time that has come.
    """
    incomplete = finding.field == "state" and "post-mortem is not complete" in finding.answer
    if finding.check == "positive_data_acceptance" and finding.operation == "PUT /api/v1/articles/{article_id}":
        return finding.status in (412, 428) or finding.field == "id" or incomplete
    if finding.check != "positive_data_acceptance" or finding.status != 422:
        return False
    if finding.operation == "PUT /api/v1/tickets/{source}/{external_id}":
        return finding.field == "title" and "title" not in finding.sent
    if finding.operation == "POST /api/v1/articles":
        return incomplete or (finding.field == "id" and "id" not in finding.sent)
    if finding.operation == "GET /api/v1/report":
        return "still to come" in finding.answer
    named = {"POST /api/v1/feedback": "result_id", "GET /api/v1/incidents": "cursor"}
    return finding.field is not None and finding.field == named.get(finding.operation)


def is_told_line_by_line(finding: Finding) -> bool:
    """A batch is answered with 200 whatever its lines hold; a broken one is told in its place and harms no other."""
    if finding.check != "negative_data_rejection" or finding.operation != "POST /api/v1/tickets/batch":
        return False
    return all(json.loads(line)["outcome"] == "error" for line in finding.answer.splitlines())


def is_read_by_a_mapping(finding: Finding) -> bool:
    """A webhook takes any JSON as far as the description knows; what is in it, the mapping of its connector says."""
    told = finding.check == "positive_data_acceptance" and finding.status == 422
    return told and finding.operation == "POST /api/v1/webhooks/{connector}"


MEANT: tuple[Callable[[Finding], bool], ...] = (
    is_an_id_with_a_slash,
    depends_on_what_is_stored,
    is_told_line_by_line,
    is_read_by_a_mapping,
)


@pytest.fixture(scope="module")
def indexed_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, str]]:
    """The application over a real store and index of a few documents, and a token that may do everything."""
    encoder = FakeEncoder()
    home = tmp_path_factory.mktemp("tried")
    (home / "connectors").mkdir()
    (home / "connectors" / "zammad.toml").write_text(WEBHOOK)  # the name that the description gives as the example
    with open_services(replace(Settings(home=home), rate_limit=0), lambda line: None, lambda: encoder) as services:
        import_articles(services.store, SAMPLES / "articles", source="runbooks", detect=detect_language)
        import_tickets(services.store, SAMPLES / "tickets.jsonl")
        reindex(services)
        secret = new_secret()
        services.store.enable_connector("zammad", secret)
        services.store.create_token("tests", ("admin",), secret_hash(secret))
        yield create_app(services), secret


@pytest.fixture(scope="module")
def tried(indexed_app: tuple[Flask, str]) -> Iterator[Tried]:
    """What came of all requests: examples, coverage of every schema, random ones, and sequences of them."""
    app, secret = indexed_app
    schemathesis.serializer(LINES)(lambda context, value: json.dumps(value).encode())
    schemathesis.deserializer(LINES)(lambda context, response: _first_line(response.content))
    config = schemathesis.Config.from_dict(
        {
            "seed": 1,
            "workers": 1,
            "headers": {"Authorization": f"Bearer {secret}", "X-Fixlore-Secret": secret},
            "continue-on-failure": True,
            "warnings": False,
            "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none", "no-shrink": True},
        }
    )
    tried = Tried()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WSGITransport, "send", _sent_in_process(WSGITransport.send))
        schema = schemathesis.openapi.from_wsgi(DESCRIPTION, app, config=config)
        for event in engine.from_schema(schema).execute():
            if isinstance(event, events.NonFatalError):
                tried.errors.append(f"{event.label}: {event.value}")
            elif isinstance(event, events.FatalError):
                tried.errors.append(repr(event.exception))
            elif isinstance(event, events.ScenarioFinished):
                _count(event.recorder, tried)
    yield tried


def _first_line(content: bytes) -> object:
    """Return a line of an answer to a batch; one to a batch without lines has none that could be wrong."""
    lines = content.splitlines()
    return json.loads(lines[0]) if lines else {"line": 1, "outcome": "unchanged"}


def _sent_in_process(send: Callable[..., Any]) -> Callable[..., Any]:
    def without_socket(self: WSGITransport, case: Any, *, session: Any = None, **options: Any) -> Any:
        # Requests that repeat another one without its token still carry what only a socket knows (4.32).
        kept = {name: value for name, value in options.items() if name not in ("max_redirects", "verify", "cert")}
        return send(self, case, session=session, **kept)

    return without_socket


def _count(recorder: ScenarioRecorder, tried: Tried) -> None:
    for case_id, interaction in recorder.interactions.items():
        tried.cases[recorder.cases[case_id].value.operation.label] += 1
        tried.statuses[interaction.response.status_code if interaction.response else 0] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                tried.findings.append(_finding(recorder, case_id, check.name, check.failure_info))


def _finding(recorder: ScenarioRecorder, case_id: str, check: str, info: Any) -> Finding:
    response = recorder.interactions[case_id].response
    body = recorder.cases[case_id].value.body
    return Finding(
        check=check,
        operation=info.failure.operation,
        said=info.failure.message,
        request=info.code_sample[:2_000],
        sent=body if isinstance(body, Mapping) else {},
        status=response.status_code if response else 0,
        answer=response.content.decode() if response else "",
    )


def test_every_answer_is_one_that_the_description_names(tried: Tried) -> None:
    faults = [finding for finding in tried.findings if not any(meant(finding) for meant in MEANT)]

    assert tried.errors == []
    assert faults == [], "\n\n".join(f"{one.check}: {one.said}\n{one.request}\n{one.answer[:500]}" for one in faults)


def test_thousands_of_requests_are_made_and_some_of_every_endpoint(
    tried: Tried, indexed_app: tuple[Flask, str]
) -> None:
    described = indexed_app[0].test_client().get(DESCRIPTION).get_json()["paths"]
    operations = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}

    assert tried.cases.total() >= CASES
    assert tried.statuses.keys() >= {200, 201, 204, 401, 404, 405, 422}
    assert not tried.statuses.keys() & {0, 429}  # a limit of requests would leave the rest untried
    assert operations - {f"GET {DESCRIPTION}"} <= set(tried.cases)  # that one is what the others are read from


@pytest.mark.parametrize("meant", MEANT)
def test_what_is_meant_to_be_so_is_still_so(tried: Tried, meant: Callable[[Finding], bool]) -> None:
    assert any(meant(finding) for finding in tried.findings), f"drop {meant.__name__}: nothing is found any more"
