"""Name the labelled questions by which the answers of different engines are compared."""

from __future__ import annotations

import tempfile
from pathlib import Path

from search.batch import read_searches
from tests.benchmarks.peers import Labelled
from tests.quality.labelled_sets import SETS, installation, queries_of_split


def office_titles(homes: Path) -> Labelled:
    """Return other titles of office articles, each of which should find its article, of the split for tuning.

    The installation is made and indexed when `homes` has none yet. See `tests.quality.labelled_sets`.
    """
    titles = next(one for one in SETS if one.name == "alttitle")
    with installation(titles.corpus, homes) as services, tempfile.TemporaryDirectory() as folder:
        file, qrels = queries_of_split(titles, "tune", Path(folder))
        right = {text: frozenset(qrels[query]) for query, text in read_searches(file)}
        return Labelled("office, other titles", services.settings.home, right)
