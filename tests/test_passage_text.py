"""One passage alone reads as it does among all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.passages import MOST_PASSAGES_OF_ARTICLE, passage_text, passages_of
from kb.documents import Article, Document, Ticket

_LINES = st.sampled_from(["", "# One", "## Two", "### Three", "a word or two", "x" * 700, "many words " * 90, "- item"])


def _says_the_same(document: Document) -> None:
    passages = passages_of(document)
    assert [passage_text(document, passage.number) for passage in passages] == [passage.text for passage in passages]
    assert passage_text(document, len(passages)) is None


@given(
    st.lists(_LINES, max_size=12).map("\n\n".join),
    st.sampled_from(["", "Title"]),
    st.sampled_from(["a", "a/title", "a/told-by-its-name"]),
)
def test_a_passage_reads_the_same_alone(text: str, title: str, document_id: str) -> None:
    _says_the_same(Article(id=document_id, title=title, body=text))
    _says_the_same(Ticket(source="d", external_id="1", title=title, description=text))


@pytest.mark.parametrize("document_id", ["a", "a/told-by-its-name"])
@pytest.mark.parametrize("sections", [40, 46, 47, 48, 49, 62, 63, 64, 65, 90])
def test_a_passage_reads_the_same_alone_when_the_middle_is_left_out(sections: int, document_id: str) -> None:
    body = "\n".join(f"## Section {number}\n\n{f'word{number} ' * 60}" for number in range(sections))
    article = Article(id=document_id, title="Long", body=body)
    assert len(passages_of(article)) <= MOST_PASSAGES_OF_ARTICLE
    _says_the_same(article)
    _says_the_same(Ticket(source="d", external_id="1", title="Long", description=body))
