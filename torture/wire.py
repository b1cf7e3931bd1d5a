"""A client's connection: sends what is to be done, and writes down what came of it."""

from __future__ import annotations

import http.client
import itertools
import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from torture.history import Journal, Record, now

TIMEOUT_SECONDS = 6
"""Longer than any request may take, so that those which do show themselves."""
REPEATS = 12
"""How often something is asked again whose outcome is unknown."""
PAUSE_SECONDS = 0.25
SURE_STATUSES = frozenset({200, 201, 204, 400, 401, 403, 404, 409, 422})
OPEN_CODES = frozenset({"outcome_unknown"})


class Wire:
    """The connection of one client, who is one patron."""

    def __init__(
        self, port: int, token: str, process: int, patron: str, journal: Journal, seed: int
    ) -> None:
        self.patron = patron
        self._port = port
        self._token = token
        self._process = process
        self._journal = journal
        self._keys = (f"{seed}-{process}-{number}" for number in itertools.count())
        self._connection = self._connect()

    def key(self) -> str:
        """Return an idempotency key that nobody has used."""
        return next(self._keys)

    def do(
        self,
        operation: str,
        event: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        seats: Sequence[str] | None = None,
        key: str | None = None,
        asked: dict[str, Any] | None = None,
    ) -> tuple[int | None, Any]:
        """Do something, and with a key do it again until its outcome is known.

        Returns:
            Status and body of the last answer; None without one.
        """
        for _ in range(REPEATS):
            invoked = now()
            status, answer = self._exchange(method, f"/v1/events/{event}{path}", body, key)
            code = answer.get("code") if isinstance(answer, dict) else None
            record = Record(
                process=self._process,
                operation=operation,
                event=event,
                seats=seats,
                patron=self.patron,
                key=key,
                invoked=invoked,
                returned=now(),
                status=status,
                code=code,
                answer=_shortened(operation, answer),
                asked=asked or {},
            )
            self._journal.write(record)
            if status is not None and status < 500:
                break
            time.sleep(PAUSE_SECONDS)
            if key is None:
                break
        return status, answer

    def _exchange(
        self, method: str, path: str, body: Any, key: str | None
    ) -> tuple[int | None, Any]:
        headers = {"Authorization": f"Bearer {self._token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
        sent = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, quote(path, safe="/?=&,"), sent, headers)
            response = self._connection.getresponse()
            text = response.read()
            answer = json.loads(text) if text else None
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()
            self._connection = self._connect()
            return None, None
        return response.status, answer

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)


def _shortened(operation: str, answer: Any) -> Any:
    """Return a list of seats as ids by status; anything else as it is."""
    if operation != "list" or not isinstance(answer, list):
        return answer
    found: dict[str, Any] = {"free": [], "mine": []}
    for seat in answer:
        found.setdefault(seat["status"], []).append(seat["id"])
        if seat.get("mine"):
            found["mine"].append(seat["id"])
    return found
