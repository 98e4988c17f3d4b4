"""Say which words of a query are looked up, what stands in for each, and what each counts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kb.analysis.analyse import QueryWord
from kb.queries import WordGroup
from search.expansion import MOST_TARGETS, Expansion, ExpansionKind

PART_WEIGHT = 0.3
"""What a part of a compound or CamelCase word counts beside the whole; 0.3 to 0.6 do alike on `tune`."""
TITLE_BOOST = 2.0
"""What a word of a ticket's title counts beside one of its description: MRR@10 of BM25 on titanium's `tune` goes from
0.416 to 0.465 together with `SATURATION`.
"""
SATURATION = 3.0
"""A word said n times in a ticket counts n (1 + s) / (n + s): more than once, at most 1 + s times."""
MOST_WORDS = 48
"""Word groups that are looked up, so that a long ticket costs little more than a short one. On titanium's `tune` 40
groups lose nothing against all of them, as long as the title's come first.
"""

# The shares hardly matter on `tune`: from 0.6 to 1 for translations, and from 0.4 to 0.8 for synonyms, MRR@10 of the
# article sets moves by at most 0.003.
SHARES: Mapping[ExpansionKind, float] = MappingProxyType(
    {"translated_words": 0.8, "synonym": 0.6, "corrected_word": 0.7}
)
"""What another form counts beside the word itself."""
SEVERAL = 0.25
"""What each word counts of a form that has several, or stands for several. On `tune` alerts have 0.650 MRR@10 with
0.25, 0.647 with 0.5, and without any other words 0.649."""
INNER = 0.5
"""What other words for the words of a longer form count, which has other forms as a whole."""
MOST_ADDED = 40
"""Other forms that are looked up, so that a long ticket costs little more for them."""

Frequencies = Callable[[Sequence[str]], Mapping[str, int]]
"""Term → in how many documents it occurs: `KeywordSearch.document_frequency`."""


@dataclass(slots=True)
class _Group:
    """A word of the query while it is counted; `others` are terms that stand in for it, with their shares."""

    terms: tuple[str, ...]
    weight: float
    in_title: bool
    count: int = 0
    others: dict[str, float] = field(default_factory=dict)

    @property
    def looked_up(self) -> tuple[str, ...]:
        """Return all terms, the word's own first."""
        return (*self.terms, *self.others)


def word_groups(
    words: Sequence[QueryWord], expansions: Sequence[Expansion], title: int, frequencies: Frequencies | None
) -> tuple[WordGroup, ...]:
    """Return the groups to look up: of the words, their parts, and the other forms in `expansions`.

    `title` is the length of a ticket's title, whose words count more, and 0 for a typed query.
    """
    groups = _groups(words, title)
    if expansions:
        groups = _with_expansions(groups, words, expansions, title)
    return tuple(
        WordGroup(
            group.looked_up,
            _weight(group, title > 0),
            (*(1.0 for _ in group.terms), *group.others.values()) if group.others else (),
        )
        for group in _telling(groups, frequencies)
    )


def held_expansions(expansions: Sequence[Expansion], frequencies: Frequencies | None) -> tuple[Expansion, ...]:
    """Return the expansions with the first `MOST_TARGETS` targets of which some document holds every word.

    Of all there are at most `MOST_ADDED`; those of the words of a longer form are taken last.
    """
    terms = sorted({term for one in expansions for target in one.targets for word in target.words for term in word})
    counts = frequencies(terms) if frequencies and terms else dict.fromkeys(terms, 1)
    found: dict[int, Expansion] = {}
    left = MOST_ADDED
    for number, one in sorted(enumerate(expansions), key=lambda each: each[1].is_inner):
        targets = tuple(
            target
            for target in one.targets
            if (all if one.is_whole else any)(any(counts.get(term) for term in word) for word in target.words)
        )[: min(left, MOST_TARGETS)]
        left -= len(targets)
        if targets:
            found[number] = replace(one, targets=targets)
    return tuple(found[number] for number in sorted(found))


def without_needless_synonyms(
    expansions: Sequence[Expansion], words: Sequence[QueryWord], frequencies: Frequencies | None
) -> tuple[Expansion, ...]:
    """Return the expansions without synonyms of what documents hold: a ticket says its problem in many words already,
    and more of them only blur it. MRR@10 on titanium's `tune` is 0.599 without these synonyms and 0.594 with them.
    """
    terms = {(word.start, word.end): word.alternatives for word in words}
    synonyms = [one for one in expansions if one.kind == "synonym"]
    if not synonyms or frequencies is None:
        return tuple(expansions)
    counts = frequencies(sorted({term for each in terms.values() for term in each}))
    unknown = [place for place, each in terms.items() if not any(counts.get(term) for term in each)]

    def is_needed(one: Expansion) -> bool:
        return one.kind != "synonym" or any(one.start <= start and end <= one.end for start, end in unknown)

    return tuple(filter(is_needed, expansions))


def _with_expansions(
    groups: list[_Group],
    words: Sequence[QueryWord],
    expansions: Sequence[Expansion],
    title: int,
) -> list[_Group]:
    """Return the groups with the words of other forms: those that stand for one word in its group, the others in
    groups of their own.
    """
    by_terms = {group.terms: group for group in groups}
    held = {term for group in groups for term in group.terms}
    at = {(word.start, word.end): by_terms[word.alternatives] for word in words}
    added: dict[tuple[str, ...], _Group] = {}
    for one in expansions:
        group = at.get((one.start, one.end))
        share = SHARES[one.kind] * (INNER if one.is_inner else 1.0)
        for target in one.targets:
            if group is not None and len(target.words) == 1 and target.is_complete:
                for term in target.words[0]:
                    if term not in group.terms:
                        group.others.setdefault(term, share)
                continue
            for word in target.words:
                fresh = tuple(term for term in word if term not in held)
                if fresh:
                    weight = share * SEVERAL
                    added.setdefault(fresh, _Group(fresh, weight, one.start < title, 1))
    return [*groups, *added.values()]


def _groups(words: Sequence[QueryWord], title: int) -> list[_Group]:
    """Return one group for each word, in order of first mention, and after them the parts that are not words too."""
    whole: dict[tuple[str, ...], _Group] = {}
    for word in words:
        group = whole.setdefault(word.alternatives, _Group(word.alternatives, 1.0, word.start < title))
        group.count += 1
    held = {term for group in whole.values() for term in group.terms}
    parts: dict[str, _Group] = {}
    for word in words:
        for part in word.parts:
            if part not in held:
                parts.setdefault(part, _Group((part,), PART_WEIGHT, word.start < title, 1))
    return [*whole.values(), *parts.values()]


def _telling(groups: list[_Group], frequencies: Frequencies | None) -> list[_Group]:
    """Return at most `MOST_WORDS` groups in their order: the title's first, then the rarest that occur at all."""
    if len(groups) <= MOST_WORDS:
        return groups
    counts = frequencies(sorted({term for group in groups for term in group.looked_up})) if frequencies else {}
    rarity = [sum(counts.get(term, 0) for term in group.looked_up) for group in groups]
    order = sorted(
        (number for number in range(len(groups)) if rarity[number] or frequencies is None),
        key=lambda number: (not groups[number].in_title, rarity[number], number),
    )
    return [groups[number] for number in sorted(order[:MOST_WORDS])]


def _weight(group: _Group, is_ticket: bool) -> float:
    if not is_ticket:
        return group.weight
    said = group.count * (1 + SATURATION) / (group.count + SATURATION)
    return group.weight * said * (TITLE_BOOST if group.in_title else 1.0)
