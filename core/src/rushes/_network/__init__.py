"""The network, and the only httpx: calls, deadlines, addresses, connections."""
