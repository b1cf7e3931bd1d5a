"""Commands for admins: `flask tokens ...` and `flask events ...`.

Exit codes: 0 done; 1 refused, the reason on standard error; 2 wrong usage; 3 the
store did not answer or did not confirm, so trying again may help.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click
from flask import Flask
from flask.cli import AppGroup
from marshmallow import Schema, ValidationError

from reservations import tokens
from reservations.api.schemas import (
    CountedEventSchema,
    EventSchema,
    NewEventSchema,
    NewTokenSchema,
)
from reservations.domain.caller import ID_PATTERN, Role
from reservations.domain.errors import (
    Busy,
    OutcomeUnknown,
    ReservationError,
    StoreUnavailable,
)
from reservations.embedded import EmbeddedStore
from reservations.embedded_server import EmbeddedStoreError
from reservations.service import ReservationService

ROLES = [role.value for role in Role]

REFUSED = 1
TRY_AGAIN = 3

EXIT_CODES = "Exits with 0 if done, 1 if refused, 2 if used wrongly, 3 if trying again may help."

DEFAULT_LIFETIME_SECONDS = 3600

SECTION = re.compile(
    r"(?P<name>[^:]+):(?P<rows>[0-9]{1,9})x(?P<seats_per_row>[0-9]{1,9})(:(?P<category>.+))?"
)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API answers it.")


class Id(click.ParamType[str]):
    """The id of a patron, admin, token or event."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is none."""
        if not ID_PATTERN.fullmatch(value):
            self.fail("1-64 characters of A-Za-z0-9._:@- make an id.", param, ctx)
        return str(value)


class SectionParam(click.ParamType[dict[str, Any]]):
    """A section of seats, such as `Stalls:20x30:A`."""

    name = "section"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """Take a section apart."""
        found = SECTION.fullmatch(value)
        if found is None:
            self.fail("A section is NAME:ROWSxSEATS_PER_ROW[:CATEGORY].", param, ctx)
        size = {"rows": int(found["rows"]), "seats_per_row": int(found["seats_per_row"])}
        return {"name": found["name"], "category": found["category"], **size}


def init_app(app: Flask, service: ReservationService, embedded_data_dir: Path | None) -> None:
    """Add the commands to an application.

    Args:
        app: the application.
        service: does the work.
        embedded_data_dir: where the embedded store is, which a command starts for its
            own duration if it does not run; None with a store of its own.
    """

    @contextmanager
    def running_store() -> Iterator[None]:
        if embedded_data_dir is None:
            yield
            return
        with _quiet(EmbeddedStore.__module__), EmbeddedStore(embedded_data_dir):
            yield

    app.cli.add_command(_tokens(service, running_store))
    app.cli.add_command(_events(service, running_store))


@contextmanager
def _quiet(logger_name: str) -> Iterator[None]:
    """Leave standard error to the command, which tells in its own words what failed."""
    logger = logging.getLogger(logger_name)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _with_store(running_store: Callable[[], Any]) -> Callable[[Callable[..., None]], Any]:
    """Run a command while the store runs, and turn refusals into exit codes."""

    def decorate(command: Callable[..., None]) -> Any:
        @wraps(command)
        def guarded(*args: Any, **kwargs: Any) -> None:
            try:
                with running_store():
                    command(*args, **kwargs)
            except (StoreUnavailable, OutcomeUnknown, Busy) as error:
                reason = f" ({error.reason})" if isinstance(error, StoreUnavailable) else ""
                _exit(f"{error}{reason}", TRY_AGAIN)
            except EmbeddedStoreError as error:
                _exit(str(error), TRY_AGAIN)
            except ReservationError as error:
                _exit(str(error), REFUSED)

        return guarded

    return decorate


def _exit(message: str, code: int) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    raise click.exceptions.Exit(code)


def _tokens(service: ReservationService, running_store: Callable[[], Any]) -> AppGroup:
    group = AppGroup("tokens", help="Issue and revoke tokens.", epilog=EXIT_CODES)

    @group.command("issue")
    @click.argument("subject", type=Id())
    @click.option(
        "--role",
        type=click.Choice(ROLES),
        default=Role.PATRON.value,
        show_default=True,
        help="What the token lets do.",
    )
    @click.option("--name", help="Whose it is, for people to read.")
    @click.option(
        "--expires-in",
        "seconds",
        type=int,
        help="Seconds; by default 3600, or as many as JWT_MAX_LIFETIME allows.",
    )
    @as_json
    def issue(
        subject: str, role: str, name: str | None, seconds: int | None, as_json: bool
    ) -> None:
        """Print a token that speaks for SUBJECT."""
        if not tokens.can_issue():
            _exit("Tokens come from the identity provider whose JWT_PUBLIC_KEYS are set.", REFUSED)
        if seconds is None:
            longest = int(tokens.longest_lifetime().total_seconds())
            seconds = min(DEFAULT_LIFETIME_SECONDS, longest)
        members = {"subject": subject, "role": role, "name": name, "expires_in": seconds}
        new = _load(NewTokenSchema(), members)
        token = tokens.issue(new["subject"], new["role"], new["name"], new["expires_in"])
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        click.echo(json.dumps(answer) if as_json else token)

    @group.command("revoke")
    @click.argument("jti", type=Id())
    @_with_store(running_store)
    def revoke(jti: str) -> None:
        """Revoke the token whose claim `jti` is JTI."""
        service.revoke_token(jti)
        click.echo(f"Revoked {jti}.", err=True)

    return group


