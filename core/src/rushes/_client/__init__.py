"""What both clients are made of: their settings, and their verbs."""
