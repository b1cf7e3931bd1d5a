"""Seats for busy events: held for a short time, reserved once, never sold twice.

Importing this package, or its domain, loads neither Flask nor redis: the
application is made by `reservations.app.create_app`.
"""

__version__ = "0.1.0"
