"""Transactions of many clients in one thread of time, on a model of the store."""
