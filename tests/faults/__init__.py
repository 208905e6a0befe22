"""The fault suite: everything that can go wrong, over real sockets, at every provider.

The sandbox injects the faults and counts the bills; it shares no code with the client. What is
expected after a fault is data (`*_cases`), run by one `runner`.
"""
