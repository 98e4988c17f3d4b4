"""Laws of the analysis that hold for any text."""

from __future__ import annotations

import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from kb.analysis.analyse import LANGUAGES, analyse, analyse_query, highlights
from kb.analysis.folding import fold, without_umlauts

SNIPPETS = st.sampled_from(
    [
        "Error 0x80070005",
        "Event ID 4625",
        r"C:\Program Files\App\a.exe",
        "/var/log/x.log:12",
        "550 5.1.1",
        "ORA-12154:",
        "java.io.IOException",
        "Druckerwarteschlange",
        "Müller",
        "don't",
        "e-mail",
        "10.0.0.1",
        "fe80::1",
        "2.4.6-p1",
        "https://example.org/a?b=1#c",
        "ERR_CONNECTION_RESET",
        "-2147024891",
        "Straße",
        "the",
        "und",
        "HTTP/1.1 503",
        "\u00ad",
        "\u0301",
        "ﬁ",
        "İ",
        "ß",
        "Ⅷ",
        "½",
        "漢字",
        "’s",
        "\n",
        "  ",
        ", ",
        ":",
        "-",
        "\\",
        "/",
        "_",
        "%",
        ".",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(SNIPPETS, max_size=12).map("".join),
    st.lists(st.one_of(SNIPPETS, st.text(max_size=8)), max_size=12).map(" ".join),
)
IN_LANGUAGES = st.sampled_from(LANGUAGES)


@given(TEXTS, IN_LANGUAGES)
def test_words_are_in_order_and_do_not_overlap_in_any_text(text: str, language: str) -> None:
    position = 0
    for word in analyse(text, language).words:
        assert position <= word.start < word.end <= len(text)
        assert word.surface
        assert all(word.terms)
        assert len(set(word.terms)) == len(word.terms)
        position = word.end


@given(TEXTS, IN_LANGUAGES)
def test_word_is_found_again_where_it_stands_in_any_text(text: str, language: str) -> None:
    for word in analyse(text, language).words:
        again = analyse(text[word.start : word.end], language).words
        assert [(each.surface, each.terms) for each in again] == [(word.surface, word.terms)]


@given(TEXTS, IN_LANGUAGES)
def test_identifiers_are_in_order_and_in_any_text(text: str, language: str) -> None:
    identifiers = analyse(text, language).identifiers
    assert all(0 <= each.start < each.end <= len(text) and each.value and each.kind for each in identifiers)
    assert list(identifiers) == sorted(identifiers, key=lambda each: (each.start, -each.end))
    assert len({(each.value, each.end) for each in identifiers}) == len(identifiers)


@given(TEXTS)
def test_identifiers_do_not_depend_on_the_language_of_any_text(text: str) -> None:
    english, german = (analyse(text, language) for language in ("en", "de"))
    assert english.identifiers == german.identifiers
    assert english.surfaces == german.surfaces


@given(TEXTS, IN_LANGUAGES)
def test_identifiers_of_a_document_are_those_of_the_same_query(text: str, language: str) -> None:
    asked = {each.value for each in analyse_query(text, (language,)).identifiers}
    assert {each.value for each in analyse(text, language).identifiers} <= asked


@given(TEXTS, IN_LANGUAGES)
def test_query_word_is_among_the_terms_of_a_document_with_the_same_text(text: str, language: str) -> None:
    document = analyse(text, language)
    query = analyse_query(text, (language,))
    assert query.surfaces == document.surfaces
    terms = set(document.terms)
    if terms:
        assert query.words
        assert all(word.alternatives[0] in terms for word in query.words)
        assert all(terms.issuperset(word.parts) for word in query.words)


@given(TEXTS, IN_LANGUAGES)
def test_query_in_every_language_offers_what_a_document_in_one_has(text: str, language: str) -> None:
    by_place = {(word.start, word.end): word for word in analyse_query(text).words}
    for word in analyse(text, language).words:
        asked = by_place.get((word.start, word.end))
        if asked is not None and word.terms:
            assert word.terms[0] in asked.alternatives
            assert set(word.terms) <= {*asked.alternatives, *asked.parts}


@given(TEXTS, IN_LANGUAGES)
def test_analysis_is_the_same_every_time(text: str, language: str) -> None:
    assert analyse(text, language) == analyse(text, language)
    assert analyse_query(text) == analyse_query(text)


@given(TEXTS, IN_LANGUAGES)
def test_highlights_are_sorted_and_disjoint_in_any_text(text: str, language: str) -> None:
    analysis = analyse(text, language)
    spans = highlights(text, language, set(analysis.terms), {each.value for each in analysis.identifiers})
    position = 0
    for start, end in spans:
        assert position <= start < end <= len(text)
        position = end
    marked = {place for start, end in spans for place in range(start, end)}
    assert all(word.start in marked for word in analysis.words if word.terms)
    assert highlights(text, language, set(), set()) == ()


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert len(without_umlauts(fold(text))) <= len(fold(text))


@settings(max_examples=20)
@given(st.lists(SNIPPETS, min_size=1, max_size=4), st.integers(100, 400))
def test_repeated_text_has_its_words_again_and_again(snippets: list[str], times: int) -> None:
    once = " ".join(snippets) + " \n"
    single = analyse(once, "en")
    repeated = analyse(once * times, "en")
    assert len(repeated.words) == times * len(single.words)
    assert repeated.surfaces == single.surfaces * times


def test_every_character_of_unicode_is_analysed() -> None:
    text = "".join(map(chr, range(sys.maxunicode + 1)))
    for language in LANGUAGES:
        assert analyse(text, language).words
        assert analyse(" ".join(text[:70_000]), language).words
