"""The fault suite: everything that may go wrong, over real sockets, at every provider.

The sandbox makes the faults and counts the bills; it shares no code with the client. What must come
of a fault is data (`*_cases`), played by one runner (`bench`).
"""
