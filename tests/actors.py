"""Those who use the service in tests: patrons and admins, each with a token."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class Actor:
    """Somebody with a token, in words of the main job."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.token = token

    def request(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """Send a request with the token."""
        headers = {"Authorization": f"Bearer {self.token}"} | kwargs.pop("headers", {})
        return self.client.open(path, method=method, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """Get a path."""
        return self.request("GET", path, **kwargs)

    def create_event(self, name: str = "Opening night", **members: Any) -> dict[str, Any]:
        """Create an event and return it."""
        response = self.request("POST", "/v1/events", json={"name": name, **members})
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json
        return made

    def change(self, event: dict[str, Any], seat_id: str, action: str) -> TestResponse:
        """Do something with a seat."""
        path = f"/v1/events/{event['id']}/seats/{seat_id}"
        return self.request("PATCH", path, json={"action": action})

    def hold(self, event: dict[str, Any], seat_id: str) -> TestResponse:
        """Hold a seat, or refresh the hold."""
        return self.change(event, seat_id, "hold")

    def reserve(self, event: dict[str, Any], seat_id: str) -> TestResponse:
        """Reserve a seat."""
        return self.change(event, seat_id, "reserve")

    def release(self, event: dict[str, Any], seat_id: str) -> TestResponse:
        """Release a seat."""
        return self.change(event, seat_id, "release")

    def seat(self, event: dict[str, Any], seat_id: str) -> dict[str, Any]:
        """Return a seat."""
        seen: dict[str, Any] = self.get(f"/v1/events/{event['id']}/seats/{seat_id}").json
        return seen

    def seats(self, event: dict[str, Any], **query: str) -> list[dict[str, Any]]:
        """List the seats."""
        response = self.get(f"/v1/events/{event['id']}/seats", query_string=query)
        assert response.status_code == 200, response.text
        listed: list[dict[str, Any]] = response.json
        return listed

    def free_seats(self, event: dict[str, Any]) -> list[str]:
        """Return the ids of the free seats, in the order listed."""
        return [seat["id"] for seat in self.seats(event)]

    def change_event(self, event: dict[str, Any], **members: Any) -> TestResponse:
        """Change members of an event."""
        return self.request("PATCH", _path(event), json=members)

    def delete_event(self, event: dict[str, Any], **query: str) -> TestResponse:
        """Delete an event."""
        return self.request("DELETE", _path(event), query_string=query)

    def hold_seats(self, event: dict[str, Any], *seat_ids: str, **members: Any) -> TestResponse:
        """Hold several seats at once, or refresh the holds."""
        body = {"seats": list(seat_ids), **members}
        return self.request("POST", _path(event, "holds"), json=body)

    def hold_best(self, event: dict[str, Any], count: int, **wish: Any) -> TestResponse:
        """Hold the best seats that are available."""
        body = {"best_available": {"count": count, **wish}}
        return self.request("POST", _path(event, "holds"), json=body)

    def has_held(self, event: dict[str, Any], *seat_ids: str, **members: Any) -> str:
        """Hold seats that can be had, and return when the holds end."""
        held = self.hold_seats(event, *seat_ids, **members)
        assert held.status_code == 200, held.text
        expires_at: str = held.json["expires_at"]
        return expires_at

    def holds(self, event: dict[str, Any], **query: str) -> dict[str, Any]:
        """Return what somebody holds."""
        response = self.get(_path(event, "holds"), query_string=query)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json
        return found

    def held_seats(self, event: dict[str, Any], **query: str) -> list[str]:
        """Return the ids of the seats that somebody holds, in the order listed."""
        return [seat["id"] for seat in self.holds(event, **query)["seats"]]

    def release_seats(self, event: dict[str, Any], *seat_ids: str, **query: str) -> TestResponse:
        """Release holds, all of them if no seats are named."""
        named = {"seats": ",".join(seat_ids)} if seat_ids else {}
        return self.request("DELETE", _path(event, "holds"), query_string={**named, **query})

    def reserve_seats(self, event: dict[str, Any], *seat_ids: str, **members: Any) -> TestResponse:
        """Reserve what is held, all of it if no seats are named."""
        body = {"seats": list(seat_ids), **members} if seat_ids else members
        return self.request("POST", _path(event, "reservations"), json=body)

    def has_reserved(self, event: dict[str, Any], *seat_ids: str, **members: Any) -> dict[str, Any]:
        """Hold and reserve seats that can be had, and return the reservation."""
        self.has_held(event, *seat_ids, **{n: v for n, v in members.items() if n == "patron"})
        response = self.reserve_seats(event, *seat_ids, **members)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json
        return made

    def reservation(self, event: dict[str, Any], reservation: dict[str, Any]) -> TestResponse:
        """Get a reservation."""
        return self.get(_path(event, "reservations", reservation["id"]))

    def reservations(self, event: dict[str, Any], **query: Any) -> TestResponse:
        """List reservations."""
        return self.get(_path(event, "reservations"), query_string=query)

    def reservations_as_csv(self, event: dict[str, Any], **query: Any) -> TestResponse:
        """List reservations as a spreadsheet reads them."""
        accept = {"Accept": "text/csv"}
        return self.get(_path(event, "reservations"), query_string=query, headers=accept)

    def cancel(self, event: dict[str, Any], reservation: dict[str, Any]) -> TestResponse:
        """Cancel a reservation."""
        return self.request("DELETE", _path(event, "reservations", reservation["id"]))

    def move(
        self, event: dict[str, Any], reservation: dict[str, Any], from_id: str, to_id: str
    ) -> TestResponse:
        """Change one seat of a reservation for another."""
        path = _path(event, "reservations", reservation["id"], "move")
        return self.request("POST", path, json={"from": from_id, "to": to_id})

    def block(self, event: dict[str, Any], *seat_ids: str, **members: Any) -> TestResponse:
        """Take seats off sale."""
        body = {"seats": list(seat_ids), **members}
        return self.request("PUT", _path(event, "blocks"), json=body)

    def unblock(self, event: dict[str, Any], *seat_ids: str) -> TestResponse:
        """Put seats back on sale."""
        return self.request("DELETE", _path(event, "blocks"), json={"seats": list(seat_ids)})

    def changes(self, event: dict[str, Any], **query: Any) -> TestResponse:
        """List what happened to the seats."""
        return self.get(_path(event, "changes"), query_string=query)


def _path(event: dict[str, Any], *below: str) -> str:
    return "/".join(("/v1/events", event["id"], *below))
