"""What both clients share: their settings and their verbs."""
