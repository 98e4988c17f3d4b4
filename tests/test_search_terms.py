"""What of a query or ticket is looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from kb.analysis.analyse import analyse_query
from search.query_terms import MOST_IDENTIFIERS, search_terms, ticket_terms
from search.syntax import ParsedQuery, parse
from search.word_groups import MOST_WORDS, PART_WEIGHT


def _common(terms: Sequence[str]) -> Mapping[str, int]:
    """Return a frequency for each term: the higher the number in it, the rarer; "unknown…" occurs nowhere."""
    numbers = {term: int("".join(filter(str.isdigit, term)) or 0) for term in terms}
    return {term: 0 if term.startswith("unknown") else max(1, 10_000 - number) for term, number in numbers.items()}


def _looked_up(text: str) -> list[str]:
    return [term for group in search_terms(parse(text)).keyword.words for term in group.terms]


def test_terms_of_a_query_are_words_and_identifiers() -> None:
    terms = search_terms(parse("printer fails with ORA-12154"))
    assert "printer" in terms.highlighted
    assert terms.exact.identifiers == ("ora-12154",)
    assert terms.keyword.identifiers == terms.exact.identifiers
    assert terms.exact.words == ()


def test_terms_hold_each_word_once() -> None:
    assert _looked_up("printer printer Printer").count("printer") == 1


def test_terms_count_parts_of_a_word_less_than_the_whole() -> None:
    weights = {group.terms[0]: group.weight for group in search_terms(parse("createTextField")).keyword.words}
    assert weights["createtextfield"] == 1.0
    assert weights["field"] == PART_WEIGHT
    both = {group.terms[0]: group.weight for group in search_terms(parse("createTextField field")).keyword.words}
    assert both["field"] == 1.0


def test_terms_of_phrases_are_their_words_in_order_with_stop_words() -> None:
    terms = search_terms(parse('"the server is down" vpn'))
    assert terms.keyword.phrases == (("the", "server", "is", "down"),)
    assert "server" in terms.highlighted


def test_terms_of_exclusions_name_the_word_and_its_forms() -> None:
    terms = search_terms(parse("vpn -printers -ORA-12154"))
    assert "printer" in terms.keyword.excluded
    assert ("printers",) in terms.keyword.excluded_phrases
    assert "printer" not in terms.highlighted
    assert analyse_query("ORA-12154").surfaces in terms.keyword.excluded_phrases


def test_terms_tell_a_lookup_from_a_question() -> None:
    assert search_terms(parse("0x80070005")).is_lookup
    assert search_terms(parse("error 0x80070005 outlook")).is_lookup
    assert not search_terms(parse("outlook cannot open the shared calendar of a colleague, 0x80070005")).is_lookup
    assert not search_terms(parse("outlook")).is_lookup


def test_terms_of_a_ticket_are_its_title_and_then_the_rarest_words() -> None:
    long = " ".join(f"word{number}" for number in range(1000, 1000 + 3 * MOST_WORDS))
    terms = ticket_terms("Spooler stops", f"{long} unknownword", _common)
    found = [group.terms[0] for group in terms.keyword.words]
    assert len(found) == MOST_WORDS
    assert found[0] == "spooler"
    assert f"word{1000 + 3 * MOST_WORDS - 1}" in found
    assert "word1000" not in found
    assert "unknownword" not in found


def test_terms_of_a_ticket_weigh_its_title_and_what_it_repeats() -> None:
    terms = ticket_terms("Spooler stops", "queue queue patch", _common)
    weights = {group.terms[0]: group.weight for group in terms.keyword.words}
    assert weights["spooler"] > weights["queue"] > weights["patch"] == 1.0


def test_terms_of_a_ticket_are_looked_up_on_the_problem_side() -> None:
    terms = ticket_terms("a", "ORA-12154")
    assert "fix" not in terms.keyword.fields
    assert (terms.keyword.identifiers, terms.exact.identifiers) == ((), ("ora-12154",))
    assert ("ora-12154",) in [group.terms for group in terms.keyword.words]
    assert "fix" in search_terms(parse("a")).keyword.fields


def test_terms_of_a_long_log_stay_few() -> None:
    log = " ".join(f"10.0.{number % 250}.{number % 99} /srv/app{number}/run.log" for number in range(400))
    terms = ticket_terms("Disk full", log, _common)
    assert len(terms.keyword.words) <= MOST_WORDS
    assert len(terms.keyword.identifiers) <= MOST_IDENTIFIERS


@given(st.text(max_size=200), st.text(max_size=200))
def test_terms_never_fail(title: str, text: str) -> None:
    terms = ticket_terms(title, text, _common)
    assert all(group.weight > 0 and group.terms for group in terms.keyword.words)
    search_terms(ParsedQuery(text, phrases=(title,), excluded=(title,), excluded_phrases=(text,)))
