"""The plan of a comparison: requests, variants, repetitions, from Python or a file."""
