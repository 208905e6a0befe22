"""What every step of a task shares: the client's parts, and the ownership of the task."""
