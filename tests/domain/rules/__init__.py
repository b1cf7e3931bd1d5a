"""The rules, as tables of situations."""
