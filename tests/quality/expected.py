"""State how good the answers of every configuration are: hit@1, MRR@10 and nDCG@10 on the `report` splits.

Made by `python -m tests.quality.measure HOMES` with the default model and checked by `pytest -m full tests/quality`.
A change that moves a figure changes it here, in the same commit, and says why.
"""

from __future__ import annotations

EXPECTED: dict[tuple[str, str], tuple[float, float, float]] = {
    ("alttitle", "keyword"): (0.8182, 0.8778, 0.8997),
    ("alttitle", "semantic"): (0.7797, 0.8569, 0.8886),
    ("alttitle", "hybrid"): (0.8601, 0.9095, 0.9302),
    ("alerts", "keyword"): (0.6231, 0.7232, 0.7715),
    ("alerts", "semantic"): (0.7077, 0.7844, 0.8165),
    ("alerts", "hybrid"): (0.7000, 0.7906, 0.8289),
    ("commerce", "keyword"): (0.7647, 0.8322, 0.8590),
    ("commerce", "semantic"): (0.6029, 0.6866, 0.7172),
    ("commerce", "hybrid"): (0.8529, 0.8830, 0.8970),
    ("codes", "keyword"): (0.9878, 0.9919, 0.9891),
    ("codes", "semantic"): (0.3171, 0.4334, 0.4544),
    ("codes", "hybrid"): (0.9878, 0.9939, 0.9851),
    ("merged", "keyword"): (0.7879, 0.8519, 0.8735),
    ("merged", "semantic"): (0.7879, 0.8496, 0.8853),
    ("merged", "hybrid"): (0.8182, 0.8847, 0.9129),
    ("titanium", "keyword"): (0.3299, 0.4283, 0.4567),
    ("titanium", "semantic"): (0.3746, 0.4972, 0.5307),
    ("titanium", "hybrid"): (0.4330, 0.5467, 0.5741),
    ("hadoop", "keyword"): (0.5714, 0.6717, 0.7193),
    ("hadoop", "semantic"): (0.5982, 0.7115, 0.7587),
    ("hadoop", "hybrid"): (0.6429, 0.7566, 0.7975),
}

TOLERANCE = 0.005
"""A processor of another kind may round int8 otherwise; one query of 130 weighs 0.008."""

BEST_SIMPLE_FUSION = {
    "titanium": 0.479,
    "alttitle": 0.912,
    "alerts": 0.778,
    "commerce": 0.856,
    "merged": 0.893,
}
"""MRR@10 of the best simple fusion that was seen on these sets before this one was built."""
GUARDS = ("codes", "merged")
"""Small sets that hold a line and are no target."""