def _events(service: ReservationService, running_store: Callable[[], Any]) -> AppGroup:
    group = AppGroup("events", help="Create and look at events.", epilog=EXIT_CODES)

    @group.command("create")
    @click.argument("name")
    @click.option("--seats", type=int, help="That many seats, ids 1, 2 ...")
    @click.option(
        "--section",
        "sections",
        type=SectionParam(),
        multiple=True,
        help="NAME:ROWSxSEATS_PER_ROW[:CATEGORY], as in Stalls:20x30:A; may be repeated.",
    )
    @click.option("--description", help="Free text.")
    @click.option("--date", help="When it takes place, as in 2027-01-01T20:00:00Z.")
    @click.option("--location", help="Where.")
    @click.option(
        "--hold-time", type=int, help="Seconds that a hold lasts; by default SEAT_HOLD_TIME."
    )
    @click.option(
        "--hold-max",
        type=int,
        help="Seconds that refreshes can prolong it to; by default 10 times as long.",
    )
    @click.option(
        "--seat-user-limit",
        type=int,
        help="Live holds that one patron may have; by default SEAT_USER_LIMIT.",
    )
    @click.option(
        "--seat-total-limit",
        type=int,
        help="Holds and reservations that one patron may have; by default no limit.",
    )
    @click.option("--on-sale-from", help="First instant of the sale, like --date.")
    @click.option("--on-sale-until", help="First instant after the sale, like --date.")
    @as_json
    @_with_store(running_store)
    def create(as_json: bool, sections: tuple[dict[str, Any], ...], **given: Any) -> None:
        """Create an event called NAME, and print its id.

        Give either --seats, or one or more --section.
        """
        members = {name: value for name, value in given.items() if value is not None}
        if sections:
            members["sections"] = list(sections)
        new = _load(NewEventSchema(), members)
        event = EventSchema().dump(service.create_event(new))
        click.echo(json.dumps(event) if as_json else event["id"])

    @group.command("list")
    @click.option(
        "--limit",
        type=click.IntRange(1, 500),
        default=50,
        show_default=True,
        help="Events at most.",
    )
    @as_json
    @_with_store(running_store)
    def list_(limit: int, as_json: bool) -> None:
        """List events, the newest first.

        One a line: id, status, number of seats, name.
        """
        for found in service.events(limit).items:
            event = EventSchema().dump(found)
            line = f"{event['id']}  {event['status']:9}  {event['seats']:6}  {event['name']}"
            click.echo(json.dumps(event) if as_json else line)

    @group.command("show")
    @click.argument("event_id", type=Id())
    @as_json
    @_with_store(running_store)
    def show(event_id: str, as_json: bool) -> None:
        """Show the event whose id is EVENT_ID."""
        event = CountedEventSchema().dump(service.event_with_counts(event_id))
        if as_json:
            click.echo(json.dumps(event))
            return
        counts = event.pop("counts")
        event["sections"] = ", ".join(map(_section, event["sections"]))
        for name, value in {**event, **counts}.items():
            if value not in (None, ""):
                click.echo(f"{name:17} {value}")

    return group


def _load(schema: Schema, members: dict[str, Any]) -> Any:
    """Validate what was given as the API would, and exit with a usage error."""
    try:
        # Bytes that were no text in the terminal's encoding are none in UTF-8 either.
        json.dumps(members, ensure_ascii=False).encode()
        return schema.load(members)
    except UnicodeEncodeError as error:
        raise click.UsageError("An argument is not text in the locale's encoding.") from error
    except ValidationError as error:
        messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
        described = (f"{name.replace('_', '-')}: {_words(m)}" for name, m in messages.items())
        raise click.UsageError("; ".join(described)) from error


def _section(section: dict[str, Any]) -> str:
    """Write a section as `--section` takes it."""
    written = f"{section['name']}:{section['rows']}x{section['seats_per_row']}"
    return written if section["category"] is None else f"{written}:{section['category']}"


def _words(messages: Any) -> str:
    if isinstance(messages, dict):
        return " ".join(f"{name}: {_words(found)}" for name, found in messages.items())
    return " ".join(map(str, messages))
