"""Routing scores on titanium what it is stated to score; `pytest -m full tests/quality`.

Takes two minutes once the installation is there; `FIXLORE_QUALITY_HOMES` names a directory that keeps it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from search.routing import ROUTING_WEIGHTS
from tests.quality.expected import ROUTING, ROUTING_COVERS, ROUTING_GAINS, ROUTING_TOLERANCE
from tests.quality.labelled_sets import TITANIUM, data_path, installation
from tests.quality.routing import asked_tickets, measured

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not data_path().is_dir(), reason="the labelled sets are not here; FIXLORE_DATA names them"),
]


def test_routing_scores_as_stated_and_beats_the_most_frequent_group(tmp_path: Path) -> None:
    named = os.environ.get("FIXLORE_QUALITY_HOMES")
    with installation(TITANIUM, Path(named) if named else tmp_path) as services:
        figures = measured(asked_tickets(services, "report"), ROUTING_WEIGHTS)

    assert {name: figures[name] for name in ROUTING} == pytest.approx(ROUTING, abs=ROUTING_TOLERANCE)
    assert figures["coverage"] >= ROUTING_COVERS
    gained = figures["first right when given"] - figures["most frequent value right when given"]
    assert gained >= ROUTING_GAINS
