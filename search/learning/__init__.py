"""Learning: weights, calibration and the query adapter, from questions whose answers are known."""
