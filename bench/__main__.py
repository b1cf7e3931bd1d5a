"""Measure the service as it runs in production, and print tables; `make bench` runs it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from bench import bookings, growth, main_suite, peer, process
from bench.load import NEEDS_WRK, WRK
from bench.measuring import NotMeasured
from tests.nginx import why_no_nginx

SUITES: Mapping[str, Callable[[int, float], None]] = {
    "main": main_suite.run,
    "growth": growth.run,
    "bookings": bookings.run,
    "process": process.run,
}


def main() -> None:
    """Run a suite."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--suite", choices=SUITES, default="main")
    parser.add_argument("--rounds", type=int, default=5, help="of which medians are taken")
    parser.add_argument("--seconds", type=int, default=4, help="of each case in a round")
    parser.add_argument("--peer", metavar="URL", help="another service to run side by side")
    asked = parser.parse_args()
    for missing in filter(None, (None if WRK else NEEDS_WRK, why_no_nginx())):
        sys.exit(f"bench: {missing}")
    try:
        if asked.peer:
            peer.run(asked.peer, asked.rounds, asked.seconds)
        else:
            SUITES[asked.suite](asked.rounds, asked.seconds)
    except (NotMeasured, peer.NoPeer) as error:
        sys.exit(f"\nbench: {error}")


if __name__ == "__main__":
    main()
