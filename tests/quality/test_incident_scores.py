"""Incident candidates score on titanium what they are stated to score; `pytest -m full tests/quality`.

Takes three minutes once the installation is there; `FIXLORE_QUALITY_HOMES` names a directory that keeps it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.quality.expected import INCIDENTS
from tests.quality.incidents import measured, replayed_tickets
from tests.quality.labelled_sets import TITANIUM, data_path, installation

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not data_path().is_dir(), reason="the labelled sets are not here; FIXLORE_DATA names them"),
]


def test_incident_candidates_score_as_stated(tmp_path: Path) -> None:
    named = os.environ.get("FIXLORE_QUALITY_HOMES")
    with installation(TITANIUM, Path(named) if named else tmp_path) as services:
        replayed = replayed_tickets(services, "report")

    for size, stated in INCIDENTS.items():
        figures = measured(replayed, size)
        told = (figures["recall"], figures["precision"], figures["false in a week"])
        assert told == pytest.approx(stated, abs=0.05), size
