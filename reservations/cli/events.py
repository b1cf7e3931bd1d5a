"""`flask events`: create events, look at them, and check them."""

from __future__ import annotations

import json
from typing import Any

import click
from flask.cli import AppGroup

from reservations.api.schemas.events import CountedEventSchema, EventSchema, NewEventSchema
from reservations.cli.exits import EXIT_CODES, RunningStore, with_store
from reservations.cli.params import Id, SectionParam, as_json, load
from reservations.cli.reports import add_reports
from reservations.service import ReservationService


def events_group(service: ReservationService, running_store: RunningStore) -> AppGroup:
    """Make the commands of `flask events`."""
    group = AppGroup(
        "events", help="Create events, look at them, and check them.", epilog=EXIT_CODES
    )

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
    @with_store(running_store)
    def create(as_json: bool, sections: tuple[dict[str, Any], ...], **given: Any) -> None:
        """Create an event called NAME, and print its id.

        Give either --seats, or one or more --section.
        """
        members = {name: value for name, value in given.items() if value is not None}
        if sections:
            members["sections"] = list(sections)
        new = load(NewEventSchema(), members)
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
    @with_store(running_store)
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
    @with_store(running_store)
    def show(event_id: str, as_json: bool) -> None:
        """Show the event whose id is EVENT_ID."""
        event = CountedEventSchema().dump(service.event_with_counts(event_id))
        if as_json:
            click.echo(json.dumps(event))
            return
        counts, _ = event.pop("counts"), event.pop("counts_by_category")
        event["sections"] = ", ".join(map(_section, event["sections"]))
        for name, value in {**event, **counts}.items():
            if value not in (None, ""):
                click.echo(f"{name:17} {value}")

    add_reports(group, service, running_store)
    return group


def _section(section: dict[str, Any]) -> str:
    """Write a section as `--section` takes it."""
    written = f"{section['name']}:{section['rows']}x{section['seats_per_row']}"
    return written if section["category"] is None else f"{written}:{section['category']}"
