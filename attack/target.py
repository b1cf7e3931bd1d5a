"""What is attacked: the service in production mode behind nginx, with seats sold and held."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.live import PROJECT, Client, environment, live_service
from tests.nginx import Nginx

EVENTS = 3
SEATS = 200


@dataclass(frozen=True)
class Sold:
    """Tokens, and what one of the events has.

    Attributes:
        admin: an admin's token.
        patron: that of a patron who has holds and reservations.
        event_id: of the event that was made last.
        admin_reservation: the id of the admin's own reservation.
        patron_reservation: and that of the patron's.
    """

    admin: str
    patron: str
    event_id: str
    admin_reservation: str
    patron_reservation: str


@dataclass(frozen=True)
class Target:
    """A running service.

    Attributes:
        port: nginx's, on loopback.
        socket: gunicorn's.
        sold: what there is to be had.
        folder: for whatever an attack writes.
        requests_log: nginx's, a JSON object for each request.
        paths_log: gunicorn's, the path of each request that it passed on to the service.
        service_log: what the service says.
    """

    port: int
    socket: Path
    sold: Sold
    folder: Path
    requests_log: Path
    paths_log: Path
    service_log: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def requests(self) -> int:
        """Return how many requests nginx has seen so far."""
        return self.requests_log.read_bytes().count(b"\n")

    def complaints(self, since: int = 0) -> Sequence[str]:
        """Return what no attack may ever bring about: errors of the service's own making.

        Args:
            since: so many requests are passed over.
        """
        said = self.requests_log.read_text().splitlines()[since:]
        answered = [json.loads(line) for line in said]
        # nginx says 501 and 505 of what it does not know; a store that works is never away.
        failed = [r for r in answered if r["status"] >= 500 and r["status"] not in (501, 505)]
        complaints = [f"{r['status']} {r['method']} {r['path']}" for r in failed]
        if "Traceback" in self.service_log.read_text():
            complaints.append(f"an unforeseen error: see {self.service_log}")
        return complaints


@contextlib.contextmanager
def running_target(folder: Path) -> Iterator[Target]:
    """Run a target, with its data and logs in `folder`."""
    paths_log = folder / "paths.log"
    paths_log.touch()
    settings: dict[str, object] = {
        "MODE": "production",
        "JWT_SECRET": secrets.token_urlsafe(48),
        "DATA_DIR": folder / "data",
        "WEB_CONCURRENCY": 2,
        "GUNICORN_CMD_ARGS": f"--access-logfile {paths_log} --access-logformat %(U)s",
    }
    # The names of sockets are short, those of folders may not be.
    with tempfile.TemporaryDirectory(prefix="reservations-") as place:
        socket = Path(place) / "gunicorn.sock"
        with (
            # Loopback is trusted, so that limits of rate do not keep attacks from the service.
            Nginx(folder / "nginx", socket, trusted=True) as nginx,
            live_service(
                folder, "wsgi:app", listens_on=socket, PORT=nginx.port, **settings
            ) as service,
        ):
            yield Target(
                nginx.port,
                socket,
                _fill(nginx.port, _first_admin(settings)),
                folder,
                nginx.access_log,
                paths_log,
                service.log,
            )


def _first_admin(settings: dict[str, object]) -> str:
    command = ["-m", "flask", "--app", "wsgi", "tokens", "issue", "attacker", "--role", "admin"]
    return subprocess.run(  # noqa: S603 - the project's own command
        [sys.executable, *command],
        cwd=PROJECT,
        env=environment(**settings),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()


def _fill(port: int, token: str) -> Sold:
    """Make events with holds and reservations."""
    admin = Client(port, f"Bearer {token}")
    issued = admin.request("POST", "/v1/tokens", {"subject": "patron", "role": "patron"})
    patron = Client(port, f"Bearer {issued.body['access_token']}")
    for number in range(EVENTS):
        wish = {"name": f"Event {number}", "seats": SEATS}
        event_id = admin.request("POST", "/v1/events", wish).body["id"]
        answers = [
            patron.hold(event_id, ["1", "2"]),
            admin.hold(event_id, ["3"]),
            admin.block(event_id, ["4"]),
            patron.reserve(event_id, ["1"]),
            admin.reserve(event_id, ["3"]),
        ]
        if any(answer.status >= 300 for answer in answers):
            raise RuntimeError(f"the target cannot be filled: {answers}")
    patron.close()
    admin.close()
    by_patron, by_admin = (str(answer.body["id"]) for answer in answers[-2:])
    return Sold(token, patron.token.removeprefix("Bearer "), event_id, by_admin, by_patron)
