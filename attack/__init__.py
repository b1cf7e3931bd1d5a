"""Attacks on the service behind nginx, by tools that nobody here wrote and a corpus of our own."""
