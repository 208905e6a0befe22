"""The journal as an SQLite file: what is known of each task, and which process works on it."""
