"""The distribution that `rushes new-plugin` writes: its files, and what is filled in."""
