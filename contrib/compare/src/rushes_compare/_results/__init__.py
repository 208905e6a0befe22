"""The folder of a comparison: `results.json`, its validation, the tables made from it."""
