"""What is learned is adopted when it wins on later questions, and noise is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kb.documents import Link, Ticket
from kb.errors import InvalidInput
from search.adapter import Adapter
from search.learning.adapting import improved, whitening
from search.learning.candidate import fitted_ranker
from search.learning.collecting import Collected, collected
from search.learning.examples import Example, examples_of
from search.learning.learn import FEWEST, blocks_by_time, learn, reciprocal_rank, starting_adapter
from search.ranker import Bands, Calibration, Model, Ranker, read_ranker
from tests.library import Library

DIMENSION = 12
CANDIDATES = 12
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SHIPPED = Ranker(
    "shipped-test",
    "by hand",
    Model({"semantic": 1.0}),
    Model(
        {"semantic": 1.0, "title": 0.2}, Calibration(-1.0, {"value": 2.0}), Bands(possible=0.02, medium=0.3, high=0.8)
    ),
)
LIBRARY = Library()


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def question(number: int, random: np.random.Generator, *, of_chance: bool = False) -> Collected:
    """Return a question whose right answer points where the ticket does, but for one direction that all share."""
    common = np.zeros(DIMENSION)
    common[0] = 1.0
    asked = random.normal(size=DIMENSION)
    rows = random.normal(size=(CANDIDATES, DIMENSION))
    right = int(random.integers(CANDIDATES))
    if not of_chance:
        rows[right] = asked + random.normal(size=DIMENSION) * 0.6
    # How strongly a passage shows the common direction says nothing about the problem, and spoils the cosine.
    rows = unit(rows + common * random.normal(0, 6, size=(CANDIDATES, 1)))
    vector = unit(asked + common * 3)
    ids = tuple(f"desk:{number}-{place:02}" for place in range(CANDIDATES))
    is_right = np.arange(CANDIDATES) == right
    at = BEGIN + timedelta(days=number)
    ticket = Ticket(source="desk", external_id=str(number), title="VPN drops", opened_at=at)
    return Collected(
        example=Example(ticket, at, frozenset({ids[right]}), f"problem-{number}"),
        ids=ids,
        names=("semantic", "title"),
        features=np.column_stack([rows @ vector, random.uniform(size=CANDIDATES)]).astype(np.float64),
        tiers=np.zeros(CANDIDATES, np.int64),
        is_right=is_right,
        asked=vector[None],
        passages=rows.astype(np.float16),
        starts=np.arange(CANDIDATES + 1),
    )


def questions(count: int, seed: int = 1, *, of_chance: bool = False) -> list[Collected]:
    random = np.random.default_rng(seed)
    return [question(number, random, of_chance=of_chance) for number in range(count)]


def start(asked: Sequence[Collected]) -> Adapter:
    rows = np.concatenate([one.passages for one in asked]).astype(np.float32)
    made = whitening(rows, replace(LIBRARY.vectors.recipe, dimension=DIMENSION))
    assert made is not None
    return made


def test_what_wins_on_later_questions_is_learned() -> None:
    asked = questions(120)
    told = learn(SHIPPED, SHIPPED, asked, start(asked), "learned-1")

    assert told.comparison is not None
    assert told.comparison.is_won
    assert told.comparison.questions == 90
    assert told.comparison.gain > 0.1
    assert told.ranker is not None
    assert (told.ranker.name, told.ranker.search) == ("learned-1", SHIPPED.search)
    assert told.ranker.adapter is not None
    assert "120 linked tickets on top of shipped-test" in told.ranker.source


def test_the_same_questions_teach_the_same() -> None:
    asked = questions(60)
    one, other = (learn(SHIPPED, SHIPPED, asked, start(asked), "x") for _ in range(2))

    assert one.ranker is not None
    assert other.ranker is not None
    assert one.ranker.to_json() == other.ranker.to_json()


def test_answers_shuffled_among_the_tickets_teach_nothing() -> None:
    asked = questions(120)
    order = np.random.default_rng(3).permutation(len(asked))
    shuffled = []
    for one, other in zip(asked, order, strict=True):
        right = asked[other].is_right
        ids = frozenset(name for name, is_right in zip(one.ids, right, strict=True) if is_right)
        shuffled.append(replace(one, is_right=right, example=replace(one.example, right=ids)))

    told = learn(SHIPPED, SHIPPED, shuffled, start(asked), "learned-1")

    assert told.comparison is not None
    assert told.ranker is None
    assert "does not win by enough" in told.reason


def test_noise_is_adopted_in_few_of_many_runs() -> None:
    adopted = 0
    for seed in range(20):
        asked = questions(60, seed, of_chance=True)
        adopted += learn(SHIPPED, SHIPPED, asked, start(asked), "x").ranker is not None

    assert adopted <= 5


def test_too_few_questions_change_nothing_and_say_so() -> None:
    asked = questions(FEWEST - 1)
    told = learn(SHIPPED, SHIPPED, asked, start(asked), "learned-1")

    assert (told.ranker, told.comparison) == (None, None)
    assert told.reason == f"{FEWEST - 1} linked tickets are too few to learn from; {FEWEST} are needed."


def test_what_wins_is_compared_with_the_active_ranker_not_the_shipped_one() -> None:
    asked = questions(120)
    first = learn(SHIPPED, SHIPPED, asked, start(asked), "learned-1").ranker
    assert first is not None

    again = learn(first, SHIPPED, asked, start(asked), "learned-2")

    assert again.ranker is None  # what has learned these very questions cannot be beaten by what has seen only some


def test_questions_of_one_problem_stand_in_one_block() -> None:
    asked = questions(40)
    asked[30:] = [replace(one, example=replace(one.example, group="problem-3")) for one in asked[30:]]
    blocks = blocks_by_time(asked)

    assert [len(block) for block in blocks] == [14, 6, 10, 10]
    assert sorted(one.ids[0] for block in blocks for one in block) == sorted(one.ids[0] for one in asked)
    for group in {one.example.group for one in asked}:
        assert sum(any(one.example.group == group for one in block) for block in blocks) == 1


def test_few_links_move_weights_little() -> None:
    asked = questions(FEWEST)
    weights = fitted_ranker(SHIPPED, None, asked, "x").similar.weights
    share = weights["title"] / weights["semantic"]

    assert share == pytest.approx(SHIPPED.similar.weights["title"], abs=0.1)


def test_probabilities_keep_their_scale() -> None:
    asked = questions(60)
    learned = fitted_ranker(SHIPPED, start(asked), asked, "x")
    assert learned.similar.calibration is not None
    before, after = (
        np.array([np.sort(one.values(model.weights, adapter))[-10:] for one in asked])
        for model, adapter in ((SHIPPED.similar, None), (learned.similar, learned.adapter))
    )
    calibration = learned.similar.calibration

    assert after.std() == pytest.approx(before.std(), rel=1e-6)
    assert calibration.intercept + 2.0 * after.mean() == pytest.approx(-1.0 + 2.0 * before.mean())


def test_an_adapter_brings_linked_documents_nearer() -> None:
    asked = questions(80)
    begun = start(asked)
    moved = improved(begun, asked, {"semantic": 0.5, "adapted": 0.5}, 15.0)
    both = {"semantic": 0.5, "adapted": 0.5}
    by_cosine, by_start, by_moved = (
        np.mean([reciprocal_rank(replace(SHIPPED, similar=Model(weights), adapter=adapter), one) for one in asked])
        for weights, adapter in (({"semantic": 1.0}, None), (both, begun), (both, moved))
    )

    assert by_moved > max(by_cosine, by_start)


def test_an_adapter_is_kept_in_a_ranker_and_damage_is_told() -> None:
    adapter = start(questions(20))
    kept = read_ranker(replace(SHIPPED, adapter=adapter).to_json()).adapter
    assert kept is not None
    vector = unit(np.arange(1.0, DIMENSION + 1))
    np.testing.assert_allclose(kept.adapted(vector), adapter.adapted(vector), atol=2e-3)
    assert np.linalg.norm(kept.adapted(vector)) == pytest.approx(1.0, abs=1e-6)

    text = replace(SHIPPED, adapter=adapter).to_json()
    for damaged in (text.replace('"offset": "', '"offset": "AAAA'), text.replace('"offset": "', '"offset": "!'), "[]"):
        with pytest.raises(InvalidInput, match="kb learn --reset"):
            read_ranker(damaged)


def test_whitening_needs_enough_vectors_to_tell() -> None:
    assert whitening(np.eye(DIMENSION, dtype=np.float32), LIBRARY.vectors.recipe) is None


def test_questions_are_collected_as_of_when_the_ticket_was_opened() -> None:
    early = Ticket(source="desk", external_id="1", title="VPN drops every hour", opened_at=BEGIN)
    asked = Ticket(
        source="desk",
        external_id="2",
        title="VPN drops",
        opened_at=BEGIN + timedelta(days=1),
        links=(Link("duplicate_of", early.id),),
    )
    late = replace(early, external_id="3", opened_at=BEGIN + timedelta(days=2))
    library = Library(early, asked, late)
    (found,) = collected(library.searcher(), library.vectors, examples_of(library.store), lambda done, total: None)

    assert found.ids == (early.id,)
    assert found.is_right.tolist() == [True]
    assert "adapted" not in found.names
    adapter = Adapter("x", np.eye(found.asked.shape[1], dtype=np.float32), np.zeros(found.asked.shape[1], np.float32))
    assert found.adapted(adapter)[0] == pytest.approx(found.table(["semantic"])[0, 0], abs=2e-3)


def test_without_vectors_weights_alone_are_learned() -> None:
    asked = [
        replace(one, asked=np.zeros((0, 0), np.float32), passages=np.zeros((0, 0), np.float16), starts=np.zeros(1, int))
        for one in questions(40)
    ]
    told = learn(SHIPPED, SHIPPED, asked, None, "x")

    assert told.kind == "weights"
    assert told.ranker is None or told.ranker.adapter is None


def test_the_starting_adapter_is_none_when_nothing_is_indexed() -> None:
    assert starting_adapter(LIBRARY.vectors, lambda: iter(()), 0) is None
