"""What the gateways reject in a request body.

Nothing here knows HTTP, and nothing is shared with the plugins: two readings check each other.
"""
