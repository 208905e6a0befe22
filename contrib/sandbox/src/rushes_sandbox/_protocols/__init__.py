"""What a stand-in is made of, and which are installed."""
