"""What every keyword index must do. Subclass with a fixture `make_index` that returns a new, empty index."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.access import may_read_facts
from kb.errors import IndexUnavailable
from kb.protocols.keyword import MAX_TERM_BYTES, MAX_WORD_GROUPS, KeywordEntry, KeywordIndex
from kb.queries import FILTER_FIELDS, PROBLEM_FIELD_WEIGHTS, Facts, Filter, KeywordQuery, Viewer, WordGroup
from tests.fakes.keyword import MemoryKeywordIndex

MakeIndex = Callable[[], KeywordIndex]
EVERYONE = Viewer(name="everyone", audiences=None, may_edit=True)
ANYTHING = Filter()
NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
_ON_ONE_INDEX = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
"""Every example clears the one index it shares with the others, and every engine runs the inherited test."""
TOLERANCE = 0.05
"""How far a score may lie from the reference: engines keep the length of long fields roughly."""
_FACTS: Mapping[str, Iterable[str]] = {"audience": ("internal",), "type": ("how-to",)}


def entry(
    document_id: str,
    *,
    title: str = "",
    body: str = "",
    fix: str = "",
    identifiers: Sequence[str] = (),
    facts: Mapping[str, Iterable[str]] = _FACTS,
    dated_at: datetime | None = None,
    fingerprint: str = "1",
) -> KeywordEntry:
    """Return an entry whose terms are its words as they stand."""
    words = {name: tuple(text.split()) for name, text in (("title", title), ("body", body), ("fix", fix)) if text}
    values = {name: frozenset(held) for name, held in facts.items()}
    return KeywordEntry(Facts(document_id, values, dated_at), fingerprint, words, words, tuple(identifiers))


def words(*each: str) -> KeywordQuery:
    """Return a query of one group for each word; `a|b` is one group of two terms."""
    return KeywordQuery(tuple(WordGroup(tuple(word.split("|"))) for word in each))


def ids_of(index: KeywordIndex, query: KeywordQuery, where: Filter = ANYTHING, viewer: Viewer = EVERYONE) -> list[str]:
    """Return the ids found, best first."""
    return [hit.document_id for hit in index.search(query, where, viewer, 100)]


def dict_of(index: KeywordIndex, query: KeywordQuery) -> dict[str, float]:
    """Return id → score."""
    return {hit.document_id: hit.score for hit in index.search(query, ANYTHING, EVERYONE, 100)}


def filled(index: KeywordIndex, *entries: KeywordEntry) -> KeywordIndex:
    """Return the index with these documents, ready to search."""
    index.apply(entries, [])
    index.refresh()
    return index


SMALL = (
    entry("a", title="vpn drops", body="the vpn drops every day", fix="renew lease", identifiers=("809", "0x80070005")),
    entry("b", title="printer jam", body="the printer jams and drops paper", identifiers=("809",)),
    entry("c", title="mail", body="vpn mail bounces every day of the week", fix="clear cache"),
)


def seeded_entries(count: int = 300, longest: int = 36) -> list[KeywordEntry]:
    """Return documents of Zipf-distributed words, the same in every run."""
    chance = random.Random(20250101)
    vocabulary = [f"w{number}" for number in range(400)]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]

    def text(longest: int) -> str:
        return " ".join(chance.choices(vocabulary, weights, k=chance.randint(0, longest)))

    return [
        entry(
            f"d{number:03}",
            title=text(8),
            body=text(longest),
            fix=text(longest // 3),
            identifiers=[f"ERR-{chance.randint(0, 30)}" for _ in range(chance.randint(0, 3))],
            facts={
                "audience": [chance.choice(("public", "internal", "group:netops"))],
                "type": [chance.choice(("how-to", "ticket", "known-error"))],
                "tags": chance.sample(("blue", "red", "green", "grey"), chance.randint(0, 3)),
                "source": [chance.choice(("site", "decision", "zammad"))],
            },
            dated_at=None if chance.random() < 0.2 else NEW_YEAR + timedelta(days=chance.randint(-40, 40)),
        )
        for number in range(count)
    ]


def seeded_queries(count: int = 60) -> list[KeywordQuery]:
    """Return queries that go with `seeded_entries`: words, variants, identifiers, exclusions, phrases."""
    chance = random.Random(7)
    queries = []
    for _ in range(count):
        groups = tuple(
            WordGroup(
                tuple(f"w{int(400 * chance.random() ** 2)}" for _ in range(chance.randint(1, 3))),
                chance.choice((1.0, 1.0, 0.5, 2.5)),
            )
            for _ in range(chance.randint(1, 12))
        )
        queries.append(
            KeywordQuery(
                words=groups,
                identifiers=(f"ERR-{chance.randint(0, 30)}",) if chance.random() < 0.4 else (),
                excluded=(f"w{chance.randint(5, 400)}",) if chance.random() < 0.3 else (),
                phrases=((f"w{chance.randint(0, 2)}", "w0"),) if chance.random() < 0.2 else (),
                fields=PROBLEM_FIELD_WEIGHTS if chance.random() < 0.3 else KeywordQuery().fields,
            )
        )
    return queries


_values = st.sampled_from(["public", "internal", "group:x", "draft", "published", "decision", "ticket", "Ärger", "a b"])
_moments = st.sampled_from([NEW_YEAR + timedelta(microseconds=shift) for shift in (-1, 0, 1, 86_400_000_000)])
_value_sets = st.dictionaries(st.sampled_from(FILTER_FIELDS), st.frozensets(_values, max_size=3), max_size=4)
_facts = st.builds(
    lambda values, state, audience, source, dated: (
        {**values, **({"state": state} if state else {}), "audience": audience, "source": source},
        dated,
    ),
    _value_sets,
    st.sampled_from([None, frozenset({"published"}), frozenset({"draft"}), frozenset({"published", "draft"})]),
    st.sampled_from([frozenset({"public"}), frozenset({"internal"}), frozenset({"group:x"}), frozenset()]),
    st.sampled_from([frozenset({"site"}), frozenset({"decision"})]),
    st.none() | _moments,
)
_filters = st.builds(
    Filter,
    values=_value_sets,
    excluded=_value_sets,
    after=st.none() | _moments,
    before=st.none() | _moments,
    as_of=st.none() | _moments,
    without=st.frozensets(st.sampled_from(["0", "1", "2", "9"]), max_size=2),
)
_viewers = st.builds(
    Viewer,
    name=st.just("someone"),
    audiences=st.sampled_from(
        [None, frozenset(), frozenset({"public"}), frozenset({"public", "internal"}), frozenset({"group:x"})]
    ),
    may_edit=st.booleans(),
)
_words = st.text(st.characters(codec=None), min_size=1, max_size=6)


class KeywordIndexSuite:
    """The conformance suite of `KeywordIndex`."""

    @pytest.fixture
    def index(self, make_index: MakeIndex) -> KeywordIndex:
        """Return a new, empty index."""
        return make_index()

    @pytest.fixture
    def small(self, index: KeywordIndex) -> KeywordIndex:
        """Return an index of three documents."""
        return filled(index, *SMALL)

    # What is found, and what it scores

    def test_search_returns_known_scores_when_words_are_in_several_fields(self, small: KeywordIndex) -> None:
        # title of a:  idf(1 of 3) 0.9808 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 1.6667)) = 0.9066, three times
        # body of a:   idf(2 of 3) 0.4700 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 5 / 6.3333)) = 0.5143
        # body of c:   idf(2 of 3) 0.4700 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 8 / 6.3333)) = 0.4243
        assert [(hit.document_id, hit.score) for hit in small.search(words("vpn"), ANYTHING, EVERYONE, 10)] == [
            ("a", 3.234),
            ("c", 0.4243),
        ]

    def test_search_adds_up_words_when_a_document_holds_several(self, small: KeywordIndex) -> None:
        both = dict(small.score(words("vpn", "bounces"), ["a", "c"]))
        apart = small.score(words("vpn"), ["a", "c"]), small.score(words("bounces"), ["a", "c"])
        assert both["c"] == pytest.approx(apart[0]["c"] + apart[1]["c"], rel=1e-3)
        assert both["a"] == apart[0]["a"]
        assert "a" not in apart[1]

    def test_search_counts_the_best_term_of_a_group_when_a_document_holds_two(self, small: KeywordIndex) -> None:
        vpn, bounces = small.score(words("vpn"), ["c"])["c"], small.score(words("bounces"), ["c"])["c"]
        assert bounces > vpn
        assert small.score(words("vpn|bounces"), ["c"])["c"] == bounces

    def test_search_scales_a_group_when_it_has_a_weight(self, small: KeywordIndex) -> None:
        light = KeywordQuery((WordGroup(("vpn",), 0.5),))
        assert small.score(light, ["c"])["c"] == pytest.approx(small.score(words("vpn"), ["c"])["c"] / 2, rel=1e-3)

    def test_search_ignores_a_group_when_its_weight_is_zero(self, small: KeywordIndex) -> None:
        query = KeywordQuery((WordGroup(("vpn",), 0.0), WordGroup(("jam",))))
        assert ids_of(small, query) == ["b"]
        assert ids_of(small, KeywordQuery((WordGroup(("vpn",)), WordGroup(("jam",))))) == ["a", "b", "c"]

    def test_search_looks_into_the_named_fields_when_fields_are_given(self, small: KeywordIndex) -> None:
        assert ids_of(small, words("cache")) == ["c"]
        assert ids_of(small, KeywordQuery((WordGroup(("cache",)),), fields=PROBLEM_FIELD_WEIGHTS)) == []
        assert ids_of(small, KeywordQuery((WordGroup(("vpn",)),), fields={"title": 1.0, "body": 0.0})) == ["a"]

    def test_search_weighs_identifiers_by_rarity_when_documents_hold_them(self, small: KeywordIndex) -> None:
        found = small.search(KeywordQuery(identifiers=("809", "0x80070005", "809")), ANYTHING, EVERYONE, 10)
        # idf of 2 of 3 documents: ln(1 + 1.5 / 2.5) = 0.4700; of 1 of 3: ln(1 + 2.5 / 1.5) = 0.9808
        assert [(hit.document_id, hit.score) for hit in found] == [("a", 1.451), ("b", 0.47)]

    def test_search_finds_an_identifier_whole_when_it_is_long(self, index: KeywordIndex) -> None:
        long = "/usr/share/" + "x" * 5000
        filled(index, entry("a", identifiers=(long,)), entry("b", identifiers=(long + "y",)))
        assert ids_of(index, KeywordQuery(identifiers=(long,))) == ["a"]

    def test_search_keeps_words_and_identifiers_apart_when_they_read_alike(self, index: KeywordIndex) -> None:
        filled(index, entry("word", body="809"), entry("code", identifiers=("809",)))
        assert ids_of(index, words("809")) == ["word"]
        assert ids_of(index, KeywordQuery(identifiers=("809",))) == ["code"]

    def test_search_finds_nothing_when_the_query_is_empty(self, small: KeywordIndex) -> None:
        assert list(small.search(KeywordQuery(), ANYTHING, EVERYONE, 10)) == []
        assert list(small.search(KeywordQuery(phrases=((),)), ANYTHING, EVERYONE, 10)) == []
        assert list(small.search(KeywordQuery(excluded=("vpn",)), ANYTHING, EVERYONE, 10)) == []
        assert list(small.search(words("vpn"), ANYTHING, EVERYONE, 0)) == []

    def test_search_finds_nothing_when_the_index_is_empty(self, index: KeywordIndex) -> None:
        assert ids_of(index, words("vpn")) == []
        assert index.matches(KeywordQuery(), ANYTHING, EVERYONE, ["type"]).total == 0
        assert index.size == 0
        assert ids_of(filled(index, *SMALL), words("vpn")) == ["a", "c"]

    # Phrases and exclusions

    def test_search_requires_a_phrase_in_order_within_one_field(self, index: KeywordIndex) -> None:
        filled(
            index,
            entry("order", body="please reset the nat table now"),
            entry("title", title="reset the nat table"),
            entry("gap", body="reset the big nat table"),
            entry("reverse", body="table nat the reset"),
            entry("split", title="reset the", body="nat table"),
        )
        phrase = ("reset", "the", "nat", "table")
        assert ids_of(index, KeywordQuery(phrases=(phrase,))) == ["title", "order"]
        assert set(ids_of(index, KeywordQuery((WordGroup(("nat",)),), phrases=(phrase,)))) == {"order", "title"}
        assert index.score(KeywordQuery(phrases=(phrase,)), ["order", "title"]) == {"order": 1.0, "title": 3.0}

    def test_search_finds_a_phrase_when_its_words_repeat(self, index: KeywordIndex) -> None:
        filled(index, entry("a", body="no no yes"), entry("b", body="no yes no"), entry("c", body="no no no yes"))
        assert ids_of(index, KeywordQuery(phrases=(("no", "no", "yes"),))) == ["a", "c"]
        assert ids_of(index, KeywordQuery(phrases=(("no", "no", "no"),))) == ["c"]

    def test_search_matches_surfaces_when_a_phrase_has_one_word(self, index: KeywordIndex) -> None:
        stemmed = KeywordEntry(Facts("a", {}), "1", {"body": ("drop",)}, {"body": ("drops",)}, ())
        filled(index, stemmed)
        assert ids_of(index, KeywordQuery(phrases=(("drops",),))) == ["a"]
        assert ids_of(index, KeywordQuery(phrases=(("drop",),))) == []
        assert ids_of(index, words("drop")) == ["a"]

    def test_search_adds_nothing_for_phrases_when_there_are_words(self, small: KeywordIndex) -> None:
        plain = small.score(words("vpn"), ["a", "c"])
        phrased = small.score(KeywordQuery(words("vpn").words, phrases=(("the", "vpn"),)), ["a", "c"])
        assert phrased == {"a": plain["a"]}

    def test_search_requires_every_phrase_when_there_are_two(self, small: KeywordIndex) -> None:
        assert ids_of(small, KeywordQuery(phrases=(("every", "day"),))) == ["a", "c"]
        assert ids_of(small, KeywordQuery(phrases=(("every", "day"), ("the", "week")))) == ["c"]

    def test_search_leaves_out_excluded_terms_and_phrases_in_any_field(self, small: KeywordIndex) -> None:
        assert ids_of(small, words("vpn")) == ["a", "c"]
        in_fix = KeywordQuery(words("vpn").words, excluded=("cache",), fields=PROBLEM_FIELD_WEIGHTS)
        assert ids_of(small, in_fix) == ["a"]
        assert ids_of(small, KeywordQuery(words("vpn").words, excluded=("lease", "cache"))) == []
        assert ids_of(small, KeywordQuery(words("vpn").words, excluded_phrases=(("the", "vpn"),))) == ["c"]
        assert ids_of(small, KeywordQuery(words("vpn").words, excluded_phrases=(("vpn", "the"), ()))) == ["a", "c"]

    # Order

    def test_search_orders_equal_scores_by_id_when_depth_cuts_among_them(self, index: KeywordIndex) -> None:
        alike = [entry(f"d{number:04}", body="same words here") for number in range(500)]
        random.Random(3).shuffle(alike)
        for start in range(0, 500, 100):
            index.apply(alike[start : start + 100], [])
        filled(index, entry("z-better", title="same", body="same words here"))
        hits = index.search(words("same"), ANYTHING, EVERYONE, 4)
        assert [hit.document_id for hit in hits] == ["z-better", "d0000", "d0001", "d0002"]
        assert hits[1].score == hits[3].score

    def test_search_returns_the_same_when_commits_come_in_another_order(self, make_index: MakeIndex) -> None:
        entries = seeded_entries(200)
        at_once, backwards = make_index(), make_index()
        at_once.apply(entries, [])
        for start in range(len(entries), 0, -13):
            backwards.apply(entries[max(start - 13, 0) : start][::-1], [])
        at_once.refresh(), backwards.refresh()
        for query in seeded_queries():
            assert list(at_once.search(query, ANYTHING, EVERYONE, 20)) == list(
                backwards.search(query, ANYTHING, EVERYONE, 20)
            )

    def test_search_returns_a_beginning_of_the_whole_when_depth_is_small(self, index: KeywordIndex) -> None:
        filled(index, *seeded_entries(200))
        for query in seeded_queries(20):
            whole = list(index.search(query, ANYTHING, EVERYONE, 1000))
            assert list(index.search(query, ANYTHING, EVERYONE, 5)) == whole[:5]
            assert all((one.score, two.document_id) >= (two.score, one.document_id) for one, two in pairwise(whole))

    # Agreement with the reference

    def test_search_agrees_with_the_reference_when_fields_are_short(self, index: KeywordIndex) -> None:
        entries = seeded_entries()
        reference = filled(MemoryKeywordIndex(), *entries)
        filled(index, *entries)
        found = 0
        for query in seeded_queries():
            expected = reference.search(query, ANYTHING, EVERYONE, 25)
            hits = index.search(query, ANYTHING, EVERYONE, 25)
            assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in expected], rel=2e-4)
            assert clustered(hits) == clustered(expected)
            found += len(hits)
        assert found == 1481

    def test_search_agrees_with_the_reference_within_tolerance_when_fields_are_long(self, index: KeywordIndex) -> None:
        entries = seeded_entries(120, longest=400)
        reference = filled(MemoryKeywordIndex(), *entries)
        filled(index, *entries)
        everyone = [one.facts.id for one in entries]
        for query in seeded_queries(20):
            expected = reference.score(query, everyone)
            assert expected
            assert index.score(query, everyone) == pytest.approx(expected, rel=TOLERANCE)

    def test_matches_agrees_with_the_reference_when_data_is_seeded(self, index: KeywordIndex) -> None:
        entries = seeded_entries()
        reference = filled(MemoryKeywordIndex(), *entries)
        filled(index, *entries)
        viewer = Viewer("someone")
        where = Filter(values={"tags": frozenset({"red", "blue"})}, as_of=NEW_YEAR)
        also = [*(f"d{number:03}" for number in range(60)), "nowhere"]
        totals = []
        for query in [*seeded_queries(), KeywordQuery()]:
            for bounds, extra in ((ANYTHING, ()), (where, ()), (where, also)):
                counted = index.matches(query, bounds, viewer, ["type", "tags", "tier"], extra)
                expected = reference.matches(query, bounds, viewer, ["type", "tags", "tier"], extra)
                assert counted == expected
                totals.append(counted.total)
        assert totals[-3:] == [137, 42, 7]
        assert sum(totals) == 9557

    def test_score_and_holding_agree_with_the_reference_when_data_is_seeded(self, index: KeywordIndex) -> None:
        entries = seeded_entries(100)
        reference = filled(MemoryKeywordIndex(), *entries)
        filled(index, *entries)
        ids = [f"d{number:03}" for number in range(0, 120, 3)]
        for query in seeded_queries(30):
            assert index.score(query, ids) == pytest.approx(reference.score(query, ids), rel=2e-4)
        wanted = (["ERR-3", "ERR-4"], [("w0", "w1"), ("w2",)], ids)
        assert index.holding(*wanted) == reference.holding(*wanted)
        assert len(index.holding(*wanted)) == 29
        assert index.document_frequency(["w0", "w9", "none"]) == reference.document_frequency(["w0", "w9", "none"])

    # Filters and viewers

    def test_search_admits_by_every_bound_before_the_cut(self, index: KeywordIndex) -> None:
        better = [entry(f"t{number:03}", title="vpn vpn", facts={"type": ["ticket"]}) for number in range(150)]
        filled(index, *better, entry("rare", title="a vpn and many other words", facts={"type": ["runbook"]}))
        where = Filter(values={"type": frozenset({"Article"})})
        assert [hit.document_id for hit in index.search(words("vpn"), where, EVERYONE, 1)] == ["rare"]
        assert index.search(words("vpn"), ANYTHING, EVERYONE, 1)[0].document_id == "t000"

    def test_search_hides_decision_records_when_no_source_is_named(self, index: KeywordIndex) -> None:
        filled(index, entry("d", body="vpn", facts={"source": ["decision"]}), entry("s", body="vpn"))
        assert ids_of(index, words("vpn")) == ["s"]
        assert ids_of(index, words("vpn"), Filter(values={"source": frozenset({"decision"})})) == ["d"]

    def test_search_bounds_dates_to_the_microsecond(self, index: KeywordIndex) -> None:
        tick = timedelta(microseconds=1)
        filled(
            index,
            entry("before", body="vpn", dated_at=NEW_YEAR - tick),
            entry("then", body="vpn", dated_at=NEW_YEAR),
            entry("undated", body="vpn"),
            entry("ancient", body="vpn", dated_at=datetime(1, 1, 1, tzinfo=UTC)),
            entry("far", body="vpn", dated_at=datetime(9999, 12, 31, tzinfo=UTC)),
        )
        assert set(ids_of(index, words("vpn"), Filter(as_of=NEW_YEAR))) == {"before", "undated", "ancient"}
        assert set(ids_of(index, words("vpn"), Filter(after=NEW_YEAR))) == {"then", "far"}
        assert set(ids_of(index, words("vpn"), Filter(before=NEW_YEAR))) == {"before", "ancient"}
        assert set(ids_of(index, words("vpn"), Filter(after=NEW_YEAR, before=NEW_YEAR + tick))) == {"then"}

    def test_newest_orders_by_date_then_id_and_ends_with_the_undated(self, index: KeywordIndex) -> None:
        tick = timedelta(microseconds=1)
        filled(
            index,
            entry("no date b", body="vpn"),
            entry("tie c", body="vpn", dated_at=NEW_YEAR),
            entry("ancient", body="vpn", dated_at=datetime(1, 1, 1, tzinfo=UTC)),
            entry("tie b", body="vpn", dated_at=NEW_YEAR),
            entry("later", body="vpn", dated_at=NEW_YEAR + tick),
            entry("hidden", body="vpn", dated_at=NEW_YEAR + tick, facts={"source": ["decision"]}),
            entry("no date a", body="vpn"),
            entry("tie a", body="vpn", dated_at=NEW_YEAR),
        )
        wanted = ["later", "tie a", "tie b", "tie c", "ancient", "no date a", "no date b"]
        for depth in range(len(wanted) + 2):
            assert list(index.newest(ANYTHING, EVERYONE, depth)) == wanted[:depth]

    def test_newest_agrees_with_the_reference_when_data_is_seeded(self, index: KeywordIndex) -> None:
        reference = filled(MemoryKeywordIndex(), *seeded_entries())
        filled(index, *seeded_entries())
        member = Viewer(name="member")
        for where in (ANYTHING, Filter(values={"tags": frozenset({"red"})}, before=NEW_YEAR), Filter(as_of=NEW_YEAR)):
            for depth in (1, 20, 1000):
                found = index.newest(where, member, depth)
                assert found == reference.newest(where, member, depth)
                assert found

    def test_search_finds_nothing_when_a_filter_names_an_unknown_field(self, small: KeywordIndex) -> None:
        assert ids_of(small, words("vpn"), Filter(values={"colour": frozenset({"red"})})) == []
        assert ids_of(small, words("vpn"), Filter(excluded={"colour": frozenset({"red"})})) == ["a", "c"]
        assert small.matches(KeywordQuery(), ANYTHING, EVERYONE, ["colour"]).facets == {"colour": {}}

    @settings(max_examples=60, deadline=None, suppress_health_check=_ON_ONE_INDEX)
    @given(held=st.lists(_facts, max_size=6), bounds=st.lists(st.tuples(_filters, _viewers), min_size=1, max_size=8))
    def test_filters_and_viewers_agree_with_kb_when_facts_are_arbitrary(
        self,
        index: KeywordIndex,
        held: list[tuple[dict[str, frozenset[str]], datetime | None]],
        bounds: list[tuple[Filter, Viewer]],
    ) -> None:
        everything = [Facts(str(number), values, dated) for number, (values, dated) in enumerate(held)]
        index.clear()
        index.apply([KeywordEntry(one, "1", {"body": ("word",)}, {}, ()) for one in everything], [])
        index.refresh()
        for where, viewer in bounds:
            admitted = [one for one in everything if where.admits(one) and may_read_facts(viewer, one)]
            assert sorted(ids_of(index, words("word"), where, viewer)) == sorted(one.id for one in admitted)
            counted = index.matches(KeywordQuery(), where, viewer, FILTER_FIELDS)
            assert counted.total == len(admitted)
            for name, spread in counted.facets.items():
                values = [value for one in admitted for value in one.values.get(name, ())]
                assert spread == {value: values.count(value) for value in values}

    # Counting

    def test_matches_counts_also_when_semantic_hits_are_added(self, small: KeywordIndex) -> None:
        assert small.matches(words("jam"), ANYTHING, EVERYONE, []).total == 1
        assert small.matches(words("jam"), ANYTHING, EVERYONE, [], also=["a", "b", "nowhere"]).total == 2
        assert small.matches(KeywordQuery(), ANYTHING, EVERYONE, []).total == 3
        assert small.matches(KeywordQuery(), ANYTHING, EVERYONE, [], also=["a"]).total == 1
        assert small.matches(words("jam"), Filter(without=frozenset({"a"})), EVERYONE, [], also=["a"]).total == 1

    def test_matches_counts_every_value_when_a_field_has_very_many(self, index: KeywordIndex) -> None:
        filled(index, *[entry(f"d{n}", body="x", facts={"tags": [f"t{n}", "all"]}) for n in range(2500)])
        facets = index.matches(words("x"), ANYTHING, EVERYONE, ["tags", "owner"]).facets
        assert len(facets["tags"]) == 2501
        assert facets["tags"]["all"] == 2500
        assert facets["tags"]["t2499"] == 1
        assert facets["owner"] == {}

    def test_document_frequency_counts_documents_once_when_a_term_is_in_two_fields(self, small: KeywordIndex) -> None:
        assert small.document_frequency(["vpn", "drops", "week", "nothing", ""]) == {
            "vpn": 2, "drops": 2, "week": 1, "nothing": 0, "": 0,
        }  # fmt: skip

    def test_a_share_scales_one_term_of_a_group_and_the_best_of_the_group_counts(self, small: KeywordIndex) -> None:
        alone = dict_of(small, KeywordQuery((WordGroup(("printer",), 1.0),)))
        shared = dict_of(small, KeywordQuery((WordGroup(("week", "printer"), 1.0, (1.0, 0.5)),)))
        assert shared["b"] == pytest.approx(alone["b"] / 2, rel=1e-3)
        assert set(shared) == {"b", "c"}
        assert ids_of(small, KeywordQuery((WordGroup(("week", "printer"), 1.0, (1.0, 0.0)),))) == ["c"]

    @pytest.mark.parametrize(
        ("wrong", "meant"),
        [
            ("pritner", "printer"),
            ("rpinter", "printer"),
            ("printr", "printer"),
            ("pprinter", "printer"),
            ("prinder", "printer"),
            ("authetnicaton", "authentication"),
        ],
    )
    def test_spellings_name_the_word_that_was_meant(self, index: KeywordIndex, wrong: str, meant: str) -> None:
        filled(index, entry("a", title="printer", body="authentication fails"), entry("b", fix="restart the printer"))
        assert [one.surface for one in index.spellings(wrong, ANYTHING, EVERYONE, 5)] == [meant]
        assert list(index.spellings(meant, ANYTHING, EVERYONE, 5)) == []

    @pytest.mark.parametrize("wrong", ["pri", "prxntxr", "xrinter", "printer1", "0x80070005", "authentXXXion", "", "a"])
    def test_spellings_name_nothing_for_what_is_too_short_too_far_or_no_word(
        self, index: KeywordIndex, wrong: str
    ) -> None:
        filled(index, entry("a", title="printer prin printer2 0x80070006", body="authentication"))
        assert [one.surface for one in index.spellings(wrong, ANYTHING, EVERYONE, 5)] == []

    def test_spellings_are_ordered_by_mistakes_then_documents_then_alphabet(self, index: KeywordIndex) -> None:
        filled(
            index,
            entry("a", body="connection connektion connecting"),
            entry("b", body="connektion"),
            entry("c", title="connektion", body="connektion connexion"),
        )
        found = index.spellings("conneqtion", ANYTHING, EVERYONE, 10)
        assert [(one.surface, one.mistakes, one.documents) for one in found] == [
            ("connektion", 1, 3),
            ("connection", 1, 1),
            ("connexion", 2, 1),
        ]
        assert [one.surface for one in index.spellings("conneqtion", ANYTHING, EVERYONE, 1)] == ["connektion"]
        assert list(index.spellings("conneqtion", ANYTHING, EVERYONE, 0)) == []

    def test_spellings_are_words_of_documents_that_filter_and_viewer_admit(self, index: KeywordIndex) -> None:
        secret = {"audience": ("group:board",), "type": ("how-to",)}
        filled(
            index,
            entry("a", body="restructuring", facts=secret),
            entry("b", body="restructured", facts={**_FACTS, "service": ("vpn",)}),
        )
        member = Viewer(name="member")
        assert [one.surface for one in index.spellings("restructuringg", ANYTHING, EVERYONE, 5)] == ["restructuring"]
        assert list(index.spellings("restructuringg", ANYTHING, member, 5)) == []
        vpn = Filter({"service": frozenset({"vpn"})})
        assert [one.surface for one in index.spellings("restructurde", vpn, member, 5)] == ["restructured"]
        mail = Filter({"service": frozenset({"mail"})})
        assert list(index.spellings("restructurde", mail, member, 5)) == []

    def test_spellings_follow_when_documents_come_and_go(self, index: KeywordIndex) -> None:
        filled(index, entry("a", body="printer"))
        assert [one.surface for one in index.spellings("pritner", ANYTHING, EVERYONE, 5)] == ["printer"]
        index.apply([entry("b", body="painter pritners")], ["a"])
        index.refresh()
        assert [one.surface for one in index.spellings("pritner", ANYTHING, EVERYONE, 5)] == ["pritners"]

    def test_holding_names_documents_with_any_of_identifiers_and_phrases(self, small: KeywordIndex) -> None:
        every = ["a", "b", "c", "nowhere"]
        assert small.holding(["809"], [], every) == {"a", "b"}
        assert small.holding(["809"], [], ["b"]) == {"b"}
        assert small.holding([], [("mail", "bounces")], every) == {"c"}
        assert small.holding(["0x80070005"], [("mail", "bounces"), ()], every) == {"a", "c"}
        assert small.holding([], [], every) == frozenset()
        assert small.holding(["809"], [], []) == frozenset()

    def test_weight_held_adds_up_the_groups_and_phrases_that_a_document_holds(self, small: KeywordIndex) -> None:
        groups = [WordGroup(("vpn", "tunnel"), 2.0), WordGroup(("bounces",), 0.5), WordGroup(("jam",), 0.0)]
        phrases = [(("mail", "bounces"), 4.0), (("bounces", "mail"), 8.0), ((), 16.0), (("vpn",), 0.0)]
        every = ["a", "b", "c", "nowhere"]
        assert small.weight_held(groups, [], every) == {"a": 2.0, "c": 2.5}
        assert small.weight_held(groups, phrases, every) == {"a": 2.0, "c": 6.5}
        assert small.weight_held([], phrases, ["a", "c"]) == {"c": 4.0}
        assert small.weight_held(groups, phrases, []) == {}
        assert small.weight_held([], [], every) == {}

    def test_weight_held_agrees_with_the_reference_when_data_is_seeded(self, index: KeywordIndex) -> None:
        entries = seeded_entries(100)
        reference = filled(MemoryKeywordIndex(), *entries)
        filled(index, *entries)
        ids = [f"d{number:03}" for number in range(0, 120, 3)]
        phrases = [(("w0", "w1"), 1.5), (("w2",), 0.25)]
        for query in seeded_queries(30):
            held = index.weight_held(query.words, phrases, ids)
            assert held == pytest.approx(reference.weight_held(query.words, phrases, ids), rel=2e-4)

    # Writing

    def test_apply_replaces_and_removes_when_documents_are_held(self, small: KeywordIndex) -> None:
        small.apply([entry("a", title="tunnel", fingerprint="2")], ["b", "nowhere"])
        small.refresh()
        assert small.size == 2
        assert ids_of(small, words("vpn")) == ["c"]
        assert ids_of(small, words("tunnel")) == ["a"]
        assert small.fingerprints() == {"a": "2", "c": "1"}
        assert ids_of(small, KeywordQuery(identifiers=("809",))) == []

    def test_apply_is_seen_when_refreshed_and_not_before(self, small: KeywordIndex) -> None:
        small.apply([entry("d", body="vpn")], ["a"])
        assert (small.size, ids_of(small, words("vpn"))) == (3, ["a", "c"])
        small.refresh()
        assert (small.size, set(ids_of(small, words("vpn")))) == (3, {"c", "d"})
        small.refresh()
        assert set(ids_of(small, words("vpn"))) == {"c", "d"}

    def test_apply_keeps_the_later_entry_when_a_document_comes_twice(self, index: KeywordIndex) -> None:
        filled(index, entry("a", body="old"), entry("b", body="old"), entry("a", body="new", fingerprint="2"))
        assert index.size == 2
        assert ids_of(index, words("new")) == ["a"]
        assert ids_of(index, words("old")) == ["b"]
        assert index.fingerprints(["a"]) == {"a": "2"}

    def test_apply_upserts_when_a_document_is_also_deleted(self, small: KeywordIndex) -> None:
        small.apply([entry("a", body="fresh")], ["a"])
        small.refresh()
        assert ids_of(small, words("fresh")) == ["a"]
        assert small.size == 3

    def test_apply_does_nothing_when_there_is_nothing_to_do(self, small: KeywordIndex) -> None:
        small.apply([], [])
        small.refresh()
        assert small.size == 3

    def test_filling_adds_all_that_came_in_parts_when_the_block_ends(self, make_index: MakeIndex) -> None:
        entries, index, at_once = seeded_entries(100), make_index(), make_index()
        filled(at_once, *entries)
        with index.filling() as add:
            for start in range(0, len(entries), 30):
                add(entries[start : start + 30])
            index.refresh()
            assert index.size == 0
        index.refresh()
        assert index.fingerprints() == at_once.fingerprints()
        for query in seeded_queries(20):
            assert dict_of(index, query) == dict_of(at_once, query)
        filled(index, entry("later", body="vpn"))
        assert index.size == len(entries) + 1

    def test_filling_is_refused_at_once_when_the_index_holds_something(self, small: KeywordIndex) -> None:
        with pytest.raises(IndexUnavailable, match="is not empty"), small.filling():
            raise AssertionError("it was not refused")
        small.refresh()
        assert small.size == 3

    def test_filling_adds_nothing_when_the_block_fails(self, index: KeywordIndex) -> None:
        with pytest.raises(OSError, match="no such share"), index.filling() as add:
            add(SMALL)
            raise OSError("no such share")
        index.refresh()
        assert (index.size, index.fingerprints()) == (0, {})
        filled(index, *SMALL[:1])
        assert index.size == 1

    def test_clear_removes_every_document_and_what_follows_is_kept(self, small: KeywordIndex) -> None:
        small.clear()
        assert small.size == 3
        small.refresh()
        assert small.size == 0
        assert small.fingerprints() == {}
        assert ids_of(filled(small, *SMALL), words("vpn")) == ["a", "c"]

    def test_scores_are_as_new_when_an_index_was_cleared_and_filled_again(self, make_index: MakeIndex) -> None:
        used = filled(make_index(), *seeded_entries(50))
        used.clear()
        filled(used, *SMALL)
        fresh = filled(make_index(), *SMALL)
        query = words("vpn", "drops", "day")
        assert list(used.search(query, ANYTHING, EVERYONE, 9)) == list(fresh.search(query, ANYTHING, EVERYONE, 9))

    def test_fingerprints_names_those_held_when_asked_for_some(self, small: KeywordIndex) -> None:
        assert small.fingerprints(["c", "nowhere"]) == {"c": "1"}
        assert small.fingerprints([]) == {}
        assert list(small.fingerprints()) == ["a", "b", "c"]

    # Odd input

    def test_terms_are_skipped_when_they_are_very_long(self, index: KeywordIndex) -> None:
        fits, long = "x" * MAX_TERM_BYTES, "ü" * (MAX_TERM_BYTES // 2 + 1)
        filled(index, entry("a", body=f"{fits} {long} word"))
        assert ids_of(index, words(fits)) == ["a"]
        assert ids_of(index, words(long)) == []
        assert index.matches(words(long), ANYTHING, EVERYONE, ["type"]).total == 0
        assert ids_of(index, words(long, "word")) == ["a"]
        assert ids_of(index, KeywordQuery(phrases=((long, "word"),))) == ["a"]

    def test_search_uses_the_heaviest_groups_when_there_are_too_many(self, index: KeywordIndex) -> None:
        filled(index, entry("light", body="light"), entry("heavy", body="heavy"), entry("last", body="last"))
        filler = tuple(WordGroup((f"none{number}",)) for number in range(MAX_WORD_GROUPS - 1))
        query = KeywordQuery((WordGroup(("light",), 0.5), *filler, WordGroup(("heavy",), 2.0), WordGroup(("last",))))
        assert ids_of(index, query) == ["heavy"]
        assert index.matches(query, ANYTHING, EVERYONE, []).total == 1
        assert ids_of(index, KeywordQuery(query.words[-3:])) == ["heavy", "last"]

    @settings(max_examples=40, deadline=None, suppress_health_check=_ON_ONE_INDEX)
    @given(texts=st.lists(_words, min_size=1, max_size=4))
    def test_any_text_is_found_again_when_it_was_indexed(self, index: KeywordIndex, texts: list[str]) -> None:
        held = tuple(texts)
        facts = Facts("a", {"tags": frozenset(held)})
        index.clear()
        filled(index, KeywordEntry(facts, "1", {"body": held}, {"title": held}, held), entry("other", body="other"))
        for text in held:
            assert "a" in ids_of(index, KeywordQuery((WordGroup((text,)),)))
            assert ids_of(index, KeywordQuery(identifiers=(text,))) == ["a"]
            tagged = Filter(values={"tags": frozenset({text})})
            assert ids_of(index, KeywordQuery(phrases=(held,)), Filter()) == ["a"]
            if text == text.casefold():
                assert ids_of(index, KeywordQuery(identifiers=(text,)), tagged) == ["a"]

    @pytest.mark.parametrize(
        "odd", ["\x00", "a\x00b", "\ud800", "\x1f", "a\x1fb", "\U0010ffff", "‮", "e\u0301", " ", "\n"]
    )
    def test_odd_characters_do_not_raise_and_are_found(self, index: KeywordIndex, odd: str) -> None:
        facts = Facts("a", {"tags": frozenset({odd})})
        filled(index, KeywordEntry(facts, "1", {"body": (odd, "x")}, {"body": ("x", odd)}, (odd,)), *SMALL[1:])
        assert ids_of(index, KeywordQuery((WordGroup((odd,)),))) == ["a"]
        assert ids_of(index, KeywordQuery(identifiers=(odd,))) == ["a"]
        assert ids_of(index, KeywordQuery(phrases=(("x", odd),))) == ["a"]
        assert ids_of(index, words("x"), Filter(values={"tags": frozenset({odd})})) == ["a"]
        assert index.document_frequency([odd]) == {odd: 1}
        assert index.holding([odd], [], ["a", "b"]) == {"a"}

    def test_ids_are_kept_exactly_when_they_are_unusual(self, index: KeywordIndex) -> None:
        unusual = ["zammad:48213", "outlook/cannot-send", "a b", "ÄÖ/ß", "x" * 3000, "x" * 3000 + "y", "%20", "a:b:c"]
        filled(index, *[entry(one, body="word") for one in unusual])
        assert sorted(ids_of(index, words("word"))) == sorted(unusual)
        assert set(index.fingerprints(unusual)) == set(unusual)
        without = Filter(without=frozenset({"x" * 3000}))
        assert sorted(ids_of(index, words("word"), without)) == sorted(set(unusual) - {"x" * 3000})
        index.apply([], ["x" * 3000])
        index.refresh()
        assert index.size == len(unusual) - 1


def clustered(hits: Sequence[object]) -> list[frozenset[str]]:
    """Return the ids in order, those whose scores are all but equal together.

    Two engines may round two nearly equal scores to either side; what lies further apart must be in order.
    The last group is left out, as the cut may run through it.
    """
    groups: list[list[tuple[float, str]]] = []
    for hit in hits:
        score, document_id = hit.score, hit.document_id  # type: ignore[attr-defined]
        if groups and score >= groups[-1][-1][0] * (1 - 3e-4):
            groups[-1].append((score, document_id))
        else:
            groups.append([(score, document_id)])
    return [frozenset(document_id for _, document_id in group) for group in groups[:-1]]
