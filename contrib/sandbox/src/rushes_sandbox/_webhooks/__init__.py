"""What providers send to the endpoints that clients name."""
