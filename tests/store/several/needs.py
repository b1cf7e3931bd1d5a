"""What tests of several servers need of the machine."""

from __future__ import annotations

import shutil

import pytest

from torture.faults.of_replicas import why_no_partition

NEEDS_REDIS = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="apt-get install redis-server"
)
NEEDS_PARTITIONS = pytest.mark.skipif(
    why_no_partition() is not None, reason=str(why_no_partition())
)
