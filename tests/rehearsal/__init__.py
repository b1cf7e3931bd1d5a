"""Tests of the rehearsal of a sale."""
