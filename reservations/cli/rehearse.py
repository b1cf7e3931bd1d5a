"""`flask rehearse`: play a sale on a copy of an event, before the day."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import click
from flask.cli import with_appcontext

from reservations import tokens
from reservations.cli.exits import (
    EXIT_CODES,
    REFUSED,
    TRY_AGAIN,
    RunningStore,
    exit_with,
    with_store,
)
from reservations.cli.params import Id
from reservations.cli.progress import progress
from reservations.domain.caller import Role
from reservations.service import ReservationService

SECONDS_A_MINUTE = 60
MOST_PATRONS = 100_000
MOST_MINUTES = 24 * 60
TOKENS_OUTLIVE = timedelta(minutes=10)
"""Tokens live so much longer than the longest that a sale can take."""


class Minutes(click.ParamType[float]):
    """A number of minutes, such as 2 or 0.5."""

    name = "minutes"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Refuse what is none."""
        try:
            minutes = float(value)
        except ValueError:
            minutes = math.nan
        if not 0 < minutes <= MOST_MINUTES:
            self.fail(f"A number above 0, and at most {MOST_MINUTES}.", param, ctx)
        return minutes


class ServiceUrl(click.ParamType[str]):
    """Where a service is, such as `http://127.0.0.1:9000`."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is none."""
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.query or parts.fragment or parts.username is not None:
            self.fail("A URL looks like https://tickets.example or http://host:9000.", param, ctx)
        return str(value).rstrip("/")


def rehearse_command(
    service: ReservationService, running_store: RunningStore, default_url: str
) -> click.Command:
    """Make the command `flask rehearse`."""

    @click.command("rehearse", epilog=EXIT_CODES)
    @click.argument("event_id", type=Id(), metavar="EVENT")
    @click.option(
        "--patrons",
        type=click.IntRange(1, MOST_PATRONS),
        default=5000,
        show_default=True,
        help="How many come.",
    )
    @click.option(
        "--minutes",
        type=Minutes(),
        default=2,
        show_default=True,
        help="How long the sale takes; 0.5 is half a minute.",
    )
    @click.option(
        "--url",
        type=ServiceUrl(),
        default=default_url,
        show_default=True,
        help="Where the service is, as patrons reach it.",
    )
    @click.option(
        "--seed", type=int, help="Of all that is left to chance; by default one that is new."
    )
    @click.option("--keep", is_flag=True, help="Leave the copy of the event, to look at it.")
    @click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
    @with_appcontext
    @with_store(running_store)
    def rehearse(
        event_id: str,
        patrons: int,
        minutes: float,
        url: str,
        seed: int | None,
        keep: bool,
        as_json: bool,
    ) -> None:
        """Play a sale of EVENT on a copy of it, and prove that nothing is sold twice.

        Patrons come in a burst, look, hold seats, give up or reserve them, as they do on the
        day, but faster. They ask the running service at --url over HTTP. Reports how long
        requests took, what was refused, how fast seats went, and whether all that patrons
        were told is so. The copy is deleted at the end.
        """
        # Here, because each worker of the service loads this module, and plays nothing.
        from reservations.rehearsal.proof import prove
        from reservations.rehearsal.report import Bill, as_text, disagreements, report
        from reservations.rehearsal.sale import CLOSES_AFTER, Cast, ServiceAbsent, Stage, play
        from reservations.rehearsal.stage import CopyLeft, books, copied

        seconds = minutes * SECONDS_A_MINUTE
        lifetime = _lifetime(seconds, CLOSES_AFTER * timedelta(seconds=seconds) + TOKENS_OUTLIVE)
        seed = secrets.randbelow(1_000_000) if seed is None else seed
        name = service.event(event_id).event.name

        async def rehearsed() -> list[str]:
            with copied(service, event_id, keep) as copy:
                sections = [section.name for section in copy.plan.sections]
                stage = Stage(url, copy.event.id, copy.event.terms, sections)
                names = [f"patron-{number}" for number in range(1, patrons + 1)]
                with progress(patrons) as bar:
                    known = {who: tokens.issue(who, Role.PATRON, None, lifetime) for who in names}
                    await asyncio.sleep(0)
                    bar.say("On sale")
                    played = await play(stage, Cast(known, seconds, seed), bar.watch)
                    bar.say("Checking")
                    found = books(service, copy.event.id)
                    checks = prove(played.story, found)
                bill = Bill(event_id, name, copy.event.id, keep, url, seconds, seed)
                told = report(bill, played, found, checks)
                await asyncio.sleep(0)
                click.echo(json.dumps(told) if as_json else as_text(told), nl=as_json)
                for each in (wrong := disagreements(checks)):
                    click.echo(each, err=True)
                return wrong

        try:
            # From the making of the copy on, since asyncio keeps an interrupt until it is heeded.
            # Python alone ignores one that comes at a bad moment, such as within an import. It is
            # heeded where something is awaited.
            wrong = asyncio.run(rehearsed())
        except (ServiceAbsent, CopyLeft) as error:
            exit_with(str(error), TRY_AGAIN)
        if wrong:
            exit_with(f"Disagreements: {len(wrong)}. With --keep the copy is left.", REFUSED)

    return rehearse


def _lifetime(seconds: float, wanted: timedelta) -> timedelta:
    """Return how long patrons' tokens are to live.

    Args:
        seconds: how long the sale takes.
        wanted: rather so long.
    """
    if not tokens.can_issue():
        exit_with(
            "Patrons need tokens, and those come from the identity provider whose "
            "JWT_PUBLIC_KEYS are set: rehearse with a JWT_SECRET.",
            REFUSED,
        )
    longest = tokens.longest_lifetime()
    if longest.total_seconds() < seconds:
        exit_with(
            f"Patrons' tokens would not last: JWT_MAX_LIFETIME is {longest.total_seconds():.0f} s.",
            REFUSED,
        )
    return min(wanted, longest)
