"""How commands end: with an exit code that scripts can rely on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, NoReturn

import click

from reservations.domain.errors import (
    Busy,
    OutcomeUnknown,
    ReservationError,
    StoreUnavailable,
)
from reservations.embedded import EmbeddedStoreError

REFUSED = 1
TRY_AGAIN = 3

EXIT_CODES = "Exits with 0 if done, 1 if refused, 2 if used wrongly, 3 if trying again may help."

RunningStore = Callable[[], AbstractContextManager[None]]
"""Makes sure that the store runs for as long as a command does."""


def with_store(running_store: RunningStore) -> Callable[[Callable[..., None]], Any]:
    """Run a command while the store runs, and turn refusals into exit codes."""

    def decorate(command: Callable[..., None]) -> Any:
        @wraps(command)
        def guarded(*args: Any, **kwargs: Any) -> None:
            try:
                with running_store():
                    command(*args, **kwargs)
            except (StoreUnavailable, OutcomeUnknown, Busy) as error:
                reason = f" ({error.reason})" if isinstance(error, StoreUnavailable) else ""
                exit_with(f"{error}{reason}", TRY_AGAIN)
            except EmbeddedStoreError as error:
                exit_with(str(error), TRY_AGAIN)
            except ReservationError as error:
                exit_with(str(error), REFUSED)

        return guarded

    return decorate


def exit_with(message: str, code: int) -> NoReturn:
    """End a command, and say why on standard error."""
    click.echo(f"Error: {message}", err=True)
    raise click.exceptions.Exit(code)
