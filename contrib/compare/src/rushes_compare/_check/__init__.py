"""What would be sent: every variant checked, paths resolved, the cost held to its limits."""
