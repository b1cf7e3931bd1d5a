"""The attacks themselves: what they would report, and that none passes by not being done."""
