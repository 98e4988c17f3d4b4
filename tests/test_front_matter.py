"""Articles come out of Markdown as it says, and every mistake is named by line."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from kb.documents import Article
from kb.errors import InvalidInput
from kb.front_matter import id_of_path, parse_article, to_markdown


def read(text: str, path: str = "vpn/error-809.md", language: str = "en") -> Article:
    return parse_article(text, path=path, source="handbook", detect=lambda _: language)[0]


def refusal(text: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read(text)
    assert caught.value.source == "vpn/error-809.md"
    return caught.value


def test_article_takes_every_field_from_front_matter() -> None:
    article = read(
        "---\nid: KB 17\ntitle: 'Error 809: VPN drops'\nkind: Troubleshooting\n"
        "language: de_at\naudience: group:Network\n"
        "state: in_review\nconfidence: validated\nservice: vpn\ncomponents: [gateway, client]\ntags: nat\n"
        "owner: network-l3\nauthors:\n- network-l3\n- service-desk\ncreated_at: 2026-05-02T10:00:00+02:00\n"
        "updated_at: 2026-05-03\nreview_due: 2026-11-02\nerror_signatures: [0x80070005, 809, '1.10']\n"
        "related: [vpn/a b]\ntranslation_of: vpn/en\nseverity: 2\n---\nBody\n"
    )
    assert article == Article(
        id="KB%2017", title="Error 809: VPN drops", kind="troubleshooting", language="de-AT", audience="group:network",
        state="in_review", confidence="validated", service="vpn", components=("gateway", "client"), tags=("nat",),
        owner="network-l3", authors=("network-l3", "service-desk"), created_at=datetime(2026, 5, 2, 8, tzinfo=UTC),
        updated_at=datetime(2026, 5, 3, tzinfo=UTC), review_due=date(2026, 11, 2),
        error_signatures=("0x80070005", "809", "1.10"), related=("vpn/a%20b",), translation_of="vpn/en",
        extra={"severity": 2}, body="Body\n", source="handbook", path="vpn/error-809.md",
    )  # fmt: skip


def test_article_has_the_defaults_of_the_contract_when_there_is_no_front_matter() -> None:
    article = read("Intro\n\n# The *VPN* drops\n\n## Cause\n", language="de")
    assert (article.id, article.title, article.language) == ("vpn/error-809", "The VPN drops", "de")
    assert (article.kind, article.state, article.audience) == ("reference", "published", "internal")
    assert article.body == "Intro\n\n# The *VPN* drops\n\n## Cause\n"


def test_title_is_the_file_name_when_there_is_no_heading() -> None:
    assert read("```\n# a comment, no heading\n```\n", path="vpn/Error 809.MD").title == "Error 809"


def test_article_without_text_is_titled_by_its_file_when_it_has_only_front_matter() -> None:
    assert read("---\nkind: runbook\n---").title == "error-809"


@pytest.mark.parametrize(
    ("path", "article_id"),
    [
        ("outlook/cannot-send-on-behalf.md", "outlook/cannot-send-on-behalf"),
        ("Büro/WLAN fällt aus.md", "Büro/WLAN%20fällt%20aus"),
        ("Bu\u0308ro.md", "Büro"),
        ("a\tb\u00a0c.md", "a%09b%C2%A0c"),
        ("日本/エラー.md", "日本/エラー"),
        ("100%.md", "100%"),
    ],
)
def test_id_is_the_path_without_white_space_when_front_matter_has_none(path: str, article_id: str) -> None:
    assert read("x", path=path).id == article_id == id_of_path(path)


def test_text_fields_stay_as_written_when_yaml_would_read_them_as_something_else() -> None:
    article = read("---\ntitle: 404\nservice: no\nowner: 007\ntags: [on, 1.0, 10:30, ~]\n---\n")
    assert (article.title, article.service, article.owner) == ("404", "no", "007")
    assert article.tags == ("on", "1.0", "10:30")


def test_unknown_fields_are_kept_as_json_values_in_their_order() -> None:
    article = read(
        "---\nzone: eu\nstarted_at: 2026-05-02 10:00:00 +02:00\nknown_error: yes\nversion: 1.10\n"
        "alpha: {b: [1, 2.5, ~, true]}\n"
        "note: |\n  two\n  lines\n---\n"
    )
    assert list(article.extra.items()) == [
        ("zone", "eu"), ("started_at", "2026-05-02T10:00:00+02:00"), ("known_error", True), ("version", "1.10"),
        ("alpha", {"b": [1, 2.5, None, True]}), ("note", "two\nlines\n"),
    ]  # fmt: skip


def test_field_without_value_is_as_if_it_were_not_there() -> None:
    article = read("---\ntitle:\nstate: ~\naudience: ''\ntags:\nreview_due: null\n---\n# Heading\n")
    assert (article.title, article.state, article.audience, article.tags) == ("Heading", "published", "internal", ())


@pytest.mark.parametrize(
    ("front_matter", "line", "words"),
    [
        ("title: Error: again\n", 2, "quotes"),
        ("title: x\ntags: [a, b\n", 4, "valid YAML"),
        ("title: x\n\tkind: runbook\n", 3, "valid YAML"),
        ("title: x\nkind: recipe\n", 3, "how-to"),
        ("title: x\nstate: live\n", 3, "in_review"),
        ("title: x\nconfidence: sure\n", 3, "not_validated"),
        ("title: x\n\naudience: everyone\n", 4, "group:NAME"),
        ("title: x\nlanguage: german\n", 3, "language tag"),
        ("title: x\ncreated_at: 2026-13-45\n", 3, "no time"),
        ("title: x\nupdated_at: yesterday\n", 3, "no time"),
        ("title: x\nreview_due: 2026-02-30\n", 3, "no day"),
        ("title: x\ncreated_at: 0001-01-01T00:00:00+23:00\n", 3, "no time"),
        ("title: [a]\n", 2, "one text"),
        ("title: x\ntags:\n- a\n- {b: c}\n", 5, "one text"),
        ("title: x\ntags: [a]\ntags: [b]\n", 4, "first in line 3"),
        ("title: x\nfoo: *missing\n", 3, "not defined"),
        ("title: x\nid: '  '\nkind: \x07\n", 4, "control character"),
        ('"a: b"\n', 2, "must be lines"),
        ("? [a]\n: b\ntitle: x\n", 2, "must be text"),
    ],
)
def test_article_is_refused_with_file_and_line_when_front_matter_is_wrong(
    front_matter: str, line: int, words: str
) -> None:
    error = refusal(f"---\n{front_matter}---\nBody\n")
    assert error.line == line
    assert words in str(error)


def test_article_is_refused_when_front_matter_is_not_closed() -> None:
    error = refusal("---\naudience: group:board\n\nThe text\n")
    assert (error.line, "not closed" in str(error)) == (1, True)


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nA text below a rule.\n\n---\n\nMore.\n",
        "---\nnothing closes this\n",
        "---\n# A heading\n---\n",
        "---\n- a: b\n---\n",
    ],
)
def test_rule_at_the_beginning_is_text_when_no_field_follows(text: str) -> None:
    assert read(text).body == text


def test_front_matter_stays_small_when_aliases_multiply() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
        for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert "too many" in str(refusal(f"---\n{bomb}---\n"))


@pytest.mark.parametrize(
    "value", ["[" * 100_000, "[" * 60 + "]" * 60, "{a: " * 60 + "1" + "}" * 60, "x" * 300_000], ids=len
)
def test_front_matter_is_refused_when_it_is_too_deep_or_too_large(value: str) -> None:
    refusal(f"---\nfoo: {value}\n---\n")


def test_alias_repeats_a_value_when_it_is_small() -> None:
    assert read("---\nteam: &team [a, b]\nwatchers: *team\n---\n").extra["watchers"] == ["a", "b"]


def test_tag_constructs_nothing() -> None:
    article = read("---\nrun: !!python/object/apply:os.system ['true']\nnumber: !!str 5\n---\n")
    assert article.extra == {"run": ["true"], "number": "5"}


def test_warning_names_a_field_that_looks_like_a_known_one() -> None:
    article, warnings = parse_article(
        "---\nAudience: group:board\n---\n", path="a.md", source="handbook", detect=lambda _: "en"
    )
    assert article.extra == {"Audience": "group:board"}
    assert len(warnings) == 1
    assert "'Audience' is not 'audience'" in warnings[0]
    assert parse_article("---\naudience: public\n---\n", path="a.md", source="h", detect=lambda _: "en")[1] == ()


def test_line_ends_become_line_feeds_and_a_byte_order_mark_goes() -> None:
    article = read("\ufeff---\r\ntitle: VPN\r\n---\r\n\r\nOne\r\nTwo\rThree")
    assert (article.title, article.body) == ("VPN", "\nOne\nTwo\nThree")


def test_scripts_in_the_body_are_kept_as_text() -> None:
    body = "# A\n<script>alert(1)</script>\n<img src=x onerror=alert(1)>\n"
    assert read(body).body == body


def test_language_is_not_asked_for_when_front_matter_names_it() -> None:
    def detect(_: str) -> str:
        raise AssertionError("asked")

    assert parse_article("---\nlanguage: DE\n---\n", path="a.md", source="h", detect=detect)[0].language == "de"


def test_markdown_names_the_id_only_when_the_path_does_not() -> None:
    article = read("# VPN\n")
    assert "id:" not in to_markdown(article)
    moved = parse_article(to_markdown(read("---\nid: KB-1\n---\n")), path="x.md", source="h", detect=lambda _: "en")[0]
    assert moved.id == "KB-1"


def test_markdown_reads_well() -> None:
    article = read(
        "---\nTitle: x\ntitle: 'VPN: drops'\nservice: vpn\ntags: [nat, yes]\nseverity: 2\n"
        "actions:\n- {what: Renew it, due: 2026-12-01, tags: [a, b]}\n- []\n- [[1], {}]\n---\n\n# VPN\n"
    )
    assert to_markdown(article) == (
        '---\ntitle: "VPN: drops"\nkind: reference\nlanguage: en\naudience: internal\nstate: published\n'
        'confidence: not_validated\nservice: vpn\ntags: [nat, "yes"]\nTitle: x\nseverity: 2\n'
        "actions:\n  - what: Renew it\n    due: 2026-12-01\n    tags: [a, b]\n"
        "  - []\n  - - [1]\n    - {}\n---\n\n# VPN\n"
    )
