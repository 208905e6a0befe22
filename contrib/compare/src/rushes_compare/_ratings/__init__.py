"""What many votes say together: strengths with intervals, agreement, position bias."""
