"""Tests of the page; being a package, they share one browser."""
