"""The journal as an SQLite file: what is known of each task, and who works on it."""
