"""Clients that openapi-python-client generates from the document do all that there is to do."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.actors import Actor
from tests.serving import serving

PACKAGE = "generated_reservations_client"


@pytest.fixture
def generate(client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Generate the client; the fixture imports modules of it."""
    document, config = tmp_path / "openapi.json", tmp_path / "config.json"
    document.write_text(client.get("/openapi.json").text)
    # The hooks would only format the code.
    config.write_text(json.dumps({"post_hooks": []}))
    command = [sys.executable, "-m", "openapi_python_client", "generate"]
    command += ["--path", str(document), "--config", str(config), "--meta", "none"]
    command += ["--output-path", str(tmp_path / PACKAGE), "--fail-on-warning"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    said = (done.stdout + done.stderr).strip()
    assert said == f"Generating {tmp_path / PACKAGE}", said
    monkeypatch.syspath_prepend(tmp_path)

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"{PACKAGE}.{name}")

    yield load
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_a_generated_client_creates_an_event_and_holds_and_reserves_seats(
    app: Flask, generate: Any
) -> None:
    models, client = generate("models"), generate("client")
    token = generate("api.try_out.get_try_out_token")
    create = generate("api.events.create_event")
    create_by_put = generate("api.events.create_event_by_put")
    get, list_events = generate("api.events.get_event"), generate("api.events.list_events")
    list_seats = generate("api.seats.list_seats")
    change_seat = generate("api.seats.change_seat")

    with serving(app) as url:
        anybody = client.Client(base_url=url, raise_on_unexpected_status=True)

        def caller(who: str, role: Any) -> Any:
            body = models.TryOut(id=who, name=who.title(), role=role)
            answer = token.sync(client=anybody, body=body)
            return client.AuthenticatedClient(
                base_url=url,
                token=answer.authorize.removeprefix("Bearer "),
                raise_on_unexpected_status=True,
            )

        admin = caller("box-office", models.TryOutRole.ADMIN)
        alice = caller("alice", models.TryOutRole.PATRON)
        bob = caller("bob", models.TryOutRole.PATRON)

        section = models.Section(name="Stalls", rows=2, seats_per_row=5, category="A")
        event = create.sync(
            client=admin, body=models.NewEvent(name="Opening night", sections=[section])
        )
        assert isinstance(event, models.Event)
        assert (event.name, event.seats, event.location) == ("Opening night", 10, None)
        assert event.status is models.EventStatus.ON_SALE
        by_put = create_by_put.sync(client=admin, body=models.NewEvent(name="Matinée", seats=12))
        page = list_events.sync(client=alice, limit=1)
        assert [found.id for found in page.items] == [by_put.id]
        page = list_events.sync(client=alice, limit=1, after=page.next_)
        assert [found.id for found in page.items] == [event.id]
        assert page.next_ is None

        refused = create.sync_detailed(
            client=alice, body=models.NewEvent(name="Opening night", seats=10)
        )
        assert (refused.status_code, refused.parsed.code) == (403, "forbidden")
        refused = create.sync(client=admin, body=models.NewEvent(name="x", seats=1))
        assert refused.code == "invalid"
        assert set(refused.errors.additional_properties) == {"name", "seats"}

        free = list_seats.sync(event.id, client=alice)
        assert [seat.id for seat in free][:2] == ["stalls-A-1", "stalls-A-2"]
        assert free[0].status is models.SeatStatus.FREE

        def change(who: Any, seat_id: str, action: str) -> Any:
            wanted = models.SeatAction(action=models.SeatActionAction(action))
            return change_seat.sync(event.id, seat_id, client=who, body=wanted)

        held = change(alice, "stalls-A-1", "hold")
        assert (held.status, held.mine) == (models.SeatStatus.HELD, True)
        refused = change(bob, "stalls-A-1", "hold")
        assert isinstance(refused, models.Problem)
        assert (refused.status, refused.code) == (409, "seat_held")
        assert refused.retry_at == held.expires_at
        reserved = change(alice, "stalls-A-1", "reserve")
        assert reserved.status is models.SeatStatus.RESERVED
        assert reserved.reservation_id
        refused = change(bob, "stalls-A-1", "hold")
        assert (refused.code, refused.reserved_by_me) == ("seat_reserved", False)

        change(bob, "stalls-B-1", "hold")
        wanted = [models.ListSeatsStatusItem.HELD, models.ListSeatsStatusItem.RESERVED]
        taken = list_seats.sync(event.id, client=alice, status=wanted)
        assert [seat.id for seat in taken] == ["stalls-A-1", "stalls-B-1"]
        counts = get.sync(event.id, client=alice).counts
        assert (counts.free, counts.held, counts.reserved, counts.total) == (8, 1, 1, 10)

        refused = get.sync(event.id, client=client.AuthenticatedClient(base_url=url, token="x"))  # noqa: S106
        assert (refused.status, refused.code) == (401, "unauthorized")
        for each in (anybody, admin, alice, bob):
            each.get_httpx_client().close()


