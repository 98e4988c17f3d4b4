"""What is learned from the links of titanium gains on later queries, and noise is not adopted; `pytest -m full`.

Takes about ten minutes once the installation is there; `FIXLORE_QUALITY_HOMES` names a directory that keeps it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.quality.labelled_sets import data_path
from tests.quality.learning import adopted_by_chance, measured

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not data_path().is_dir(), reason="the labelled sets are not here; FIXLORE_DATA names them"),
]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("FIXLORE_QUALITY_HOMES")
    return Path(named) if named else tmp_path_factory.mktemp("quality")


def test_learning_from_earlier_links_gains_on_later_tickets(homes: Path) -> None:
    told, gain = measured(homes, "report")

    assert "is adopted" in told
    assert gain.after - gain.before >= 0.01
    assert gain.low > -0.005


def test_answers_that_say_nothing_are_adopted_at_most_once_in_ten_times(homes: Path) -> None:
    adopted = adopted_by_chance(homes, 10)

    assert adopted["permuted"] == 0
    assert adopted["chance"] <= 1
