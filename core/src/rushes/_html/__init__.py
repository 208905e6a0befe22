"""How our values show themselves in a notebook: HTML without scripts, everything in it escaped."""
