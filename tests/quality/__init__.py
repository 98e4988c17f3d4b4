"""Measure how good answers are, on labelled sets that are not part of the project."""
