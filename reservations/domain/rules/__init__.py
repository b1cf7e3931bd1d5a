"""The rules: who may have, keep, change and let go of which seats."""
