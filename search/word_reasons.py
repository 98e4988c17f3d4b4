"""Say which words of a query, and which other words for them, title and snippet of a result show. Pure.

What is known of the query is worked out once for an answer, and what a result shows once for the result.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kb.analysis.analyse import analyse, analyse_query
from kb.vocabulary import same_form
from search.answers import Reason, Snippet
from search.expansion import Expansion, Target
from search.snippets import marked_words

MOST_WORDS = 8
MOST_OTHER_WORDS = 4


class AskedWords:
    """The words of one query: the index terms of its own, and the other words that were looked up for them."""

    def __init__(self, own: Collection[str] = (), expansions: Sequence[Expansion] = ()):
        self.own = frozenset(own)
        ordered = sorted(expansions, key=lambda each: (each.is_inner, each.start))
        self.expanded = tuple(_Expanded(one, _terms_of(one.targets)) for one in ordered)
        self.other = frozenset[str]().union(*(one.terms for one in self.expanded)) - self.own
        """Index terms that only other words have."""
        self.certain = self.own.union(*(one.terms for one in self.expanded if not one.expansion.is_whole))
        """Index terms that tell something by themselves."""
        self.doubtful = self.other - self.certain
        """Index terms that may be no more than a piece of a form of several words."""


@dataclass(frozen=True)
class _Expanded:
    """An expansion, and the index terms of all its targets."""

    expansion: Expansion
    terms: frozenset[str]

    @cached_property
    def own(self) -> tuple[tuple[str, ...], ...]:
        """Return the index terms of each word of the query that the targets stand for."""
        return tuple(word.alternatives for word in analyse_query(self.expansion.written).words)


@dataclass(frozen=True)
class ShownWords:
    """The words of a result as it is shown: its title and its snippet, both in the document's language."""

    title: str
    snippet: Snippet
    language: str

    @cached_property
    def held(self) -> dict[str, str]:
        """Return each index term of snippet and title with the first word that has it, as it is written."""
        held: dict[str, str] = {}
        for text in (self.snippet.text, self.title):
            for word in analyse(text, self.language).words:
                for term in word.terms:
                    if term not in held:
                        held[term] = text[word.start : word.end]
        return held

    @cached_property
    def _forms(self) -> tuple[str, str]:
        return f" {same_form(self.title)} ", f" {same_form(self.snippet.text)} "

    def show(self, target: Target) -> bool:
        """Say whether a form stands there as it is, where its words alone would tell nothing."""
        return target.is_complete or any(f" {same_form(target.form)} " in form for form in self._forms)

    def terms(self, word: str) -> frozenset[str]:
        """Return the index terms of a word that stands there."""
        return frozenset(term for each in analyse(word, self.language).words for term in each.terms)


def other_word_reasons(asked: AskedWords, shown: ShownWords) -> tuple[tuple[Reason, ...], frozenset[str]]:
    """Return which other words stand in title and snippet for words of the query that do not, and those words.

    A form of which words tell nothing by themselves ("no space left") has to stand there as it is.
    `translated_words`, `synonym` and `corrected_word` have "word of the query → word of the document" as their value.
    """
    found: dict[str, Reason] = {}
    told: set[str] = set()
    spans: list[tuple[int, int]] = []
    for each in asked.expanded:
        one, held = each.expansion, shown.held
        if len(found) == MOST_OTHER_WORDS:
            break
        if held.keys().isdisjoint(each.terms):
            continue
        if one.is_inner and any(start <= one.start and one.end <= end for start, end in spans):
            continue
        if any(not held.keys().isdisjoint(terms) for terms in each.own):
            continue
        for target in one.targets:
            words = [next((held[term] for term in word if term in held), None) for word in target.words]
            if not any(words) or (one.is_whole and not all(words)) or not shown.show(target):
                continue
            spans.append((one.start, one.end))
            told.update(word.casefold() for word in words if word)
            shown_as = words[0] if one.kind == "corrected_word" else target.form
            found.setdefault(one.written.casefold(), Reason(one.kind, value=f"{one.written} → {shown_as}"))
            break
    return tuple(found.values()), frozenset(told)


def word_reasons(
    asked: AskedWords,
    shown: ShownWords,
    told: Sequence[Reason] = (),
    told_words: frozenset[str] = frozenset(),
) -> tuple[Reason, ...]:
    """Return the words of the query in snippet and title, without those that other reasons have told."""
    known = {reason.value.casefold() for reason in told if reason.value} | told_words
    marked = [
        word
        for word in marked_words(shown.snippet)
        if not asked.other or (terms := shown.terms(word)).isdisjoint(asked.other) or not terms.isdisjoint(asked.own)
    ]
    named = [
        shown.title[word.start : word.end]
        for word in analyse(shown.title, shown.language).words
        if not asked.own.isdisjoint(word.terms)
    ]
    words = {word.casefold(): word for word in reversed((*marked, *named)) if word.casefold() not in known}
    shown_words = list(reversed(words.values()))[:MOST_WORDS]
    return (Reason("matched_words", value=", ".join(shown_words)),) if shown_words else ()


def without_pieces(asked: AskedWords, shown: ShownWords) -> ShownWords:
    """Return it without the marks of words that are only a piece of another form that does not stand there."""
    snippet = shown.snippet
    if not asked.doubtful:
        return shown
    marks = [shown.terms(snippet.text[start:end]) for start, end in snippet.highlights]
    if all(mark.isdisjoint(asked.doubtful) for mark in marks):
        return shown
    whole = asked.certain.union(
        *(
            _terms_of([target])
            for each in asked.expanded
            for target in each.expansion.targets
            if all(any(term in shown.held for term in word) for word in target.words) and shown.show(target)
        )
    )
    pieces = asked.doubtful - whole
    kept = tuple(
        place
        for place, mark in zip(snippet.highlights, marks, strict=True)
        if mark.isdisjoint(pieces) or not mark.isdisjoint(whole)
    )
    return replace(shown, snippet=replace(snippet, highlights=kept))


def _terms_of(targets: Iterable[Target]) -> frozenset[str]:
    return frozenset(term for target in targets for word in target.words for term in word)
