"""A client that openapi-python-client generates from the document does the main job."""

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
