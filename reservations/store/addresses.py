"""Where several servers listen, as URLs name them.

`redis+sentinel://[user:password@]host:26379,host2:26379/primary[/db]` names sentinels,
`redis+cluster://[user:password@]host:7000,host2:7000` some nodes of a cluster.
The settings have checked the form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

Address = tuple[str, int]
"""A host and its port."""


@dataclass(frozen=True, slots=True)
class Several:
    """What such a URL names.

    Attributes:
        addresses: of those that can be asked who the primaries are.
        credentials: for the primaries, as redis-py takes them.
        path: the parts that follow the hosts.
    """

    addresses: list[Address]
    credentials: dict[str, Any]
    path: list[str]

    @classmethod
    def of(cls, url: str, default_port: int) -> Several:
        """Take a URL apart."""
        parts = urlsplit(url)
        login, _, hosts = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        given = {"username": unquote(user), "password": unquote(password)}
        return cls(
            [_address(host, default_port) for host in hosts.split(",")],
            {name: value for name, value in given.items() if value},
            [part for part in parts.path.split("/") if part],
        )


def _address(host: str, default_port: int) -> Address:
    parts = urlsplit(f"//{host}")
    return parts.hostname or "", parts.port or default_port
