"""What Flask itself can do here: the routes that the service's are compared with.

It is served as the service is, by the same gunicorn settings behind the same nginx; the main
suite also has it served by gunicorn's defaults.
"""

from __future__ import annotations

import json
import os
import socket
import threading

from flask import Flask, Response, jsonify, request
from flask_jwt_extended import JWTManager, jwt_required

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET"]
app.config["JWT_DECODE_AUDIENCE"] = os.environ.get("JWT_AUDIENCE", "reservations")
JWTManager(app)

QUESTION = b"PING\r\n"


class Redis(threading.local):
    """A connection that each thread has for itself, and no client between.

    Attributes:
        watched: watches and reads a key that nobody else writes, so that no commit fails.
        committed: writes it.
    """

    def __init__(self) -> None:
        key = f"seat:{os.getpid()}:{threading.get_ident()}"
        self.watched = f"WATCH {key}\r\nGET {key}\r\n".encode()
        self.committed = f"MULTI\r\nSET {key} held\r\nEXEC\r\n".encode()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(os.environ["REDIS_URL"].removeprefix("unix://"))

    def ask(self, commands: bytes) -> None:
        """Write commands, and wait for what comes back first."""
        self._socket.sendall(commands)
        self._socket.recv(4096)


store = Redis()

LISTS: dict[int, bytes] = {}
"""Lists of free seats as the service writes them, by the number of seats."""


@app.get("/health")
def health() -> Response:
    """Answer at once."""
    return jsonify(status="ok")


@app.route("/bare", methods=["GET", "PATCH"])
def bare() -> Response:
    """Answer a little JSON: what Flask and gunicorn cost by themselves."""
    return jsonify(id="stalls-C-12", name="Stalls C-12", status="held", mine=True)


@app.route("/guarded", methods=["GET", "PATCH"])
@jwt_required()  # type: ignore[untyped-decorator]
def guarded() -> Response:
    """Answer the same to who has a token, as flask-jwt-extended does it out of the box."""
    return jsonify(id="stalls-C-12", name="Stalls C-12", status="held", mine=True)


@app.route("/transaction", methods=["PATCH"])
def transaction() -> Response:
    """Answer the same after a transaction: no token, no body, nothing to decide."""
    store.ask(store.watched)
    store.ask(store.committed)
    return bare()


@app.get("/asked")
def asked() -> Response:
    """Answer what a list of so many seats looks like after a question to Redis."""
    store.ask(QUESTION)
    return static_answer()


@app.get("/static")
def static_answer() -> Response:
    """Answer what a list of so many seats looks like, made once."""
    seats = int(request.args["seats"])
    if seats not in LISTS:
        listed = [
            {"id": str(number), "name": f"Seat #{number}", "status": "free"}
            for number in range(1, seats + 1)
        ]
        LISTS[seats] = json.dumps(listed, separators=(",", ":")).encode() + b"\n"
    return Response(LISTS[seats], mimetype="application/json")
