"""The tests: `domain/`, `store/` and `api/` mirror the package, the others prove claims."""
