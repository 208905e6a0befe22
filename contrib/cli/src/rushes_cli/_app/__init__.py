"""The program: the group of all commands, global options, and how a run ends."""
