"""What would be sent: every variant checked, paths resolved, the cost compared with limits."""
