"""Every configuration scores on the labelled sets what it is stated to score; `pytest -m full tests/quality`.

Takes about twenty minutes, most of it to encode the sets; `FIXLORE_QUALITY_HOMES` names a directory that keeps them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.quality.expected import EXPECTED, GUARDS, MUST_REACH, TOLERANCE
from tests.quality.labelled_sets import SETS, LabelledSet, data_path, installation
from tests.quality.measure import CONFIGURATIONS, scores_of

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not data_path().is_dir(), reason="the labelled sets are not here; FIXLORE_DATA names them"),
]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("FIXLORE_QUALITY_HOMES")
    return Path(named) if named else tmp_path_factory.mktemp("quality")


@pytest.mark.parametrize("labelled", SETS, ids=lambda labelled: labelled.name)
def test_a_labelled_set_scores_as_stated_in_every_configuration(labelled: LabelledSet, homes: Path) -> None:
    with installation(labelled.corpus, homes) as services:
        scores = {name: scores_of(services, labelled, name, "report") for name in CONFIGURATIONS}

    for name, score in scores.items():
        stated = EXPECTED[labelled.name, name]
        assert (score.hit_1, score.mrr_10, score.ndcg_10) == pytest.approx(stated, abs=TOLERANCE), name


@pytest.mark.parametrize("name", sorted({name for name, _ in EXPECTED} - set(GUARDS)))
def test_hybrid_is_stated_at_least_as_good_as_its_better_lane(name: str) -> None:
    assert EXPECTED[name, "hybrid"][1] >= max(EXPECTED[name, "keyword"][1], EXPECTED[name, "semantic"][1])


@pytest.mark.parametrize(("name", "measure"), sorted(MUST_REACH))
def test_hybrid_is_stated_as_good_as_it_must_be(name: str, measure: str) -> None:
    hit_1, mrr_10, _ = EXPECTED[name, "hybrid"]
    assert {"hit@1": hit_1, "MRR@10": mrr_10}[measure] >= MUST_REACH[name, measure]
