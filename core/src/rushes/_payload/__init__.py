"""A provider's payload: its fields, their constraints, checking them and building the body."""
