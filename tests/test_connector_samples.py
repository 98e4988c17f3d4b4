"""Every body and export that a ticket system's documentation shows becomes exactly the ticket that is meant.

The samples below `tests/samples/connectors` are written after these pages; `expected.json` says what each becomes:

- zammad: https://admin-docs.zammad.org/en/latest/manage/webhook/payload.html and
  https://docs.zammad.org/en/latest/api/ticket/index.html
- jira: https://developer.atlassian.com/cloud/jira/platform/webhooks/,
  https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/ and
  https://developer.atlassian.com/cloud/jira/platform/issue-linking-model/; for Data Center
  https://confluence.atlassian.com/adminjiraserver/managing-webhooks-938846912.html
- servicenow: the Table API with `sysparm_display_value`, as https://docs.servicenow.com describes it; the message is
  what the manual has ServiceNow send
- zendesk: https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/; the JSON of the trigger is
  what the manual has Zendesk send
- github: https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues and `gh issue list --json`
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb.connectors.catalogue import Catalogue
from kb.connectors.exports import MappedRow, read_export
from kb.connectors.mapping import Ignored
from kb.documents import JSON, Link
from kb.json_values import time_text
from kb.protocols.connectors import Deletion
from tests.conftest import SAMPLES

FOLDER = SAMPLES / "connectors"
EXPECTED: dict[str, list[JSON]] = json.loads(FOLDER.joinpath("expected.json").read_text(encoding="utf-8"))


def shown(value: object) -> object:
    """Return a field of an upsert as JSON."""
    if isinstance(value, tuple):
        return [shown(item) for item in value]
    if isinstance(value, Link):
        return {"type": value.type, "target": value.target}
    return time_text(value) if hasattr(value, "tzinfo") else value


def read(path: Path) -> list[object]:
    """Return what a sample becomes, fields that are cleared as `null`."""
    mapping = Catalogue(Path("none")).mapping(path.name.partition("-")[0].partition(".")[0])
    found: list[object] = []
    for item in read_export(path, mapping):
        assert isinstance(item, MappedRow), item
        if isinstance(item.delivery, Ignored):
            found.append("ignored")
        elif isinstance(item.delivery, Deletion):
            at = item.delivery.at
            found.append({"deleted": item.delivery.id, "at": None if at is None else time_text(at)})
        else:
            fields = {name: shown(value) for name, value in item.delivery.fields.items()}
            found.append({"id": item.delivery.id, **fields, **item.delivery.extra})
    return found


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir() if path.name != "expected.json"))
def test_sample_becomes_exactly_the_ticket_that_is_meant(name: str) -> None:
    assert read(FOLDER / name) == EXPECTED[name]


def test_every_shipped_mapping_has_samples_and_every_expectation_its_sample() -> None:
    names = {path.name for path in FOLDER.iterdir()} - {"expected.json"}

    assert names == set(EXPECTED)
    shipped = {file.name for file in Catalogue(Path("none")).files()}
    assert shipped == {name.partition("-")[0].partition(".")[0] for name in names}
