"""What wrk is told to send is what arrives."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, request

from bench.load import NEEDS_WRK, WRK, Request, send
from tests.serving import serving

pytestmark = pytest.mark.skipif(WRK is None, reason=NEEDS_WRK)


def test_requests_arrive_as_they_are_meant_and_in_turn() -> None:
    arrived: list[tuple[str, str, str | None, Any]] = []
    app = Flask(__name__)

    @app.route("/<path:_path>", methods=["GET", "PATCH"])
    def note(_path: str) -> str:
        body = request.get_json() if request.is_json else None
        tag = request.headers.get("If-None-Match")
        arrived.append((request.method, request.full_path, tag, body))
        return request.headers.get("Authorization", "")

    requests = [
        Request("GET", "/list?status=all", "Bearer a.b-c", headers={"If-None-Match": 'W/"x: y"'}),
        Request("PATCH", "/seat", "Bearer d", {"action": "hold", "note": "a|b: \t"}),
    ]
    with serving(app) as url:
        seen = send(url, requests, clients=1, seconds=1)
    assert seen.requests > 2
    assert (seen.refused, seen.broken) == (0, 0)
    # The first one wrk asks for beforehand, to see whether it can be read, and does not send.
    assert arrived[:3] == [
        ("PATCH", "/seat?", None, {"action": "hold", "note": "a|b: \t"}),
        ("GET", "/list?status=all", 'W/"x: y"', None),
        ("PATCH", "/seat?", None, {"action": "hold", "note": "a|b: \t"}),
    ]
