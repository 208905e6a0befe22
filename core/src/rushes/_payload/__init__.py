"""A provider's payload: its fields and what they may hold, judged, and put together."""
