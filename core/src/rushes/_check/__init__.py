"""Checking a request against a variant: every problem at once, and nothing is sent."""
