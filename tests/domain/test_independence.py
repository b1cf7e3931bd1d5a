"""The domain stands alone."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import reservations.domain


def test_the_domain_loads_nothing_but_the_standard_library() -> None:
    found = pkgutil.walk_packages(reservations.domain.__path__, "reservations.domain.")
    modules = sorted(module.name for module in found)
    assert "reservations.domain.rules.holds" in modules
    program = (
        f"import sys, {', '.join(modules)}\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded - sys.stdlib_module_names - {'__main__', 'reservations'}))"
    )
    command = [sys.executable, "-S", "-c", program]
    said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert said.stdout.strip() == "[]"
