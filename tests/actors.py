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
