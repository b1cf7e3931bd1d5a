"""The domain stands alone."""

from __future__ import annotations

import subprocess
import sys


def test_the_domain_loads_nothing_but_the_standard_library() -> None:
    program = (
        "import sys, reservations.domain.changes, reservations.domain.plan\n"
        "import reservations.domain.caller\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded - sys.stdlib_module_names - {'__main__', 'reservations'}))"
    )
    command = [sys.executable, "-S", "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert found.stdout.strip() == "[]"
