"""Faults, load, and a check of everything that clients saw; `make torture` runs it."""
