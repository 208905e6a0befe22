"""Waiting: polls on the provider's advice until a task has ended."""
