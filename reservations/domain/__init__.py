"""What holds and reservations are, and what is allowed: values and pure functions.

Imports nothing but the standard library, so every rule can be read and tested
without a server.
"""
