"""Receiving: what a provider sends to our webhook is verified, and wakes the task it is about."""
