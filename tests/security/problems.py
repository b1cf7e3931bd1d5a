"""What every refusal must look like (RFC 9457, and the contract's table of errors)."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

TELLTALES = ("Traceback", "werkzeug", "flask", "redis.", ".py", "Error(", "Exception", "Python/")
"""What would tell a stranger how the service is built."""


def assert_problem(response: TestResponse, status: int, *codes: str) -> dict[str, Any]:
    """Check that an answer is a problem with this status and one of the codes."""
    assert response.status_code == status, (response.status_code, response.text[:500])
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    body: dict[str, Any] = response.json
    assert body["code"] in codes, body
    assert body["type"] == f"urn:reservations:problem:{body['code']}"
    assert body["status"] == status
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert all(body[member] and isinstance(body[member], str) for member in ("title", "detail"))
    assert not [telltale for telltale in TELLTALES if telltale in response.text], response.text
    return body


def assert_unauthorized(response: TestResponse) -> None:
    """Check that an answer asks for a good token."""
    assert_problem(response, 401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == "Bearer"
