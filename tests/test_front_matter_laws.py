"""Markdown and articles turn into each other without loss."""

from __future__ import annotations

from datetime import UTC

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kb.documents import CONFIDENCES, JSON, KINDS, STATES, Article
from kb.errors import InvalidInput
from kb.front_matter import FIELDS, parse_article, to_markdown
from kb.ids import encoded_id
from kb.plain_yaml import read_yaml, value_of, write_yaml

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"))
NAME = TEXT.map(lambda text: " ".join(text.split())).filter(bool)
ID = TEXT.map(lambda text: encoded_id(text.strip())[:500]).filter(bool)
NAMES = st.lists(NAME, unique=True, max_size=4).map(tuple)
TIME = st.datetimes(timezones=st.just(UTC))
NUMBER = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
VALUE: st.SearchStrategy[JSON] = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBER, TEXT, st.sampled_from(["1.10", "yes", "~", "0x1F", "2026-01-01", "-"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)
FIELD_NAME = TEXT.map(lambda name: name * 40 if len(name) > 15 else name).filter(lambda name: name not in FIELDS)
EXTRA = st.dictionaries(FIELD_NAME, VALUE, max_size=4)
BODY = st.one_of(
    TEXT,
    st.lists(st.sampled_from(["", "---", "...", "# A", "title: x", "\u2028", "text", "```", " "])).map("\n".join),
)
ARTICLES = st.builds(
    Article, id=ID, title=NAME, body=BODY, kind=st.sampled_from(KINDS), language=st.sampled_from(["en", "de", "de-AT"]),
    audience=st.sampled_from(["public", "internal", "group:netz"]), state=st.sampled_from(STATES),
    confidence=st.sampled_from(CONFIDENCES), service=st.none() | NAME, components=NAMES, tags=NAMES,
    owner=st.none() | NAME, authors=NAMES, created_at=st.none() | TIME, updated_at=st.none() | TIME,
    review_due=st.none() | st.dates(), error_signatures=NAMES, related=st.lists(ID, unique=True, max_size=3).map(tuple),
    translation_of=st.none() | ID, extra=EXTRA, source=st.just("handbook"), path=st.sampled_from(["a.md", "b c/d.md"]),
)  # fmt: skip


@settings(deadline=None)
@given(ARTICLES)
@example(Article(id="a", title="x", body="\n\n\n", source="handbook", path="a.md"))
@example(Article(id="a", title="x", body="---\ntitle: y\n---\n", source="handbook", path="a.md"))
def test_article_comes_back_equal_when_written_and_read(article: Article) -> None:
    assert article.path is not None
    read, _ = parse_article(to_markdown(article), path=article.path, source="handbook", detect=lambda _: "xx")
    assert read == article
    assert list(read.extra) == list(article.extra)
    assert repr(dict(read.extra)) == repr(dict(article.extra))
    assert to_markdown(read) == to_markdown(article)


def is_stable_or_refused(text: str) -> None:
    try:
        article, _ = parse_article(text, path="a.md", source="handbook", detect=lambda _: "en")
    except InvalidInput as error:
        assert error.source == "a.md"
        assert error.line
    else:
        assert parse_article(to_markdown(article), path="a.md", source="handbook", detect=lambda _: "en")[0] == article


@settings(deadline=None)
@given(st.text())
@example("---\n---\n---")
def test_any_text_is_read_to_something_stable_or_refused_with_a_line(text: str) -> None:
    is_stable_or_refused(text)


@settings(deadline=None)
@given(st.text(st.sampled_from("ab:-[]{}&*!|>'\"%@`#?, \t\n012.~"), max_size=60))
def test_any_front_matter_is_read_to_something_stable_or_refused_with_a_line(header: str) -> None:
    is_stable_or_refused(f"---\ntitle: x\n{header}\n---\ntext")


@settings(deadline=None)
@given(EXTRA)
@example({"k" * 2000: {"a": [{"b" * 1500: 1}]}, "\x01" * 300: 2, "": {"": [[]]}})
def test_yaml_gives_back_what_was_written(fields: dict[str, JSON]) -> None:
    node = read_yaml(write_yaml(fields))
    assert (value_of(node) if node is not None else {}) == fields


@settings(deadline=None)
@given(st.lists(TEXT))
def test_written_texts_are_the_same_texts_to_any_reader_of_yaml(texts: list[str]) -> None:
    written: dict[str, JSON] = {"texts": list(texts), "more": {"nested": list(texts)}}
    assert yaml.load(write_yaml(written), Loader=yaml.BaseLoader) == written  # safe: every value is text
