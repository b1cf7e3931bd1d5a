"""The service as it really runs: gunicorn with several workers, on a port of loopback."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PROJECT = Path(__file__).parent.parent
WAIT_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What the service answered."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str | None:
        """The problem's code, if it is one."""
        return self.body.get("code") if isinstance(self.body, dict) else None


class Client:
    """A client with a connection of its own, kept alive."""

    def __init__(self, port: int, token: str = "", tls: ssl.SSLContext | None = None) -> None:
        """Connect when the first request is sent; with `tls`, by TLS."""
        self._connection = (
            http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
            if tls is None
            else http.client.HTTPSConnection("127.0.0.1", port, timeout=WAIT_SECONDS, context=tls)
        )
        self.token = token

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request, with the body as JSON, and return what came back."""
        if self.token:
            headers["Authorization"] = self.token
        if body is not None:
            headers["Content-Type"] = "application/json"
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, headers)
        response = self._connection.getresponse()
        text = response.read()
        is_json = "json" in (response.headers["Content-Type"] or "")
        answer = json.loads(text) if text and is_json else text.decode()
        return Answer(response.status, dict(response.headers), answer)

    def become(self, who: str, role: str = "patron") -> None:
        """Get a token for trying things out."""
        self.token = ""
        answer = self.request("POST", "/jwt", {"id": who, "name": who, "role": role})
        self.token = answer.body["Authorize"]

    def change(self, event_id: str, seat_id: str, action: str) -> Answer:
        """Do something with a seat."""
        return self.request("PATCH", f"/v1/events/{event_id}/seats/{seat_id}", {"action": action})

    def hold(self, event_id: str, seat_ids: Sequence[str]) -> Answer:
        """Hold several seats, or refresh the holds."""
        return self.request("POST", f"/v1/events/{event_id}/holds", {"seats": seat_ids})

    def hold_best(self, event_id: str, wish: Mapping[str, Any]) -> Answer:
        """Hold the best seats that are available."""
        return self.request("POST", f"/v1/events/{event_id}/holds", {"best_available": wish})

    def release(self, event_id: str, seat_ids: Sequence[str] = ()) -> Answer:
        """Release holds, by default all."""
        query = f"?seats={','.join(seat_ids)}" if seat_ids else ""
        return self.request("DELETE", f"/v1/events/{event_id}/holds{query}")

    def reserve(self, event_id: str, seat_ids: Sequence[str] = ()) -> Answer:
        """Reserve seats, by default all that are held."""
        body = {"seats": seat_ids} if seat_ids else {}
        return self.request("POST", f"/v1/events/{event_id}/reservations", body)

    def cancel(self, event_id: str, reservation_id: str) -> Answer:
        """Cancel a reservation."""
        return self.request("DELETE", f"/v1/events/{event_id}/reservations/{reservation_id}")

    def move(self, event_id: str, reservation_id: str, from_id: str, to_id: str) -> Answer:
        """Change one seat of a reservation for another."""
        path = f"/v1/events/{event_id}/reservations/{reservation_id}/move"
        return self.request("POST", path, {"from": from_id, "to": to_id})

    def block(self, event_id: str, seat_ids: Sequence[str]) -> Answer:
        """Take seats off sale."""
        return self.request("PUT", f"/v1/events/{event_id}/blocks", {"seats": seat_ids})

    def unblock(self, event_id: str, seat_ids: Sequence[str]) -> Answer:
        """Put seats back on sale."""
        return self.request("DELETE", f"/v1/events/{event_id}/blocks", {"seats": seat_ids})

    def seats(self, event_id: str, status: str) -> list[dict[str, Any]]:
        """List the seats of a status, or `all`."""
        answer = self.request("GET", f"/v1/events/{event_id}/seats?status={status}")
        assert answer.status == 200, answer
        listed: list[dict[str, Any]] = answer.body
        return listed

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class LiveService:
    """A running gunicorn."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.port = port
        self.process = process
        self.log = log

    def client(self, who: str | None = None, role: str = "patron") -> Client:
        """Return a new client, with a token if it is somebody."""
        client = Client(self.port)
        if who is not None:
            client.become(who, role)
        return client

    def token_of(self, who: str) -> str:
        """Return a token, as the header `Authorization` has it."""
        client = self.client(who)
        client.close()
        return client.token

    def tokens_of(self, patrons: Sequence[str]) -> list[str]:
        """Return the tokens of many."""
        client = self.client()
        tokens = []
        for who in patrons:
            client.become(who)
            tokens.append(client.token)
        client.close()
        return tokens

    def create_event(self, **members: Any) -> str:
        """Create an event and return its id."""
        admin = self.client("box-office", "admin")
        answer = admin.request("POST", "/v1/events", {"name": "Opening night", **members})
        admin.close()
        assert answer.status == 201, answer
        return str(answer.body["id"])


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def environment(**settings: object) -> dict[str, str]:
    """Return this process' environment with no settings of the service but these."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "HOME", "LANG", "TMPDIR", "VENV"} or name.startswith("COV")
    }
    return kept | {name: str(value) for name, value in settings.items()}


@contextlib.contextmanager
def live_service(
    folder: Path,
    application: str = "wsgi:app",
    *,
    listens_on: Path | str | None = None,
    **settings: object,
) -> Iterator[LiveService]:
    """Run the service in development mode, with its data in `folder`.

    Args:
        folder: for data and logs.
        application: what gunicorn is to serve.
        listens_on: a unix socket or an address, for a proxy that has the port `PORT`; by
            default the service has the port itself.
        settings: of the service, as its environment has them.
    """
    port = int(str(settings.get("PORT", free_port())))
    given = {"MODE": "development", "DATA_DIR": folder / "data", **settings, "PORT": port}
    log = folder / "gunicorn.log"
    command = [sys.executable, "-m", "gunicorn", application]
    if listens_on is not None:
        command += ["--bind", listener(listens_on)]
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=PROJECT, env=environment(**given), stdout=output, stderr=output
        )
    try:
        wait_for(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield LiveService(port, process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(WAIT_SECONDS)


def listener(place: Path | str) -> str:
    """Name a unix socket, or an address, as gunicorn and nginx both do."""
    return f"unix:{place}" if isinstance(place, Path) else place


def answers(port: int, path: str = "/health") -> bool:
    """Whether something answers 200 there."""
    client = Client(port)
    try:
        return client.request("GET", path).status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        client.close()


def wait_for(condition: Any, seconds: float = WAIT_SECONDS) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it is not within that many seconds.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def has_ended(process: psutil.Process) -> bool:
    """Whether a process has ended, though nobody may have buried it yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
