"""What servers answer when they do not do what they are told, and what that means."""

from __future__ import annotations

from redis.exceptions import (
    AskError,
    ClusterDownError,
    MasterDownError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from reservations.domain.errors import StoreUnavailable
from reservations.store.servers import Reply

REDIRECTIONS = (AskError, TryAgainError, ReadOnlyError)
"""What a server says to a command that it has not run and that another server will run,
now (MOVED, which is an AskError too; READONLY) or when a slot has moved (ASK, TRYAGAIN)."""

DOUBTS = (*REDIRECTIONS, ClusterDownError, MasterDownError)
"""What makes a server one that may not be the right one to ask."""


class Redirected(StoreUnavailable):
    """Another server is to be asked; nothing was done."""

    def __init__(self, redirect: ResponseError) -> None:
        super().__init__(redirect)
        self.redirect = redirect


class Unconfirmed(StoreUnavailable):
    """Too few replicas confirmed in time what was done."""

    def __init__(self) -> None:
        super().__init__("too few replicas confirmed a change")


def checked(replies: list[Reply]) -> list[Reply]:
    """Return the replies if Redis refused none of the commands.

    Raises:
        Redirected: another server is to be asked.
        StoreUnavailable: it refused one.
    """
    for reply in replies:
        if isinstance(reply, ResponseError):
            raise refused(reply)
    return replies


def refused(refusal: ResponseError) -> StoreUnavailable:
    """Return what is said of commands that were not run."""
    is_redirection = isinstance(refusal, REDIRECTIONS)
    return Redirected(refusal) if is_redirection else StoreUnavailable(refusal)
