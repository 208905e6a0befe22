"""What every step of a task shares: the client's parts, and who owns the task."""
