"""HTML and Atlassian documents become the text that a reader would see, whatever is thrown at them."""

from __future__ import annotations

import json
from contextlib import suppress
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.connectors.adf_text import text_of_adf
from kb.connectors.html_text import text_of_html
from kb.documents import JSON
from kb.errors import InvalidInput


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("no marks &amp; &lt;none&gt; &#39;lost&#39; &nbsp;x", "no marks & <none> 'lost' x"),
        ("a < b and b > c, 5 <6", "a < b and b > c, 5 <6"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>one</p><p>two\nlines</p>", "one\n\ntwo lines"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("Steps:<ol><li>open</li><li><p>close</p><ul><li>now<li>later</ul></li></ol>done",
         "Steps:\n\n1. open\n2. close\n  - now\n  - later\n\ndone"),
        ("<blockquote>old<br>mail</blockquote>new", "> old\n> mail\n\nnew"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        ("<table><tr><th>code</th><th>what</th></tr><tr><td>809</td><td>NAT</td></tr></table>",
         "code | what\n809 | NAT"),
        ("<b>0x8007</b><i>0005</i>", "0x80070005"),
        ("<style>p {}</style>a<script>alert('<p>')</script>b<!-- <p>c</p> -->d<title>t</title>", "abd"),
        ("a<script>never closed", "a"),
        ("a<!-- never closed", "a"),
        ("<p>unclosed <b>marks", "unclosed marks"),
        ("</ul></p></pre>stray", "stray"),
        ("<img alt='x' src='y'>after", "after"),
    ],
)  # fmt: skip
def test_html_becomes_the_text_that_is_seen(html: str, text: str) -> None:
    assert text_of_html(html) == text


BLOCKS = ["<p>", "</p>", "<pre>", "</pre>", "<blockquote>", "</blockquote>", "<br>", "<td>"]
PIECES = [*BLOCKS, "<li>", "<ul>", "</ul>", "<ol>", "<!--", "-->", "<script>", "x"]


@settings(deadline=None)  # how long it takes is the machine's matter
@given(st.text(alphabet="<>/!-&;ab \n\"'") | st.lists(st.sampled_from([*PIECES, " "])).map("".join))
def test_html_of_any_kind_is_read_without_an_error_to_the_text_it_holds(html: str) -> None:
    text = text_of_html(html)

    assert text == text.strip()
    assert sum(map(text.count, "x;")) <= sum(map(unescape(html).count, "x;"))


@pytest.mark.parametrize(
    "mark", ["<div>", "<", "<!--", "<a ", "&#x", "<b>x</b>", "<li>", "<blockquote>", "<pre>", "<script>"]
)
def test_html_costs_a_few_steps_for_each_character_whatever_is_broken(mark: str) -> None:
    """Counted in the lines of Python that run, which says the same on every machine."""
    import sys

    def steps(html: str) -> int:
        count = 0

        def trace(frame: object, event: str, argument: object) -> object:
            nonlocal count
            count += 1
            return trace

        sys.settrace(trace)  # type: ignore[arg-type]
        try:
            text_of_html(html)
        finally:
            sys.settrace(None)
        return count

    few, many = mark * 50, mark * 200

    assert steps(many) < 6 * steps(few)


def doc(*content: JSON) -> JSON:
    return {"version": 1, "type": "doc", "content": list(content)}


def text(value: str, *marks: JSON) -> JSON:
    return {"type": "text", "text": value, **({"marks": list(marks)} if marks else {})}


def block(kind: str, *content: JSON, **attributes: JSON) -> JSON:
    return {"type": kind, "content": list(content), **({"attrs": attributes} if attributes else {})}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, ""),
        ("h1. wiki text", "h1. wiki text"),
        (doc(), ""),
        (doc(block("paragraph", text("a "), text("b", {"type": "strong"})), block("paragraph", text("c"))), "a b\n\nc"),
        (doc(block("paragraph", text("one"), {"type": "hardBreak"}, text("two"))), "one\ntwo"),
        (doc(block("bulletList", block("listItem", block("paragraph", text("a")), block("orderedList", block("listItem",
             block("paragraph", text("deep"))), order=3))), block("paragraph", text("z"))), "- a\n  3. deep\n\nz"),
        (doc(block("blockquote", block("paragraph", text("a")), block("paragraph", text("b")))), "> a\n>\n> b"),
        (doc(block("codeBlock", text("x = 1\n  y"), language="python")), "```\nx = 1\n  y\n```"),
        (doc(block("table", block("tableRow", block("tableHeader", block("paragraph", text("code"))), block("tableCell",
             block("paragraph", text("809")))))), "code | 809"),
        (doc(block("panel", block("paragraph", text("note")), panelType="info")), "note"),
        (doc(block("paragraph", text("docs", {"type": "link", "attrs": {"href": "https://example.org/a"}}))),
         "docs (https://example.org/a)"),
        (doc(block("paragraph", {"type": "mention", "attrs": {"id": "1", "text": "@network-l3"}}, text(" see "),
                   {"type": "inlineCard", "attrs": {"url": "https://example.org"}}, {"type": "emoji", "attrs":
                   {"shortName": ":fire:"}}, {"type": "status", "attrs": {"text": "DONE"}},
                   {"type": "date", "attrs": {"timestamp": "1795248000000"}})),
         "@network-l3 see https://example.org:fire:DONE2026-11-21"),
        (doc(block("newInFuture", block("paragraph", text("kept")))), "kept"),
        (doc({"type": "rule"}, {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "1"}}]}), ""),
        (doc({"type": "text"}, 7, None, {"content": "no list"}, {"type": "paragraph", "marks": "x"}), ""),
    ],
)  # fmt: skip
def test_atlassian_document_becomes_the_text_that_is_seen(document: JSON, expected: str) -> None:
    assert text_of_adf(document) == expected


@pytest.mark.parametrize("value", [7, True, [], {"content": "text"}])
def test_what_is_no_atlassian_document_is_refused(value: JSON) -> None:
    with pytest.raises(InvalidInput, match="Atlassian document"):
        text_of_adf(value)


def test_atlassian_document_is_refused_when_it_is_nested_too_deeply() -> None:
    nested: JSON = block("paragraph", text("x"))
    for _ in range(200):
        nested = block("panel", nested)
    with pytest.raises(InvalidInput, match="100 levels"):
        text_of_adf(doc(nested))


KEYS = st.sampled_from(["type", "content", "attrs", "text", "marks", "x"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text()


@settings(deadline=None)  # how long it takes is the machine's matter
@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20))
def test_atlassian_documents_of_any_shape_give_text_or_are_refused(value: JSON) -> None:
    with suppress(InvalidInput):
        assert isinstance(text_of_adf(json.loads(json.dumps(value))), str)
