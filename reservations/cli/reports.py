"""`flask events report` and `verify`: how a sale goes, and whether its books agree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
from flask.cli import AppGroup

from reservations.api.schemas.events import CountedEventSchema
from reservations.api.timestamps import format_timestamp
from reservations.cli.exits import REFUSED, RunningStore, exit_with, with_store
from reservations.cli.params import Id, as_json
from reservations.domain.reservation import Reservation
from reservations.domain.seat import SeatStatus
from reservations.service import ReservationService

ALL = "all"
NO_CATEGORY = "-"
COLUMNS = (*SeatStatus, "total")


def add_reports(group: AppGroup, service: ReservationService, running_store: RunningStore) -> None:
    """Add the commands to `flask events`."""

    @group.command("report")
    @click.argument("event_id", type=Id())
    @as_json
    @with_store(running_store)
    def report(event_id: str, as_json: bool) -> None:
        """Report the numbers of seats and the reservations of EVENT_ID.

        With --json one object a line: the event, then each reservation.
        """
        event = CountedEventSchema().dump(service.event_with_counts(event_id))
        found = service.every_reservation(event_id)
        if as_json:
            click.echo(json.dumps(event))
            for each in found:
                click.echo(json.dumps(_members(each)))
            return
        _print_numbers(event)
        click.echo(f"\n{service.count_reservations(event_id)} reservations")
        for each in found:
            members = _members(each)
            seats = " ".join(each.seats)
            reference = each.reference or ""
            click.echo(f"{members['reserved_at']}  {each.id}  {each.patron}  {seats}  {reference}")

    @group.command("verify")
    @click.argument("event_id", type=Id())
    @as_json
    @with_store(running_store)
    def verify(event_id: str, as_json: bool) -> None:
        """Check that all that is written of EVENT_ID agrees.

        Compares seats, patrons' records, reservations and change log, also during a sale.
        Prints each disagreement, and exits with 1 if there is one.
        """
        found = service.verify_event(event_id)
        if as_json:
            click.echo(json.dumps({"disagreements": found}))
        else:
            for disagreement in found:
                click.echo(disagreement)
        if found:
            exit_with(f"Disagreements: {len(found)}.", REFUSED)


def _print_numbers(event: Mapping[str, Any]) -> None:
    about = (event["name"], event["id"], event["status"], event["date"], event["location"])
    click.echo(", ".join(text for text in about if text))
    rows = [*event["counts_by_category"], event["counts"] | {"category": ALL}]
    names = [NO_CATEGORY if row["category"] is None else row["category"] for row in rows]
    width = max(len("category"), *map(len, names))
    click.echo(f"\n{'category':{width}}" + "".join(f"{column:>10}" for column in COLUMNS))
    for name, row in zip(names, rows, strict=True):
        click.echo(f"{name:{width}}" + "".join(f"{row[column]:>10}" for column in COLUMNS))


def _members(reservation: Reservation) -> dict[str, Any]:
    return {
        "id": reservation.id,
        "patron": reservation.patron,
        "seats": list(reservation.seats),
        "reserved_at": format_timestamp(reservation.reserved_at),
        "reference": reservation.reference,
        "data": reservation.data,
    }
