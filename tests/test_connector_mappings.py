"""Mappings are read from files, made of one another, and refused in one sentence that says where and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.connectors.catalogue import Catalogue
from kb.connectors.mapping import TicketMapping
from kb.connectors.times import TimeReader, zone_named
from kb.documents import JSON
from kb.errors import ConfigurationError, InvalidInput, NotFound
from kb.protocols.store import TicketUpsert

LEAST = '[ticket]\nexternal_id = "id"\n'


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "connectors"
    folder.mkdir()
    return folder


def mapping(own: Path, text: str, name: str = "own") -> TicketMapping:
    (own / f"{name}.toml").write_text(text, encoding="utf-8")
    return Catalogue(own.parent).mapping(name)


def values(own: Path, rules: str, record: JSON) -> dict[str, JSON]:
    """Return what these rules find, without id and source."""
    found = mapping(own, LEAST + rules).values({"id": "1", **record} if isinstance(record, dict) else record)
    return {name: value for name, value in found.items() if name not in ("source", "external_id")}


@pytest.mark.parametrize(
    ("rules", "record", "found"),
    [
        ("[fields]\ntitle = 'a.b'", {"a": {"b": "x"}}, {"title": "x"}),
        ("[fields]\ntitle = ['a', 'b']", {"a": " ", "b": "x"}, {"title": "x"}),
        ("[fields]\ntitle = 'a'", {"a": False}, {}),
        ("[fields]\ndescription = 'comments[].body'", {"comments": [{"body": "a"}, {"body": "b"}]},
         {"description": "a\n\nb"}),
        ("[fields]\ndescription = { join = ['a', 'b', 'c'] }", {"a": "x", "c": "z"}, {"description": "x\n\nz"}),
        ("[fields]\ndescription = { join = ['a', { path = 'b', as = 'html' }] }", {"a": "x", "b": "<p>y</p>"},
         {"description": "x\n\ny"}),
        ("[fields]\nservice = { constant = 'mail' }", {}, {"service": "mail"}),
        ("[fields]\npriority = { path = 'p', values = { 1 = 'high', 'Sehr hoch' = 'high' } }", {"p": 1},
         {"priority": "high"}),
        ("[fields]\npriority = { path = 'p', values = { 'Sehr hoch' = 'high' } }", {"p": " sehr HOCH "},
         {"priority": "high"}),
        ("[fields]\npriority = { path = 'p', values = { 1 = 'high' } }", {"p": "9"}, {"priority": "9"}),
        ("[fields]\npriority = { path = 'p', others = 'drop', values = { 1 = 'high' } }", {"p": "9"}, {}),
        ("[fields]\nservice = { path = 's', null = 'clear' }", {"s": None}, {"service": None}),
        ("[fields]\nservice = { path = 's', null = 'clear' }", {"s": ""}, {"service": None}),
        ("[fields]\nservice = { path = 's', null = 'clear' }", {}, {}),
        ("[fields]\nservice = { path = 'a.b.c', null = 'clear' }", {"a": {"b": None}}, {"service": None}),
        ("[fields]\nservice = { path = 'a.b.c', null = 'clear' }", {"a": {}}, {}),
        ("[fields]\nservice = 's'", {"s": None}, {}),
        ("[fields]\ntags = 't'", {"t": ["a", "", None, "b"]}, {"tags": ["a", "b"]}),
        ("[fields]\ntags = { path = 't', split = ',' }", {"t": "a, b,,c"}, {"tags": ["a", "b", "c"]}),
        ("[fields]\ncomponents = { join = ['a', 'b'] }", {"a": ["x"], "b": "y"}, {"components": ["x", "y"]}),
        ("[fields]\nurl = { path = 'id', template = 'https://example.org/{value}' }", {},
         {"url": "https://example.org/1"}),
        ("[fields]\ntitle = { path = 't', pattern = '(\\w+)-(\\d+)', template = '{2}/{1}{9}' }",
         {"t": "see NET-7"}, {"title": "7/NET"}),
        ("[fields]\ntitle = { path = 't', pattern = '\\d+' }", {"t": "see NET-7"}, {"title": "7"}),
        ("[fields]\ntitle = { path = 't', pattern = 'never' }", {"t": "x"}, {}),
        ("[fields]\nopened_at = 't'", {"t": "2026-11-21 08:12:00"}, {"opened_at": "2026-11-21T08:12:00Z"}),
        ("[fields]\nopened_at = 't'", {"t": "2026-11-21T09:12:00.5+0100"},
         {"opened_at": "2026-11-21T08:12:00.500000Z"}),
        ("[fields]\nopened_at = 't'", {"t": 1795248000000}, {"opened_at": "2026-11-21T08:00:00Z"}),
        ("[extra]\nrequester = 'r.role'", {"r": {"role": "reception"}}, {"requester": "reception"}),
        ("[[links]]\ntype = 'related'\ntarget = 'l'", {"l": ["7", 8]},
         {"links": [{"type": "related", "target": "own:7"}, {"type": "related", "target": "own:8"}]}),
        ("[[links]]\ntype = 'resolved_by'\nsource = ''\ntarget = 'kb'", {"kb": "vpn/error-809"},
         {"links": [{"type": "resolved_by", "target": "vpn/error-809"}]}),
        ("[[links]]\ntype = 'caused_by'\nsource = 'jira'\ntarget = { path = 'l', null = 'clear' }", {"l": None},
         {"links": None}),
    ],
)  # fmt: skip
def test_rule_finds_what_it_says(own: Path, rules: str, record: JSON, found: dict[str, JSON]) -> None:
    assert values(own, rules, record) == found


def test_a_pattern_that_would_go_on_for_years_is_given_up_and_named(own: Path) -> None:
    read = mapping(own, f"{LEAST}[fields]\ntitle = {{ path = 't', pattern = '(a|aa)+$' }}\n")

    assert read.values({"id": 1, "t": "aaa"})["title"] == "a"
    with pytest.raises(InvalidInput, match="takes too long"):
        read.values({"id": 1, "t": "a" * 60 + "b"})


def test_times_are_read_in_the_zone_and_patterns_of_the_mapping(own: Path) -> None:
    zone = 'time_zone = "Europe/Berlin"\ntime_patterns = ["%d.%m.%Y %H:%M"]\n'
    read = mapping(own, f'{zone}{LEAST}[fields]\nopened_at = "o"\nupdated_at = "u"\n')

    assert read.values({"id": 1, "o": "21.11.2026 09:12", "u": "2026-07-01T09:12:00"}) == {
        "source": "own", "external_id": 1, "opened_at": "2026-11-21T08:12:00Z", "updated_at": "2026-07-01T07:12:00Z"
    }  # fmt: skip
    with pytest.raises(InvalidInput, match="time_patterns") as raised:
        read.values({"id": 1, "o": "half past nine"})
    assert raised.value.field == "opened_at"


@pytest.mark.parametrize(
    "value", [True, [], {}, "", "99999999999999999999", 1e300, float("nan"), "0001-01-01T00:00:00+23:00"]
)
def test_what_is_no_time_is_refused(value: JSON) -> None:
    with pytest.raises(InvalidInput):
        TimeReader(zone_named("Europe/Berlin", "x")).read(value)


def test_seconds_and_milliseconds_are_told_apart() -> None:
    moment = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    for value in (1795248000, 1795248000.0, "1795248000", 1795248000000, "1795248000000"):
        assert TimeReader().read(value) == moment


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title = ", "is no valid TOML"),
        ("[fields]\ntitle = 'x'", "ticket.external_id is missing; name the path of the ticket's id"),
        (LEAST + "[feilds]\ntitle = 'x'", "feilds is unknown; known are based_on, description"),
        (LEAST + "[fields]\ntitel = 'x'", "fields.titel is no field of a ticket; use title, description"),
        (LEAST + "[fields]\ntitle = 'a['", "fields.title 'a[' is no path"),
        (LEAST + "[fields]\ntitle = 'lower(a)'", "fields.title calls lower, which is no function of a path"),
        (LEAST + "[fields]\ntitle = 7", "fields.title must be a path, a list of alternatives or a table, not 7"),
        (LEAST + "[fields]\ntitle = {}", "fields.title must have exactly one of path, first, join, constant; it has 0"),
        (LEAST + "[fields]\ntitle = { path = 'a', constant = 'b' }", "it has 2"),
        (LEAST + "[fields]\ntitle = { path = 'a', like = 'b' }", "fields.title.like is unknown"),
        (LEAST + "[fields]\ntitle = { path = 'a', as = 'pdf' }",
         "fields.title.as 'pdf' is unknown; use one of as_is, text"),
        (LEAST + "[fields]\ntitle = { path = 'a', pattern = '(' }",
         "fields.title.pattern '(' is no regular expression"),
        (LEAST + "[fields]\ntitle = { path = 'a', null = 'maybe' }", "fields.title.null 'maybe' is unknown"),
        (LEAST + "[fields]\ntitle = []", "fields.title must be a list of paths or tables, and not an empty one"),
        (LEAST + "[fields]\ntitle = [[[[[[['a']]]]]]]", "holds rules in rules in rules"),
        (LEAST + "[extra]\ntitle = 'a'", "extra.title is a field of a ticket; put it below fields"),
        (LEAST + "[[links]]\ntype = 'blocks'\ntarget = 'a'",
         "links[0].type 'blocks' is unknown; use one of duplicate_of"),
        (LEAST + "[[links]]\ntype = 'related'", "links[0] must have type and target"),
        (LEAST + "[webhook]\nalgorithm = 'sha256'", "webhook.header is missing"),
        (LEAST + "[webhook]\nheader = 'X'\nalgorithm = 'md5'",
         "webhook.algorithm 'md5' is unknown; use one of sha1, sha256"),
        (LEAST + "[webhook]\nheader = 'X'\nsigned = '{timestamp}'", "webhook.signed must contain {body}"),
        (LEAST + "[webhook]\nheader = 'X'\nsigned = '{timestamp}{body}'", "webhook.timestamp_header is missing"),
        (LEAST + "[webhook]\nheader = 'X'\ntolerance_s = 0", "webhook.tolerance_s must be seconds from 1 to 86400"),
        (LEAST + "[webhook]\nmethod = 'basic'", "webhook.user is missing"),
        ("source = 'manual'\n" + LEAST, "source: source 'manual' is kept for Fixlore's own content"),
        ("source = 'a:b'\n" + LEAST, "holds ':' or '/'"),
        ("time_zone = 'Mars'\n" + LEAST, "time_zone 'Mars' is no time zone; name one such as UTC or Europe/Berlin"),
        ("time_patterns = ['d']\n" + LEAST, "time_patterns must be a list of patterns such as"),
        ("based_on = 'nothing'\n" + LEAST,
         "based_on 'nothing': there is no mapping 'nothing'; known are generic, github, jira"),
        ("based_on = 7\n" + LEAST, "based_on 7 must be the name of a mapping"),
        ("body = 'x'\n" + LEAST, "body must be a table, begun by [body]"),
    ],
)  # fmt: skip
def test_faulty_mapping_is_refused_in_one_sentence_with_file_place_and_remedy(own: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        mapping(own, text)
    assert str(raised.value).startswith(f"{own / 'own.toml'}")
    assert told in str(raised.value)


def test_derived_mapping_changes_what_it_names_and_keeps_the_rest(own: Path) -> None:
    derived = mapping(
        own,
        'based_on = "jira"\nsource = "jira-emea"\n[fields]\nassignment_group = "fields.customfield_10100.value"\n'
        'environment = false\nurl = { path = "key", template = "https://jira.example.com/browse/{value}" }\n',
    )
    issue = {"key": "A-1", "fields": {"summary": "x", "environment": "y", "customfield_10100": {"value": "network-l2"},
             "issuelinks": [{"type": {"name": "Duplicate"}, "outwardIssue": {"key": "A-2"}}]}}  # fmt: skip
    (upsert,) = derived.deliveries({"issue": issue})

    assert isinstance(upsert, TicketUpsert)
    assert (upsert.id, upsert.fields["title"], upsert.fields["assignment_group"]) == (
        "jira-emea:A-1",
        "x",
        "network-l2",
    )
    assert upsert.fields["url"] == "https://jira.example.com/browse/A-1"
    assert "environment" not in upsert.fields
    assert [link.target for link in upsert.fields["links"]] == ["jira-emea:A-2"]  # type: ignore[attr-defined]
    assert derived.signing == Catalogue(own.parent).mapping("jira").signing


def test_own_mapping_goes_before_the_shipped_one_of_its_name_and_may_derive_from_it(own: Path) -> None:
    assert mapping(own, 'based_on = "jira"\nsource = "here"\n', "jira").source == "here"
    files = {file.name: file.is_own for file in Catalogue(own.parent).files()}
    assert (files["jira"], files["github"]) == (True, False)


def test_mappings_that_derive_from_each_other_are_refused(own: Path) -> None:
    (own / "a.toml").write_text('based_on = "b"\n')
    with pytest.raises(ConfigurationError, match="a chain of more than 5"):
        mapping(own, 'based_on = "a"\n', "b")


@pytest.mark.parametrize("name", ["nothing", "", "../jira", "Jira", "jira.toml", "a" * 60, "a b", "\0"])
def test_unknown_and_impossible_names_are_told_what_there_is(own: Path, name: str) -> None:
    with pytest.raises(NotFound, match="known are generic, github, jira, servicenow, zammad, zendesk"):
        Catalogue(own.parent).mapping(name)


def test_mapping_counts_from_the_next_use_on_when_its_file_changes(own: Path) -> None:
    catalogue = Catalogue(own.parent)
    (own / "base.toml").write_text('source = "one"\n' + LEAST)
    (own / "own.toml").write_text('based_on = "base"\n')

    assert catalogue.mapping("own").source == "one"
    assert catalogue.mapping("own") is catalogue.mapping("own")
    (own / "base.toml").write_text('source = "three"\n' + LEAST)
    assert catalogue.mapping("own").source == "three"


def test_shipped_mappings_have_their_own_source_and_describe_themselves() -> None:
    catalogue = Catalogue(Path("none"))
    for file in catalogue.files():
        shipped = catalogue.mapping(file.name)
        assert shipped.source == file.name
        assert shipped.description
        assert shipped.signing is not None
        assert {"title", "description", "status", "updated_at"} <= shipped.fields.keys()
