"""A delivery sets what it carries, keeps what it lacks, clears what is null, and names the field that is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.documents import JSON, Link, Ticket
from kb.errors import InvalidInput
from kb.tickets import FIELDS, merged, parse_upsert, resolution_kind, ticket_object

NEW: dict[str, JSON] = {"source": "zammad", "external_id": "48213", "title": "VPN drops"}


def ticket(**fields: JSON) -> Ticket:
    return merged(None, parse_upsert({**NEW, **fields}))[1]


def refused(**fields: JSON) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parse_upsert({**NEW, **fields})
    return caught.value


def test_ticket_takes_every_field_of_the_contract() -> None:
    given_fields: dict[str, JSON] = {
        **NEW, "description": "d", "environment": "e", "resolution": "r", "resolution_code": "fixed", "status": "open",
        "priority": "high", "category": "network", "service": "vpn", "components": ["gateway", "client"],
        "configuration_item": "gw-1", "assignment_group": "network-l2", "tier": "L2", "tags": ["nat"],
        "language": "de", "audience": "group:network", "url": "https://tickets.example/48213",
        "opened_at": "2026-11-21T08:12:00Z", "resolved_at": "2026-11-22T08:12:00Z",
        "updated_at": "2026-11-23T08:12:00Z",
        "links": [{"type": "duplicate_of", "target": "zammad:7", "at": "2026-11-21T09:00:00Z"}], "sla": {"hours": 4},
    }  # fmt: skip
    found = ticket(**given_fields)
    assert set(FIELDS) <= set(Ticket.__dataclass_fields__)
    assert found.links == (Link("duplicate_of", "zammad:7", datetime(2026, 11, 21, 9, tzinfo=UTC)),)
    assert found.extra == {"sla": {"hours": 4}}
    assert ticket_object(found) == given_fields
    assert list(ticket_object(found))[:3] == ["source", "external_id", "title"]


def test_ticket_object_shows_only_fields_that_are_set() -> None:
    assert ticket_object(ticket()) == {**NEW, "language": "en", "audience": "internal"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", 5), ("source", ""), ("source", "a:b"), ("source", "a/b"), ("source", "x" * 101),
        ("external_id", ""), ("external_id", " \t"), ("external_id", True), ("external_id", ["1"]),
        ("external_id", None), ("title", 5), ("title", ""), ("title", " \n"), ("title", "x" * 2001), ("title", ["x"]),
        ("description", 7), ("environment", ["x"]), ("resolution", {}), ("status", []), ("service", {}),
        ("components", {"a": 1}), ("components", [["a"]]), ("components", [None]), ("tags", 1.5), ("tier", "L4"),
        ("tier", 2), ("language", "german"), ("language", 5), ("audience", "everyone"), ("audience", "group:"),
        ("audience", ""), ("audience", []), ("url", "javascript:alert(1)"), ("url", "//x"), ("opened_at", "yesterday"),
        ("opened_at", "2026-02-30"), ("opened_at", 1700000000), ("updated_at", "0001-01-01T00:00:00+14:00"),
        ("resolved_at", "21.11.2026"), ("links", "zammad:7"), ("links", [7]), ("links", [{"type": "related"}]),
        ("links", {}),
    ],
)  # fmt: skip
def test_delivery_is_refused_and_the_field_named_when_a_value_is_wrong(field: str, value: JSON) -> None:
    assert refused(**{field: value}).field == field


@pytest.mark.parametrize(
    ("link", "field"),
    [
        ({"type": "blocks", "target": "a:1"}, "links.type"),
        ({"type": "related", "target": ""}, "links.target"),
        ({"type": "related", "target": None}, "links.target"),
        ({"type": "related", "target": "a:1", "at": "now"}, "links.at"),
    ],
)
def test_delivery_is_refused_and_the_field_named_when_a_link_is_wrong(link: JSON, field: str) -> None:
    assert refused(links=[link]).field == field


@pytest.mark.parametrize("missing", ["source", "external_id"])
def test_delivery_is_refused_when_it_does_not_say_which_ticket_it_is(missing: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_upsert({name: value for name, value in NEW.items() if name != missing})
    assert caught.value.field == missing


def test_given_source_stands_in_only_when_the_delivery_names_none() -> None:
    assert parse_upsert({"external_id": "1"}, source="jira").id == "jira:1"
    assert parse_upsert(NEW, source="jira").id == "zammad:48213"


@pytest.mark.parametrize(
    ("external_id", "expected"),
    [
        ("a b", "a%20b"),
        (48213, "48213"),
        ("Büro/7", "Büro/7"),
        (" 7 ", "7"),
        ("a\u2028b", "a%E2%80%A8b"),
        ("u\u0308", "ü"),
    ],
)
def test_external_id_holds_no_white_space(external_id: JSON, expected: str) -> None:
    assert parse_upsert({**NEW, "external_id": external_id}).external_id == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-21T08:12:00Z", "2026-11-21T08:12:00Z"),
        ("2026-11-21T08:12:00.000+0200", "2026-11-21T06:12:00Z"),
        ("2026-11-21 08:12", "2026-11-21T08:12:00Z"),
        ("2026-11-21", "2026-11-21T00:00:00Z"),
    ],
)
def test_times_are_utc_and_those_without_offset_are_taken_as_utc(written: str, expected: str) -> None:
    assert ticket_object(ticket(opened_at=written))["opened_at"] == expected


def test_lists_take_a_single_text_and_drop_blanks_and_repeats() -> None:
    found = ticket(components="gateway", tags=["nat", " nat ", "", "vpn", 7])
    assert (found.components, found.tags) == (("gateway",), ("nat", "vpn", "7"))


def test_text_that_no_database_stores_is_replaced() -> None:
    found = ticket(title="a\ud800\0", description="x\udfff", more=["\ud801"])
    assert (found.title, found.description, found.extra) == ("a\ufffd\ufffd", "x\ufffd", {"more": ["\ufffd"]})


def test_id_among_the_fields_is_dropped_only_when_it_repeats_the_ticket_s_own() -> None:
    assert ticket(id="zammad:48213").extra == {}
    assert ticket(id="other").extra == {"id": "other"}


def test_unknown_field_is_refused_when_json_cannot_express_it() -> None:
    assert refused(load=float("inf")).field == "load"
    deep: JSON = 1
    for _ in range(60):
        deep = [deep]
    assert refused(deep=deep).field == "deep"


def test_new_ticket_is_refused_when_it_has_no_title() -> None:
    with pytest.raises(InvalidInput) as caught:
        merged(None, parse_upsert({"source": "zammad", "external_id": "1", "description": "x"}))
    assert caught.value.field == "title"
    with pytest.raises(InvalidInput):
        merged(ticket(), parse_upsert({**NEW, "title": None}))


def test_upsert_sets_keeps_and_clears() -> None:
    stored = ticket(description="d", service="vpn", tier="L1", components=["a"], audience="public", one=1, two=2)
    outcome, after = merged(
        stored,
        parse_upsert({"source": "zammad", "external_id": "48213", "service": None, "tier": "l2", "components": None,
                      "audience": None, "one": None, "three": 3}),
    )  # fmt: skip
    assert outcome == "updated"
    assert after == replace(
        stored, service=None, tier="L2", components=(), audience="internal", extra={"two": 2, "three": 3}
    )


def test_links_are_replaced_as_a_whole_when_a_delivery_carries_them() -> None:
    stored = ticket(links=[{"type": "related", "target": "zammad:1"}])
    other: JSON = [{"type": "DUPLICATE_OF", "target": "zammad:2"}, {"type": "duplicate_of", "target": "zammad:2"}]
    assert merged(stored, parse_upsert({**NEW, "links": other}))[1].links == (Link("duplicate_of", "zammad:2"),)
    assert merged(stored, parse_upsert(NEW))[1].links == (Link("related", "zammad:1"),)
    assert merged(stored, parse_upsert({**NEW, "links": []}))[1].links == ()


@pytest.mark.parametrize(
    ("stored", "delivered", "outcome"),
    [
        ("2026-01-02", "2026-01-01", "ignored"),
        ("2026-01-02", "2026-01-02", "updated"),
        ("2026-01-02", "2026-01-03", "updated"),
        ("2026-01-02T01:00:00+02:00", "2026-01-01T23:30:00Z", "updated"),
        ("2026-01-02", None, "updated"),
        (None, "2026-01-01", "updated"),
    ],
)
def test_delivery_is_ignored_only_when_it_is_older_than_stored(
    stored: str | None, delivered: str | None, outcome: str
) -> None:
    before = ticket(**({"updated_at": stored} if stored else {}))
    carried: dict[str, JSON] = {**NEW, "title": "Other"} | ({"updated_at": delivered} if delivered else {})
    found, after = merged(before, parse_upsert(carried))
    assert found == outcome
    assert after.title == ("VPN drops" if outcome == "ignored" else "Other")


def test_delivery_is_unchanged_when_it_says_what_is_stored() -> None:
    stored = ticket(description="d", flag=True)
    assert merged(stored, parse_upsert({**NEW, "flag": True})) == ("unchanged", stored)
    assert merged(stored, parse_upsert({**NEW, "flag": 1}))[0] == "updated"
    assert merged(stored, parse_upsert({**NEW, "service": None, "other": None}))[0] == "unchanged"


def test_language_is_detected_only_when_neither_stored_nor_carried() -> None:
    seen: list[str] = []

    def detect(text: str) -> str:
        seen.append(text)
        return "de"

    _, found = merged(None, parse_upsert({**NEW, "description": "Der Tunnel bricht ab"}), detect)
    assert (found.language, len(seen)) == ("de", 1)
    assert "VPN drops" in seen[0] and "Tunnel" in seen[0]
    assert merged(found, parse_upsert({**NEW, "description": "x"}), detect)[1].language == "de"
    assert merged(found, parse_upsert({**NEW, "language": "EN"}), detect)[1].language == "en"
    assert len(seen) == 1
    assert merged(replace(found, language="en"), parse_upsert({**NEW, "language": None}), detect)[1].language == "de"


VALUES: dict[str, st.SearchStrategy[JSON]] = {
    "title": st.sampled_from(["A", "B"]),
    "description": st.sampled_from(["", "x", None]),
    "tier": st.sampled_from(["L1", None]),
    "tags": st.sampled_from([[], ["a"], "b", None]),
    "updated_at": st.integers(0, 3).map(lambda day: (datetime(2026, 1, 1) + timedelta(day)).isoformat()),
    "links": st.sampled_from([[], [{"type": "related", "target": "z:1"}]]),
    "other": st.sampled_from([1, True, None, {"a": []}]),
}
DELIVERY = st.fixed_dictionaries({}, optional=VALUES)


@settings(deadline=None)
@given(st.lists(DELIVERY, max_size=6))
def test_tickets_obey_a_plain_model_of_the_contract(deliveries: list[dict[str, JSON]]) -> None:
    stored, model = ticket(), dict[str, JSON](NEW)
    for delivery in deliveries:
        upsert = parse_upsert({"source": "zammad", "external_id": "48213", **delivery})
        outcome, after = merged(stored, upsert)
        if outcome == "ignored":
            assert str(delivery["updated_at"]) < str(model["updated_at"])
        else:
            model = {name: value for name, value in {**model, **delivery}.items() if value is not None}
            assert merged(after, upsert) == ("unchanged", after)
        stored = after
        shown = ticket_object(stored)
        expected: dict[str, JSON] = {**model, "language": "en", "audience": "internal"}
        if isinstance(expected.get("tags"), str):
            expected["tags"] = [expected["tags"]]
        if "updated_at" in expected:
            expected["updated_at"] = f"{expected['updated_at']}Z"
        assert shown == {name: value for name, value in expected.items() if name == "other" or value not in ("", [])}
        assert merged(None, parse_upsert(shown))[1] == stored


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("fixed", "", "permanent_fix"), ("Fixed ", "", "permanent_fix"), ("workaround", "", "workaround"),
        ("configuration", "", "configuration_change"), ("invalid", "fixed", "none"), ("duplicate", "", "none"),
        ("cannot_reproduce", "", "none"), ("wont_fix", "Workaround: restart", "none"), ("done", "", "none"),
        (None, "", "none"), (None, "Replaced the cable", "none"), (None, "**Workaround**: restart it", "workaround"),
    ],
)  # fmt: skip
def test_resolution_kind_follows_from_the_code(code: str | None, text: str, kind: str) -> None:
    assert resolution_kind(code, text) == kind