def test_a_generated_client_holds_reserves_moves_and_follows_several_seats(
    app: Flask, generate: Any, admin: Actor, alice: Actor
) -> None:
    models, client = generate("models"), generate("client")

    with serving(app) as url:

        def ask(who: Actor, operation: str, *args: Any, **kwargs: Any) -> Any:
            caller = client.AuthenticatedClient(
                base_url=url, token=who.token, raise_on_unexpected_status=True
            )
            with caller:
                return generate(f"api.{operation}").sync_detailed(*args, client=caller, **kwargs)

        new = models.NewEvent(name="Opening night", seats=12)
        made = ask(admin, "events.create_event", body=new, idempotency_key="a")
        again = ask(admin, "events.create_event_by_put", body=new, idempotency_key="a")
        assert (again.content, again.headers["Idempotency-Replayed"]) == (made.content, "true")
        event = made.parsed.id
        cursor = ask(alice, "changes.list_changes", event).parsed.cursor

        blocked = ask(
            admin, "blocks.block_seats", event, body=models.Block(seats=["1"], reason="Camera")
        )
        assert [seat.reason for seat in blocked.parsed.seats] == ["Camera"]
        wish = models.Wish(count=2, together=models.WishTogether.REQUIRED)
        best = ask(alice, "holds.hold_seats", event, body=models.NewHolds(best_available=wish))
        assert [seat.id for seat in best.parsed.seats] == ["2", "3"]
        assert best.parsed.together is True
        wanted = models.NewHolds(seats=["1", "4"])
        refused = ask(alice, "holds.hold_seats", event, body=wanted).parsed
        assert isinstance(refused, models.Problem)
        assert [(each.seat_id, each.code) for each in refused.conflicts] == [("1", "seat_blocked")]
        found = ask(alice, "holds.list_holds", event).parsed
        assert (len(found.seats), found.limit, found.remaining) == (2, 4, 2)

        body = models.NewReservation.from_dict({"reference": "A-1042", "data": {"name": "Alice"}})
        reserved = ask(alice, "reservations.reserve_seats", event, body=body)
        assert reserved.status_code == 201
        reservation = reserved.parsed
        assert reservation.data.to_dict() == {"name": "Alice"}
        page = ask(admin, "reservations.list_reservations", event, reference="A-1042").parsed
        assert [(each.id, each.patron) for each in page.items] == [(reservation.id, "alice")]
        moved = ask(
            *(alice, "reservations.move_reservation", event, reservation.id),
            body=models.Move(from_="2", to="9"),
        )
        assert [seat.id for seat in moved.parsed.seats] == ["9", "3"]
        assert ask(alice, "holds.release_seats", event).status_code == 204
        refused = ask(alice, "holds.release_seats", event, seats=["4", "5"]).parsed
        assert refused.code == "seat_not_held"
        unblocked = ask(admin, "blocks.unblock_seats", event, body=models.Unblock(seats=["1"]))
        assert [seat.status for seat in unblocked.parsed.seats] == [models.SeatStatus.FREE]
        cancelled = ask(alice, "reservations.cancel_reservation", event, reservation.id)
        assert cancelled.status_code == 204

        changes = ask(admin, "changes.list_changes", event, after=cursor).parsed.changes
        kinds = [change.kind.value for change in changes]
        assert kinds == ["blocked", "held", "reserved", "moved", "moved", "unblocked", "cancelled"]
        closed = models.EventChanges.from_dict({"status": "closed"})
        assert ask(admin, "events.change_event", event, body=closed).parsed.status == "closed"
        assert ask(admin, "events.delete_event", event).status_code == 204
