"""URLs of several servers."""

from __future__ import annotations

import pytest

from reservations.store.addresses import Several


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "redis+sentinel://me:p%40ss@one:26380,two,[::1],[fe80::1]:7/seats/1",
            Several(
                [("one", 26380), ("two", 9), ("::1", 9), ("fe80::1", 7)],
                {"username": "me", "password": "p@ss"},
                ["seats", "1"],
            ),
        ),
        ("redis+cluster://:pass@one:7000/", Several([("one", 7000)], {"password": "pass"}, [])),
        ("redis+cluster://one,two", Several([("one", 9), ("two", 9)], {}, [])),
    ],
)
def test_a_url_names_hosts_credentials_and_what_follows(url: str, expected: Several) -> None:
    assert Several.of(url, default_port=9) == expected
