"""The service as people start, stop and lose it."""
