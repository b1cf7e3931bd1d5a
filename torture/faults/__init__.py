"""What can go wrong, made to go wrong.

A fault is struck and ended by one call; when it returns its cause is gone, and what was
killed answers again.
"""

from torture.faults import of_replicas, of_service, of_store
from torture.faults.fault import FAULTS, Fault, Tidy

__all__ = ["FAULTS", "Fault", "Tidy", "of_replicas", "of_service", "of_store"]
