"""Stands before httptools on the path of `nox -s httpcore`, as if that were not installed."""

raise ImportError("httptools is hidden from these tests")
